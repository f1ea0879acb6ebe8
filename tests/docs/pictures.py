"""The pictures of the pages that need no browser: an agenda, free times, and a run of the doctor, light and dark."""

import asyncio
import io
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Final

from mcp import Client
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME
from rich.text import Text

from mcp_salesforce.cli.doctor import lines_of
from mcp_salesforce.doctor import Report, examine
from mcp_salesforce.pictures import Theme, agenda_picture, days_between, free_picture
from mcp_salesforce.salesforce.asgi import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of
from tests.orgs import new_org, without_appointments
from tests.tools.events import all_day, timed

PEOPLE: Final = ("Nora Quill", "Jonas Brandt")
DAYS: Final = days_between("2026-11-23", "2026-11-25")
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
MOST_BYTES: Final = 60_000
_OF_THIS_MACHINE: Final = ("Command", "Settings", "Clock")
_STYLES: Final = {"passed": "green", "failed": "bold red"}
_TERMINAL: Final = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's own frame without its fonts, which it would load from a server."""


def pictures() -> dict[str, Callable[[str], str]]:
    """Return each picture's path, and what makes it."""
    drawn: dict[str, Callable[[Theme], str]] = {"agenda": _agenda, "free": _free, "doctor": _doctor}
    return {
        f"docs/pictures/{name}-{theme}.svg": partial(_made, draw, theme)
        for name, draw in drawn.items()
        for theme in THEMES
    }


def _made(draw: Callable[[Theme], str], theme: Theme, _before: str) -> str:
    return f"{draw(theme).rstrip()}\n"


def _agenda(theme: Theme) -> str:
    return agenda_picture(_answers()["busy"], DAYS, now="2026-11-23T11:20:00-05:00", theme=theme)


def _free(theme: Theme) -> str:
    return free_picture(_answers()["free"], _answers()["busy"], DAYS, theme=theme)


@cache
def _answers() -> Mapping[str, Any]:
    return asyncio.run(_asked())


async def _asked() -> dict[str, Any]:
    """Return what the server answers about an org with some appointments."""
    window = {"calendars": PEOPLE, "start": DAYS[0], "end": DAYS[-1]}
    with new_org(lambda: NOW, then=without_appointments) as org:
        jonas = org.user("jonas")
        timed(org, "Contract renewal", "2026-11-23T14:00:00Z", 60)
        timed(org, "Site visit", "2026-11-23T14:30:00Z", 90)
        timed(org, "Dentist", "2026-11-24T19:00:00Z", 60, IsPrivate=True)
        timed(org, "Product demonstration", "2026-11-25T15:00:00Z", 90)
        all_day(org, "Trade fair", "2026-11-25", OwnerId=jonas)
        timed(org, "Quarterly review", "2026-11-23T15:00:00Z", 60, OwnerId=jonas)
        timed(org, "Workshop", "2026-11-24T13:00:00Z", 150, OwnerId=jonas)
        server = create_server(settings_of(org), transport=AsgiTransport(org.app), now=lambda: NOW)
        async with Client(server) as client:
            busy = await client.call_tool("salesforce_get_free_busy", window)
            wish = {
                **window,
                "duration_minutes": 45,
                "limit": 6,
                "working_hours": "Mon-Fri 09:00-17:00 America/New_York",
            }
            free = await client.call_tool("salesforce_find_free_times", wish)
    assert busy.structured_content, busy
    assert free.structured_content, free
    return {"busy": busy.structured_content, "free": free.structured_content}


def _doctor(theme: Theme) -> str:
    console = Console(record=True, file=io.StringIO(), width=92, force_terminal=True, color_system="truecolor")
    for line in _report():
        status, _, rest = line.partition(" ")
        styled = Text(status, _STYLES[status]) + Text(f" {rest}") if status in _STYLES else Text(line)
        console.print(styled, soft_wrap=True)
    colours = DEFAULT_TERMINAL_THEME if theme == "light" else SVG_EXPORT_THEME
    return console.export_svg(
        title="mcp-salesforce doctor", theme=colours, code_format=_TERMINAL, unique_id=f"doctor-{theme}"
    )


@cache
def _report() -> tuple[str, ...]:
    """Return what the doctor says where the client secret is another app's."""
    with new_org(lambda: NOW) as org, org.listening() as address:
        wrong = settings_of(org, instance_url=address, client_secret="of-another-app")
        report = asyncio.run(examine(lambda: wrong))
    shown = tuple(each for each in report.stages if each.title not in _OF_THIS_MACHINE)
    return tuple(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8080", line) for line in lines_of(Report(shown), 90))
