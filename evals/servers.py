"""The servers that can be tried: each runs as a process over stdio, on an org that is served on loopback."""

import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from mcp import Client, MCPError, StdioServerParameters
from mcp.client.session import ElicitationFnT
from mcp.client.stdio import stdio_client

from mcp_salesforce.localorg import LocalOrg

ROOT: Final = Path(__file__).parents[1]
_KEY: Final = "state.key"
_LOG: Final = "server.log"
_TOLD: Final = 1000
_POLICY: Final = "policy.toml"

Connection = Mapping[str, str]
"""All that a client needs to use the org: `instance_url`, `access_token`, `client_id`, `username` and so on."""


class ServerError(Exception):
    """A server did not start."""


@dataclass(frozen=True)
class Launch:
    """A command, and the variables that it needs beside PATH and HOME."""

    command: tuple[str, ...]
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Server:
    """A server: how it is started on an org, and what is missing for that on this machine."""

    name: str
    launch: Callable[[Connection, Path], Launch]
    """From the connection and a folder, in which the server may keep files, to how it is started."""
    missing: Callable[[], str] = lambda: ""


def own(toolsets: str = "all", *, asks: bool = True) -> Server:
    """Return this server with these toolsets; what it keeps (journal, questions) outlives its process.

    `asks` is whether it asks a person before some changes.
    """

    def launch(connection: Connection, folder: Path) -> Launch:
        names = ("instance_url", "client_id", "client_secret", "refresh_token")
        given = {name: connection[name] for name in names}
        given |= {"toolsets": toolsets, "journal": str(folder / "journal.db"), "state_key": _state_key(folder)}
        if not asks:
            (folder / _POLICY).write_text('approval = "off"\n', encoding="utf-8")
            given["policy"] = str(folder / _POLICY)
        variables = {f"SALESFORCE_{name.upper()}": value for name, value in given.items()}
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        return Launch((sys.executable, "-m", "mcp_salesforce", "serve"), variables | {"PYTHONPATH": path})

    return Server("mcp-salesforce", launch)


def _state_key(folder: Path) -> str:
    file = folder / _KEY
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32), encoding="utf-8")
    return file.read_text(encoding="utf-8")


@contextmanager
def served(org: LocalOrg) -> Iterator[Connection]:
    """Serve an org on a free port of loopback while the block runs."""
    with org.listening() as address:
        yield {"instance_url": address, **asdict(org.credentials)}


@asynccontextmanager
async def connected(
    server: Server, connection: Connection, folder: Path, answer: ElicitationFnT
) -> AsyncIterator[Client]:
    """Start a server, and give a client of it whose person is `answer`; its log goes to a file of the folder.

    Raises:
        ServerError: The server did not start; the message has the end of its log.
    """
    launch = server.launch(connection, folder)
    program, *arguments = launch.command
    parameters = StdioServerParameters(command=program, args=arguments, env=dict(launch.variables), cwd=folder)
    with (folder / _LOG).open("a", encoding="utf-8") as log:
        async with AsyncExitStack() as stack:
            try:
                client = await stack.enter_async_context(
                    Client(stdio_client(parameters, errlog=log), elicitation_callback=answer)
                )
            except (OSError, ExceptionGroup, MCPError) as error:
                told = (folder / _LOG).read_text(encoding="utf-8").strip()[-_TOLD:]
                raise ServerError(f"{server.name} did not start: {told or error}") from None
            yield client
