"""Tables to import: CSV, JSON Lines and spreadsheets below the folder, or rows of the call."""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TypeAlias

import orjson

from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.files.folder import known_suffix

Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | dict[str, Any] | list[Any] | None
Row: TypeAlias = tuple[int, Sequence[Cell]]
"""A row's number, from 1 without the header, and its cells."""
Kind: TypeAlias = Literal["csv", "jsonl", "sheet"]

KINDS: Final[Mapping[str, Kind]] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".xlsx": "sheet", ".xlsm": "sheet", ".xls": "sheet", ".ods": "sheet",
}  # fmt: skip
_DELIMITERS: Final = ",;\t|"
_QUOTED: Final = re.compile(r'"(?:[^"]|"")*"')
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_AT_ONCE: Final = 2**20
_MOST_COLUMNS: Final = 800


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is read.

    Attributes:
        header: The names of its columns.
        rows: Its rows, read as they are asked for.
    """

    header: Sequence[str]
    rows: Iterator[Row]


class FileSource:
    """A file to import."""

    def __init__(self, path: Path, name: str, encoding: str = "") -> None:
        """Read `path`, which people call `name`; text is UTF-8 unless `encoding` is another one.

        Raises:
            InvalidArgumentError: The name ends in no known format, or there is no such encoding.
        """
        suffix = known_suffix(name, KINDS, "a file")
        self._path = path
        self._suffix = suffix
        self._kind = KINDS[suffix]
        self._encoding = _known(encoding) if encoding else "utf-8"
        self.name = name

    def digest(self) -> str:
        """Return the SHA-256 of the file.

        Raises:
            InvalidArgumentError: It cannot be read.
        """
        with self._reading(), self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def opened(self) -> Iterator[Table]:
        """Read the table while the block runs.

        Raises:
            InvalidArgumentError: It cannot be read, or has no columns.
        """
        with self._reading(), self._path.open("rb") as file, ExitStack() as closing:
            match self._kind:
                case "csv":
                    table = self._csv(closing.enter_context(self._as_text(file)))
                case "jsonl":
                    table = _json_lines(file, self.name)
                case _:
                    table = _sheet(file, self.name)
            _check_header(table.header, self.name)
            yield table

    def _as_text(self, file: BinaryIO) -> io.TextIOWrapper:
        if self._encoding == "utf-8" and file.read(2) in _UTF16:
            raise _not_utf8(self.name, "It is UTF-16.")
        file.seek(0)
        return io.TextIOWrapper(file, "utf-8-sig" if self._encoding == "utf-8" else self._encoding, newline="")

    def _csv(self, text: io.TextIOWrapper) -> Table:
        first = text.readline()
        while first.count('"') % 2 and (more := text.readline()):
            first += more
        text.seek(0)
        rows = self._csv_rows(text, "\t" if self._suffix == ".tsv" else _delimiter_of(first))
        header = next(rows, [])
        return Table([name.strip() for name in header], enumerate(rows, 1))

    def _csv_rows(self, text: io.TextIOWrapper, delimiter: str) -> Iterator[list[str]]:
        """Yield the rows that are not empty; an error names the line where the bad one begins."""
        reader, line = csv.reader(text, delimiter=delimiter, strict=True), 1
        try:
            for row in reader:
                line = reader.line_num + 1
                if row:
                    yield row
        except csv.Error as error:
            raise refused(
                f"{self.name} cannot be read as CSV, from line {line} on: {error}.",
                code="MALFORMED_FILE",
                hint="Nothing was sent. Correct the line: a quote is missing or too many, or a cell is too long.",
                fields=["path"],
            ) from None

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:
            raise _not_utf8(self.name, f"The bytes {error.object[error.start : error.start + 4]!r} are not.") from None
        except FileNotFoundError:
            raise refused(
                f"{self.name} does not exist in the folder of SALESFORCE_FILES.",
                code="NO_SUCH_FILE",
                hint="Nothing was sent. Check the name.",
                fields=["path"],
            ) from None
        except OSError as error:
            raise refused(
                f"{self.name} cannot be read: {error.strerror or type(error).__name__}.",
                code="FILE_NOT_READ",
                hint="Nothing was sent. Allow the server to read it, and try again.",
                fields=["path"],
            ) from None


class RowsSource:
    """Rows of the call."""

    name = ""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Read `rows`, whose cells are below `columns`."""
        self._columns = columns
        self._rows = rows
        _check_header(columns, "columns")

    def digest(self) -> str:
        """Return the SHA-256 of the rows."""
        return hashlib.sha256(orjson.dumps([self._columns, self._rows])).hexdigest()

    @contextmanager
    def opened(self) -> Iterator[Table]:
        """Read the table while the block runs."""
        yield Table([name.strip() for name in self._columns], iter(enumerate(self._rows, 1)))


