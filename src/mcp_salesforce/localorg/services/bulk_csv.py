"""Read and write the CSV of Bulk API 2.0: six delimiters, two line endings, every field of an answer in quotes."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_salesforce.localorg.evidence import evidence

DELIMITERS: Final = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS: Final = {"LF": "\n", "CRLF": "\r\n"}
MOST_CELL_CHARACTERS: Final = 32_000
MOST_ROW_CHARACTERS: Final = 400_000
MOST_COLUMNS: Final = 5_000


class BulkCsvError(Exception):
    """The file cannot be read; the text becomes the job's error message."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of an uploaded file, and the position of the byte after it."""

    cells: list[str]
    end: int


@dataclass(frozen=True, slots=True)
class Dialect:
    """The CSV format of a job; the names are those of the API."""

    column_delimiter: str = "COMMA"
    line_ending: str = "LF"

    def lines(self, rows: Iterable[Sequence[str]]) -> list[bytes]:
        """Return rows as CSV, each with its line ending."""
        lines: list[bytes] = []
        sink = _Sink(lines)
        delimiter, ending = DELIMITERS[self.column_delimiter], LINE_ENDINGS[self.line_ending]
        csv.writer(sink, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
        return lines

    def written(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Return rows as CSV."""
        return b"".join(self.lines(rows))

    @evidence(
        "Bulk API 2.0", "quoted", "A line ending other than the job's makes the job fail: 'LineEnding is invalid …'"
    )
    @evidence("Bulk API 2.0", "simulated", "A wrong line ending inside of quotes makes the job fail too")
    def check_line_endings(self, data: bytes) -> None:
        """Refuse a file whose line endings are not those of the job.

        Raises:
            BulkCsvError: A line ends otherwise.
        """
        pairs = data.count(b"\r\n")
        if pairs if self.line_ending == "LF" else data.count(b"\n") > pairs:
            words = f"LineEnding is invalid on user data. Current LineEnding setting is {self.line_ending}"
            raise BulkCsvError(f"ClientInputError : {words}")

    @evidence("Bulk API 2.0", "quoted", "A byte order mark before a quoted header is 'Found unescaped quote'")
    def rows(self, data: bytes, start: int = 0) -> Iterator[Row]:
        """Yield the rows of a file that begin at byte `start`.

        Raises:
            BulkCsvError: A row is not CSV, or not UTF-8.
        """
        if not start and data.startswith(b'\xef\xbb\xbf"'):
            raise _unescaped_quote()
        lines = _Lines(data, start)
        reader = csv.reader(lines, delimiter=DELIMITERS[self.column_delimiter], strict=True)
        try:
            for cells in reader:
                if cells:
                    yield Row(cells, lines.position)
        except csv.Error:
            raise _unescaped_quote() from None
        except UnicodeDecodeError:
            raise BulkCsvError("InvalidBatch : The file is not UTF-8") from None


def _unescaped_quote() -> BulkCsvError:
    words = "Found unescaped quote. A value with quote should be within a quote"
    return BulkCsvError(f"InvalidBatch : Failed to parse CSV. {words}")


class _Sink:
    """Collects what a `csv.writer` writes: one row at a time."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines

    def write(self, line: str) -> None:
        self._lines.append(line.encode())


class _Lines:
    """The lines of a file, and the position up to which they were read."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self.position = start

    def __iter__(self) -> Iterator[str]:
        while self.position < len(self._data):
            end = self._data.find(b"\n", self.position) + 1 or len(self._data)
            line = self._data[self.position : end]
            self.position = end
            yield line.decode()
