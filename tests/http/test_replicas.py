"""Two replicas as processes: what one gave out works at the other, and one may die."""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault
from tests.http.served import answer_in, modern, request_of
from tests.http.team import as_person
from tests.store.valkey_server import running
from tests.warm import warm

END_S = 60
NAMES = ("nora", "jonas")


class Replica:
    """A process, and calls to it."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    async def post(self, name: str, **asked: Any) -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=END_S) as http:
            return await http.post(self.url, **{**asked, "headers": {**asked["headers"], **as_person(name)}})

    async def call(self, name: str, tool: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
        asked = modern("tools/call", {"name": tool, "arguments": arguments, **more}, tool)
        asked["json"]["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"elicitation": {"form": {}}}
        result: dict[str, Any] = answer_in(await self.post(name, **asked))["result"]
        return result


@contextmanager
def replica(folder: Path, given: dict[str, Any]) -> Iterator[Replica]:
    command = warm("tests.http.replica", str(folder))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps(given) + "\n")
            process.stdin.flush()
            yield Replica(process, process.stdout.readline().strip())
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture(params=["sqlite"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of the store; a file without one."""
    if request.param == "sqlite":
        yield ""
        return
    with running(tmp_path) as server:
        yield server.url


@pytest.fixture
def apart() -> bool:
    """Whether each replica has a folder of its own for files, as on a machine of its own."""
    return False


BOTH_STORES = pytest.mark.parametrize(
    "store_url", ["sqlite", pytest.param("valkey", marks=pytest.mark.valkey)], indirect=True
)


@pytest.fixture
async def replicas(
    org: LocalOrg, tmp_path: Path, store_url: str, *, apart: bool
) -> AsyncIterator[tuple[Replica, Replica]]:
    with ExitStack() as stack:
        url = stack.enter_context(org.listening())
        people = {name: asdict(org.credentials_of(name)) for name in NAMES}
        given = {"url": url, "people": people, "store": store_url}
        one, two = (
            stack.enter_context(replica(tmp_path, given | ({"place": f"machine {number}"} if apart else {})))
            for number in range(2)
        )
        yield one, two


@BOTH_STORES
async def test_a_cursor_a_question_and_a_change_of_one_are_known_to_the_other(
    replicas: tuple[Replica, Replica],
) -> None:
    one, two = replicas
    page = (await one.call("nora", "salesforce_list_contacts", {"limit": 2}))["structuredContent"]
    more = await two.call("nora", "salesforce_list_contacts", {"limit": 2, "cursor": page["next_cursor"]})
    stolen = await two.call("jonas", "salesforce_list_contacts", {"limit": 2, "cursor": page["next_cursor"]})
    made = [await one.call("nora", "salesforce_create_contact", {"data": {"LastName": each}}) for each in ("A", "B")]
    ids = [each["structuredContent"]["Id"] for each in made]
    delete = {"sobject": "Contact", "record_ids": ids}
    asked = await one.call("nora", "salesforce_delete_records", delete)
    yes = {"approval": {"action": "accept", "content": {"answer": "Delete 2 contacts"}}}
    answered = {"inputResponses": yes, "requestState": asked["requestState"]}
    other = await two.call("jonas", "salesforce_delete_records", delete, **answered)
    done = await two.call("nora", "salesforce_delete_records", delete, **answered)
    twice = await one.call("nora", "salesforce_delete_records", delete, **answered)
    undo = "salesforce_undo", {"change_id": done["structuredContent"]["change_id"]}
    of_another = await one.call("jonas", *undo)
    undone = await one.call("nora", *undo)
    again = await two.call("nora", *undo)

    assert not more.get("isError")
    assert stolen["isError"]
    assert asked["resultType"] == "input_required"
    assert other["isError"]
    assert done["structuredContent"]["succeeded"] == 2
    assert twice["isError"]
    assert "NOT_FOUND" in of_another["content"][0]["text"]
    assert undone["structuredContent"]["undone"] == 2
    assert "ALREADY_UNDONE" in again["content"][0]["text"]


