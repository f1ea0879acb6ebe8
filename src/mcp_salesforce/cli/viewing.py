"""Shows a view in a browser on this machine: its calls go to the server in this process, as those of a chat do."""

import asyncio
import threading
import webbrowser
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from mcp_salesforce.cli.long_tools import Calling, calling, server_in_process
from mcp_salesforce.cli.terminal import NoTerminalError, terminal

if TYPE_CHECKING:
    from mcp_types import ElicitResult

    from mcp_salesforce.settings.settings import Settings
    from mcp_salesforce.viewer import Shown, Site


def show(settings: "Settings", shown: Callable[[Calling], Awaitable["Shown"]], *, opens_browser: bool) -> None:
    """Show a view until its page is closed, or until Ctrl-C.

    Changes are approved at the terminal. Without one, the server says how else, as it does where a host cannot ask.

    Args:
        settings: Those of the server.
        shown: Returns what to show, after the calls that it needs for that.
        opens_browser: Whether to open a browser, or only to print the address.

    Raises:
        ClickException: A tool refuses a call of `shown`.
        Refusal: The settings cannot work.
    """
    with suppress(KeyboardInterrupt):
        asyncio.run(_show(settings, shown, opens_browser=opens_browser))
    click.echo("Ended.", err=True)


async def _show(settings: "Settings", shown: Callable[[Calling], Awaitable["Shown"]], *, opens_browser: bool) -> None:
    from mcp_salesforce.viewer import Site, serve

    person = _Person()
    async with server_in_process(settings, person if _is_there() else None) as client:

        async def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
            result = await client.call_tool(name, arguments)
            return result.model_dump(mode="json", by_alias=True, exclude_none=True)

        def ready(address: str) -> None:
            click.echo(f"Open this address. It works once. Ctrl-C ends it:\n{address}", err=True)
            if opens_browser:
                webbrowser.open(address)

        person.site = Site(await shown(calling(client)), call)
        await serve(person.site, ready)


class _Person:
    """The person at the terminal, who is asked one question after the other."""

    def __init__(self) -> None:
        self.site: Site | None = None
        self._turn = asyncio.Lock()

    async def __call__(self, context: Any, params: Any) -> "ElicitResult":  # noqa: ANN401 - the SDK's signature
        from mcp_types import ElicitResult

        del context
        keep, do = params.requested_schema["properties"]["answer"]["enum"]
        async with self._turn:
            if self.site:
                self.site.say(f"{params.message}\n\nAnswer this in the terminal.")
            try:
                answer = await _typed(f"\n{params.message}\na: {do}\nd: {keep}\nYour answer: ")
            finally:
                if self.site:
                    self.site.say("")
        if answer is None:
            return ElicitResult(action="cancel")
        return ElicitResult(action="accept", content={"answer": do if answer.strip().lower() == "a" else keep})


async def _typed(prompt: str) -> str | None:
    """Return what the person types; None if the terminal is gone. A thread waits for it, so that Ctrl-C need not."""
    answered: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def settle(answer: str | None) -> None:
        if not answered.done():
            answered.set_result(answer)

    def ask() -> None:
        answer = None
        with suppress(NoTerminalError, OSError), terminal() as shown:
            answer = shown.ask(prompt)
        with suppress(RuntimeError):  # the command has ended meanwhile
            answered.get_loop().call_soon_threadsafe(settle, answer)

    threading.Thread(target=ask, name="terminal", daemon=True).start()
    return await answered


def _is_there() -> bool:
    try:
        with terminal():
            return True
    except NoTerminalError:
        return False
