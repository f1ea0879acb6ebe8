"""Ingest jobs of Bulk API 2.0: an uploaded CSV file, saved row by row in steps of a batch."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.bulk_csv import (
    MOST_CELL_CHARACTERS,
    MOST_COLUMNS,
    MOST_ROW_CHARACTERS,
    BulkCsvError,
    Row,
)
from mcp_salesforce.localorg.services.bulk_jobs import BulkJobs, dialect, wrong_state
from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.services.upserts import AmbiguousExternalIdError, Upserts
from mcp_salesforce.localorg.store.bulk import BulkStore, Job
from mcp_salesforce.localorg.store.ids import to_18
from mcp_salesforce.localorg.store.schema import Schema, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Store

BATCH_ROWS: Final = 10_000
_SAVED_TOGETHER: Final = 200
_OPERATIONS: Final = ("insert", "update", "upsert", "delete")
_NULL: Final = "#N/A"
_RELATIONSHIP: Final = re.compile(r"(?:(?P<type>\w+):)?(?P<parent>\w+)\.(?P<field>\w+)", re.ASCII)
_TRUE: Final = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "off", "0"})
_RESULT_COLUMNS: Final = {"successfulResults": ("sf__Id", "sf__Created"), "failedResults": ("sf__Id", "sf__Error")}


@dataclass(frozen=True, slots=True)
class _Saved:
    """The outcome of a row: its record and whether it is new, or why it was not saved."""

    record_id: str = ""
    created: bool = False
    error: str = ""


class BulkIngest:
    """Runs ingest jobs."""

    def __init__(self, store: Store, jobs: BulkJobs, kept: BulkStore, schema: Schema, records: Records) -> None:
        """Save with `records`; `kept` stores files and results."""
        self._store = store
        self._jobs = jobs
        self._kept = kept
        self._schema = schema
        self._records = records

    @evidence("Bulk API 2.0", "documented", "An ingest job is made open, with the contentUrl for its file")
    @evidence("Bulk API 2.0", "quoted", "hardDelete needs a permission that no user here has: FEATURENOTENABLED")
    @evidence("Bulk API 2.0", "quoted", "An object without bulk operations is INVALIDENTITY")
    def create(self, body: Mapping[str, Any], user_id: str, version: str) -> Job:
        """Create the job that `body` describes.

        Raises:
            OrgError: The object or the operation is not valid, or an upsert names no field.
        """
        operation, name = body.get("operation"), str(body.get("object") or "")
        if operation == "hardDelete":
            words = "hardDelete operation requires special user profile permission, please contact your administrator"
            raise OrgError(400, "FEATURENOTENABLED", words, None)
        if operation not in _OPERATIONS:
            raise OrgError(400, "INVALID_INPUT", f"operation must be one of {', '.join(_OPERATIONS)}", None)
        definition = self._schema.get(name)
        if definition is None or not _may(definition, operation):
            raise OrgError(400, "INVALIDENTITY", f"Entity '{name}' is not supported by the Bulk API.", None)
        key = body.get("externalIdFieldName")
        if operation == "upsert" and not isinstance(key, str):
            raise OrgError(400, "INVALID_INPUT", "externalIdFieldName is required for upsert", None)
        more = {"externalIdFieldName": key} if operation == "upsert" else {}
        asked = {"operation": operation, "object": definition.name, "state": "Open", **more}
        return self._jobs.add("ingest", user_id, body, version, **asked, numberRecordsFailed=0, _position=0)

    @evidence("Bulk API 2.0", "documented", "A file is uploaded once, while the job is open")
    def upload(self, job: Job, data: bytes) -> None:
        """Take the file of a job.

        Raises:
            OrgError: The job is not open, or already has its file.
        """
        if job.info["state"] != "Open" or job.info.get("_has_file"):
            raise wrong_state("Data can be uploaded once, to a job that is open")
        self._kept.upload(job.job_id, data)
        self._jobs.set_state(job, "Open", _has_file=True)

    def close(self, job: Job) -> None:
        """Start the work of a job, whose file is complete.

        Raises:
            OrgError: The job is not open.
        """
        if job.info["state"] != "Open":
            raise wrong_state(f"The job is {job.info['state']}: it cannot be closed")
        self._jobs.set_state(job, "UploadComplete")

    @evidence("Bulk API 2.0", "documented", "A step saves a batch of 10,000 rows; rows that fail keep none from it")
    def go_on(self, job: Job) -> None:
        """Do the next step of a job, if there is one."""
        if job.info["state"] not in {"UploadComplete", "InProgress"}:
            return
        try:
            with self._store.transaction():
                self._step(job, self._kept.uploaded(job.job_id))
        except BulkCsvError as error:
            self._jobs.set_state(job, "Failed", errorMessage=str(error))

    def _step(self, job: Job, data: bytes) -> None:
        definition = self._records.sobject(job.info["object"])
        if not job.info["_position"]:
            self._begin(job, definition, data)
        written, columns = dialect(job), job.info["_columns"]
        rows = list(islice(written.rows(data, job.info["_position"]), BATCH_ROWS))
        self._jobs.require_quota(len(rows))
        saving = _Saving(self._store, self._records, definition, job)
        good: list[list[str]] = []
        bad: list[list[str]] = []
        for start in range(0, len(rows), _SAVED_TOGETHER):
            chunk = rows[start : start + _SAVED_TOGETHER]
            for row, saved in zip(chunk, saving.save(columns, chunk), strict=True):
                told = saved.error or ("true" if saved.created else "false")
                (bad if saved.error else good).append([saved.record_id, told, *row.cells])
        self._kept.add_result(job.job_id, "successfulResults", written.written(good))
        self._kept.add_result(job.job_id, "failedResults", written.written(bad))
        position = rows[-1].end if rows else len(data)
        processed = job.info["numberRecordsProcessed"] + len(rows)
        failed = job.info["numberRecordsFailed"] + len(bad)
        state = "JobComplete" if next(written.rows(data, position), None) is None else "InProgress"
        counts = {"numberRecordsProcessed": processed, "numberRecordsFailed": failed}
        self._jobs.set_state(job, state, **counts, _position=position)

    @evidence("Bulk API 2.0", "quoted", "An unknown header fails the job: 'InvalidBatch : Field name not found'")
    @evidence("Bulk API 2.0", "quoted", "A file to delete by has the column Id alone")
    @evidence("Bulk API 2.0", "documented", "A row has 5,000 fields at most")
    def _begin(self, job: Job, definition: SObjectDef, data: bytes) -> None:
        """Read the header of a file, and check the whole file for anything that fails a job.

        Raises:
            BulkCsvError: The file cannot be used.
        """
        written = dialect(job)
        written.check_line_endings(data)
        header = next(written.rows(data), None)
        if header is None:
            raise BulkCsvError("InvalidBatch : Records not found")
        if job.info["operation"] == "delete" and [name.lower() for name in header.cells] != ["id"]:
            raise BulkCsvError("InvalidBatch : The 'delete' batch must contain only ids")
        if len(header.cells) > MOST_COLUMNS:
            raise BulkCsvError(f"InvalidBatch : More than {MOST_COLUMNS} fields")
        for name in header.cells:
            if not self._is_column(definition, name):
                raise BulkCsvError(f"InvalidBatch : Field name not found : {name}")
        job.info |= {"_columns": header.cells, "_position": header.end}

    def _is_column(self, definition: SObjectDef, name: str) -> bool:
        named = _RELATIONSHIP.fullmatch(name)
        if named is None:
            return definition.field(name) is not None
        return self._schema.parent(definition, named["parent"]) is not None

    @evidence("Bulk API 2.0", "documented", "Results have sf__Id, sf__Created or sf__Error, and the row")
    @evidence(
        "Bulk API 2.0", "simulated", "Results without rows are the header alone; rows come in the order of the file"
    )
    def results(self, job: Job, kind: str) -> bytes:
        """Return the rows of a job that were saved, or that failed, as CSV."""
        header = [*_RESULT_COLUMNS[kind], *job.info.get("_columns", ())]
        return b"".join([dialect(job).written([header]), *self._kept.results(job.job_id, kind)])

    @evidence("Bulk API 2.0", "documented", "unprocessedrecords are the remaining rows of a failed or aborted job")
    def unprocessed(self, job: Job) -> bytes:
        """Return the rows of a job that were not processed, as CSV, below their header."""
        written, data = dialect(job), self._kept.uploaded(job.job_id)
        try:
            rows = [row.cells for row in written.rows(data)]
        except BulkCsvError:
            return data
        left = len(rows) - 1 - job.info["numberRecordsProcessed"]
        return written.written([*rows[:1], *rows[len(rows) - left :]] if left > 0 else rows[:1])


class _Saving:
    """Saves the rows of one job."""

    def __init__(self, store: Store, records: Records, definition: SObjectDef, job: Job) -> None:
        self._store = store
        self._definition = definition
        self._operation = job.info["operation"]
        self._key = str(job.info.get("externalIdFieldName") or "")
        self._user_id = job.user_id
        self._records = records.for_call(f"v{job.info['apiVersion']}", allow_duplicates=False)
        self._upserts = Upserts(store, self._records)

    @evidence("Bulk API 2.0", "documented", "An external id that occurs twice in 200 rows of an upsert is refused")
    def save(self, columns: Sequence[str], rows: Sequence[Row]) -> Iterator[_Saved]:
        """Save rows together; yield the outcome of each."""
        at = next((n for n, name in enumerate(columns) if name.lower() == self._key.lower()), None)
        values = [row.cells[at] for row in rows if at is not None and at < len(row.cells)]
        keys = Counter(value.strip().casefold() for value in values)
        for row in rows:
            record_id = ""
            try:
                record = self._record(columns, row)
                record_id = str(record.get("Id") or "")
                yield self._save(record, keys)
            except OrgError as error:
                yield _Saved(to_18(record_id) or record_id, error=_told(error))
            except AmbiguousExternalIdError as error:
                words = f"External id is not unique: {', '.join(error.record_ids)}"
                yield _Saved(error=_told(OrgError(300, "DUPLICATE_EXTERNAL_ID", words)))

    def _save(self, record: dict[str, Any], keys: Counter[str]) -> _Saved:
        name, user_id = self._definition.name, self._user_id
        match self._operation:
            case "insert":
                return _Saved(self._records.create(name, record, user_id), created=True)
            case "upsert":
                return self._upsert(record, keys)
        record_id = record.pop("Id", None)
        if not record_id:
            raise OrgError(400, "MISSING_ARGUMENT", f"Id not specified in an {self._operation} call")
        if self._operation == "update":
            self._records.update(name, record_id, record, user_id)
        else:
            self._records.delete(name, record_id, user_id)
        return _Saved(to_18(record_id) or record_id)

    def _upsert(self, record: dict[str, Any], keys: Counter[str]) -> _Saved:
        name, key = self._definition.name, self._key
        value = next((record.pop(each) for each in list(record) if each.lower() == key.lower()), None)
        if value is not None and keys[str(value).strip().casefold()] > 1:
            raise errors.duplicate_external_id(str(value))
        if key.lower() == "id":
            if value is None:
                return _Saved(self._records.create(name, record, self._user_id), created=True)
            self._records.update(name, str(value), record, self._user_id)
            return _Saved(to_18(str(value)) or str(value))
        if value is None:
            raise OrgError(400, "MISSING_ARGUMENT", f"{key} not specified")
        done = self._upserts.upsert(name, key, str(value), record, self._user_id)
        return _Saved(done.record_id, created=done.created)

    @evidence("Bulk API 2.0", "documented", "An empty cell changes nothing, #N/A sets null")
    @evidence("Bulk API 2.0", "documented", "A parent may be named by an external id: a column Account.Number__c")
    @evidence("Bulk API 2.0", "documented", "A cell has 32,000 characters at most, a row 400,000")
    def _record(self, columns: Sequence[str], row: Row) -> dict[str, Any]:
        if len(row.cells) != len(columns):
            words = f"The row has {len(row.cells)} cells, the header {len(columns)}"
            raise OrgError(400, "INVALID_INPUT", words)
        lengths = [len(cell) for cell in row.cells]
        if max(lengths) > MOST_CELL_CHARACTERS or sum(lengths) > MOST_ROW_CHARACTERS:
            words = f"A cell has {MOST_CELL_CHARACTERS} characters at most, a row {MOST_ROW_CHARACTERS}"
            raise OrgError(400, "STRING_TOO_LONG", words)
        record: dict[str, Any] = {}
        for name, cell in zip(columns, row.cells, strict=True):
            if cell == "":
                continue
            value = None if cell == _NULL else cell
            if named := _RELATIONSHIP.fullmatch(name):
                attributes = {"attributes": {"type": named["type"]}} if named["type"] else {}
                record[named["parent"]] = None if value is None else {**attributes, named["field"]: value}
            else:
                self._put(record, name, value)
        return record

    def _put(self, record: dict[str, Any], name: str, value: str | None) -> None:
        field = self._definition.field(name)
        if field is None or field.type != "boolean" or value is None:
            record["Id" if name.lower() == "id" else name] = value
        elif value.lower() in _TRUE | _FALSE:
            record[name] = value.lower() in _TRUE
        else:
            raise _wrong_type(f"{field.label}: value not of required type: {value}", [field.name])


@evidence("Bulk API 2.0", "simulated", "A text of the wrong type for its field is INVALID_TYPE_ON_FIELD_IN_RECORD")
def _wrong_type(message: str, fields: Sequence[str] = ()) -> OrgError:
    return OrgError(400, "INVALID_TYPE_ON_FIELD_IN_RECORD", message, fields)


@evidence("Bulk API 2.0", "quoted", "sf__Error is code, message and fields: 'UNABLE_TO_LOCK_ROW:unable to … 001…:--'")
def _told(error: OrgError) -> str:
    if error.error_code == "JSON_PARSER_ERROR":
        error = _wrong_type(error.message)
    fields = f"{', '.join(error.fields)} " if error.fields else ""
    return f"{error.error_code}:{error.message}:{fields}--"


def _may(definition: SObjectDef, operation: str) -> bool:
    may = {"insert": definition.createable, "update": definition.updateable, "delete": definition.deletable}
    return may.get(operation, definition.createable and definition.updateable)