@BOTH_STORES
async def test_what_a_killed_replica_was_writing_is_found_out_and_undone_by_another(
    org: LocalOrg, replicas: tuple[Replica, Replica]
) -> None:
    one, two = replicas
    await two.call("nora", "salesforce_list_contacts", {"limit": 1})
    hold = Fault("latency", path="*/composite", method="POST", delay_s=20.0)
    org.faults.pending.append(hold)
    call = asyncio.create_task(one.call("nora", "salesforce_create_contact", {"data": {"LastName": "Lost"}}))
    while hold in org.faults.pending:
        assert not call.done(), call.result()
        await asyncio.sleep(0.01)
    one.process.kill()
    with pytest.raises(httpx2.TransportError):
        await call
    async with asyncio.timeout(END_S):
        while "still running" in (said := (await two.call("nora", "salesforce_undo", {}))["content"][0]["text"]):  # noqa: ASYNC110 - until its lease has ended
            await asyncio.sleep(0.5)

    assert "NOT_FOUND" in said or '"undone"' in said
    assert not [
        each
        for each in org.store.rows('SELECT LastName, IsDeleted FROM "Contact"')
        if each["LastName"] == "Lost" and not each["IsDeleted"]
    ]


async def test_the_limit_of_a_minute_holds_for_both_together(replicas: tuple[Replica, Replica]) -> None:
    ping = {"json": request_of("ping"), "headers": modern("ping")["headers"] | {"MCP-Protocol-Version": "2025-11-25"}}
    statuses = [(await replicas[number % 2].post("nora", **ping)).status_code for number in range(90)]

    assert 429 in statuses
    assert (await replicas[0].post("jonas", **ping)).status_code == 200


async def test_one_that_is_killed_takes_nobody_along(replicas: tuple[Replica, Replica]) -> None:
    one, two = replicas
    page = (await one.call("nora", "salesforce_list_contacts", {"limit": 2}))["structuredContent"]
    one.process.kill()
    more = await two.call("nora", "salesforce_list_contacts", {"limit": 2, "cursor": page["next_cursor"]})

    assert more["structuredContent"]["rows"]


async def test_a_call_that_runs_gets_its_answer_though_the_replica_ends(
    org: LocalOrg, replicas: tuple[Replica, Replica]
) -> None:
    one, _ = replicas
    await one.call("nora", "salesforce_list_contacts", {"limit": 1})
    hold = Fault("latency", path="*/query*", delay_s=2.0)
    org.faults.pending.append(hold)
    call = asyncio.create_task(one.call("nora", "salesforce_list_contacts", {"limit": 1}))
    while hold in org.faults.pending:  # noqa: ASYNC110 - until the call is with the org, which is in another thread
        await asyncio.sleep(0.01)
    one.process.send_signal(signal.SIGTERM)
    answer = await call

    assert answer["structuredContent"]["rows"]
    assert await asyncio.to_thread(one.process.wait, END_S) == 0


EXPORT = {"path": "x.csv", "sobject": "Contact", "fields": ["Id"], "overwrite": True}


async def held_export(org: LocalOrg, replica: Replica) -> dict[str, Any]:
    """Begin an export that the org holds up."""
    hold = Fault("latency", path="*/query*", delay_s=20.0)
    org.faults.pending.append(hold)
    begun: dict[str, Any] = (await replica.call("nora", "salesforce_export", EXPORT | {"wait_s": 0}))[
        "structuredContent"
    ]
    while hold in org.faults.pending:  # noqa: ASYNC110 - until the query is with the org, which is in another thread
        await asyncio.sleep(0.01)
    return begun


