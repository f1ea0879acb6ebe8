"""Rows as the file of a bulk job, and the results of jobs and calls as outcomes of these rows. Pure; no I/O."""

import csv
import io
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final, TypeAlias, overload

import orjson

from mcp_salesforce.salesforce import SaveResult
from mcp_salesforce.tools.files.cells import wire_cell

Row: TypeAlias = tuple[int, dict[str, Any]]
"""A row's number, and its values."""
Outcome: TypeAlias = tuple[str, str, str, str]
"""The Id of the record that a row became; or why it did not: code, fields and words."""
_BLOCK: Final = 1_000


class Rows(Sequence[Row]):
    """Many rows in little memory: a row is a text until it is asked for."""

    def __init__(self, packed: Sequence[str]) -> None:
        """Take rows as `packed` returns them."""
        self._packed = packed

    @staticmethod
    def packed(rows: Iterable[Row]) -> list[str]:
        """Return rows as texts."""
        return [orjson.dumps(row).decode() for row in rows]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._packed)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> "Rows": ...
    def __getitem__(self, place: int | slice) -> "Row | Rows":
        """Return a row, or some."""
        if isinstance(place, slice):
            return Rows(self._packed[place])
        number, values = orjson.loads(self._packed[place])
        return number, values


def file_of(rows: Rows, fields: Sequence[str]) -> bytes:
    """Return the rows as the file of a bulk job."""
    data = _lines([fields])
    for start in range(0, len(rows), _BLOCK):
        data += _lines(_cells(values, fields) for _, values in rows[start : start + _BLOCK])
    return bytes(data)


def outcomes_of(rows: Rows, fields: Sequence[str], good: "Results", bad: "Results") -> list[Outcome | None]:
    """Return the outcome of each row, by the results: they have the rows as they were sent, in any order."""
    first: dict[bytes, int] = {}
    following = array("l", [-1]) * len(rows)  # of rows that say the same
    for place in range(len(rows) - 1, -1, -1):
        digest = _digest(_cells(rows[place][1], fields))
        following[place] = first.get(digest, -1)
        first[digest] = place
    outcomes: list[Outcome | None] = [None] * len(rows)
    for results, is_saved in ((good, True), (bad, False)):
        for record_id, how, *sent in results.rows():
            digest = _digest(sent)
            if (place := first.get(digest, -1)) >= 0:
                outcomes[place] = (record_id, "", "", "") if is_saved else ("", *_told(how))
                first[digest] = following[place]
    return outcomes


def _lines(rows: Iterable[Sequence[str]]) -> bytearray:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return bytearray(out.getvalue().encode())


def _digest(cells: list[str]) -> bytes:
    return blake2b(orjson.dumps(cells), digest_size=16).digest()


def _cells(values: dict[str, Any], fields: Sequence[str]) -> list[str]:
    return [wire_cell(values[name]) if name in values else "" for name in fields]


class Results:
    """Takes the results of a job, a CSV with a header."""

    def __init__(self) -> None:
        self._pieces = bytearray()

    def begin(self) -> None:
        """Begin again."""
        self._pieces.clear()

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        self._pieces += piece

    def rows(self) -> Iterator[list[str]]:
        """Yield the rows, each with `sf__Id`, how it ended, and what was sent."""
        table = csv.reader(io.TextIOWrapper(io.BytesIO(self._pieces), "utf-8", newline=""))
        next(table, None)
        return (row for row in table if row)


def outcome_of(result: SaveResult) -> Outcome:
    """Return the outcome of a row that was sent by a call."""
    if result.success:
        return result.id or "", "", "", ""
    error = result.errors[0] if result.errors else None
    if error is None:
        return "", "UNKNOWN", "", "Salesforce gives no reason."
    return "", error.status_code, ", ".join(error.fields), error.message


def _told(how: str) -> tuple[str, str, str]:
    """Return code, fields and words of an `sf__Error`: `CODE:message:fields --`."""
    code, _, rest = how.partition(":")
    words, _, fields = rest.rpartition(":")
    return code, fields.removesuffix("--").strip(), words or rest
