"""Bulk jobs that save rows pass the gate: planned, approved and kept when they are closed, settled by their results."""

import pytest

from mcp_salesforce.changes import ingest
from mcp_salesforce.changes.approvals import Approval, ApprovalNeededError, ApprovalRules
from mcp_salesforce.changes.change import Change, changing
from mcp_salesforce.changes.journal import Entry, Journal
from mcp_salesforce.salesforce import InvalidArgumentError, SalesforceClient
from mcp_salesforce.salesforce.api.bulk import Operation
from mcp_salesforce.salesforce.models import BulkJob
from tests.changes.conftest import OWNER, change_of
from tests.changes.test_gate import contacts, count

pytestmark = pytest.mark.anyio


class Nowhere:
    """A sink that keeps nothing."""

    def begin(self) -> None:
        pass

    def take(self, piece: bytes) -> None:
        pass


async def closed(client: SalesforceClient, operation: Operation, data: bytes, key: str = "") -> BulkJob:
    job = await client.bulk.create_ingest_job("Contact", operation, external_id_field=key or None)
    await client.bulk.upload(job.id, data)
    job = await client.bulk.close(job.id)
    while not job.has_ended:
        job = await client.bulk.job("ingest", job.id)
    return job


async def read_results(client: SalesforceClient, job: BulkJob) -> None:
    await client.bulk.ingest_results(job.id, "successfulResults", Nowhere())
    await client.bulk.ingest_results(job.id, "failedResults", Nowhere())


async def kept(journal: Journal, change: Change) -> Entry:
    [entry] = await journal.entries(*OWNER, change_id=change.change_id)
    return entry


async def test_rows_are_kept_with_what_was_before_and_what_became_of_each(
    client: SalesforceClient, journal: Journal
) -> None:
    ids = await contacts(client, "Sand", "Stein")
    rows = f'Id,Title,Phone\n{ids[1]},"Prof, Dr",\n003lo0000009999AAA,x,#N/A\n{ids[0]},,#N/A\n'
    with changing(change_of()) as change:
        job = await closed(client, "update", rows.encode())
        entry = await kept(journal, change)
        assert ([step.outcomes for step in entry.steps], entry.steps[0].job) == ([()], job.id)
        await read_results(client, job)
    [step] = (await kept(journal, change)).steps
    assert [(write.action, write.record_id, write.values) for write in step.writes] == [
        ("update", ids[1], {"Title": "Prof, Dr"}),
        ("update", "003lo0000009999AAA", {"Title": "x", "Phone": None}),
        ("update", ids[0], {"Phone": None}),
    ]
    assert [before and before.get("Title") for before in step.before] == ["Dr", None, None]
    assert [(each.record_id, each.is_done) for each in step.outcomes] == [
        (ids[1], True), ("003lo0000009999AAA", False), (ids[0], True),
    ]  # fmt: skip
    assert step.outcomes[1].code
    assert (await kept(journal, change)).state == "done"


async def test_rows_alike_have_a_record_each(client: SalesforceClient, journal: Journal) -> None:
    with changing(change_of()) as change:
        job = await closed(client, "insert", b"LastName,Title\nSand,Dr\nSand,Dr\n,Dr\nStein,Dr\n")
        await read_results(client, job)
    [step] = (await kept(journal, change)).steps
    made = [outcome.record_id for outcome in step.outcomes if outcome.is_done]
    assert [outcome.is_done for outcome in step.outcomes] == [True, True, False, True]
    assert step.outcomes[2].code == "REQUIRED_FIELD_MISSING"
    assert len(set(made)) == 3


async def test_a_job_that_was_aborted_before_its_work_changed_nothing(
    client: SalesforceClient, journal: Journal
) -> None:
    before = await count(client)
    with changing(change_of()) as change:
        job = await client.bulk.create_ingest_job("Contact", "insert")
        await client.bulk.upload(job.id, b"LastName\nSand\n")
        await client.bulk.close(job.id)
        await client.bulk.abort("ingest", job.id)
        await read_results(client, job)
    [step] = (await kept(journal, change)).steps
    assert [outcome.code for outcome in step.outcomes] == [ingest.NOT_PROCESSED]
    assert await count(client) == before


