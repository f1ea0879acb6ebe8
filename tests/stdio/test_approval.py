"""Approval over real stdio, where a call begins past the SDK's layers: questions, each answer, and restarts."""

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, stdio_client
from mcp.server import MCPServer
from mcp_types import ElicitResult

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.approving import Person
from tests.conftest import ERAS, NOW, settings_of
from tests.stdio.host import command_of
from tests.stdio.test_direct import MODERN, counting, session
from tests.tools.calls import call, refusal
from tests.tools.changes.states import state_of
from tests.tools.framework.asked import Rounds, outcome, people

pytestmark = pytest.mark.anyio
DO = "Delete 2 contacts"
CHOICE = {"type": "string", "enum": ["Keep everything", DO]}
FORM = {"type": "object", "properties": {"answer": CHOICE}, "required": ["answer"]}


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(org: LocalOrg) -> Iterator[str]:
    with listening(org.app) as url:
        yield url


@pytest.fixture
def two(org: LocalOrg) -> dict[str, Any]:
    return {"sobject": "Contact", "record_ids": people(org, 2)}


def server_on(org: LocalOrg, folder: Path) -> MCPServer[Any]:
    settings = settings_of(org, journal=str(folder / "journal.db"))
    return create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)


@asynccontextmanager
async def started(org: LocalOrg, url: str, folder: Path, era: str, person: Any = None) -> AsyncIterator[Client]:
    async with Client(stdio_client(command_of(org, url, folder)), mode=era, elicitation_callback=person) as client:
        yield client


async def test_what_is_approved_is_done_once(
    org: LocalOrg, url: str, tmp_path: Path, era: str, two: dict[str, Any]
) -> None:
    person = Person()
    async with started(org, url, tmp_path, era, person) as mcp:
        assert (await call(mcp, "delete_records", **two))["succeeded"] == 2
        assert (await call(mcp, "undo"))["undone"] == 2
    assert person.choices == [("Keep everything", DO)]
    assert 'These are: "Sand 0", "Sand 1".' in person.questions[0]


ANSWERS: dict[str, tuple[Callable[[str, str], ElicitResult | None], str]] = {
    "a decline": (lambda _keep, _do: ElicitResult(action="decline"), "APPROVAL_DECLINED"),
    "the harmless choice": (
        lambda keep, _do: ElicitResult(action="accept", content={"answer": keep}),
        "APPROVAL_DECLINED",
    ),
    "a cancel": (lambda _keep, _do: ElicitResult(action="cancel"), "APPROVAL_CANCELLED"),
    "another text": (lambda _keep, _do: ElicitResult(action="accept", content={"answer": "yes"}), "APPROVAL_INVALID"),
    "no text": (lambda _keep, _do: ElicitResult(action="accept"), "APPROVAL_INVALID"),
}


async def test_no_other_answer_changes_anything(org: LocalOrg, url: str, tmp_path: Path, era: str) -> None:
    contacts = iter(people(org, 2 * len(ANSWERS)))  # others for each answer: a decline holds for a while
    before, answers = state_of(org), iter([answer for answer, _ in ANSWERS.values()])

    def one_after_the_other(keep: str, do: str) -> ElicitResult | None:
        return next(answers)(keep, do)

    person = Person(one_after_the_other)
    async with started(org, url, tmp_path, era, person) as mcp:
        for name, (_, code) in ANSWERS.items():
            two = {"sobject": "Contact", "record_ids": [next(contacts), next(contacts)]}
            assert (await refusal(mcp, "delete_records", **two))["code"] == code, name
    assert len(person.questions) == len(ANSWERS)
    assert state_of(org) == before


async def test_a_host_that_cannot_ask_is_told_what_the_user_can_run(
    org: LocalOrg, url: str, tmp_path: Path, era: str, two: dict[str, Any]
) -> None:
    before = state_of(org)
    async with started(org, url, tmp_path, era) as mcp:
        error = await refusal(mcp, "delete_records", **two)
    assert error["code"] == "APPROVAL_UNAVAILABLE"
    assert f"mcp-salesforce approve --journal {tmp_path / 'journal.db'}" in error["hint"]
    assert state_of(org) == before


async def test_a_question_outlives_the_server_and_is_answered_once(
    org: LocalOrg, url: str, tmp_path: Path, two: dict[str, Any]
) -> None:
    async with started(org, url, tmp_path, "auto", Person()) as mcp:
        asked = await Rounds(mcp, "delete_records", two).ask()
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    for expected in ("done", "APPROVAL_INVALID"):
        async with started(org, url, tmp_path, "auto", Person()) as mcp:
            assert await outcome(Rounds(mcp, "delete_records", two).answer(asked)) == expected
            if expected == "done":
                assert (await call(mcp, "undo"))["undone"] == 2


async def test_a_server_that_ends_while_it_waits_for_an_answer_has_done_nothing(
    org: LocalOrg, url: str, tmp_path: Path, two: dict[str, Any]
) -> None:
    def too_late(_keep: str, do: str) -> ElicitResult:
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        return ElicitResult(action="accept", content={"answer": do})

    before = state_of(org)
    with suppress(Exception):  # the host sees its server go
        async with started(org, url, tmp_path, "legacy", Person(too_late)) as mcp:
            await call(mcp, "delete_records", **two)
    assert state_of(org) == before
    person = Person()
    async with started(org, url, tmp_path, "legacy", person) as mcp:
        assert (await refusal(mcp, "undo"))["code"] == "NOT_FOUND"
        assert (await call(mcp, "delete_records", **two))["succeeded"] == 2
    assert person.choices == [("Keep everything", DO)]


CAN_ASK: dict[str, Any] = {"elicitation": {"form": {}}}


async def test_a_call_that_begins_past_the_sdk_asks_in_the_middle_of_it(
    org: LocalOrg, tmp_path: Path, two: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = {"protocolVersion": "2025-11-25", "capabilities": CAN_ASK, "clientInfo": {"name": "test", "version": "1"}}
    async with session(server_on(org, tmp_path), "2025-11-25") as host:
        await host.ask("initialize", client)
        await host.say("notifications/initialized")
        taken = counting(monkeypatch)
        await host.say("tools/call", {"name": "salesforce_delete_records", "arguments": two}, "call")
        question = await host.hear()
        assert (question["method"], taken[-1]) == ("elicitation/create", True)
        assert question["params"]["requestedSchema"] == FORM
        await host.reply(question["id"], {"action": "accept", "content": {"answer": DO}})
        answer = await host.hear()
    assert (answer["id"], answer["result"]["structuredContent"]["succeeded"]) == ("call", 2)


async def test_a_call_that_begins_past_the_sdk_asks_in_its_answer(
    org: LocalOrg, tmp_path: Path, two: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    can_ask = {"_meta": {"io.modelcontextprotocol/clientCapabilities": CAN_ASK}}
    delete = {"name": "salesforce_delete_records", "arguments": two, **can_ask}
    async with session(server_on(org, tmp_path), MODERN) as host:
        await host.begin()
        taken = counting(monkeypatch)
        asked = (await host.ask("tools/call", delete))["result"]
        assert (asked["resultType"], taken) == ("input_required", [True])
        [(key, request)] = asked["inputRequests"].items()
        assert request["params"]["requestedSchema"] == FORM
        said = {key: {"action": "accept", "content": {"answer": DO}}}
        again = {**delete, "inputResponses": said, "requestState": asked["requestState"]}
        assert (await host.ask("tools/call", again))["result"]["structuredContent"]["succeeded"] == 2
        assert (await host.ask("tools/call", again))["result"]["isError"]
