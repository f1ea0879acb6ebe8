"""Rows as the file of a bulk job, and the results of jobs and calls as outcomes of these rows. Pure; no I/O."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from mcp_salesforce.salesforce import SaveResult
from mcp_salesforce.tools.files.cells import wire_cell

Rows: TypeAlias = Sequence[tuple[int, dict[str, Any]]]
"""Rows by their numbers: the values of each."""
Outcome: TypeAlias = tuple[str, str, str, str]
"""The Id of the record that a row became; or why it did not: code, fields and words."""


def file_of(rows: Rows, fields: Sequence[str]) -> bytes:
    """Return the rows as the file of a bulk job."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows(_cells(rows, fields))
    return out.getvalue().encode()


def outcomes_of(rows: Rows, fields: Sequence[str], good: "Results", bad: "Results") -> list[Outcome | None]:
    """Return the outcome of each row, by the results: they have the rows as they were sent, in any order."""
    places: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)  # the first one last
    for place, cells in zip(range(len(rows) - 1, -1, -1), _cells(rows[::-1], fields), strict=True):
        places[tuple(cells)].append(place)
    outcomes: list[Outcome | None] = [None] * len(rows)
    for results, is_saved in ((good, True), (bad, False)):
        for record_id, how, *sent in results.rows():
            if same := places.get(tuple(sent)):
                outcomes[same.pop()] = (record_id, "", "", "") if is_saved else ("", *_told(how))
    return outcomes


def _cells(rows: Rows, fields: Sequence[str]) -> Iterator[list[str]]:
    for _, values in rows:
        yield [wire_cell(values[name]) if name in values else "" for name in fields]


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
        table = csv.reader(io.StringIO(self._pieces.decode(), newline=""))
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
