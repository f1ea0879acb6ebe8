"""`mcp-salesforce view`: an agenda or free times in a browser, or as a picture without one."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mcp_salesforce.cli.long_tools import Calling, run, settings_of

if TYPE_CHECKING:
    from mcp_salesforce.pictures import Theme
    from mcp_salesforce.viewer import Shown

_STDOUT: Final = "-"
_ALL: Final = 1_000_000  # no model reads the answer
_TOOLSETS: Final = "appointments, org"


@click.group(name="view")
def command() -> None:
    """Show an agenda or free times in a browser, or draw them as a picture (SVG), from what the tools answer."""


def _shared(chosen: Any) -> Any:  # noqa: ANN401 - what click decorates
    """Add the options that both views have."""
    for option in (
        click.option("--no-browser", is_flag=True, help="Do not open a browser; print the address only."),
        click.option("--overwrite", is_flag=True, help="Replace the file if it exists."),
        click.option("--theme", type=click.Choice(["auto", "light", "dark"]), default="auto", show_default=True),
        click.option("--org", "alias", help="Alias of a stored login to use instead of the settings."),
        click.option("--time-zone", default="", help="Such as Europe/Berlin. Default: yours in Salesforce."),
        click.option("--days", "count", type=click.IntRange(1, 31), default=5, show_default=True, help="How many."),
        click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="The first day. Default: today."),
        click.option(
            "--for", "names", multiple=True, default=("me",), help="A user or a room: name, e-mail or Id. Repeatable."
        ),
        click.option(
            "--svg",
            default="",
            type=click.Path(dir_okay=False, allow_dash=True),
            help="Write a picture to this file, or to -, instead of opening a browser.",
        ),
    ):
        chosen = option(chosen)
    return chosen


@command.command()
@_shared
def agenda(
    *,
    svg: str,
    alias: str | None,
    theme: "Theme",
    overwrite: bool,
    no_browser: bool,
    **asked: Any,  # noqa: ANN401 - options of _shared
) -> None:
    """Show the appointments of days: people and rooms side by side, private ones without their subject.

    Opens a browser, until you close the page or press Ctrl-C.
    """
    _check(svg, overwrite=overwrite)

    async def shown(call: Calling) -> "Shown":
        from mcp_salesforce.viewer import Shown

        window = _window(await _days(call, **asked), **asked)
        if tuple(window["calendars"]) == ("me",):
            del window["calendars"]
            mine = (await call("salesforce_whoami", {}))["user"]["Id"]
            return Shown("agenda", "salesforce_list_appointments", {**window, "owner_id": mine, "limit": 2000}, theme)
        return Shown("agenda", "salesforce_get_free_busy", window, theme)

    async def work(call: Calling) -> dict[str, Any]:
        from mcp_salesforce.pictures import agenda_picture

        days = await _days(call, **asked)
        busy = await call("salesforce_get_free_busy", _window(days, **asked))
        return {"svg": agenda_picture(busy, days, now=_now(busy["time_zone"]), theme=theme)}

    _show(svg, alias, shown, work, opens_browser=not no_browser)


@command.command()
@_shared
@click.option("--minutes", type=click.IntRange(1, 1440), default=30, show_default=True, help="How long.")
@click.option("--limit", type=click.IntRange(1, 50), default=10, show_default=True, help="How many times at most.")
@click.option("--hours", default="", help='Such as "Mon-Fri 09:00-17:00". Default: office hours.')
def free(
    *,
    svg: str,
    alias: str | None,
    theme: "Theme",
    overwrite: bool,
    no_browser: bool,
    minutes: int,
    limit: int,
    hours: str,
    **asked: Any,  # noqa: ANN401 - as above
) -> None:
    """Show the times at which everybody is free, and what is busy around them; in the browser, a click books one.

    Opens a browser, until you close the page or press Ctrl-C.
    """
    _check(svg, overwrite=overwrite)
    wish = {"duration_minutes": minutes, "limit": limit, "working_hours": hours}

    async def shown(call: Calling) -> "Shown":
        from mcp_salesforce.viewer import Shown

        window = _window(await _days(call, **asked), **asked)
        return Shown("free", "salesforce_find_free_times", {**window, **wish}, theme)

    async def work(call: Calling) -> dict[str, Any]:
        from mcp_salesforce.pictures import free_picture

        days = await _days(call, **asked)
        window = _window(days, **asked)
        found = await call("salesforce_find_free_times", {**window, **wish})
        busy = await call("salesforce_get_free_busy", window)
        return {"svg": free_picture(found, busy, days, theme=theme)}

    _show(svg, alias, shown, work, opens_browser=not no_browser)


def _show(
    svg: str,
    alias: str | None,
    shown: Callable[[Calling], Awaitable["Shown"]],
    drawn: Callable[[Calling], Awaitable[dict[str, Any]]],
    *,
    opens_browser: bool,
) -> None:
    """Show what `shown` says in a browser; or write what `drawn` draws, if `svg` names a file."""
    settings = settings_of(alias, toolsets=_TOOLSETS, max_answer_tokens=_ALL)
    if svg:
        _write(svg, run(settings, drawn)["svg"])
        return
    from mcp_salesforce.cli.viewing import show

    show(settings, shown, opens_browser=opens_browser)


def _check(svg: str, *, overwrite: bool) -> None:
    """Refuse a file that cannot be written, before the org is asked."""
    if svg in {"", _STDOUT}:
        return
    if not Path(svg).absolute().parent.is_dir():
        raise click.ClickException(f"{Path(svg).absolute().parent} is not a folder.")
    if Path(svg).exists() and not overwrite:
        raise click.ClickException(f"{svg} exists. Give --overwrite to replace it, or another name.")


def _write(svg: str, picture: str) -> None:
    if svg == _STDOUT:
        sys.stdout.write(f"{picture}\n")
        return
    Path(svg).write_text(f"{picture}\n", encoding="utf-8")
    click.echo(f"{svg}: {Path(svg).stat().st_size:,} bytes. Any browser shows it.")


async def _days(
    call: Calling, *, start: datetime | None, count: int, time_zone: str, names: Sequence[str]
) -> list[str]:
    """Return the days to draw; which day is today depends on the zone in which the server gives times."""
    from mcp_salesforce.pictures import days_between

    if start is None:
        near = _window([datetime.now(UTC).date().isoformat()], names=names, time_zone=time_zone)
        busy = await call("salesforce_get_free_busy", near)
        first = date.fromisoformat(_now(busy["time_zone"])[:10])
    else:
        first = start.date()
    return days_between(first.isoformat(), (first + timedelta(days=count - 1)).isoformat())


def _window(days: Sequence[str], *, names: Sequence[str], time_zone: str, **_: Any) -> dict[str, Any]:  # noqa: ANN401 - other options
    return {"calendars": names, "start": days[0], "end": days[-1], "time_zone": time_zone}


def _now(zone: str) -> str:
    from mcp_salesforce.appointments.times import local_text
    from mcp_salesforce.zones import ZoneInfo

    return local_text(datetime.now(UTC), ZoneInfo(zone))
