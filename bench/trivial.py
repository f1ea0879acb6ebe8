"""The yardstick: the least that a server on the same SDK can do, one tool that makes one HTTP call.

`TRIVIAL_URL` and `TRIVIAL_TOKEN` say what to call; both come from the benchmark. With `TRIVIAL_PORT` it serves HTTP
there.
"""

import os

import aiohttp
from mcp.server import MCPServer

server = MCPServer("trivial", version="1.0.0", log_level="WARNING")
sessions: list[aiohttp.ClientSession] = []


@server.tool()
async def list_contacts(limit: int = 10) -> str:
    """Return the contacts as Salesforce sends them."""
    if not sessions:
        sessions.append(aiohttp.ClientSession(headers={"Authorization": f"Bearer {os.environ['TRIVIAL_TOKEN']}"}))
    async with sessions[0].get(os.environ["TRIVIAL_URL"], params={"limit": str(limit)}) as reply:
        reply.raise_for_status()
        return await reply.text()


if __name__ == "__main__":
    if port := os.environ.get("TRIVIAL_PORT"):
        server.run("streamable-http", port=int(port), stateless_http=True)
    else:
        server.run("stdio")
