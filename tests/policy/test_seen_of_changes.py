"""The law of a policy, for changes: of two orgs that differ only in what it hides, nothing told of a change differs.

That is: the preview, the question to the person, what waits at the terminal, the answer, the undo and its preview, the
list of the journal, and the audit.
"""

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner
from mcp import Client
from mcp_types import ElicitResult

from mcp_salesforce.changes.approval_store import ApprovalStore
from mcp_salesforce.cli import cli
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools import TOOLSETS
from tests.approving import Person
from tests.conftest import NOW, settings_of
from tests.effort import FULL, dealt
from tests.policy.attempts import filled
from tests.policy.worlds import JOINING, POLICIES, pair
from tests.policy.written import CALLS
from tests.tools.calls import PREFIX

pytestmark = pytest.mark.anyio
SECRET: Final = "k" * 32
_APART: Final = frozenset({"id", "at", "ms", "prev", "seal", "change_id", "undoes", "approved_by", "continues"})
WRITING: Final = {spec.name for toolset in TOOLSETS for spec in toolset.specs if not spec.effect.is_reading}
_MORE: Final[list[tuple[str, dict[str, Any]]]] = [
    ("update_contact", {"contact_id": "{contact}", "data": {"Title": "Chief"}}),
    ("update_records", {"sobject": "Contact", "records": [{"Id": "{contact}", "Phone": "1"},
                                                          {"Id": "{ada}", "Phone": "2"}]}),
    ("update_appointment", {"event_id": "{event}", "data": {"Subject": "Moved"}}),
    ("delete_contact", {"contact_id": "{contact}"}),
    ("delete_contact", {"contact_id": "{ada}"}),
    ("delete_records", {"sobject": "Contact", "record_ids": ["{contact}", "{ada}"]}),
    ("delete_records", {"sobject": "Account", "record_ids": ["{account}", "{account2}"]}),
    ("delete_records", {"sobject": "Lead", "record_ids": ["{lead}"]}),
    ("delete_appointment", {"event_id": "{event}"}),
    ("merge_records", {"sobject": "Contact", "master_id": "{contact}", "loser_ids": ["{ada}"]}),
    ("merge_records", {"sobject": "Contact", "master_id": "{ada}", "loser_ids": ["{contact}"], "data": {"Title": "x"}}),
    ("merge_records", {"sobject": "Account", "master_id": "{account}", "loser_ids": ["{account2}"]}),
    ("merge_records", {"sobject": "Lead", "master_id": "{lead}", "loser_ids": ["{others_lead}"]}),
    ("convert_lead", {"lead_id": "{lead}", "converted_status": "Closed - Converted"}),
    ("convert_lead", {"lead_id": "{others_lead}", "converted_status": "Closed - Converted"}),
]  # fmt: skip
CHANGES: Final = [*_MORE, *(call for call in CALLS if PREFIX + call[0] in WRITING)]
WORLDS: Final = [*POLICIES, *JOINING]


