"""Resources: what a host can put before a model without a tool call: the agenda of a day, an object's fields."""

import csv
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date, timedelta
from io import StringIO
from typing import Any, Final

import orjson
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from mcp_salesforce.appointments.times import TimeError, day_of, local_text, weekday
from mcp_salesforce.audit.trail import AuditError
from mcp_salesforce.policy.withheld import noting, told
from mcp_salesforce.salesforce import InvalidArgumentError, InvalidRequestError, NotFoundError, SalesforceError
from mcp_salesforce.tools.answers.errors import failure, unforeseen
from mcp_salesforce.tools.answers.results import seen
from mcp_salesforce.tools.appointments.availability import get_free_busy
from mcp_salesforce.tools.appointments.events import list_appointments
from mcp_salesforce.tools.framework.call_log import tool_call
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.calendars import ME, calendars_of
from mcp_salesforce.tools.schema.toolset import describe
from mcp_salesforce.zones import ZoneInfo

AGENDA: Final = "salesforce://agenda/{date}"
PICTURE: Final = "salesforce://agenda/{date}/picture"
SCHEMA: Final = "salesforce://schema/{sobject}"
DAYS: Final[Mapping[str, int]] = {"today": 0, "tomorrow": 1}
"""Days that have a name, and how many days ahead they are."""
_MOST_APPOINTMENTS: Final = 500
_CALLERS_FAULT: Final = (InvalidArgumentError, InvalidRequestError, NotFoundError, TimeError)


def add_resources(server: MCPServer[OrgSession], tools: frozenset[str]) -> None:
    """Add to `server` the resources that say what one of `tools` says, the names of those that may be used."""
    if "salesforce_list_appointments" in tools:
        _add(server, AGENDA, "Agenda of a day", "Your appointments on one day, in order")(_agenda)
    if "salesforce_get_free_busy" in tools:
        described = "Your day as a picture (SVG): appointments beside each other, private ones without subject"
        _add(server, PICTURE, "Picture of a day", described, "image/svg+xml")(_picture)
    if "salesforce_describe" in tools:
        _add(server, SCHEMA, "Fields of an object", "The fields of an object, in a compact table")(_schema)


def _add(
    server: MCPServer[OrgSession], uri: str, title: str, description: str, mime_type: str | None = None
) -> Callable[[Any], Any]:
    """Add a template under its title: some hosts show people its name."""
    return server.resource(uri, name=title, title=title, description=description, mime_type=mime_type)


async def _agenda(ctx: Context[Any, Any], date: str) -> str:
    async with refusing("agenda", ctx, {"date": date}):
        return await agenda_text(ctx, await day_named(ctx, date))


async def _picture(ctx: Context[Any, Any], date: str) -> str:
    from mcp_salesforce.pictures import agenda_picture

    async with refusing("picture", ctx, {"date": date}):
        org: OrgSession = ctx.request_context.lifespan_context
        day = (await day_named(ctx, date)).isoformat()
        with noting() as withheld:
            busy = await get_free_busy(ctx, (ME,), day, day)
        said = f"The policy withholds {', '.join(told(withheld))}." if withheld else ""
        shown = seen({**busy, **({"note": said} if said else {})}, org.max_answer_bytes)[0]
        return agenda_picture(shown, [day], now=local_text(org.now(), ZoneInfo(busy["time_zone"])))


async def _schema(ctx: Context[Any, Any], sobject: str) -> str:
    async with refusing("schema", ctx, {"sobject": sobject}):
        with noting() as withheld:
            return _text(ctx, await describe(ctx, sobject=sobject), withheld)


async def day_named(ctx: Context[Any, Any], text: str) -> date:
    """Return the day that `text` names: a date, or today or tomorrow where the user is."""
    ahead = DAYS.get(text.strip().casefold())
    if ahead is None:
        return day_of(text)
    org: OrgSession = ctx.request_context.lifespan_context
    return org.now().astimezone(await org.zone()).date() + timedelta(days=ahead)


async def agenda_text(ctx: Context[Any, Any], day: date, whose: str = ME) -> str:
    """Return the appointments of one day as text, as salesforce_list_appointments lists them.

    `whose` is the name, e-mail address or Id of a user or a resource calendar, or `me`.
    """
    org: OrgSession = ctx.request_context.lifespan_context
    with noting() as withheld:
        (calendar,) = await calendars_of(org, [whose])
        rows = await list_appointments(
            ctx, limit=_MOST_APPOINTMENTS, start=day.isoformat(), end=day.isoformat(), owner_id=calendar.id
        )
        head = {"day": f"{weekday(day)} {day.isoformat()}", "calendar": calendar.name}
        return _text(ctx, {**head, **rows}, withheld)


@asynccontextmanager
async def refusing(name: str, ctx: Context[Any, Any], arguments: Mapping[str, Any]) -> AsyncIterator[None]:
    """Log and record the block as a call, and raise what it refuses as an error of the protocol, in a tool's words.

    Raises:
        MCPError: A `SalesforceError` or `TimeError` ended the block.
    """
    try:
        async with tool_call(name, ctx.request_context.lifespan_context, ctx, arguments) as call:
            try:
                yield
            except MCPError:
                raise
            except Exception as caught:  # noqa: BLE001 - as a tool, which ends in an error whatever the org answers
                raised = _refusal(caught)
                call.outcome = raised.error.data["code"]
                raise raised from None
    except AuditError as error:
        raise _refusal(error) from None


def _refusal(caught: Exception) -> MCPError:
    error = caught if isinstance(caught, SalesforceError | TimeError) else unforeseen(caught, writes=False)
    payload = failure(error).meta or {}
    said = " ".join(filter(None, [payload["message"], payload.get("hint")]))
    code = INVALID_PARAMS if isinstance(error, _CALLERS_FAULT) else INTERNAL_ERROR
    return MCPError(code=code, message=said, data=payload)


def _text(ctx: Context[Any, Any], result: Mapping[str, Any], withheld: dict[str, None]) -> str:
    org: OrgSession = ctx.request_context.lifespan_context
    if withheld:
        result = {**result, "withheld": told(withheld)}
    return in_lines(seen(result, org.max_answer_bytes)[0])


def in_lines(result: Mapping[str, Any]) -> str:
    """Return rows as a person reads them: CSV (RFC 4180), below lines of what else is said of them.

    A record's text cannot pass for such a line, because those stand first.
    """
    lines = StringIO()
    lines.writelines(f"{key}: {_line(value)}\n" for key, value in result.items() if key not in {"columns", "rows"})
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(result["columns"])
    writer.writerows([[_cell(value) for value in row] for row in result["rows"]])
    return lines.getvalue().removesuffix("\n")


def _line(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value in one line: no text of a record can begin another."""
    return " ".join(value.split()) if isinstance(value, str) else orjson.dumps(value).decode()


def _cell(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    """Return a value as a cell, its lines with one end: a lone CR is a new row to some readers, and not quoted here."""
    if value is None or not isinstance(value, str):
        return value if value is None else orjson.dumps(value).decode()
    return value.replace("\r\n", "\n").replace("\r", "\n")
