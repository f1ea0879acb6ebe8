"""The TypeScript SDKs, unmodified: one of each protocol era."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.clients.servers import ELEVEN_TOOLS, ServerCommand
from tests.tools.calls import error_in

pytestmark = pytest.mark.clients

FOLDER = Path(__file__).parent


class TypeScriptClient:
    """A client process: it told what the server lists, and makes the calls that it is given."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.connected = self._read()

    def call(self, tool: str, arguments: Mapping[str, Any], answer: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make a call; `answer` is what the user says if the server asks."""
        return self._ask({"name": tool, "arguments": dict(arguments)} | ({"answer": dict(answer)} if answer else {}))

    def prompt(self, name: str, arguments: Mapping[str, str]) -> dict[str, Any]:
        return self._ask({"prompt": {"name": name, "arguments": dict(arguments)}})

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"the client ended with status {self._process.wait(30)}"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def running(node: Path, script: str, server: ServerCommand) -> Iterator[TypeScriptClient]:
    with subprocess.Popen(
        [node, FOLDER / script, *server.command],
        env=server.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield TypeScriptClient(process)
            assert process.stdin
            process.stdin.close()
            assert process.wait(30) == 0
        finally:
            if process.poll() is None:
                process.kill()


OLD = ("mcp_old.mjs", "@modelcontextprotocol/sdk", "2025-11-25")
NEW = ("mcp_new.mjs", "@modelcontextprotocol/client", "2026-07-28")


@contextmanager
def listening(server: ServerCommand) -> Iterator[ServerCommand]:
    """The same server over HTTP; instead of a command there is its address."""
    command = [*server.command[:-2], "--http", "--port", "0", *server.command[-2:]]
    with subprocess.Popen(command, env=server.env, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            said = process.stderr.readline()
            yield ServerCommand([said.partition(" at ")[2].split()[0]], server.env)
        finally:
            process.terminate()


@pytest.fixture(
    params=[(*OLD, False), (*NEW, False), (*OLD, True), (*NEW, True)],
    ids=["old era", "new era", "old era over HTTP", "new era over HTTP"],
)
def client(
    request: pytest.FixtureRequest, node: Path, installed: Callable[[str], Path], demo_server: ServerCommand
) -> Iterator[TypeScriptClient]:
    script, package, revision, is_http = request.param
    installed(package)
    way = listening(demo_server) if is_http else nullcontext(demo_server)
    with way as server, running(node, script, server) as connected:
        assert connected.connected["revision"] == revision
        yield connected


def test_the_tools_are_listed_with_titles_annotations_and_both_schemas(client: TypeScriptClient) -> None:
    tools = {tool["name"]: tool for tool in client.connected["tools"]}

    assert set(tools) >= set(ELEVEN_TOOLS)
    for tool in tools.values():
        assert tool["title"]
        assert "additionalProperties" not in tool["inputSchema"]
        assert tool["outputSchema"]["type"] == "object"
        assert set(tool["annotations"]) >= {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}


def test_a_contact_is_created_read_changed_and_deleted(client: TypeScriptClient) -> None:
    created = client.call(
        "salesforce_create_contact", {"data": {"LastName": "Okafor", "Email": "n.okafor@example.com"}}
    )
    contact = {"contact_id": created["structuredContent"]["Id"]}
    changed = client.call("salesforce_update_contact", {**contact, "data": {"Title": "Director"}})
    read = client.call("salesforce_get_contact", contact)
    deleted = client.call("salesforce_delete_contact", contact)
    gone = client.call("salesforce_get_contact", contact)

    assert [bool(result.get("isError")) for result in (created, changed, read, deleted, gone)] == [False] * 4 + [True]
    assert read["structuredContent"]["Title"] == "Director"


def test_an_error_reaches_the_client_as_a_result_with_its_text(client: TypeScriptClient) -> None:
    result = client.call("salesforce_query", {"soql": "SELECT Nickname__c FROM Contact"})

    error = error_in(result["content"][0]["text"])
    assert result["isError"] is True
    assert "structuredContent" not in result
    assert error["code"] == "INVALID_FIELD"
    assert "Nickname__c" in error["message"]


def test_a_second_page_follows_from_the_first(client: TypeScriptClient) -> None:
    first = client.call("salesforce_list_contacts", {"limit": 3})["structuredContent"]
    second = client.call("salesforce_list_contacts", {"limit": 3, "cursor": first["next_cursor"]})["structuredContent"]

    ids = [row[first["columns"].index("Id")] for row in first["rows"] + second["rows"]]
    assert len(set(ids)) == 6


@pytest.mark.parametrize("client", [(*OLD, False), (*NEW, False), (*NEW, True)], indirect=True)
def test_a_user_is_asked_with_both_choices_and_only_the_second_deletes(client: TypeScriptClient) -> None:
    names = ("Sand", "Stein")
    made = [client.call("salesforce_create_contact", {"data": {"LastName": name}}) for name in names]
    ids = [result["structuredContent"]["Id"] for result in made]
    count = {"soql": f"SELECT Id FROM Contact WHERE Id IN ('{ids[0]}', '{ids[1]}')"}
    arguments = {"sobject": "Contact", "record_ids": ids}

    kept = client.call("salesforce_delete_records", arguments, {"action": "decline"})
    left = client.call("salesforce_query", count)["structuredContent"]["rows"]
    other = {**arguments, "record_ids": ids[::-1]}  # a decline holds for the same call
    deleted = client.call(
        "salesforce_delete_records", other, {"action": "accept", "content": {"answer": "Delete 2 contacts"}}
    )
    gone = client.call("salesforce_query", count)["structuredContent"]["rows"]

    for result in (kept, deleted):
        (question,) = result["questions"]
        assert question["requestedSchema"]["properties"]["answer"]["enum"] == ["Keep everything", "Delete 2 contacts"]
        assert all(f'"{name}"' in question["message"] for name in names)
    assert error_in(kept["content"][0]["text"])["code"] == "APPROVAL_DECLINED"
    assert (len(left), deleted["structuredContent"]["succeeded"], gone) == (2, 2, [])
