"""Both ways of a call over stdio, the direct one and the SDK's, end in the same file."""

import os
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp_types import Implementation

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening
from tests.approving import approve
from tests.audit.audits import SECRET, lines_in, verified
from tests.conftest import ERAS
from tests.tools.calls import called

FIRST, SECOND = "003lo0000000001AAA", "003lo0000000002AAA"


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ERAS)
async def test_each_call_of_a_host_is_one_line_with_the_hosts_name(org: LocalOrg, tmp_path: Path, mode: str) -> None:
    credentials = org.credentials
    with listening(org.app) as url:
        environment = {
            **os.environ,
            "SALESFORCE_CLIENT_ID": credentials.client_id,
            "SALESFORCE_CLIENT_SECRET": credentials.client_secret,
            "SALESFORCE_REFRESH_TOKEN": credentials.refresh_token,
            "SALESFORCE_INSTANCE_URL": url,
            "SALESFORCE_STATE_KEY": SECRET,
            "SALESFORCE_JOURNAL": str(tmp_path / "journal.db"),
            "SALESFORCE_AUDIT": str(tmp_path / "audit.jsonl"),
        }
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "mcp_salesforce.server"], env=environment, cwd=tmp_path
        )
        host = Implementation(name="a host", version="7.1")
        transport = stdio_client(command)
        async with Client(transport, mode=mode, client_info=host, elicitation_callback=approve) as client:
            await called(client, "list_contacts", limit=1)
            await called(client, "delete_records", sobject="Contact", record_ids=[FIRST, SECOND])
    read, *asked, deleted = lines_in(tmp_path)
    assert [each["outcome"] for each in asked] == (["asked"] if mode == "auto" else [])
    assert {str(each["client"]) for each in (read, *asked, deleted)} == {"{'name': 'a host', 'version': '7.1'}"}
    assert deleted["approved_by"]["channel"] == "elicitation"
    assert verified(tmp_path / "audit.jsonl").exit_code == 0
