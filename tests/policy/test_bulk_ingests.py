"""Ingest jobs under a policy: what may not be written is in no job, however the file says it."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.policy.guard.read_only import refusing_writes
from mcp_salesforce.salesforce import AsgiTransport, InvalidArgumentError, Request, SalesforceClient, SalesforceError
from mcp_salesforce.salesforce.api.bulk import Operation
from mcp_salesforce.salesforce.models import BulkJob
from mcp_salesforce.settings.connect import token_source
from tests.conftest import settings_of
from tests.orgs import new_org
from tests.policy.test_guard import NO_EMAIL, OWN, another_user, deal, guarded
from tests.tools.records.clinic import CLINIC

pytestmark = pytest.mark.anyio
READ_AND = '[objects.Contact]\nactions = ["read", {}]'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue().encode()


async def saved(client: SalesforceClient, sobject: str, operation: Operation, data: bytes, key: str = "") -> BulkJob:
    """Run a whole job; return it at its end."""
    job = await client.bulk.create_ingest_job(sobject, operation, external_id_field=key or None)
    await client.bulk.upload(job.id, data)
    job = await client.bulk.close(job.id)
    while not job.has_ended:
        job = await client.bulk.job("ingest", job.id)
    return job


async def test_what_is_allowed_is_saved_and_told(org: LocalOrg) -> None:
    taken = bytearray()

    class Sink:
        begin, take = taken.clear, taken.extend

    async with guarded(org, NO_EMAIL) as client:
        data = table(["LastName", "Phone"], [['O"Brien, Ada', "1"], ["", "2"]])
        job = await saved(client, "Contact", "insert", data)
        await client.bulk.ingest_results(job.id, "failedResults", Sink())
        await client.bulk.delete("ingest", job.id)

    assert (job.state, job.number_records_processed, job.number_records_failed) == ("JobComplete", 2, 1)
    assert b"REQUIRED_FIELD_MISSING" in taken
    assert len(org.store.rows("SELECT Id FROM Contact WHERE LastName = ?", ['O"Brien, Ada'])) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"LastName,Email\nx,a@b.example\n",
        b"LastName,Email\nx,\n",
        b"LastName,Email\n",
        b"LastName,eMAIL\r\nx,#N/A\r\n",
        b'\xef\xbb\xbf"Email","LastName"\na@b.example,x\n',
        b'"LastName"\t"Email"\nx\ty\n',
        b"LastName;Email\nx;y\n",
        b"Account.Name,LastName\nx,y\n",
        b"Owner:User.Email,LastName\nx,y\n",
        b"LastName,LastName\nx,y\n",
        b"LastName, Email\nx,y\n",
        b"LastName,\nx,y\n",
        b"LastName\nx,a@b.example\n",
        b'LastName,Phone\nx,"1\n2,a@b.example\n',
        b'LastName,Phone\nx"y"z,"1"\n',
        b"LastName\nx\x00\n",
        b"LastName\n\xff\n",
        b"LastName\rEmail\nx\n",
    ],
    ids=repr,
)
async def test_no_file_writes_a_hidden_field_or_is_read_in_two_ways(org: LocalOrg, data: bytes) -> None:
    async with guarded(org, NO_EMAIL) as client:
        job = await client.bulk.create_ingest_job("Contact", "insert")
        with pytest.raises((PolicyRefusedError, InvalidArgumentError)):
            await client.bulk.upload(job.id, data)
        with pytest.raises(PolicyRefusedError):
            await client.bulk.close(job.id)
    assert not org.store.rows("SELECT Id FROM Contact WHERE LastName IN ('x', 'y')")


@pytest.mark.parametrize(
    ("operation", "given", "needed"),
    [
        ("insert", '"update", "delete"', "create"),
        ("update", '"create", "delete"', "update"),
        ("upsert", '"create"', "update"),
        ("upsert", '"update"', "create"),
        ("delete", '"create", "update"', "delete"),
        ("hardDelete", '"create", "update", "delete"', "hard_delete"),
        ("hardDelete", '"create", "hard_delete"', "delete"),
    ],
)
async def test_each_operation_needs_its_actions(org: LocalOrg, operation: str, given: str, needed: str) -> None:
    key = "Email" if operation == "upsert" else None
    async with guarded(org, READ_AND.format(given)) as client:
        with pytest.raises(PolicyRefusedError, match=rf"No {needed} of Contact .*p\.toml:2"):
            await client.bulk.create_ingest_job("Contact", operation, external_id_field=key)  # type: ignore[arg-type]


async def test_a_deletion_for_good_is_allowed_only_where_it_is_named(org: LocalOrg) -> None:
    async with guarded(org, NO_EMAIL) as client:
        with pytest.raises(PolicyRefusedError, match="hard_delete"):
            await client.bulk.create_ingest_job("Contact", "hardDelete")
    async with guarded(org, READ_AND.format('"delete", "hard_delete"')) as client:
        with pytest.raises(SalesforceError) as refused:  # by the org, whose user may not
            await client.bulk.create_ingest_job("Contact", "hardDelete")
    assert refused.value.code == "FEATURENOTENABLED"


@pytest.mark.parametrize("position", [0, 150, 250])
async def test_own_records_are_changed_and_others_are_not(org: LocalOrg, position: int) -> None:
    mine, other = [deal(org, org.user_id) for _ in range(251)], deal(org, another_user(org))
    ids = [*mine[:position], other, *mine[position:]]
    async with guarded(org, OWN) as client:
        for operation, columns in (("update", ["Id", "Name"]), ("upsert", ["Id", "Name"]), ("delete", ["Id"])):
            rows = [[each, "Taken"][: len(columns)] for each in ids]
            key = "Id" if operation == "upsert" else ""
            with pytest.raises(PolicyRefusedError, match=r"or it is another user's .*p\.toml:2"):
                await saved(client, "Opportunity", operation, table(columns, rows), key)  # type: ignore[arg-type]
        done = await saved(client, "Opportunity", "update", table(["Id", "Name"], [[mine[0], "Mine"]]))
    assert done.number_records_failed == 0
    assert not org.store.rows("SELECT Id FROM Opportunity WHERE Name = 'Taken' OR IsDeleted = 1")


async def test_a_record_is_given_to_nobody_else(org: LocalOrg) -> None:
    header, values = ["Name", "StageName", "CloseDate", "OwnerId"], ["Given", "Prospecting", "2026-12-01"]
    async with guarded(org, OWN) as client:
        for owner in (another_user(org), another_user(org)[:15], f" {another_user(org)}"):
            with pytest.raises(PolicyRefusedError, match="another owner"):
                await saved(client, "Opportunity", "insert", table(header, [[*values, owner]]))
        job = await saved(client, "Opportunity", "insert", table(header, [[*values, org.user_id], [*values, ""]]))
    assert (job.number_records_processed, job.number_records_failed) == (2, 0)


async def test_an_upsert_finds_nothing_by_a_key_of_anothers_record() -> None:
    with new_org(schema=CLINIC) as org:
        patient = org.insert("Contact", LastName="Sand")
        org.insert("Visit__c", Number__c="N-1", Patient__c=patient, OwnerId=another_user(org))
        data = table(["Number__c", "Notes__c", "Patient__c"], [["", "Taken", patient], ["n-1", "Taken", patient]])
        async with guarded(org, "[objects.Visit__c]\nowner_only = true") as client:
            with pytest.raises(PolicyRefusedError, match="or it is another user's"):
                await saved(client, "Visit__c", "upsert", data, "Number__c")
        async with guarded(org, '[objects.Visit__c]\nhide = ["Number__c"]') as client:
            with pytest.raises(PolicyRefusedError, match="Number__c is hidden"):
                await client.bulk.create_ingest_job("Visit__c", "upsert", external_id_field="Number__c")
        assert not org.store.rows("SELECT Id FROM Visit__c WHERE Notes__c = 'Taken'")


async def test_a_reference_to_anothers_record_is_refused(org: LocalOrg) -> None:
    lead = org.insert("Lead", LastName="Other", Company="x", OwnerId=another_user(org))
    data = table(["Subject", "WhoId"], [["Call", lead]])
    async with guarded(org, "[objects.Lead]\nowner_only = true") as client:
        with pytest.raises(PolicyRefusedError, match="or it is another user's"):
            await saved(client, "Task", "insert", data)


async def test_a_deletion_takes_along_nothing_that_is_forbidden(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Parent")
    org.insert("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-12-01", AccountId=account)
    async with guarded(org, '[objects.Opportunity]\nactions = ["read"]') as client:
        with pytest.raises(PolicyRefusedError, match="Opportunity records too"):
            await saved(client, "Account", "delete", table(["Id"], [[account]]))
    assert org.store.rows("SELECT Id FROM Account WHERE Id = ? AND IsDeleted = 0", [account])


async def test_max_rows_holds_for_a_file(org: LocalOrg) -> None:
    async with guarded(org, "[objects.Contact]\nmax_rows = 4") as client:
        with pytest.raises(PolicyRefusedError, match=r"more than 4 rows of Contact .*p\.toml:2"):
            await saved(client, "Contact", "insert", table(["LastName"], [[f"Row{n}"] for n in range(5)]))
        job = await saved(client, "Contact", "insert", table(["LastName"], [[f"Row{n}"] for n in range(4)]))
    assert job.number_records_processed == 4


async def test_a_file_that_changes_while_it_is_sent_saves_nothing(org: LocalOrg) -> None:
    files = [b"LastName\nJudged\n", b"LastName,Email\nSent,a@b.example\n"]

    async def changing() -> AsyncIterator[bytes]:
        yield files.pop(0)

    async with guarded(org, NO_EMAIL) as client:
        job = await client.bulk.create_ingest_job("Contact", "insert")
        await client.bulk.upload(job.id, changing)
        with pytest.raises(PolicyRefusedError, match="changed while it was sent"):
            await client.bulk.close(job.id)
        await client.bulk.abort("ingest", job.id)
    assert not org.store.rows("SELECT Id FROM Contact WHERE LastName IN ('Judged', 'Sent')")


async def test_jobs_of_others_and_jobs_of_another_form_are_refused(org: LocalOrg) -> None:
    async with SalesforceClient(token_source(settings_of(org)), transport=AsgiTransport(org.app)) as free:
        job = await free.bulk.create_ingest_job("Contact", "insert")
        await free.bulk.upload(job.id, b"LastName,Email\nx,a@b.example\n")
    body = {"object": "Contact", "operation": "insert", "contentType": "CSV"}
    close = {"method": "PATCH", "url": f"/services/data/v60.0/jobs/ingest/{job.id}", "referenceId": "a"}
    async with guarded(org, NO_EMAIL) as client:
        mine = await client.bulk.create_ingest_job("Contact", "insert")
        for request in (
            Request("GET", f"jobs/ingest/{job.id}"),
            Request("GET", f"jobs/ingest/{job.id}/successfulResults"),
            Request("PATCH", f"jobs/ingest/{job.id}", body={"state": "UploadComplete"}),
            Request("DELETE", f"jobs/ingest/{job.id}"),
            Request("PUT", f"jobs/ingest/{job.id}/batches", upload=b"LastName\nx\n"),
            Request("GET", "jobs/ingest"),
            Request("PUT", f"jobs/ingest/{mine.id}/batches", body={"LastName": "x"}),
            Request("PATCH", f"jobs/ingest/{mine.id}", body={"state": "UploadComplete"}),
            Request("PATCH", f"jobs/ingest/{mine.id}", body={"state": "Aborted", "object": "Lead"}),
            Request("PATCH", f"jobs/ingest/{mine.id}", body={"state": "InProgress"}),
            Request("GET", f"jobs/ingest/{mine.id}/other"),
            Request("GET", f"jobs/ingest/{mine.id}", {"x": "y"}),
            Request("POST", "jobs/ingest", body={**body, "assignmentRuleId": "01Qlo0000000001AAA"}),
            Request("POST", "jobs/ingest", body={**body, "operation": "other"}),
            Request("POST", "jobs/ingest", body={**body, "contentType": "XML"}),
            Request("POST", "jobs/ingest", body={**body, "externalIdFieldName": "Email"}),
            Request("POST", "jobs/ingest", body=[body]),
            Request("POST", "composite", body={"compositeRequest": [{**close, "body": {"state": "UploadComplete"}}]}),
        ):
            with pytest.raises(PolicyRefusedError):
                await client.send(request)
    assert not org.store.rows("SELECT Id FROM Contact WHERE LastName = 'x'")


async def test_a_read_only_server_makes_closes_and_deletes_no_job(org: LocalOrg) -> None:
    transport, job = AsgiTransport(org.app), "750lo0000000001AAA"
    async with SalesforceClient(token_source(settings_of(org)), transport=transport, guard=refusing_writes) as client:
        for attempt in (
            lambda: client.bulk.create_ingest_job("Contact", "insert"),
            lambda: client.bulk.upload(job, b"LastName\nx\n"),
            lambda: client.bulk.close(job),
            lambda: client.bulk.abort("ingest", job),
            lambda: client.bulk.delete("ingest", job),
        ):
            with pytest.raises(InvalidArgumentError, match="SALESFORCE_READ_ONLY"):
                await attempt()
