"""A bulk job is taken back as any other change, also by a server that has not seen how it ended."""

from pathlib import Path

import pytest

from mcp_salesforce.changes import ingest
from mcp_salesforce.changes.change import Change, changing
from mcp_salesforce.changes.gate import Gate
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services import bulk_ingest
from mcp_salesforce.salesforce import AsgiTransport, SalesforceClient
from mcp_salesforce.salesforce.api.bulk import Operation
from mcp_salesforce.settings import connect
from mcp_salesforce.tools.changes.current import is_same
from tests.conftest import NOW, settings_of
from tests.tools.calls import PREFIX, call, refusal
from tests.tools.changes.killed import serving
from tests.tools.changes.states import state_of
from tests.tools.changes.test_undo import people

pytestmark = pytest.mark.anyio


async def done(
    org: LocalOrg, folder: Path, operation: Operation, data: str, *, key: str = "", ends: bool = True
) -> str:
    """Run a job as a process does that ends before it reads its results; return the Id of its change."""
    settings = settings_of(org, journal=str(folder / "journal.db"), state_key="k" * 32)
    journal = connect.journal(settings, NOW.timestamp)
    assert journal
    tokens, transport = connect.token_source(settings), AsgiTransport(org.app)
    async with SalesforceClient(tokens, transport=transport, gate=Gate(journal).over) as client:
        who = await client.identity()

        async def owner() -> tuple[str, ...]:
            return who.organization_id, who.user_id

        with changing(Change("salesforce_test", owner)) as change:
            job = await client.bulk.create_ingest_job("Contact", operation, external_id_field=key or None)
            await client.bulk.upload(job.id, data.encode())
            await client.bulk.close(job.id)
            while ends and not job.has_ended:
                job = await client.bulk.job("ingest", job.id)
        await journal.close_change(change)
        await journal.close()
    return change.change_id


@pytest.mark.parametrize("operation", ["insert", "update", "upsert", "delete"])
async def test_undo_gives_the_org_its_former_state(org: LocalOrg, tmp_path: Path, operation: Operation) -> None:
    first, second = people(org, "Sand", "Stein")
    org.records.update("Contact", second, {"Birthdate": "1971-07-04"}, org.user_id)
    data = {
        "insert": "LastName,Title\nStorm,\n,No name\nStorm,\nBöll,Dr\n",
        "update": f"Id,Title,Birthdate\n{first},Prof,2001-01-02\n{second},,#N/A\n",
        "upsert": f"Id,LastName,Title\n{first},Sande,Prof\n,Storm,Dr\n",
        "delete": f"Id\n{second}\n003lo0000009999AAA\n{first}\n",
    }[operation]
    before = state_of(org)
    change_id = await done(org, tmp_path, operation, data, key="Id" if operation == "upsert" else "")
    assert state_of(org) != before
    async with serving(org, tmp_path) as mcp:
        told = await call(mcp, "undo", change_id=change_id)
    assert {"failed", "kept"}.isdisjoint(told), told
    assert state_of(org) == before


async def test_what_somebody_changed_since_is_kept(org: LocalOrg, tmp_path: Path) -> None:
    first, second = people(org, "Sand", "Stein")
    change_id = await done(org, tmp_path, "update", f"Id,Title\n{first},Prof\n{second},Prof\n")
    org.records.update("Contact", first, {"Title": "Dean"}, org.user_id)
    async with serving(org, tmp_path) as mcp:
        told = await call(mcp, "undo", change_id=change_id)
    assert (told["undone"], told["kept"]) == (1, 1)
    assert [row["Title"] for row in org.store.rows("SELECT Title FROM Contact WHERE Id = ?", [first])] == ["Dean"]


async def test_a_job_at_work_is_waited_for(org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_ingest, "BATCH_ROWS", 1)
    before = state_of(org)
    change_id = await done(org, tmp_path, "insert", "LastName\nStorm\nSand\nStein\n", ends=False)
    async with serving(org, tmp_path) as mcp:
        refused = await refusal(mcp, "undo", change_id=change_id)
        while (await mcp.call_tool(f"{PREFIX}undo", {"change_id": change_id})).is_error:
            pass
    assert refused["code"] == "JOB_RUNNING"
    assert state_of(org) == before


@pytest.mark.parametrize(
    ("text", "value", "is_it"),
    [
        ("12.50", 12.5, True), ("12", 12, True), ("12", 13, False), ("x", 12, False), ("TRUE", True, True),
        ("0", False, True), ("no", True, False), ("2026-11-24", "2026-11-24", True), (None, "", True),
    ],
)  # fmt: skip
def test_cells_are_compared_by_what_they_mean(text: object, value: object, *, is_it: bool) -> None:
    assert is_same(text, value) is is_it
    assert is_same(value, text) is is_it


async def test_a_job_too_large_to_be_kept_says_that_it_cannot_be_undone(
    org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "MOST_KEPT", 1)
    change_id = await done(org, tmp_path, "insert", "LastName\nStorm\nSand\n")
    async with serving(org, tmp_path) as mcp:
        told = await call(mcp, "undo", change_id=change_id)
    assert told["rows"] == [["", "failed", "A bulk job of 2 rows cannot be undone."]]