class Told:
    """All that is told of changes in one org: in a host that cannot ask, by one who declines, by one who approves."""

    def __init__(self, org: LocalOrg, folder: Path, policy: str) -> None:
        self.org, self.folder = org, folder
        self.decliner = Person(lambda keep, _do: ElicitResult(action="accept", content={"answer": keep}))
        self.approver = Person()
        folder.mkdir()
        self._policy = folder / "policy.toml"
        self._policy.write_text(f"approve_over_rows = 0\n{policy}", "utf-8")  # a person is asked about each change

    @asynccontextmanager
    async def clients(self) -> AsyncIterator["Told"]:
        async with AsyncExitStack() as stack:
            self.silent, self.declining, self.approving = [
                await stack.enter_async_context(self._client(name, person))
                for name, person in (("silent", None), ("declining", self.decliner), ("approving", self.approver))
            ]
            yield self

    def _client(self, name: str, person: Person | None) -> Client:
        files = {"journal": str(self.folder / f"{name}.db"), "audit": str(self.folder / "audit.jsonl")}
        settings = settings_of(self.org, policy=self._policy, state_key=SECRET, toolsets="all", **files)
        server = create_server(settings, transport=AsgiTransport(self.org.app), now=lambda: NOW)
        return Client(server, elicitation_callback=person)

    async def all_of(self, tool: str, arguments: dict[str, Any]) -> list[Any]:
        """What is told of a call: as a preview, unasked, declined, made, and taken back."""
        told = [
            await answer(self.silent, tool, {**arguments, "preview": True}),
            await answer(self.silent, tool, arguments),
            await answer(self.declining, tool, arguments),
            await answer(self.approving, tool, arguments),
        ]
        if "change_id" in told[-1]:
            told += [await answer(self.approving, "undo", {"preview": True}), await answer(self.approving, "undo", {})]
        return told

    def rest(self) -> list[Any]:
        """What the person was asked, what waits at the terminal, the list of the journal, and the audit."""
        lines = [json.loads(line) for line in (self.folder / "audit.jsonl").read_text().splitlines()]
        told = [{name: value for name, value in line.items() if name not in _APART} for line in lines]
        key = self.folder / "silent.key"
        store = ApprovalStore(self.folder / "silent.approvals.db", key.read_bytes, now=NOW.timestamp)
        waiting = sorted(asked.content["text"] + str(asked.content["details"]) for asked in store.to_answer())
        store.close()
        listed = CliRunner().invoke(
            cli,
            ["journal", "list", "--journal", str(self.folder / "approving.db")],
            env={"SALESFORCE_STATE_KEY": SECRET},
        )
        journal = [line.partition("  ")[2] for line in listed.output.splitlines()]
        return [self.decliner.questions, self.approver.questions, waiting, journal, told]


async def answer(client: Client, tool: str, arguments: dict[str, Any]) -> str:
    """An answer without the Ids of changes, which are drawn by lot, and without the folder of its journal."""
    text = json.dumps((await client.call_tool(PREFIX + tool, arguments)).model_dump(mode="json"))
    for change_id in set(re.findall(r'(?:change_id|undid|import_id)\\*": ?\\*"([0-9a-f]{8})', text)):
        text = text.replace(change_id, "CHANGE")
    return re.sub(r"--journal [^ `]+", "--journal FILE", re.sub(r"\b[0-9a-f]{8}(?= \(salesforce)", "CHANGE", text))


@pytest.mark.parametrize("policy", WORLDS)
async def test_nothing_told_of_a_change_tells_the_orgs_apart(
    policy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", NOW.timestamp)  # the journal's command forgets what is older than 15 days
    text = {**POLICIES, **JOINING}[policy]
    with pair(policy) as worlds:
        one, other = Told(worlds.one, tmp_path / "one", text), Told(worlds.other, tmp_path / "other", text)
        made = 0
        async with one.clients(), other.clients():
            for tool, arguments in dealt(CHANGES, WORLDS, policy):
                found = await one.all_of(tool, filled(arguments, worlds.names))
                assert found == await other.all_of(tool, filled(arguments, worlds.names)), (tool, arguments)
                made += len(found) > 4
        told = one.rest()
        assert told == other.rest()
    least = 5 if FULL else 0
    assert made > least
    assert [each for each in told if len(each) <= least] == []


async def test_without_the_policy_previews_and_questions_tell_them_apart(tmp_path: Path) -> None:
    with pair("hiding") as worlds:
        one, other = Told(worlds.one, tmp_path / "one", ""), Told(worlds.other, tmp_path / "other", "")
        async with one.clients(), other.clients():
            calls = [(tool, filled(arguments, worlds.names)) for tool, arguments in _MORE]
            differing = [call for call in calls if await one.all_of(*call) != await other.all_of(*call)]
        assert len(differing) > 3
        differs = [mine != others for mine, others in zip(one.rest(), other.rest(), strict=True)]
        assert differs[:3] == [True, True, True]
