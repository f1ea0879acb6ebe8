"""Rows of text, as bulk results have them, written as CSV, JSON Lines or Parquet."""

import csv
import importlib
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Final, Literal, Protocol, TypeAlias

import orjson

from mcp_salesforce.salesforce.errors import refused

Format: TypeAlias = Literal["csv", "jsonl", "parquet"]
Delimiter: TypeAlias = Literal[",", ";", "tab", "|"]
LineEnding: TypeAlias = Literal["LF", "CRLF"]

SUFFIXES: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
DELIMITERS: Final = {",": "COMMA", ";": "SEMICOLON", "tab": "TAB", "|": "PIPE"}
_BOM: Final = b"\xef\xbb\xbf"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_INTEGERS: Final = frozenset({"int", "long"})
_NUMBERS: Final = frozenset({"double", "currency", "percent"})


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written; delimiter, line ending, mark and formulas are of CSV only.

    `bom` begins the file with the mark by which Excel knows UTF-8; `escape_formulas` puts a quote before texts that a
    spreadsheet would take for a formula.
    """

    format: Format = "csv"
    delimiter: Delimiter = ","
    line_ending: LineEnding = "LF"
    bom: bool = False
    escape_formulas: bool = False

    @property
    def takes_results(self) -> bool:
        """Whether the pages of a bulk job can be written as they come."""
        return self.format == "csv" and not self.escape_formulas

    def saved(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


class Writer(Protocol):
    """Writes one file."""

    def begin(self, file: BinaryIO) -> None:
        """Write what comes before the first row."""
        ...

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        """Write rows."""
        ...

    def write_csv(self, lines: bytes) -> None:
        """Write rows that are CSV already, as the layout has it.

        Raises:
            NotImplementedError: The layout does not take them (`Layout.takes_results`).
        """
        ...

    def go_on(self, file: BinaryIO) -> None:
        """Write the next rows to a file that has been begun.

        Raises:
            NotImplementedError: Such a file cannot be continued.
        """
        ...

    def end(self) -> None:
        """Write what comes after the last row."""
        ...


def writer_of(layout: Layout, columns: Sequence[str], types: Sequence[str]) -> Writer:
    """Return what writes a file with these columns, of these types by describe.

    Raises:
        InvalidArgumentError: The library for Parquet is not installed.
    """
    match layout.format:
        case "csv":
            return _Csv(layout, columns, types)
        case "jsonl":
            return _JsonLines(columns, types)
        case "parquet":
            return _Parquet(columns, types)


class _Csv:
    def __init__(self, layout: Layout, columns: Sequence[str], types: Sequence[str]) -> None:
        self._layout = layout
        self._columns = columns
        self._texts = [each not in _INTEGERS | _NUMBERS for each in types]

    def begin(self, file: BinaryIO) -> None:
        self.go_on(file)
        if self._layout.bom:
            file.write(_BOM)
        self._write([self._columns])

    def go_on(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        self._write(map(self._defused, rows) if self._layout.escape_formulas else rows)

    def write_csv(self, lines: bytes) -> None:
        self._file.write(lines)

    def end(self) -> None:
        """Nothing comes after the last row."""

    def _write(self, rows: Iterable[Sequence[str]]) -> None:
        out = io.StringIO(newline="")
        delimiter = "\t" if self._layout.delimiter == "tab" else self._layout.delimiter
        ending = "\r\n" if self._layout.line_ending == "CRLF" else "\n"
        csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
        self._file.write(out.getvalue().encode())

    def _defused(self, row: Sequence[str]) -> list[str]:
        return [
            f"'{cell}" if is_text and cell.startswith(_FORMULA) else cell
            for cell, is_text in zip(row, self._texts, strict=True)
        ]


class _JsonLines:
    def __init__(self, columns: Sequence[str], types: Sequence[str]) -> None:
        self._columns = columns
        self._readers = [_value_of(each) for each in types]

    def begin(self, file: BinaryIO) -> None:
        self.go_on(file)

    def go_on(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        named = list(zip(self._columns, self._readers, strict=True))
        lines = (
            {name: read(cell) if cell else None for (name, read), cell in zip(named, row, strict=True)} for row in rows
        )
        self._file.write(b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines))

    def write_csv(self, lines: bytes) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """Nothing comes after the last row."""


class _Parquet:
    """Parquet by pyarrow, a row group for each part of the rows; times are in UTC, to the millisecond."""

    def __init__(self, columns: Sequence[str], types: Sequence[str]) -> None:
        try:
            arrow: Any = importlib.import_module("pyarrow")
            self._parquet: Any = importlib.import_module("pyarrow.parquet")
        except ImportError:
            raise refused(
                "Parquet needs the library pyarrow, which is not installed.",
                code="NOT_INSTALLED",
                hint="Export as .csv or .jsonl, or ask who runs this server to install mcp-for-salesforce[parquet].",
                fields=["path"],
            ) from None
        self._arrow = arrow
        known = {"boolean": arrow.bool_(), "date": arrow.date32(), "datetime": arrow.timestamp("ms", "UTC")}
        known |= dict.fromkeys(_INTEGERS, arrow.int64()) | dict.fromkeys(_NUMBERS, arrow.float64())
        fields = zip(columns, types, strict=True)
        self._schema = arrow.schema([(name, known.get(each, arrow.string())) for name, each in fields])
        self._readers = [_value_of(each) for each in types]

    def begin(self, file: BinaryIO) -> None:
        self._writer = self._parquet.ParquetWriter(file, self._schema)

    def go_on(self, file: BinaryIO) -> None:
        raise NotImplementedError

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        columns = list(zip(*rows, strict=True)) or [()] * len(self._readers)
        arrays = []
        for read, cells, field in zip(self._readers, columns, self._schema, strict=True):
            values = [read(cell) if cell else None for cell in cells]
            texts = self._arrow.array(values)
            arrays.append(texts if texts.type == field.type else texts.cast(field.type))
        self._writer.write_batch(self._arrow.record_batch(arrays, schema=self._schema))

    def write_csv(self, lines: bytes) -> None:
        raise NotImplementedError

    def end(self) -> None:
        self._writer.close()


def _value_of(kind: str) -> Callable[[str], Any]:
    if kind == "boolean":
        return lambda cell: cell == "true"
    if kind in _INTEGERS:
        return lambda cell: int(cell) if cell.lstrip("-").isdecimal() else int(float(cell))
    if kind in _NUMBERS:
        return float
    return str


def cell_of(value: Any, kind: str) -> str:  # noqa: ANN401 - any JSON value
    """Return a value of a REST record as a bulk result has it: null is empty, times end in Z.

    Args:
        value: A field's value; that of a compound field is written as JSON.
        kind: The field's type by describe.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return f"{text[:-5]}Z" if kind == "datetime" and text.endswith("+0000") else text