async def until(replica: Replica, state: str) -> dict[str, Any]:
    """What a replica says of the export, as soon as it says `state`."""
    async with asyncio.timeout(END_S):
        while True:
            said: dict[str, Any] = (await replica.call("nora", "salesforce_job", {"job": "x.csv"}))["structuredContent"]
            if said["state"] == state:
                return said
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("apart", [True])
@BOTH_STORES
async def test_an_export_is_known_aborted_and_continued_by_a_replica_with_other_files(
    org: LocalOrg, replicas: tuple[Replica, Replica]
) -> None:
    one, two = replicas
    whole = (await one.call("nora", "salesforce_export", EXPORT | {"path": "whole.csv"}))["structuredContent"]
    of_one = (await two.call("nora", "salesforce_job", {"job": "whole.csv"}))["structuredContent"]
    page = whole["link"].removeprefix("http://127.0.0.1")
    async with httpx2.AsyncClient() as http:
        there, elsewhere = [
            await http.get(each.url.removesuffix("/mcp") + page, headers=as_person("nora")) for each in replicas
        ]
    of_another = await two.call("jonas", "salesforce_job", {"job": "whole.csv"})

    begun = await held_export(org, one)
    running = await until(two, "running")
    twice = await two.call("nora", "salesforce_export", EXPORT)
    aborted = (await two.call("nora", "salesforce_job", {"job": "x.csv", "action": "abort"}))["structuredContent"]

    await held_export(org, one)
    one.process.kill()
    await until(two, "interrupted")
    done = await two.call("nora", "salesforce_job", {"job": "x.csv", "action": "resume", "wait_s": 30})

    assert (of_one.get("state", ""), of_one["sha256"]) == ("", whole["sha256"])
    assert "on another server" in of_one["note"]
    assert (there.status_code, elsewhere.status_code) == (200, 404)
    assert "another server" in elsewhere.text
    assert "NO_SUCH_JOB" in of_another["content"][0]["text"]
    assert (begun["state"], running["state"], aborted["state"]) == ("running", "running", "aborted")
    assert "IN_USE" in twice["content"][0]["text"]
    assert done["structuredContent"]["rows"] == whole["rows"]


async def agreed(replica: Replica, table: dict[str, Any]) -> dict[str, Any]:
    """The answer to an import that a person approves."""
    asked = await replica.call("nora", "salesforce_import", table)
    if asked.get("resultType") != "input_required":
        return asked
    [(key, question)] = asked["inputRequests"].items()
    choice = question["params"]["requestedSchema"]["properties"]["answer"]["enum"][1]
    yes = {key: {"action": "accept", "content": {"answer": choice}}}
    return await replica.call(
        "nora", "salesforce_import", table, inputResponses=yes, requestState=asked["requestState"]
    )


TABLE = {"sobject": "Contact", "columns": ["Last Name"], "rows": [["Ode"], ["Quill"]]}


@pytest.mark.parametrize("apart", [True])
@BOTH_STORES
async def test_a_table_that_one_replica_checked_is_sent_by_another_and_by_no_third(
    org: LocalOrg, replicas: tuple[Replica, Replica]
) -> None:
    one, two = replicas
    checked = (await one.call("nora", "salesforce_import", TABLE))["structuredContent"]
    job = {"job": checked["import_id"]}
    of_another = await two.call("jonas", "salesforce_job", job)
    sent = await agreed(two, {"import_id": checked["import_id"], "go": True})
    seen = (await one.call("nora", "salesforce_job", job))["structuredContent"]
    refused = [await agreed(one, each | {"go": True}) for each in (TABLE, {"import_id": checked["import_id"]})]
    resumed = await one.call("nora", "salesforce_job", job | {"action": "resume"})
    given_up = (await one.call("nora", "salesforce_job", job | {"action": "abort"}))["structuredContent"]
    names = [each["LastName"] for each in org.store.rows('SELECT LastName FROM "Contact"')]
    again = await agreed(one, TABLE | {"go": True})

    assert "NO_SUCH_JOB" in of_another["content"][0]["text"]
    assert sent["structuredContent"]["saved"] == 2
    assert (seen["state"], seen["saved"]) == ("done", 2)
    assert "on another server" in seen["note"]
    assert [("OTHER_SERVER" in each["content"][0]["text"]) for each in refused] == [True, False]
    assert "IN_USE" in refused[1]["content"][0]["text"]
    assert "IN_USE" in resumed["content"][0]["text"]
    assert (names.count("Ode"), names.count("Quill")) == (1, 1)
    assert "saved again" in given_up["note"]
    assert again["structuredContent"]["saved"] == 2
