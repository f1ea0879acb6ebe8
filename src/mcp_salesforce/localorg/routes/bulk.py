"""Bulk API 2.0: jobs/query and jobs/ingest. Version 1 (/services/async) is not served."""

from typing import Final

from mcp_salesforce.localorg.errors import OrgError, not_found, not_implemented
from mcp_salesforce.localorg.routes.call import Call, Family, Reply

_RESULTS: Final = ("successfulResults", "failedResults")
_UNPROCESSED: Final = "unprocessedrecords"

bulk = Family("Bulk API 2.0")


@bulk.route("POST", "jobs/query", "recorded")
def create_query_job(call: Call) -> Reply:
    """Make a job that runs a query."""
    job = call.org.bulk.queries.create(call.json_object(), call.user_id, call.version)
    return Reply(body=call.org.bulk.jobs.made(job, call.data_url("jobs", "query")))


@bulk.route("POST", "jobs/ingest", "documented")
def create_ingest_job(call: Call) -> Reply:
    """Make a job that saves the rows of a file, which is uploaded next; a multipart body, with the file, is 501."""
    if call.headers.get("content-type", "").startswith("multipart/"):
        raise not_implemented("an ingest job with its file in a multipart body")
    job = call.org.bulk.ingest.create(call.json_object(), call.user_id, call.version)
    return Reply(body=call.org.bulk.jobs.made(job, call.data_url("jobs", "ingest")))


@bulk.route("GET", "jobs/query", "documented")
def list_query_jobs(call: Call) -> Reply:
    """Return the jobs of the user, those that save too; jobType selects."""
    return _listed(call, "query")


@bulk.route("GET", "jobs/ingest", "documented")
def list_ingest_jobs(call: Call) -> Reply:
    """Return the jobs of the user, those that query too; jobType selects."""
    return _listed(call, "ingest")


@bulk.route("GET", "jobs/query/{job_id}", "recorded")
def query_job(call: Call, job_id: str) -> Reply:
    """Return the state of a query job, which does its next step first."""
    return _state(call, "query", job_id)


@bulk.route("GET", "jobs/ingest/{job_id}", "documented")
def ingest_job(call: Call, job_id: str) -> Reply:
    """Return the state of an ingest job, which does its next step first."""
    return _state(call, "ingest", job_id)


@bulk.route("PUT", "jobs/ingest/{job_id}/batches", "documented")
def upload_file(call: Call, job_id: str) -> Reply:
    """Take the file of a job: CSV, at most 150 MB."""
    call.org.bulk.ingest.upload(call.org.bulk.jobs.find("ingest", job_id, call.user_id), call.body)
    return Reply(201)


@bulk.route("PATCH", "jobs/ingest/{job_id}", "documented")
def change_ingest_job(call: Call, job_id: str) -> Reply:
    """Close a job (state UploadComplete), whose work begins then, or abort it (Aborted)."""
    return _changed(call, "ingest", job_id)


@bulk.route("PATCH", "jobs/query/{job_id}", "documented")
def change_query_job(call: Call, job_id: str) -> Reply:
    """Abort a job (state Aborted)."""
    return _changed(call, "query", job_id)


@bulk.route("DELETE", "jobs/query/{job_id}", "documented")
def delete_query_job(call: Call, job_id: str) -> Reply:
    """Delete a job and its results."""
    return _deleted(call, "query", job_id)


@bulk.route("DELETE", "jobs/ingest/{job_id}", "documented")
def delete_ingest_job(call: Call, job_id: str) -> Reply:
    """Delete a job, its file and its results."""
    return _deleted(call, "ingest", job_id)


@bulk.route("GET", "jobs/query/{job_id}/results", "recorded")
def query_results(call: Call, job_id: str) -> Reply:
    """Return a page of the rows of a query job as CSV: maxRecords of them, from `locator` on."""
    most = call.params.get("maxRecords")
    if most is not None and not (most.isdecimal() and most.isascii() and int(most[:10]) > 0):
        raise OrgError(400, "INVALID_INPUT", f"maxRecords is not a number of records: {most[:40]}", None)
    job = call.org.bulk.jobs.find("query", job_id, call.user_id)
    body, count, locator = call.org.bulk.queries.page(job, call.params.get("locator"), int(most) if most else None)
    return _csv(body, {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(count)})


@bulk.route("GET", "jobs/ingest/{job_id}/{which}", "documented")
def ingest_results(call: Call, job_id: str, which: str) -> Reply:
    """Return the rows of an ingest job as CSV: successfulResults, failedResults or unprocessedrecords."""
    job = call.org.bulk.jobs.find("ingest", job_id, call.user_id)
    named = which.lower()
    if named == _UNPROCESSED:
        return _csv(call.org.bulk.ingest.unprocessed(job), {})
    kind = next((each for each in _RESULTS if each.lower() == named), None)
    if kind is None:
        raise not_found()
    return _csv(call.org.bulk.ingest.results(job, kind), {})


def _listed(call: Call, kind: str) -> Reply:
    job_type, locator = call.params.get("jobType"), call.params.get("queryLocator")
    return Reply(body=call.org.bulk.jobs.listed(call.user_id, job_type, locator, call.data_url("jobs", kind)))


def _state(call: Call, kind: str, job_id: str) -> Reply:
    job = call.org.bulk.looked_at(kind, job_id, call.user_id)
    return Reply(body=call.org.bulk.jobs.state(job, call.data_url("jobs", kind)))


def _changed(call: Call, kind: str, job_id: str) -> Reply:
    state = call.json_object().get("state")
    job = call.org.bulk.jobs.find(kind, job_id, call.user_id)
    if state == "Aborted":
        call.org.bulk.jobs.abort(job)
    elif state == "UploadComplete" and kind == "ingest":
        call.org.bulk.ingest.close(job)
    else:
        raise OrgError(400, "INVALID_INPUT", f"A job cannot be set to {state}", None)
    return Reply(body=call.org.bulk.jobs.made(job, call.data_url("jobs", kind)))


def _deleted(call: Call, kind: str, job_id: str) -> Reply:
    call.org.bulk.jobs.delete(call.org.bulk.jobs.find(kind, job_id, call.user_id))
    return Reply(204)


def _csv(body: bytes, headers: dict[str, str]) -> Reply:
    return Reply(body=body, headers={"content-type": "text/csv", **headers})
