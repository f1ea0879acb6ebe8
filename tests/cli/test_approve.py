"""`mcp-salesforce approve`: what a host could not ask is answered at a terminal, and then done once."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mcp import Client

from mcp_salesforce.changes.approval_store import ApprovalStore
from mcp_salesforce.changes.journal import key_in
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
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


def test_what_is_piped_in_is_no_answer(journal: Path) -> None:
    content = {"text": "Delete 2 contacts?", "keep": "Keep everything", "do": "Delete 2 contacts", "details": []}
    store = ApprovalStore(
        journal.with_name(f"{journal.stem}.approvals.db"), lambda: key_in(journal.with_suffix(".key")), now=time.time
    )
    store.ask("digest", ("org", "user"), "salesforce_delete_records", content)
    command = [sys.executable, "-m", "mcp_salesforce", "approve", "--journal", str(journal)]
    run = subprocess.run(command, input="a\n", capture_output=True, text=True, start_new_session=True, check=False)
    assert (run.returncode, "needs a terminal" in run.stderr) == (2, True)
    assert [each.state for each in store.waiting()] == ["waiting"]
    store.close()
