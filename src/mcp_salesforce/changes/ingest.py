"""Ingest jobs of Bulk API 2.0 on their way: what their files hold is written when they are closed.

A job is made, gets its file, and is closed, in three requests; so what the last one writes is known from the other two.
"""

from collections import defaultdict, deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mcp_salesforce.changes.writes import Action, Outcome, Write
from mcp_salesforce.policy.guard.request_parts import RequestParts
from mcp_salesforce.salesforce.bodies import Sink, Upload
from mcp_salesforce.salesforce.csv_tables import NULL, table_rows
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.ids import is_id, to_18
from mcp_salesforce.salesforce.wire import Answer, Request

MOST_KEPT: Final = 10_000
"""Rows of a job of which each is kept on its own, so that it can be undone; of a larger job only their number is."""
NOT_PROCESSED: Final = "NOT_PROCESSED"
MOST_JOBS: Final = 32
"""Jobs whose rows are remembered."""
_INGEST: Final = ("jobs", "ingest")
_ENDED: Final = frozenset({"JobComplete", "Aborted", "Failed"})
_PLANNED_ID: Final = "750000000000"
_ACTIONS: Final[Mapping[str, Action]] = {
    "insert": "create",
    "update": "update",
    "upsert": "upsert",
    "delete": "delete",
    "hardDelete": "hard_delete",
}
_OWN_COLUMNS: Final = 2  # of results: sf__Id, and sf__Created or sf__Error