async def test_a_preview_sends_no_job_and_tells_its_rows(client: SalesforceClient) -> None:
    before = await count(client)
    with changing(change_of(is_preview=True)) as change:
        job = await closed(client, "insert", b"LastName\nSand\nStein\n")
    assert (job.state, job.number_records_processed) == ("JobComplete", 2)
    assert [(write.action, write.values) for write in change.writes] == [
        ("create", {"LastName": "Sand"}), ("create", {"LastName": "Stein"}),
    ]  # fmt: skip
    assert await count(client) == before
    assert [each async for each in client.bulk.jobs("ingest")] == []


async def test_a_person_approves_the_rows_before_a_job_is_closed(client: SalesforceClient) -> None:
    ids = await contacts(client, "Sand", "Stein")
    data = "\n".join(["Id", *ids, ""]).encode()
    with changing(change_of(approval=Approval(ApprovalRules()))), pytest.raises(ApprovalNeededError):
        await closed(client, "delete", data)
    [job] = [each async for each in client.bulk.jobs("ingest")]
    assert job.state == "Open"
    with changing(change_of(is_preview=True, approval=Approval(ApprovalRules()))) as plan:
        await closed(client, "delete", data)
    with changing(change_of(approval=Approval(ApprovalRules(), plan))):
        assert (await closed(client, "delete", data)).number_records_processed == 2
    with changing(change_of(approval=Approval(ApprovalRules(), plan))), pytest.raises(InvalidArgumentError) as error:
        await closed(client, "delete", data.replace(ids[1].encode(), b"003lo0000009999AAA"))
    assert error.value.code == "CHANGED_SINCE"


async def test_the_largest_job_whose_rows_are_kept_has_them_all(
    client: SalesforceClient, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_KEPT", 2)
    with changing(change_of()) as change:
        await closed(client, "insert", b"LastName\nSand\nStein\n")
    [step] = (await kept(journal, change)).steps
    assert [write.values for write in step.writes] == [{"LastName": "Sand"}, {"LastName": "Stein"}]


async def test_of_too_many_jobs_the_oldest_is_forgotten(
    client: SalesforceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_JOBS", 1)
    with changing(change_of()):
        first, second = [await client.bulk.create_ingest_job("Contact", "insert") for _ in range(2)]
        for job in (first, second):
            await client.bulk.upload(job.id, b"LastName\nSand\n")
        with pytest.raises(InvalidArgumentError, match="was not made in this process"):
            await client.bulk.close(first.id)
        assert (await client.bulk.close(second.id)).state == "UploadComplete"


async def test_a_large_job_is_asked_about_because_it_cannot_be_undone(
    client: SalesforceClient, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_KEPT", 2)
    data = b"LastName\nSand\nStein\nStorm\n"
    with changing(change_of(approval=Approval(ApprovalRules("off")))), pytest.raises(ApprovalNeededError):
        await closed(client, "insert", data)
    with changing(change_of()) as change:
        await closed(client, "insert", data)
    [step] = (await kept(journal, change)).steps
    assert [(write.action, write.sobject, write.count) for write in step.writes] == [("create", "Contact", 3)]


async def test_a_job_that_nobody_has_seen_is_not_closed(client: SalesforceClient) -> None:
    job = await client.bulk.create_ingest_job("Contact", "insert")
    await client.bulk.upload(job.id, b"LastName\nSand\n")
    with changing(change_of()):
        assert (await client.bulk.close(job.id)).state == "UploadComplete"
    with changing(change_of()), pytest.raises(InvalidArgumentError, match="not made in this process"):
        await client.bulk.close("750lo0000000099AAA")
