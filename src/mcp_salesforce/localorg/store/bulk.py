"""Jobs of Bulk API 2.0 and what belongs to them: uploaded files, rows to be read, results.

They are kept in the org's file, so that they outlive the process; those of an org in memory lie in SQLite's temporary
file, so that a large result does not fill the memory.
"""

import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

from mcp_salesforce.localorg.store.ids import mint
from mcp_salesforce.localorg.store.shapes import Sql
from mcp_salesforce.localorg.store.sqlite import Row, Store

_KEY_PREFIX: Final = "750"
_TABLES: Final = (
    "_bulk_job (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind, user_id, created REAL, info)",
    "_bulk_upload (job TEXT PRIMARY KEY, data BLOB)",
    "_bulk_rows (job TEXT, part INTEGER, row_ids BLOB, csv BLOB, lengths BLOB, PRIMARY KEY (job, part))",
    "_bulk_result (number INTEGER PRIMARY KEY, job TEXT, kind TEXT, csv BLOB)",
)
PART_ROWS: Final = 2_000
"""How many rows of a query's result are kept together."""


@dataclass(slots=True)
class Job:
    """A job as it is kept.

    Attributes:
        job_id: Its Id.
        kind: `query` or `ingest`.
        user_id: Whose it is.
        created: When it was made, in Unix seconds.
        info: What it was asked for, and how far it is.
    """

    job_id: str
    kind: str
    user_id: str
    created: float
    info: dict[str, Any] = field(default_factory=dict)