Source: TypeAlias = FileSource | RowsSource


def as_text(cell: Cell) -> str:  # noqa: PLR0911 - a table
    """Return a cell as a person would type it."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return cell.isoformat(timespec="milliseconds" if cell.microsecond else "seconds")
        case date() | time():
            return cell.isoformat()
        case dict() | list():
            return orjson.dumps(cell).decode()
        case _:
            return str(cell)


def _delimiter_of(header: str) -> str:
    """Return what is between the names of a header: of the usual signs the one that it has most often."""
    bare = _QUOTED.sub("", header)
    return max(_DELIMITERS, key=bare.count)


def _json_lines(file: BinaryIO, name: str) -> Table:
    """Read objects, one a line; a first pass finds the names of all of them."""
    names: dict[str, None] = {}
    for _, line in _objects(file, name):
        names |= dict.fromkeys(line)
        if len(names) > _MOST_COLUMNS:
            break
    file.seek(0)
    header = list(names)
    return Table(header, ((number, [each.get(key, "") for key in header]) for number, each in _objects(file, name)))


def _objects(file: Iterable[bytes], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    for place, line in enumerate(file, 1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if place == 1 else line.strip()
        if not text:
            continue
        number += 1
        try:
            value = orjson.loads(text)
        except ValueError as error:
            text.decode()  # bytes that are not UTF-8 have an error of their own
            raise _not_json(name, place, str(error)) from None
        if not isinstance(value, dict):
            raise _not_json(name, place, "it is not an object")
        yield number, value


def _sheet(file: BinaryIO, name: str) -> Table:
    """Read the first sheet of a workbook."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError
    except ImportError:
        raise refused(
            "Spreadsheets need the library python-calamine, which is not installed.",
            code="NOT_INSTALLED",
            hint="Save it as CSV UTF-8. The person who runs this server can install mcp-for-salesforce[xlsx].",
            fields=["path"],
        ) from None
    try:
        book = CalamineWorkbook.from_filelike(file)
        sheet = book.get_sheet_by_index(0)
        rows = iter(sheet.iter_rows())
        header = next((row for row in rows if any(cell != "" for cell in row)), [])
    except (CalamineError, PasswordError, IndexError) as error:
        raise refused(
            f"{name} cannot be read as a workbook: {error}.",
            code="MALFORMED_FILE",
            hint="Nothing was sent. Save it as XLSX without a password, or as CSV UTF-8.",
            fields=["path"],
        ) from None
    width = max((place for place, cell in enumerate(header, 1) if cell != ""), default=0)
    filled = (row[:width] for row in rows if any(cell != "" for cell in row[:width]))
    return Table([as_text(cell).strip() for cell in header[:width]], enumerate(filled, 1))


def _check_header(header: Sequence[str], name: str) -> None:
    folded = [each.strip().casefold() for each in header]
    twice = next((each for number, each in enumerate(folded) if each and each in folded[:number]), "")
    if not any(folded):
        raise _bad_header(f"{name} has no header: its first row has no names of columns.")
    if twice:
        raise _bad_header(f"{name} has the column {twice[:40]!r} twice.")
    if len(header) > _MOST_COLUMNS:
        raise _bad_header(f"{name} has more than {_MOST_COLUMNS} columns.")


def _bad_header(what: str) -> InvalidArgumentError:
    hint = "Nothing was sent. The first row must name each column once: correct it."
    return refused(what, code="BAD_HEADER", hint=hint, fields=["path"])


def _not_json(name: str, line: int, why: str) -> InvalidArgumentError:
    return refused(
        f"Line {line} of {name} is not a JSON object: {why[:80]}.",
        code="MALFORMED_FILE",
        hint="Nothing was sent. JSON Lines has one object on each line: correct the file.",
        fields=["path"],
    )


def _not_utf8(name: str, why: str) -> InvalidArgumentError:
    return refused(
        f"{name} is not UTF-8. {why}",
        code="NOT_UTF8",
        hint="Nothing was sent. Set encoding (cp1252 is that of Excel's plain CSV), or save the file as CSV UTF-8.",
        fields=["path"],
    )


def _known(encoding: str) -> str:
    import codecs

    try:
        found = codecs.lookup(encoding)
        "a".encode(found.name)  # an encoding of text, and no other codec
    except LookupError:
        raise refused(
            f"There is no encoding {encoding[:30]!r}.",
            hint="Use utf-8, cp1252, iso-8859-15 or utf-16, for example.",
            fields=["encoding"],
        ) from None
    return found.name
