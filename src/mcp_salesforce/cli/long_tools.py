"""Commands that let the server's own tools work for long: what its settings and its policy say holds here too."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click

from mcp_salesforce.cli.refusal import Refusal, refusing_wrong_settings
from mcp_salesforce.cli.waiting import bar

if TYPE_CHECKING:
    from mcp import Client
    from mcp.client.session import ElicitationFnT
    from mcp.shared.dispatcher import ProgressFnT

    from mcp_salesforce.settings.settings import Settings

Calling: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Calls a tool, and returns its answer; an error of the tool ends the command."""

WAIT_S: Final = 100
_DAY_S: Final = 3600.0


def settings_for(file: Path, alias: str | None) -> "Settings":
    """Return the settings for work with `file`, in whatever folder it is, as the login `alias` if there is one.

    Raises:
        Refusal: The settings cannot work, or the folder does not exist.
    """
    folder = file.absolute().parent
    if not folder.is_dir():
        raise Refusal(f"{folder} is not a folder.")
    return settings_of(alias, toolsets="files", files=folder)


def settings_of(alias: str | None, **changed: Any) -> "Settings":  # noqa: ANN401 - any setting
    """Return the settings of a command that calls tools, as the login `alias` if there is one.

    Raises:
        Refusal: The settings cannot work.
    """
    from mcp_salesforce.settings.settings import Network, Settings

    with refusing_wrong_settings():
        settings = Settings.load() if alias is None else Settings.load(org=alias, **Network.load().given)
    return settings.model_copy(update={"call_timeout_s": _DAY_S, "log_level": "ERROR", **changed})


def run(
    settings: "Settings",
    work: Callable[[Calling], Awaitable[dict[str, Any]]],
    *,
    asked: "ElicitationFnT | None" = None,
) -> dict[str, Any]:
    """Let `work` call tools, with a progress bar where a person looks; return its answer.

    Args:
        settings: Those of the server.
        work: What to do.
        asked: Answers the questions to the user.

    Raises:
        ClickException: A tool refuses it.
        SystemExit: The person has interrupted it.
    """
    try:
        with _progress() as progress:
            return asyncio.run(_run(settings, work, progress, asked))
    except KeyboardInterrupt:
        click.echo("Interrupted. Repeat the command to continue.", err=True)
        raise SystemExit(130) from None


async def _run(
    settings: "Settings",
    work: Callable[[Calling], Awaitable[dict[str, Any]]],
    progress: "ProgressFnT",
    asked: "ElicitationFnT | None",
) -> dict[str, Any]:
    async with server_in_process(settings, asked) as client:
        return await work(calling(client, progress))


def calling(client: "Client", progress: "ProgressFnT | None" = None) -> Calling:
    """Return what calls a tool through `client`, and tells `progress` how far it is."""

    async def call(tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        result = await client.call_tool(tool, dict(arguments), progress_callback=progress)
        if not result.is_error:
            return result.structured_content or {}
        said = result.meta or {}
        raise click.ClickException(f"{said.get('message')} {said.get('hint') or ''}".strip())

    return call


@asynccontextmanager
async def server_in_process(settings: "Settings", asked: "ElicitationFnT | None") -> AsyncIterator["Client"]:
    """Give a client of the server in this process; `asked` answers the questions to the user.

    Raises:
        Refusal: The settings cannot work.
    """
    from mcp import Client

    from mcp_salesforce.server import create_server
    from mcp_salesforce.settings.loading import ConfigurationError

    try:
        async with Client(create_server(settings), elicitation_callback=asked) as client:
            yield client
    except ConfigurationError as error:
        raise Refusal(str(error)) from None
    except ExceptionGroup as group:
        found: BaseException = group
        while isinstance(found, ExceptionGroup):
            found = found.exceptions[0]
        raise found from None


async def until_done(call: Calling, told: dict[str, Any], job: str) -> dict[str, Any]:
    """Return the answer about a job when it does not run any more; `told` is the first one."""
    while told.get("state") == "running":
        told = await call("salesforce_job", {"job": job, "wait_s": WAIT_S})
    return told


def print_json(told: Mapping[str, Any]) -> None:
    """Print an answer for scripts."""
    click.echo(json.dumps(told, ensure_ascii=False))


@contextmanager
def _progress() -> Iterator["ProgressFnT"]:
    """Show how far a tool is."""
    with bar("rows") as show:

        async def shown(progress: float, total: float | None, message: str | None) -> None:
            del message
            show(progress, total)

        yield shown