class BulkStore:
    """The jobs of an org."""

    def __init__(self, store: Store) -> None:
        """Keep them beside the records of `store`."""
        self._store = store
        [main] = [row["file"] for row in store.rows("PRAGMA database_list") if row["name"] == "main"]
        kind = "TABLE" if main else "TEMP TABLE"
        for table in _TABLES:
            store.execute(f"CREATE {kind} IF NOT EXISTS {table}")
        store.execute(
            "CREATE INDEX IF NOT EXISTS _bulk_result_job ON _bulk_result (job)"
            if main
            else "CREATE INDEX IF NOT EXISTS temp._bulk_result_job ON _bulk_result (job)"
        )

    def add(self, kind: str, user_id: str, created: float, info: dict[str, Any]) -> Job:
        """Keep a new job."""
        with self._store.transaction():
            row = self._store.row(
                "INSERT INTO _bulk_job (kind, user_id, created) VALUES (?, ?, ?) RETURNING number",
                [kind, user_id, created],
            )
            assert row is not None  # noqa: S101 - RETURNING answers with the row it wrote
            job = Job(mint(_KEY_PREFIX, row["number"]), kind, user_id, created, info)
            sql = "UPDATE _bulk_job SET id = ?, info = ? WHERE number = ?"
            self._store.execute(sql, [job.job_id, json.dumps(info), row["number"]])
        return job

    def find(self, kind: str, job_id: str, user_id: str) -> Job | None:
        """Return a job of a user."""
        sql = "SELECT * FROM _bulk_job WHERE id = ? AND kind = ? AND user_id = ?"
        row = self._store.row(sql, [job_id, kind, user_id])
        return _job(row) if row else None

    def all(self, user_id: str) -> list[Job]:
        """Return the jobs of a user, the oldest first."""
        rows = self._store.rows("SELECT * FROM _bulk_job WHERE user_id = ? ORDER BY number", [user_id])
        return list(map(_job, rows))

    def processed_since(self, moment: float) -> int:
        """Return how many rows the ingest jobs have processed that were made since a moment, of all users."""
        sql = (
            "SELECT coalesce(sum(json_extract(info, '$.numberRecordsProcessed')), 0) AS total "
            "FROM _bulk_job WHERE kind = 'ingest' AND created >= ?"
        )
        [row] = self._store.rows(sql, [moment])
        return int(row["total"])

    def save(self, job: Job) -> None:
        """Keep what a job has become."""
        self._store.execute("UPDATE _bulk_job SET info = ? WHERE id = ?", [json.dumps(job.info), job.job_id])

    def delete(self, job_id: str) -> None:
        """Forget a job, with all that belongs to it."""
        with self._store.transaction():
            self._store.execute("DELETE FROM _bulk_job WHERE id = ?", [job_id])
            for table in ("_bulk_upload", "_bulk_rows", "_bulk_result"):
                self._store.execute(f"DELETE FROM {table} WHERE job = ?", [job_id])  # noqa: S608 - one of three names

    def forget_before(self, moment: float) -> None:
        """Forget the jobs that were made before a moment."""
        for row in self._store.rows("SELECT id FROM _bulk_job WHERE created < ?", [moment]):
            self.delete(row["id"])

    def upload(self, job_id: str, data: bytes) -> None:
        """Keep the file of a job."""
        self._store.execute("INSERT OR REPLACE INTO _bulk_upload VALUES (?, ?)", [job_id, data])

    def uploaded(self, job_id: str) -> bytes:
        """Return the file of a job; an empty one if there is none."""
        row = self._store.row("SELECT data FROM _bulk_upload WHERE job = ?", [job_id])
        return bytes(row["data"]) if row else b""

    def find_rows(self, job_id: str, row_ids: Sql) -> int:
        """Keep which rows a query finds; return how many they are."""
        total = 0
        with self._store.transaction():
            for part, rows in enumerate(self._store.chunks(row_ids.text, row_ids.values, size=PART_ROWS)):
                ids = array("q", (row[0] for row in rows))
                self._store.execute("INSERT INTO _bulk_rows (job, part, row_ids) VALUES (?, ?, ?)", [job_id, part, ids])
                total += len(ids)
        return total

    def unread(self, job_id: str, parts: int) -> list[tuple[int, list[int]]]:
        """Return the next parts of a query's rows that have not been read: their numbers, and the rowids."""
        sql = "SELECT part, row_ids FROM _bulk_rows WHERE job = ? AND csv IS NULL ORDER BY part LIMIT ?"
        return [(row["part"], array("q", row["row_ids"]).tolist()) for row in self._store.rows(sql, [job_id, parts])]

    def keep_rows(self, job_id: str, part: int, lines: list[bytes]) -> None:
        """Keep what the rows of a part read as CSV, a line each."""
        lengths = array("L", map(len, lines))
        sql = "UPDATE _bulk_rows SET csv = ?, lengths = ? WHERE job = ? AND part = ?"
        self._store.execute(sql, [b"".join(lines), lengths.tobytes(), job_id, part])

    def rows(self, job_id: str, offset: int, count: int) -> bytes:
        """Return the CSV of `count` rows of a query's result, from `offset` on; a row whose record is gone is empty."""
        first, last = offset // PART_ROWS, (offset + count - 1) // PART_ROWS
        sql = "SELECT csv, lengths FROM _bulk_rows WHERE job = ? AND part BETWEEN ? AND ? ORDER BY part"
        pieces = []
        for number, row in enumerate(self._store.rows(sql, [job_id, first, last]), first):
            begin, end = max(0, offset - number * PART_ROWS), offset + count - number * PART_ROWS
            ends = [0, *accumulate(array("L", row["lengths"]))]
            pieces.append(row["csv"][ends[begin] : ends[min(end, len(ends) - 1)]])
        return b"".join(pieces)

    def add_result(self, job_id: str, kind: str, csv: bytes) -> None:
        """Add lines to the successful or failed results of a job."""
        if csv:
            self._store.execute("INSERT INTO _bulk_result (job, kind, csv) VALUES (?, ?, ?)", [job_id, kind, csv])

    def results(self, job_id: str, kind: str) -> Iterator[bytes]:
        """Yield the successful or failed results of a job, in pieces."""
        sql = "SELECT csv FROM _bulk_result WHERE job = ? AND kind = ? ORDER BY number"
        for row in self._store.rows(sql, [job_id, kind]):
            yield row["csv"]


def _job(row: Row) -> Job:
    return Job(row["id"], row["kind"], row["user_id"], row["created"], json.loads(row["info"]))
