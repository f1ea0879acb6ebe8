"""50,000 rows through the cursor: how many calls of the org they cost, and whether memory stays flat."""

from typing import Any

import psutil
from mcp import Client

from bench.figures import Figure
from mcp_salesforce.config import Settings
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.store.ids import mint
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server

ROWS = 50_000
ROWS_A_CALL = 2_000
SOQL = "SELECT Id, Name, Phone FROM Account ORDER BY Name"
MEGABYTE = 2**20


class _Counted:
    """The org's app, and how often it was asked for rows."""

    def __init__(self, org: LocalOrg) -> None:
        self._org = org
        self.calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - an ASGI app
        self.calls += "/query" in scope["path"]
        await self._org.app(scope, receive, send)


async def about_paging() -> list[Figure]:
    """Read everything with the largest limit, in answers that the budget cuts."""
    with LocalOrg.open(None, seed=False) as org:
        rows = (
            {"Id": mint("001", number), "Name": f"Account {number:05}", "Phone": "+1 555 0100"}
            for number in range(1, ROWS + 1)
        )
        org.records.load("Account", rows, org.user_id)
        app = _Counted(org)
        async with Client(create_server(_settings(org), transport=AsgiTransport(app))) as client:
            names, growth = await _read(client)
    is_exact = names == [f"Account {number:05}" for number in range(1, ROWS + 1)]
    return [
        Figure(f"{ROWS:,} rows by cursor: API calls", app.calls, target=ROWS / ROWS_A_CALL),
        Figure("… rows missing, doubled or out of order, 1 if any", 0 if is_exact else 1, target=0),
        Figure("… growth of memory from the first tenth to the end, MB", growth, target=15),
    ]


def _settings(org: LocalOrg) -> Settings:
    return Settings(
        client_id=org.credentials.client_id,
        client_secret=org.credentials.client_secret,
        refresh_token=org.credentials.refresh_token,
        instance_url="http://127.0.0.1:1",
        log_level="ERROR",
    )


async def _read(client: Client) -> tuple[list[str], float]:
    """Return the names of all rows in the order of the answers, and how many megabytes the process grew."""
    names: list[str] = []
    cursor, early, process = "", 0, psutil.Process()
    while len(names) < 2 * ROWS:
        result = await client.call_tool("salesforce_query", {"soql": SOQL, "limit": 2000, "cursor": cursor})
        answer: dict[str, Any] = result.structured_content or {}
        names += [row[1] for row in answer["rows"]]
        if not early and len(names) >= ROWS // 10:
            early = process.memory_info().rss
        if not (cursor := answer.get("next_cursor", "")):
            break
    return names, (process.memory_info().rss - early) / MEGABYTE
