"""Ingest jobs under a policy: each row of a file is judged before it is sent, and no other job is looked at.

Nothing is saved before a job is closed. It is closed only if the file that went out is the one that was judged.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mcp_salesforce.policy.errors import PolicyRefusedError, not_understood
from mcp_salesforce.policy.guard.request_parts import RequestParts, Rewrite
from mcp_salesforce.policy.guard.writes import Writes
from mcp_salesforce.policy.rules import Action
from mcp_salesforce.salesforce.bodies import Stream, Upload
from mcp_salesforce.salesforce.csv_tables import NULL, table_rows
from mcp_salesforce.salesforce.ids import is_id, to_18

_SETTINGS: Final = frozenset(
    {"object", "operation", "externalIdFieldName", "columnDelimiter", "lineEnding", "contentType"}
)
_ACTIONS: Final[Mapping[str, tuple[Action, ...]]] = {
    "insert": ("create",),
    "update": ("update",),
    "upsert": ("create", "update"),
    "delete": ("delete",),
    "hardDelete": ("delete", "hard_delete"),
}
_COLUMN: Final = re.compile(r"[A-Za-z]\w*", re.ASCII)
_STATES: Final = ("UploadComplete", "Aborted")
_AT_ONCE: Final = 200
_MOST_JOBS: Final = 1_000


@dataclass(slots=True)
class _Job:
    """A job that may be made; `judged` is the digest of the file that was judged, `sent` of what went out."""

    sobject: str
    actions: tuple[Action, ...]
    key: str
    delimiter: str
    judged: bytes = b""
    sent: bytes = b""


class BulkIngests:
    """Plans the calls for ingest jobs."""

    steps: Final[tuple[str, ...]] = ("jobs", "ingest")

    def __init__(self, writes: Writes) -> None:
        """Judge rows as `writes` judges records."""
        self._writes = writes
        self._jobs: dict[str, _Job] = {}

    async def plan(self, call: RequestParts) -> Rewrite | None:
        """Plan a call below `jobs/ingest`; None for one that is not understood, such as the list of all jobs.

        Raises:
            PolicyRefusedError: It is not allowed.
            InvalidArgumentError: A file is no CSV.
        """
        match ("" if call.params else call.method, *call.steps[2:]):
            case ("POST",):
                return await self._create(call)
            case ("PUT", job_id, "batches"):
                return await self._upload(call, self._known(job_id))
            case ("PATCH", job_id) if isinstance(call.body, Mapping) and set(call.body) == {"state"}:
                return self._end(call, self._known(job_id))
            case ("GET" | "DELETE", job_id) | (
                "GET",
                job_id,
                "successfulResults" | "failedResults" | "unprocessedrecords",
            ):
                self._known(job_id)
                return Rewrite(call.request)
        return None

    async def _create(self, call: RequestParts) -> Rewrite:
        """Plan the making of a job, by its object and what it does."""
        body = call.body if isinstance(call.body, Mapping) else {}
        actions = _ACTIONS.get(str(body.get("operation")))
        sobject, key = body.get("object"), body.get("externalIdFieldName") or ""
        if not set(body) <= _SETTINGS or actions is None or body.get("contentType", "CSV") != "CSV":
            raise not_understood("A bulk job of another form")
        if not isinstance(sobject, str) or not isinstance(key, str) or bool(key) != (body["operation"] == "upsert"):
            raise not_understood("A bulk job of another form")
        await self._writes.judge_rows(sobject, actions, key, [])
        job = _Job(sobject, actions, key, str(body.get("columnDelimiter") or "COMMA"))

        async def finish(value: Any) -> Any:  # noqa: ANN401 - any JSON value
            if isinstance(value, Mapping) and is_id(str(value.get("id"))):
                self._jobs[to_18(str(value["id"]))] = job
                if len(self._jobs) > _MOST_JOBS:
                    del self._jobs[next(iter(self._jobs))]
            return value

        return Rewrite(call.request, finish)

    async def _upload(self, call: RequestParts, job: _Job) -> Rewrite:
        """Plan the upload of a file, all of whose rows are judged first."""
        upload = call.request.upload
        if upload is None:
            raise not_understood("A bulk job without a file")
        job.judged = job.sent = b""

        def note_judged(digest: bytes) -> None:
            job.judged = digest

        def note_sent(digest: bytes) -> None:
            job.sent = digest

        await self._judge(job, _digesting(upload, note_judged))
        return Rewrite(replace(call.request, upload=_digesting(upload, note_sent)))

    async def _judge(self, job: _Job, file: Stream) -> None:
        most, place = await self._writes.most_rows(job.sobject)
        columns: list[str] = []
        part: list[dict[str, Any]] = []
        count = 0
        async for row in table_rows(file, job.delimiter):
            if not columns:
                columns = _checked(row)
                await self._writes.require(job.sobject, job.actions, [dict.fromkeys(columns)])
                continue
            count += 1
            if most is not None and count > most:
                raise PolicyRefusedError(f"A file of more than {most} rows of {job.sobject}", place=place)
            part.append(_record(columns, row))
            if len(part) == _AT_ONCE:
                await self._writes.judge_rows(job.sobject, job.actions, job.key, part)
                part = []
        await self._writes.judge_rows(job.sobject, job.actions, job.key, part)

    def _end(self, call: RequestParts, job: _Job) -> Rewrite:
        """Plan the end of an upload, or of a job."""
        state = call.body["state"]
        if state not in _STATES:
            raise not_understood("A state of a bulk job")
        if state == "UploadComplete" and (not job.judged or job.sent != job.judged):
            raise PolicyRefusedError(
                "The file changed while it was sent, or did not arrive: its bulk job saves nothing",
                hint="Make a new job with the file as it is now.",
            )
        return Rewrite(call.request)

    def _known(self, job_id: str) -> _Job:
        """Return a job that was judged when it was made; what is in any other one is unknown."""
        job = self._jobs.get(to_18(job_id)) if is_id(job_id) else None
        if job is None:
            raise PolicyRefusedError(
                f"The bulk job {job_id[:18]} was not made by this server", hint="Import the file again."
            )
        return job


def _digesting(upload: Upload, note: Callable[[bytes], None]) -> Stream:
    """Return a stream of a file that notes its digest each time that all of it was read."""

    async def pieces() -> AsyncIterator[bytes]:
        digest = hashlib.sha256()
        if isinstance(upload, bytes):
            digest.update(upload)
            yield upload
        else:
            async for piece in upload():
                digest.update(piece)
                yield piece
        note(digest.digest())

    return pieces


def _checked(columns: list[str]) -> list[str]:
    """Return the header of a file, each column of which is a field of the object."""
    if len({name.casefold() for name in columns}) < len(columns):
        raise not_understood("A column twice in a file")
    for name in columns:
        if not _COLUMN.fullmatch(name):
            raise not_understood(f"The column {name[:60]!r}, which is not a field of the object itself,")
    return columns


def _record(columns: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """Return what a row says of a record: an empty cell says nothing, and spaces around a value are not of it."""
    return {name: None if cell == NULL else cell.strip() for name, cell in zip(columns, row, strict=True) if cell}
