"""Many appointments in one call: moved, handed over, closed or deleted."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from mcp_salesforce.changes.change import announce
from mcp_salesforce.changes.writes import Write
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.appointments.batch import Action, Batch
from mcp_salesforce.tools.appointments.booking import AllowConflict
from mcp_salesforce.tools.appointments.choosing import MOST_CHOSEN, Filter, chosen_by_filter, chosen_by_id
from mcp_salesforce.tools.appointments.lines import Line, Rescheduled
from mcp_salesforce.tools.appointments.moving import Goal, NextFree
from mcp_salesforce.tools.appointments.toolset import scheduling
from mcp_salesforce.tools.framework.follow_ups import BLANK_IS_NONE, FollowUpData, follow_up_schema
from mcp_salesforce.tools.framework.params import ContactFilter, TimeZone, id_of
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import UPDATES, ToolContext, org_of
from mcp_salesforce.tools.lookups.calendars import calendars_of

_event_id = id_of("00U")


def _given(value: Any) -> Any:  # noqa: ANN401 - whatever a model sent
    """Read Ids, alone or with a start, as pairs."""
    rows = [value] if isinstance(value, str | dict) else value
    if not isinstance(rows, list | tuple):
        return rows
    pairs = []
    for row in rows:
        named = {str(name).casefold(): each for name, each in row.items()} if isinstance(row, dict) else {"id": row}
        if unknown := named.keys() - {"id", "startdatetime"}:
            raise refused(f"A row takes Id and StartDateTime, not {', '.join(sorted(unknown))}.")
        pairs.append((_event_id(str(named.get("id") or "")), str(named.get("startdatetime") or "")))
    return tuple(pairs)


_ROW = {"type": "object", "properties": {"Id": {"type": "string"}, "StartDateTime": {"type": "string"}}}
GivenAppointments = Annotated[
    tuple[tuple[str, str], ...],
    BeforeValidator(_given),
    Field(max_length=MOST_CHOSEN),
    WithJsonSchema(
        {"type": "array", "items": _ROW, "description": "Ids, each with its new StartDateTime if you set one"}
    ),
]


_FollowUp = Annotated[
    FollowUpData | None,
    BLANK_IS_NONE,
    follow_up_schema("For close: creates a Task after each, for its contact and owner; 12 appointments at most"),
]


@scheduling.tool(
    UPDATES,
    title="Reschedule appointments",
    hint="move, postpone, cancel, close, hand over or delete many meetings or bookings: sick colleague, holiday, room",
    example={
        "action": "move",
        "owner": "me",
        "start": "2026-11-24",
        "next_free": "week",
        "not_before": "2026-11-25",
    },
    is_long=True,
)
async def reschedule_appointments(  # noqa: PLR0913 - a filter, a target, and how
    ctx: ToolContext,
    action: Action,
    appointments: GivenAppointments = (),
    *,
    owner: Annotated[str, Field(description='Choose by owner: name, e-mail, Id or "me"')] = "",
    room: Annotated[str, Field(description="Choose by room: name or Id")] = "",
    contact_id: Annotated[ContactFilter, Field(description="Choose by contact")] = "",
    start: Annotated[str, Field(description="Choose from this time or date on")] = "",
    end: Annotated[str, Field(description="Until this time or date; default: the end of the day start")] = "",
    shift_days: Annotated[int, Field(ge=-400, le=400, description="Negative is earlier")] = 0,
    shift_minutes: Annotated[int, Field(ge=-100_000, le=100_000, description="Negative is earlier")] = 0,
    next_free: Annotated[
        NextFree,
        Field(description="Take the next free time in that day or week, if the new time is taken or none is given"),
    ] = "",
    not_before: Annotated[str, Field(description="With next_free: the earliest time or date")] = "",
    new_owner: Annotated[str, Field(description="For hand_over: name, e-mail or Id of a user")] = "",
    outcome: Annotated[Literal["", "cancelled", "no_show", "completed"], Field(description="For close")] = "",
    reason: Annotated[str, Field(max_length=4000, description="For close")] = "",
    follow_up: _FollowUp = None,
    allow_conflict: AllowConflict = False,
    time_zone: TimeZone = "",
) -> Rescheduled:
    """Move, hand over, close or delete up to 200 appointments in one call, with one approval and one undo.

    Choose by appointments; or by start, end, and one or more of owner, room and contact_id. Each action needs:
    - move: StartDateTime in appointments, or shift_days and shift_minutes, or next_free
    - hand_over: new_owner; a new time as for move is allowed
    - close: outcome; reason and follow_up are optional
    - delete: nothing

    New times are checked against all calendars, working hours (next_free) and each other. Appointments with a
    conflict are not changed and come first in the answer; the others are all saved, or none.
    """
    org = org_of(ctx)
    starts = _starts(appointments)
    zone, heir = await org.zone(time_zone) if time_zone else None, await _heir(org, new_owner)
    goal = Goal(starts, shift_days, shift_minutes, next_free, not_before, heir, zone)
    _check(action, goal, outcome, reason, follow_up)
    wanted = Filter(owner, room, contact_id, start, end)
    lines = await _lines(org, [each for each, _ in appointments], wanted, time_zone)
    batch = Batch(org, action, lines, goal, outcome or None, reason, follow_up)
    for line in lines:
        line.why = line.why or batch.obstacle_of(line)
    if many := [line for line in lines if line.is_open]:
        tasks = [Write("create", "Task")] * len(many) if follow_up else []
        announce([Write("delete" if action == "delete" else "update", "Event")] * len(many) + tasks)
    await batch.run(allow_conflict=allow_conflict)
    return await batch.told(time_zone)


def _starts(appointments: GivenAppointments) -> dict[str, str]:
    """Return the new start of each appointment that has one.

    Raises:
        InvalidArgumentError: One has two.
    """
    starts: dict[str, str] = {}
    for event_id, when in appointments:
        if when and starts.setdefault(event_id, when) != when:
            raise refused(
                f"{event_id} has two new starts: {starts[event_id]} and {when}.",
                hint="Give each appointment once.",
                fields=["appointments"],
            )
    return starts


async def _heir(org: OrgSession, name: str) -> str:
    """Return the Id of the user who gets the appointments; empty if none is named."""
    if not name:
        return ""
    [heir] = await calendars_of(org, [name], ["new_owner"])
    if not heir.is_person:
        raise refused(f"{heir.name} is a room, not a user.", hint="Give a user.", fields=["new_owner"])
    return heir.id


def _check(action: Action, goal: Goal, outcome: str, reason: str, follow_up: FollowUpData | None) -> None:
    """Refuse arguments that do not go together.

    Raises:
        InvalidArgumentError: One is missing, or is of another action.
        TimeError: `not_before` cannot be read.
    """
    shifts = bool(goal.shift_days or goal.shift_minutes)
    moves = bool(goal.starts or shifts or goal.next_free)
    problems = [
        (action == "move" and not moves, "move needs a new time", "Give StartDateTime, a shift, or next_free."),
        (bool(goal.starts) and shifts, "StartDateTime and a shift exclude each other", "Give one of them."),
        (bool(goal.not_before) and not goal.next_free, "not_before needs next_free", "Set next_free to day or week."),
        ((action == "hand_over") != bool(goal.new_owner), "new_owner goes with hand_over", "Give both, or neither."),
        ((action == "close") != bool(outcome), "outcome goes with close", "Give both, or neither."),
        (bool(reason) and action != "close", "reason goes with close", "Omit it."),
        (bool(follow_up) and action != "close", "follow_up goes with close", "Omit it."),
        (action in {"close", "delete"} and moves, f"{action} takes no new time", "Omit it."),
    ]
    for is_wrong, message, hint in problems:
        if is_wrong:
            raise refused(f"{message[0].upper()}{message[1:]}.", hint=hint)
    goal.check()


async def _lines(org: OrgSession, event_ids: Sequence[str], wanted: Filter, time_zone: str) -> list[Line]:
    if event_ids and not wanted.is_empty:
        raise refused("Appointments are given by Ids and by a filter.", hint="Give one of them.")
    if not event_ids:
        return [Line(each.id, each) for each in await chosen_by_filter(org, wanted, time_zone)]
    ids = list(dict.fromkeys(event_ids))
    found = {each.id: each for each in await chosen_by_id(org, ids)}
    return [
        Line(each, found.get(each), "" if each in found else "there is no such appointment: check the Id")
        for each in ids
    ]
