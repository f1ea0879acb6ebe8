"""Both ways of a call over stdio, the direct one and the SDK's, end in the same file."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, stdio_client
from mcp_types import Implementation

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening
from tests.approving import approve
from tests.audit.audits import lines_in, verified
from tests.conftest import ERAS
from tests.stdio.host import command_of
from tests.tools.calls import called

FIRST, SECOND = "003lo0000000001AAA", "003lo0000000002AAA"


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ERAS)
async def test_each_call_of_a_host_is_one_line_with_the_hosts_name(org: LocalOrg, tmp_path: Path, mode: str) -> None:
    with listening(org.app) as url:
        host = Implementation(name="a host", version="7.1")
        transport = stdio_client(command_of(org, url, tmp_path))
        async with Client(transport, mode=mode, client_info=host, elicitation_callback=approve) as client:
            await called(client, "list_contacts", limit=1)
            await called(client, "delete_records", sobject="Contact", record_ids=[FIRST, SECOND])
    read, *asked, deleted = lines_in(tmp_path)
    assert [each["outcome"] for each in asked] == (["asked"] if mode == "auto" else [])
    assert {str(each["client"]) for each in (read, *asked, deleted)} == {"{'name': 'a host', 'version': '7.1'}"}
    assert deleted["approved_by"]["channel"] == "elicitation"
    assert verified(tmp_path / "audit.jsonl").exit_code == 0


@pytest.mark.anyio
async def test_a_write_under_way_when_the_server_is_killed_is_told_by_the_next_server(
    org: LocalOrg, tmp_path: Path
) -> None:
    sent = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def hanging(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("method") == "PATCH" and not sent.is_set():
            loop.call_soon_threadsafe(sent.set)
            await asyncio.sleep(60)
        await org.app(scope, receive, send)

    with listening(hanging) as url:
        with suppress(Exception):  # the host sees its server go
            async with Client(stdio_client(command_of(org, url, tmp_path)), mode="legacy") as client:
                rows = {"sobject": "Contact", "records": [{"Id": FIRST, "Title": "Chief"}]}
                call = asyncio.create_task(client.call_tool("salesforce_update_records", rows))
                await asyncio.wait_for(sent.wait(), 30)
                os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
                call.cancel()
        async with Client(stdio_client(command_of(org, url, tmp_path))) as client:
            await called(client, "list_contacts", limit=1)
    killed, read = lines_in(tmp_path)
    assert (killed["tool"], killed["outcome"]) == ("salesforce_update_records", "killed")
    assert killed["user"] == org.user_id
    assert killed["writes"] == [
        {"action": "update", "object": "Contact", "ids": [FIRST], "fields": ["Title"], "unknown": 1}
    ]
    assert read["outcome"] == "ok"
    assert verified(tmp_path / "audit.jsonl").exit_code == 0