@dataclass(slots=True)
class _Job:
    """A job, as its requests made it; `results` has what was read of the outcome of its rows."""

    sobject: str
    operation: str
    key: str = ""
    delimiter: str = "COMMA"
    writes: tuple[Write, ...] = ()
    state: str = "Open"
    results: dict[str, Sequence[Sequence[str]]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows its file has."""
        return sum(write.rows for write in self.writes)

    @property
    def has_each_row(self) -> bool:
        """Whether each of its rows is kept on its own."""
        return bool(self.writes) and self.count == len(self.writes)

    async def read(self, file: Upload) -> None:
        """Read what the rows of its file write.

        Raises:
            InvalidArgumentError: It is no CSV.
        """
        like = Write(_ACTIONS[self.operation], self.sobject, key=self.key)
        count = -1  # without the header
        async for _ in table_rows(file, self.delimiter):
            count += 1
        if count > MOST_KEPT:
            self.writes = (Write(like.action, like.sobject, rows=count),)
            return
        rows = table_rows(file, self.delimiter)
        columns: list[str] = await anext(rows, [])
        self.writes = tuple([_write(like, columns, row) async for row in rows])


class IngestJobs:
    """The jobs that were seen on their way, each with the rows of its file."""

    def __init__(self) -> None:
        """Know none."""
        self._jobs: dict[str, _Job] = {}

    async def writes_of(self, request: Request) -> tuple[Write, ...]:
        """Return what a request writes that closes a job; nothing for any other.

        Raises:
            InvalidArgumentError: The job was not seen: what it writes is unknown.
        """
        job_id = closed_job(request)
        if not job_id:
            return ()
        job = self._job(job_id)
        if job is None:
            raise refused(
                f"The bulk job {job_id[:18]} was not made in this process: what it would save is unknown.",
                code="NOT_SUPPORTED",
                hint="Abort it and make it again: an open job has saved nothing.",
            )
        return job.writes

    async def read_file(self, request: Request) -> None:
        """Read the rows of the file that a request uploads to a job.

        Raises:
            InvalidArgumentError: It is no CSV.
        """
        match _call(request):
            case ("PUT", job_id, "batches") if request.upload is not None and (job := self._job(job_id)):
                await job.read(request.upload)

    def note(self, request: Request, answer: Answer) -> None:
        """Note a job that was made, and the state of one."""
        value = answer.value if isinstance(answer.value, Mapping) else {}
        match _call(request):
            case ("POST",) if isinstance(request.body, Mapping) and is_id(str(value.get("id"))):
                self._add(str(value["id"]), request.body)
            case (_, job_id, *_) if job := self._job(job_id):
                job.state = str(value.get("state") or job.state)

    def collecting(self, request: Request) -> "ResultSink | None":
        """Return a sink that keeps a copy of the results that a request reads, if they are of a job that is known."""
        match _call(request):
            case ("GET", job_id, ("successfulResults" | "failedResults") as which) if request.sink:
                job = self._job(job_id)
                return ResultSink(request.sink, job_id, which) if job and job.has_each_row else None
        return None

    async def outcomes(self, sink: "ResultSink") -> tuple[Outcome, ...]:
        """Return the outcome of each row by the results in `sink` and those before; nothing while some are missing."""
        job = self._job(sink.job_id)
        if job is None:
            return ()
        job.results[sink.which] = [row async for row in table_rows(bytes(sink.taken), job.delimiter)]
        found = outcomes_by_results(job.writes, job.results, has_ended=job.state in _ENDED)
        if found:
            job.results.clear()
        return found

    def pretended(self, request: Request) -> Answer | None:
        """Return the answer to a request about a job that is only planned; None for any other request."""
        match _call(request):
            case ("POST",) if isinstance(request.body, Mapping):
                job_id = to_18(f"{_PLANNED_ID}{len(self._jobs):03d}")
                return Answer({"id": job_id, "state": "Open", **request.body}, {})
            case ("PUT", *_):
                return Answer(None, {})
            case (_, job_id, *_) if job := self._job(job_id):
                told = {"id": to_18(job_id), "object": job.sobject, "operation": job.operation}
                return Answer({**told, "state": "JobComplete", "numberRecordsProcessed": job.count}, {})
        return None

    def _job(self, job_id: str) -> _Job | None:
        return self._jobs.get(to_18(job_id)) if is_id(job_id) else None

    def _add(self, job_id: str, body: Mapping[str, Any]) -> None:
        sobject, operation = str(body.get("object") or ""), str(body.get("operation") or "")
        if operation in _ACTIONS:
            key, delimiter = str(body.get("externalIdFieldName") or ""), str(body.get("columnDelimiter") or "COMMA")
            self._jobs[to_18(job_id)] = _Job(sobject, operation, key, delimiter)
        if len(self._jobs) > MOST_JOBS:
            del self._jobs[next(iter(self._jobs))]


class ResultSink:
    """Hands results on, and keeps a copy."""

    def __init__(self, sink: Sink, job_id: str, which: str) -> None:
        """Keep what `sink` takes of the results `which` of a job."""
        self._sink = sink
        self.job_id = job_id
        self.which = which
        self.taken = bytearray()

    def begin(self) -> None:
        """Begin again."""
        self.taken.clear()
        self._sink.begin()

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        self.taken += piece
        self._sink.take(piece)


def closed_job(request: Request) -> str:
    """Return the Id of the job that a request closes, so that its rows are saved; nothing for any other request."""
    match _call(request):
        case ("PATCH", job_id) if isinstance(request.body, Mapping) and request.body.get("state") == "UploadComplete":
            return job_id
    return ""


def outcomes_by_results(
    writes: Sequence[Write], results: Mapping[str, Sequence[Sequence[str]]], *, has_ended: bool
) -> tuple[Outcome, ...]:
    """Return the outcome of each row of a job; nothing as long as it is not known of all.

    Args:
        writes: What the rows do.
        results: The tables `successfulResults` and `failedResults`, each with its header, where rows stand as they
            were sent, in any order.
        has_ended: Whether the rows that are in neither table were not processed.
    """
    if {"successfulResults", "failedResults"} - results.keys():
        return ()
    places: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for number, write in enumerate(writes):
        places[_facts(write)].append(number)
    found: dict[int, Outcome] = {}
    for which, (header, *rows) in results.items():
        columns = header[_OWN_COLUMNS:]
        for record_id, how, *cells in rows:
            if not (same := places[_facts(_write(writes[0], columns, cells))]):
                return ()
            found[same.popleft()] = _outcome(record_id, how, is_done=which == "successfulResults")
    if len(found) < len(writes) and not has_ended:
        return ()
    return tuple(found.get(number, Outcome(code=NOT_PROCESSED)) for number in range(len(writes)))


def _write(like: Write, columns: Sequence[str], row: Sequence[str]) -> Write:
    """Return what a row does: the same as `like`, to another record."""
    cells = {name: None if cell == NULL else cell for name, cell in zip(columns, row, strict=True) if cell}
    folded = {name.casefold(): value or "" for name, value in cells.items()}
    record_id = folded.get("id", "")
    values = {name: value for name, value in cells.items() if name.casefold() != "id"}
    key_value = folded.get(like.key.casefold(), "") if like.key else ""
    record_id = to_18(record_id) if is_id(record_id) else ""
    return Write(like.action, like.sobject, record_id, values, like.key, key_value)


def _facts(write: Write) -> Hashable:
    return write.record_id, write.key_value, tuple(sorted(write.values.items(), key=str))


def _outcome(record_id: str, how: str, *, is_done: bool) -> Outcome:
    found = to_18(record_id) if is_id(record_id) else ""
    if is_done:
        return Outcome(found, is_done=True, created=how == "true")
    return Outcome(found, code=how.partition(":")[0])


def is_about_ingest(request: Request) -> bool:
    """Return whether a request can be about an ingest job."""
    return "jobs/ingest" in request.path


def _call(request: Request) -> tuple[str, ...]:
    """Return the method of a request to ingest jobs, and its steps from there; nothing for any other."""
    if not is_about_ingest(request):
        return ()
    call = RequestParts.of(request)
    return (call.method, *call.steps[2:]) if call.steps[:2] == _INGEST else ()
