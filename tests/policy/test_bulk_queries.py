"""Bulk query jobs under a policy: what may not be read is in no job, and in no file."""

import csv
import io
from pathlib import Path

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.policy.guard.read_only import refusing_writes
from mcp_salesforce.salesforce import AsgiTransport, InvalidArgumentError, SalesforceClient
from mcp_salesforce.server import create_server
from mcp_salesforce.settings.connect import token_source
from mcp_salesforce.tools.files import exporting
from tests.conftest import NOW, settings_of
from tests.policy.test_guard import NO_EMAIL, OWN, another_user, deal, guarded
from tests.tools.calls import call, refusal


async def rows_of(client: SalesforceClient, soql: str) -> list[list[str]]:
    job = await client.bulk.create_query_job(soql)
    while not job.has_ended:
        job = await client.bulk.job("query", job.id)
    page = await client.bulk.result_page(job.id)
    return list(csv.reader(io.StringIO(page.csv.decode(), newline="")))[1:]


async def test_a_job_reads_own_records_where_nothing_else_may_be_read(org: LocalOrg) -> None:
    mine = deal(org, org.user_id)
    deal(org, another_user(org))
    async with guarded(org, OWN) as client:
        assert [row[0] for row in await rows_of(client, "SELECT Id FROM Opportunity WHERE Name = 'Deal'")] == [mine]


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Email FROM Contact",
        "SELECT Id FROM Contact WHERE Email != null",
        "SELECT Id FROM Contact ORDER BY Email",
        "SELECT Who.Email FROM Event",
    ],
)
async def test_a_hidden_field_is_in_no_job(org: LocalOrg, soql: str) -> None:
    async with guarded(org, NO_EMAIL) as client:
        with pytest.raises(PolicyRefusedError, match="Email"):
            await client.bulk.create_query_job(soql)
    assert org.bulk.jobs.listed(org.user_id, None, None, "")["records"] == []


async def test_only_jobs_that_were_judged_are_looked_at(org: LocalOrg) -> None:
    async with SalesforceClient(token_source(settings_of(org)), transport=AsgiTransport(org.app)) as free:
        job = await free.bulk.create_query_job("SELECT Email FROM Contact")
        await free.bulk.job("query", job.id)
    async with guarded(org, NO_EMAIL) as client:
        for attempt in (
            lambda: client.bulk.job("query", job.id),
            lambda: client.bulk.result_page(job.id),
            lambda: client.bulk.abort("query", job.id),
            lambda: client.bulk.delete("query", job.id),
            lambda: anext(client.bulk.jobs("query")),
            lambda: client.bulk.upload(job.id, b"LastName\nx\n"),
        ):
            with pytest.raises(PolicyRefusedError):
                await attempt()


async def test_max_rows_holds_for_a_job(org: LocalOrg) -> None:
    for number in range(6):
        org.insert("Contact", LastName=f"Row{number}")
    async with guarded(org, "[objects.Contact]\nmax_rows = 4") as client:
        assert len(await rows_of(client, "SELECT Id FROM Contact")) == 4
        assert len(await rows_of(client, "SELECT Id FROM Contact LIMIT 2")) == 2


async def test_a_read_only_server_queries_in_bulk_and_saves_nothing(org: LocalOrg) -> None:
    transport = AsgiTransport(org.app)
    async with SalesforceClient(token_source(settings_of(org)), transport=transport, guard=refusing_writes) as client:
        assert await rows_of(client, "SELECT Id FROM User")
        with pytest.raises(InvalidArgumentError, match="READ_ONLY"):
            await client.bulk.create_query_job("SELECT Id FROM Contact FOR VIEW")
        with pytest.raises(InvalidArgumentError, match="READ_ONLY"):
            await client.bulk.create_ingest_job("Contact", "insert")
        with pytest.raises(InvalidArgumentError, match="READ_ONLY"):
            await client.bulk.upload("750lo0000000001AAA", b"x")


async def test_a_policy_holds_in_an_export(org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "SMALL", 2)
    for number in range(6):
        org.insert("Contact", LastName=f"Row{number}", Email=f"row{number}@example.com")
    (tmp_path / "p.toml").write_text('[objects.Contact]\nhide = ["Email"]\nmax_rows = 5', "utf-8")
    (tmp_path / "files").mkdir()
    settings = settings_of(
        org, policy=tmp_path / "p.toml", toolsets="all", journal="off", files=tmp_path / "files", read_only=True
    )
    async with Client(create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)) as mcp:
        told = await call(mcp, "export", path="x.csv", sobject="Contact")
        refused = await refusal(mcp, "export", path="y.csv", soql="SELECT Email FROM Contact")

    assert (told["rows"], told["note"]) == (5, "The policy allows 5 rows.")
    assert "@example.com" not in (tmp_path / "files" / "x.csv").read_text("utf-8")
    assert refused["code"] == "POLICY_REFUSED"
    assert not (tmp_path / "files" / "y.csv").exists()
