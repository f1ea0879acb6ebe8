"""What the server says of itself on stderr: enough to see what happens, and no value and no secret ever."""

import asyncio
import io
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from mcp_salesforce import logs
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening
from mcp_salesforce.localorg.services.faults import Fault, Kind
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server
from tests.conftest import settings_of
from tests.faults.test_faults import Hanging
from tests.warm import warm

FAULTS: list[Kind] = [
    "expired_session", "unavailable", "reset_before", "reset_after", "hang", "truncated", "request_limit", "lock_row",
]  # fmt: skip
VALUE = "Quetzalcoatlus"  # of a field; stands in no name, message or path of the project


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What goes to stderr, with logging as in a process where nobody has set it up (pytest has, for each test)."""
    root, ours = logging.root, logging.getLogger("mcp_salesforce")
    handlers, levels, root.handlers = root.handlers, (root.level, ours.level), []
    try:
        with redirect_stderr(io.StringIO()) as stream:
            yield stream
    finally:
        root.handlers = handlers
        root.setLevel(levels[0])
        ours.setLevel(levels[1])


def lines_of(logged: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logged.getvalue().splitlines()]


async def test_a_tool_call_is_one_line_with_its_outcome_and_what_it_cost(org: LocalOrg) -> None:
    with logged() as stream:
        server = create_server(settings_of(org, log_level="info", log_format="json"), transport=AsgiTransport(org.app))
        async with Client(server) as client:
            await client.call_tool("salesforce_list_contacts", {"limit": 2})
            await client.call_tool("salesforce_get_contact", {"contact_id": "003000000000000AAA"})
            await client.call_tool("salesforce_get_contact", {"contact_id": "003"})

    listed, missing, refused = lines_of(stream)
    assert (listed["event"], listed["tool"], listed["outcome"]) == ("tool call", "salesforce_list_contacts", "ok")
    assert listed["api_calls"] == 1
    assert listed["duration_ms"] > 0
    assert listed["request_ids"]
    assert missing["outcome"] == "NOT_FOUND"
    assert (refused["outcome"], refused["api_calls"]) == ("MALFORMED_ID", 0)


class Crashing:
    """A transport with a mistake in it."""

    async def exchange(self, request: HttpRequest) -> HttpReply:
        raise ZeroDivisionError(request.url)

    async def close(self) -> None:
        pass


async def test_a_call_that_crashes_is_logged_without_its_values(org: LocalOrg) -> None:
    with logged() as stream:
        server = create_server(settings_of(org, log_level="INFO", log_format="json"), transport=Crashing())
        async with Client(server) as client:
            result = await client.call_tool("salesforce_list_contacts", {"name": VALUE})

    calls = [line for line in lines_of(stream) if line["event"] == "tool call"]
    assert result.is_error
    assert [line["outcome"] for line in calls] == ["UNFORESEEN"]
    assert VALUE not in stream.getvalue()


async def test_a_call_that_the_host_cancels_is_logged_as_cancelled(org: LocalOrg) -> None:
    app = Hanging(org)
    with logged() as stream:
        server = create_server(settings_of(org, log_level="INFO", log_format="json"), transport=AsgiTransport(app))
        async with Client(server, mode="legacy") as client:
            call = asyncio.create_task(client.call_tool("salesforce_list_contacts", {}))
            await app.begun.wait()
            call.cancel()
            await app.ended.wait()

    (line,) = lines_of(stream)
    assert (line["tool"], line["outcome"]) == ("salesforce_list_contacts", "cancelled")


async def test_debug_tells_each_request_without_ids_queries_or_values(org: LocalOrg) -> None:
    with logged() as stream:
        server = create_server(settings_of(org, log_level="DEBUG", log_format="json"), transport=AsgiTransport(org.app))
        async with Client(server) as client:
            made = await client.call_tool("salesforce_create_contact", {"data": {"LastName": VALUE}})
            contact_id = (made.structured_content or {})["Id"]

    requests = [line for line in lines_of(stream) if line["event"] == "exchange"]
    assert [(line["method"], line["path"], line["status"]) for line in requests] == [
        ("POST", "/services/oauth2/token", 200),
        ("POST", "/services/data/v60.0/composite", 200),
    ]
    assert VALUE not in stream.getvalue()
    assert contact_id not in stream.getvalue()


async def test_nothing_is_logged_of_calls_unless_it_is_asked_for(org: LocalOrg) -> None:
    with logged() as stream:
        async with Client(create_server(settings_of(org), transport=AsgiTransport(org.app))) as client:
            await client.call_tool("salesforce_list_contacts", {})

    assert stream.getvalue() == ""


def test_text_lines_name_what_json_lines_name() -> None:
    with logged() as stream:
        logs.set_up("INFO")
        logging.getLogger("mcp_salesforce.tools").info("tool call", extra={"data": {"tool": "t", "request_ids": ""}})

    assert stream.getvalue().endswith("Z INFO mcp_salesforce.tools: tool call tool=t\n")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_is_logged_without_the_words_of_the_exception(form: logs.Format) -> None:
    with logged() as stream:
        logs.set_up("INFO", form)
        try:
            int(VALUE)
        except ValueError:
            logging.getLogger("mcp").exception("A tool failed")

    assert "ValueError" in stream.getvalue()
    assert "test_logs.py" in stream.getvalue()
    assert VALUE not in stream.getvalue()


def test_libraries_are_heard_from_warning_up_only() -> None:
    with logged() as stream:
        logs.set_up("DEBUG")
        for library in ("mcp", "aiohttp", "asyncio"):
            logging.getLogger(library).info("arguments: %s", VALUE)

    assert stream.getvalue() == ""


@pytest.mark.slow
async def test_no_secret_and_no_value_is_written_under_any_fault(org: LocalOrg, tmp_path: Path) -> None:
    """A real process at debug level; everything it writes on stderr and in its answers is searched."""
    errors, answers = tmp_path / "stderr.txt", []
    with listening(org.app) as address, errors.open("w") as stderr:
        credentials = org.credentials
        environment = os.environ | {
            "SALESFORCE_CLIENT_ID": credentials.client_id,
            "SALESFORCE_CLIENT_SECRET": credentials.client_secret,
            "SALESFORCE_REFRESH_TOKEN": credentials.refresh_token,
            "SALESFORCE_INSTANCE_URL": address,
            "SALESFORCE_LOG_LEVEL": "DEBUG",
            "SALESFORCE_TIMEOUT_S": "1",
        }
        program, *options = warm("mcp_salesforce.server")
        command = StdioServerParameters(command=program, args=options, env=environment, cwd=tmp_path)
        async with Client(stdio_client(command, errlog=stderr)) as client:
            for kind in FAULTS:
                for path in ("*/services/oauth2/token", "*/sobjects/*", "*/query*"):
                    org.expire_sessions()
                    org.faults.add(Fault(kind, path=path, count=2, delay_s=2 if kind == "hang" else 0))
                    for tool, arguments in (
                        ("salesforce_create_contact", {"data": {"LastName": VALUE}}),
                        ("salesforce_list_contacts", {"name": VALUE}),
                    ):
                        answer = await client.call_tool(tool, arguments)
                        answers.append((tool, answer))
                    org.faults.clear()

    written = errors.read_text() + "".join(answer.model_dump_json() for _, answer in answers if answer.is_error)
    secrets = (credentials.client_secret, credentials.refresh_token, credentials.access_token, credentials.password)
    assert {True, False} == {bool(answer.is_error) for _, answer in answers}
    assert written.count("tool call") == len(answers)
    assert [secret for secret in secrets if secret in written] == []
    assert re.findall(r"00D\w{12}!", written) == []  # how every access token begins
    assert VALUE not in written
