"""A server in a process of its own, as a host starts it: on an org behind a port, with its files in a folder."""

import os
from pathlib import Path

from mcp import StdioServerParameters

from mcp_salesforce.localorg import LocalOrg
from tests.warm import warm

SECRET = "a-secret-of-the-tests-that-is-long-enough"


def command_of(org: LocalOrg, url: str, folder: Path) -> StdioServerParameters:
    """The command, which writes its process id into the file `pid` in `folder`."""
    credentials = org.credentials
    environment = {
        **os.environ,
        "SALESFORCE_CLIENT_ID": credentials.client_id,
        "SALESFORCE_CLIENT_SECRET": credentials.client_secret,
        "SALESFORCE_REFRESH_TOKEN": credentials.refresh_token,
        "SALESFORCE_INSTANCE_URL": url,
        "SALESFORCE_STATE_KEY": SECRET,
        "SALESFORCE_JOURNAL": str(folder / "journal.db"),
        "SALESFORCE_AUDIT": str(folder / "audit.jsonl"),
    }
    command, *arguments = warm("tests.with_pid", "mcp_salesforce.server")
    return StdioServerParameters(command=command, args=arguments, env=environment, cwd=folder)
