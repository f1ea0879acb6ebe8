"""`mcp-salesforce approve`: what a host could not ask is answered at a terminal, and then done once."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mcp import Client
from mcp_types import ElicitResult

from mcp_salesforce.changes.approval_store import ApprovalStore
from mcp_salesforce.changes.kept_key import key_in
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.approving import Person
from tests.conftest import settings_of
from tests.tools.calls import call, refusal

pty = pytest.importorskip("pty", reason="a terminal of POSIX")


def at_a_terminal(journal: Path, typed: str) -> str:
    """Run the command with a terminal of its own, type something, and return what was shown."""
    process, terminal = pty.fork()
    if process == 0:
        os.execv(sys.executable, [sys.executable, "-m", "mcp_salesforce", "approve", "--journal", str(journal)])  # noqa: S606
    os.write(terminal, f"{typed}\n".encode())
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # its end, on Linux
            break
        if not piece:
            break
        shown += piece
    os.waitpid(process, 0)
    os.close(terminal)
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / f"the journal{' of a long name' * 8}.db"


def two_contacts(org: LocalOrg) -> list[str]:
    return [org.insert("Contact", LastName=name) for name in ("Sand", "Stein")]


@pytest.mark.anyio
@pytest.mark.parametrize(("typed", "code"), [("d", "APPROVAL_DECLINED"), ("", "APPROVAL_UNAVAILABLE")])
async def test_nothing_is_done_that_is_not_approved(org: LocalOrg, journal: Path, typed: str, code: str) -> None:
    arguments = {"sobject": "Contact", "record_ids": two_contacts(org)}
    async with Client(create_server(settings_of(org, journal=str(journal)), transport=AsgiTransport(org.app))) as mcp:
        await refusal(mcp, "delete_records", **arguments)
        at_a_terminal(journal, typed)
        assert (await refusal(mcp, "delete_records", **arguments))["code"] == code


@pytest.mark.anyio
async def test_what_is_approved_is_shown_in_full_and_done_once(org: LocalOrg, journal: Path) -> None:
    arguments = {"sobject": "Contact", "record_ids": two_contacts(org)}
    async with Client(create_server(settings_of(org, journal=str(journal)), transport=AsgiTransport(org.app))) as mcp:
        error = await refusal(mcp, "delete_records", **arguments)
        assert f'`mcp-salesforce approve --journal "{journal}"`' in error["hint"]
        assert not error["hint"].endswith("…")
        shown = at_a_terminal(journal, "a")
        assert 'These are: "Sand", "Stein".' in shown
        assert all(f"delete Contact {each}" in shown or each in shown for each in arguments["record_ids"])
        assert "Approved" in shown
        assert (await call(mcp, "delete_records", **arguments))["succeeded"] == 2
        await call(mcp, "restore_records", record_ids=arguments["record_ids"])
        assert (await refusal(mcp, "delete_records", **arguments))["code"] == "APPROVAL_UNAVAILABLE"


@pytest.mark.anyio
async def test_who_has_declined_can_think_again_at_the_terminal(org: LocalOrg, journal: Path) -> None:
    arguments = {"sobject": "Contact", "record_ids": two_contacts(org)}
    person = Person(lambda _keep, _do: ElicitResult(action="decline"))
    server = create_server(settings_of(org, journal=str(journal)), transport=AsgiTransport(org.app))
    async with Client(server, elicitation_callback=person) as mcp:
        assert "mcp-salesforce approve" in (await refusal(mcp, "delete_records", **arguments))["hint"]
        assert "You declined this." in at_a_terminal(journal, "a")
        assert (await call(mcp, "delete_records", **arguments))["succeeded"] == 2
    assert len(person.questions) == 1


@pytest.mark.anyio
async def test_what_a_host_closed_is_answered_at_the_terminal(org: LocalOrg, journal: Path) -> None:
    arguments = {"sobject": "Contact", "record_ids": two_contacts(org)}
    person = Person(lambda _keep, _do: ElicitResult(action="cancel"))
    server = create_server(settings_of(org, journal=str(journal)), transport=AsgiTransport(org.app))
    async with Client(server, elicitation_callback=person) as mcp:
        assert (await refusal(mcp, "delete_records", **arguments))["code"] == "APPROVAL_CANCELLED"
        shown = at_a_terminal(journal, "a")
        assert shown.count("Your answer:") == 1
        assert (await call(mcp, "delete_records", **arguments))["succeeded"] == 2


@pytest.mark.anyio
async def test_a_name_moves_no_cursor(org: LocalOrg, journal: Path) -> None:
    hostile = "Sand\x1b[2K\x1b[1A\r\nDelete nothing\u202e"
    ids = [org.insert("Contact", LastName=hostile), org.insert("Contact", LastName="Stein")]
    async with Client(create_server(settings_of(org, journal=str(journal)), transport=AsgiTransport(org.app))) as mcp:
        await refusal(mcp, "delete_records", sobject="Contact", record_ids=ids)
    shown = at_a_terminal(journal, "")
    assert not {"\x1b", "\u202e"} & {*shown}
    assert not any(line.startswith("Delete nothing") for line in shown.splitlines())


@pytest.mark.anyio
async def test_a_lost_key_loses_the_questions_and_nothing_else(org: LocalOrg, journal: Path) -> None:
    arguments = {"sobject": "Contact", "record_ids": two_contacts(org)}
    for _ in range(2):
        server = create_server(settings_of(org, journal=str(journal)), transport=AsgiTransport(org.app))
        async with Client(server) as mcp:
            assert (await refusal(mcp, "delete_records", **arguments))["code"] == "APPROVAL_UNAVAILABLE"
        journal.with_suffix(".key").unlink()
    assert "Nothing waits" in at_a_terminal(journal, "a")


def test_what_is_piped_in_is_no_answer(journal: Path) -> None:
    content = {"text": "Delete 2 contacts?", "keep": "Keep everything", "do": "Delete 2 contacts", "details": []}
    store = ApprovalStore(
        journal.with_name(f"{journal.stem}.approvals.db"), lambda: key_in(journal.with_suffix(".key")), now=time.time
    )
    asyncio.run(store.ask("digest", ("org", "user"), "salesforce_delete_records", content))
    command = [sys.executable, "-m", "mcp_salesforce", "approve", "--journal", str(journal)]
    run = subprocess.run(command, input="a\n", capture_output=True, text=True, start_new_session=True, check=False)
    assert (run.returncode, "needs a terminal" in run.stderr) == (2, True)
    assert [each.state for each in store.to_answer()] == ["waiting"]
    store.close()
