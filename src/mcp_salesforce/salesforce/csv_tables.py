"""Rows of the CSV files that bulk jobs take and give, read strictly: what can be read in two ways is an error."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterator
from typing import Final

from mcp_salesforce.salesforce.bodies import Upload
from mcp_salesforce.salesforce.errors import InvalidArgumentError

DELIMITERS: Final = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
NULL: Final = "#N/A"
"""A cell that sets null; an empty one changes nothing."""
_MARK: Final = "\ufeff"
_MOST_OPEN_BYTES: Final = 2**22
_PIECE: Final = 2**18


async def table_rows(upload: Upload, delimiter: str) -> AsyncIterator[list[str]]:
    """Yield the rows of a CSV file, the header first; blank lines are none. Memory is flat.

    Args:
        upload: The file.
        delimiter: What is between its cells, by the API's name, such as `COMMA`.

    Raises:
        InvalidArgumentError: It is not UTF-8, has a quote in the middle of a cell, a row that has not as many cells as
            the header, or `delimiter` is not one.
    """
    if delimiter not in DELIMITERS:
        raise InvalidArgumentError(f"{delimiter[:20]!r} is not a delimiter. There are: {', '.join(DELIMITERS)}.")
    blocks = _Blocks(DELIMITERS[delimiter])
    async for piece in _pieces(upload):
        for row in blocks.add(piece):
            yield row
    for row in blocks.end():
        yield row


async def _pieces(upload: Upload) -> AsyncIterator[bytes]:
    if callable(upload):
        async for piece in upload():
            yield piece
        return
    for start in range(0, len(upload), _PIECE):
        yield upload[start : start + _PIECE]


class _Blocks:
    """Reads whole rows as they arrive."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._quoted = re.compile(rf'(?<![^{re.escape(delimiter)}\r\n])"(?:[^"]|"")*"(?![^{re.escape(delimiter)}\r\n])')
        self._open = b""
        self._width = 0

    def add(self, piece: bytes) -> Iterator[list[str]]:
        """Yield the rows that end in `piece`."""
        data = self._open + piece
        end = data.rfind(b"\n") + 1
        while end and data.count(b'"', 0, end) % 2:  # it is a line break between quotes
            end = data.rfind(b"\n", 0, end - 1) + 1
        self._open = data[end:]
        if len(self._open) > _MOST_OPEN_BYTES:
            raise InvalidArgumentError("The CSV has a row of more than 4 MB: a quote may be missing.")
        yield from self._rows(data[:end])

    def end(self) -> Iterator[list[str]]:
        """Yield the last row, which may have no line ending."""
        yield from self._rows(self._open)

    def _rows(self, block: bytes) -> Iterator[list[str]]:
        try:
            text = block.decode()
        except UnicodeDecodeError:
            raise InvalidArgumentError("The CSV is not UTF-8: save it as UTF-8.") from None
        if not self._width:
            text = text.removeprefix(_MARK)
        if "\x00" in text:
            raise InvalidArgumentError("The CSV has a NUL character: remove it.")
        if '"' in text and '"' in self._quoted.sub("", text):
            raise InvalidArgumentError("The CSV has a quote in the middle of a cell: put the cell in quotes.")
        try:
            for row in csv.reader(io.StringIO(text, newline="\n"), delimiter=self._delimiter, strict=True):
                if row:
                    yield self._checked(row)
        except csv.Error as error:
            raise InvalidArgumentError(f"The CSV cannot be read: {error}.") from None

    def _checked(self, row: list[str]) -> list[str]:
        self._width = self._width or len(row)
        if len(row) != self._width:
            raise InvalidArgumentError(f"The CSV has a row of {len(row)} cells below a header of {self._width}.")
        return row
