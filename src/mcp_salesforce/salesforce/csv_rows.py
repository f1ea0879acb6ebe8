"""Rows of CSV, counted as they arrive: a reply can be cut where no transport notices it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from mcp_salesforce.salesforce.bodies import Sink
from mcp_salesforce.salesforce.errors import UnreadableReplyError

_NO_MARKS: Final = bytes(set(range(256)) - set(b'"\n'))


class Lines:
    """Counts the rows of CSV as it arrives; a line break between quotes ends none."""

    def __init__(self) -> None:
        """Count from zero."""
        self._ended = 0
        self._is_quoted = False
        self._is_open = False

    @property
    def rows(self) -> int:
        """How many there are so far, without the header."""
        return max(0, self._ended + self._is_open - 1)

    def count(self, piece: bytes) -> None:
        """Count the rows that end in `piece`."""
        if not piece:
            return
        marks = (b'"' if self._is_quoted else b"") + piece.translate(None, _NO_MARKS)
        parts = marks.replace(b'""', b"").split(b'"')  # what is left of line breaks outside of quotes, and inside
        self._ended += sum(map(len, parts[::2]))
        self._is_quoted = len(parts) % 2 == 0
        self._is_open = not piece.endswith(b"\n") or self._is_quoted


class CountedSink:
    """A sink that counts the rows which another one takes."""

    def __init__(self, sink: Sink) -> None:
        """Hand everything on to `sink`."""
        self._sink = sink
        self._lines = Lines()

    @property
    def rows(self) -> int:
        """How many it has taken, without the header."""
        return self._lines.rows

    def begin(self) -> None:
        """Begin again."""
        self._lines = Lines()
        self._sink.begin()

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        self._lines.count(piece)
        self._sink.take(piece)


def rows_in(csv: bytes) -> int:
    """Return how many rows a whole CSV has, without the header."""
    lines = Lines()
    lines.count(csv)
    return lines.rows


def check_count(headers: Mapping[str, str], rows: int, *, is_needed: bool) -> None:
    """Compare rows with Sforce-NumberOfRecords among the headers of their reply, which some replies need.

    Raises:
        UnreadableReplyError: They are not as many.
    """
    told = headers.get("sforce-numberofrecords", "")
    if not told.isdecimal():
        if is_needed:
            raise UnreadableReplyError("The reply does not say how many rows it has", status=HTTPStatus.OK)
    elif int(told) != rows:
        reason = f"The reply has {rows} rows, and says that they are {told}"
        raise UnreadableReplyError(reason, status=HTTPStatus.OK, is_cut=True)
