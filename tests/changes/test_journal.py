"""The journal's file: only its owner can read it, it shows no value, and it knows what a killed process left behind."""

import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from mcp_salesforce.changes.change import changing
from mcp_salesforce.changes.journal import KEPT_FOR, JournalError
from mcp_salesforce.changes.journal_file import JournalFile
from mcp_salesforce.changes.kept_key import key_in
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import SalesforceClient
from tests.changes.conftest import OWNER, change_of, client_of, journal_in
from tests.conftest import NOW

HOLDING = """
import sys
from pathlib import Path
from mcp_salesforce.changes.change import Change, Step
from mcp_salesforce.changes.journal_file import JournalFile
from mcp_salesforce.changes.writes import Write
import asyncio

async def main():
    async def owner(): return sys.argv[2], sys.argv[3]
    journal = JournalFile(Path(sys.argv[1]), lambda: bytes(range(32)), now=lambda: 1.8e9, is_wanted=True)
    change = Change("salesforce_test", owner)
    change.steps.append(Step((Write("create", "Contact", values={"LastName": "Sand"}),), (None,)))
    await journal.begin(change, change.steps[0])
    print(change.change_id, flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


@pytest.mark.anyio
async def test_the_file_is_its_owners_and_shows_no_value(client: SalesforceClient, tmp_path: Path) -> None:
    with changing(change_of()):
        await client.sobjects.create("Contact", {"LastName": "Zurbriggen", "Email": "zurbriggen@example.com"})
    files = [file for file in (tmp_path / "journal").iterdir() if file.suffix != ".lock"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert not any(b"urbriggen" in file.read_bytes() for file in files)


@pytest.mark.anyio
async def test_another_key_reads_nothing(client: SalesforceClient, tmp_path: Path) -> None:
    with changing(change_of()) as change:
        await client.sobjects.create("Contact", {"LastName": "Sand"})
    other = journal_in(tmp_path, key=bytes(32))
    with pytest.raises(JournalError, match="another key"):
        await other.entries(*OWNER, change_id=change.change_id)
    await other.close()


@pytest.mark.anyio
@pytest.mark.parametrize("sealed", [b"", b"short", bytes(60)])
async def test_a_change_that_cannot_be_read_hides_no_other(
    client: SalesforceClient, journal: JournalFile, tmp_path: Path, sealed: bytes
) -> None:
    ids = []
    for name in ("Sand", "Stein"):
        with changing(change_of()) as change:
            await client.sobjects.create("Contact", {"LastName": name})
        ids.append(change.change_id)
    with sqlite3.connect(tmp_path / "journal" / "journal.db") as other:
        other.execute("UPDATE step SET sealed = ? WHERE change = ?", (sealed, ids[1]))
    other.close()
    assert [entry.change_id for entry in await journal.entries(*OWNER)] == ids[:1]
    assert [each.counts is None for each in journal.overview()] == [True, False]
    with pytest.raises(JournalError, match=f"{ids[1]} was encrypted with another key, or is damaged"):
        await journal.entries(*OWNER, change_id=ids[1])


@pytest.mark.anyio
async def test_changes_are_told_to_their_owner_alone_and_the_newest_first(
    client: SalesforceClient, journal: JournalFile
) -> None:
    for name in ("Sand", "Stein"):
        with changing(change_of()):
            await client.sobjects.create("Contact", {"LastName": name})
    names = [entry.steps[0].writes[0].values["LastName"] for entry in await journal.entries(*OWNER)]
    assert names == ["Stein", "Sand"]
    assert await journal.entries(OWNER[0], "005000000000002AAA") == []
    assert await journal.entries("00D000000000002EAA", OWNER[1]) == []


@pytest.mark.anyio
async def test_what_is_older_than_the_recycle_bin_is_forgotten(client: SalesforceClient, tmp_path: Path) -> None:
    with changing(change_of()):
        await client.sobjects.create("Contact", {"LastName": "Sand"})
    for late, count in ((timedelta(), 1), (timedelta(seconds=1), 0)):
        reopened = journal_in(tmp_path, now=NOW + KEPT_FOR + late)
        assert len(await reopened.entries(*OWNER)) == count
        await reopened.close()


@pytest.mark.anyio
async def test_a_journal_that_stays_open_forgets_too(org: LocalOrg, tmp_path: Path) -> None:
    file, at = tmp_path / "journal.db", [NOW.timestamp()]
    journal = JournalFile(file, lambda: bytes(range(32)), now=lambda: at[0], is_wanted=True)
    async with client_of(org, journal) as client:
        for days, kept in ((0, 1), (14, 2), (16, 2), (32, 1)):
            at[0] = (NOW + timedelta(days=days)).timestamp()
            with changing(change_of()):
                await client.sobjects.create("Contact", {"LastName": "Sand"})
            with sqlite3.connect(file) as other:
                counts = [other.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("change", "step")]
            other.close()
            assert counts == [kept, kept], days
    await journal.close()


@pytest.mark.anyio
async def test_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "journal" / "journal.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    before = file.read_bytes()
    with pytest.raises(JournalError, match="another program's"):
        await journal_in(tmp_path).entries(*OWNER)
    assert file.read_bytes() == before


@pytest.mark.anyio
async def test_where_the_journal_is_wanted_nothing_is_sent_that_cannot_be_kept(org: LocalOrg, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where a folder should be")
    async with client_of(org, journal_in(tmp_path)) as client:
        with changing(change_of()), pytest.raises(JournalError, match="cannot be used"):
            await client.sobjects.create("Contact", {"LastName": "Sand"})
        assert (await client.queries.query("SELECT Id FROM Contact WHERE LastName = 'Sand'")).records == []


@pytest.mark.anyio
async def test_where_it_is_not_wanted_the_write_is_made_and_the_reason_is_known(org: LocalOrg, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where a folder should be")
    journal = journal_in(tmp_path, is_wanted=False)
    async with client_of(org, journal) as client:
        with changing(change_of()) as change:
            assert (await client.sobjects.create("Contact", {"LastName": "Sand"})).success
    assert change.change_id == ""
    assert "journal.db cannot be used" in journal.off_because


def test_a_key_is_drawn_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "journal.key"
    key = key_in(file)
    assert (len(key), key_in(file), file.stat().st_mode & 0o777) == (32, key, 0o600)
    assert key_in(tmp_path / "other.key") != key


@pytest.mark.anyio
async def test_what_a_process_does_is_under_way_until_it_ends(journal: JournalFile, tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(tmp_path / "journal" / "journal.db"), *OWNER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220 - nothing else runs
        assert process.stdout
        change_id = process.stdout.readline().strip()
        [entry] = await journal.entries(*OWNER, change_id=change_id)
        assert (entry.state, entry.is_under_way) == ("open", True)
        process.kill()
    [entry] = await journal.entries(*OWNER, change_id=change_id)
    assert (entry.state, entry.is_under_way) == ("open", False)
    assert entry.steps[0].outcomes == ()
