"""How an appointment ended: cancelled, no-show or completed, with its reason and a follow-up."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, NotRequired, cast

from pydantic import Field
from typing_extensions import TypedDict

from mcp_salesforce.appointments.outcomes import LONGEST_SUBJECT, WORDS, Outcome, marked, unmarked
from mcp_salesforce.appointments.spans import Span, shown, span_in
from mcp_salesforce.appointments.times import weekday
from mcp_salesforce.salesforce import SObjectDescribe
from mcp_salesforce.salesforce.api.sobjects import creating, retrieving, updating
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.models import FieldDescribe, SObjectRecord, record_of
from mcp_salesforce.spelling import did_you_mean, nearest
from mcp_salesforce.tools.answers.results import Change, Moment, flat_record
from mcp_salesforce.tools.appointments.child_events import check_is_no_copy
from mcp_salesforce.tools.appointments.series import check_is_no_series, is_lightning
from mcp_salesforce.tools.appointments.single import said_of, take_out
from mcp_salesforce.tools.appointments.toolset import appointments
from mcp_salesforce.tools.framework.follow_ups import BLANK_IS_NONE, FollowUpData, follow_up_schema
from mcp_salesforce.tools.framework.params import EventId
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import UPDATES, ToolContext, org_of
from mcp_salesforce.tools.lookups.record import difference, last_changed, outcome_of

_LONGEST_DESCRIPTION = 32_000
_USER = "005"
_TEXT_TYPES, _PICKLISTS = frozenset({"string", "textarea"}), frozenset({"picklist", "combobox"})
_STATUS_SETTING, _VALUES_SETTING, _REASON_SETTING = (
    f"SALESFORCE_APPOINTMENT_{name}" for name in ("STATUS_FIELD", "STATUS_VALUES", "REASON_FIELD")
)


class FollowUp(TypedDict):
    """The Task that was made, or was there already."""

    Id: str
    Subject: str
    due: Moment
    OwnerId: NotRequired[str]


class Closed(TypedDict):
    """What closing an appointment changed."""

    Id: str
    outcome: str
    changed: dict[str, Change]
    follow_up: NotRequired[FollowUp]
    note: NotRequired[str]


_OF_ONE = "List its appointments and close one{next}. To end the series, use salesforce_delete_appointment with scope."


_FollowUp = Annotated[
    FollowUpData | None,
    BLANK_IS_NONE,
    follow_up_schema("Creates a Task for the same contact, owned by the appointment's owner"),
]


@appointments.tool(
    UPDATES,
    title="Close an appointment",
    hint="cancel a meeting or booking, no-show, completed; follow-up task",
    example={"event_id": "00Ulo0000000001EAA", "outcome": "cancelled"},
)
async def close_appointment(
    ctx: ToolContext,
    event_id: EventId,
    outcome: Outcome,
    reason: Annotated[str, Field(max_length=4000)] = "",
    follow_up: _FollowUp = None,
) -> Closed:
    """Cancel an appointment (which frees its time), or mark it as no_show or completed. The record stays.

    To remove one that was made by mistake, use salesforce_delete_appointment.
    """
    org = org_of(ctx)
    event = await org.retrieve("Event", event_id)
    span = span_in(event)
    await check_is_no_copy(org, event)
    await check_is_no_series(org, event, _OF_ONE)
    if outcome == "no_show":
        await _check_has_begun(org, event, span)
    closed_as = org.outcome_fields.outcome_in(event)
    if closed_as and closed_as != outcome:
        raise _closed_otherwise(org, event, closed_as)
    values = await closing_values(org, event, outcome, reason, is_closed=closed_as is not None)
    task = task_after(event, outcome, follow_up) if follow_up else None
    existing = await _existing_task(org, task) if task and closed_as else None
    after, made = await _save(org, event_id, event, values, None if existing else task)
    told = cast("Closed", {"Id": after["Id"], "outcome": outcome})
    told["changed"] = difference(_compared(event_id, event, values), _compared(event_id, after, values))["changed"]
    if found := existing or made:
        told["follow_up"] = _told(found)
    taken_out = said_of(event, after["Id"]) if after["Id"] != event_id else ""
    if note := " ".join(filter(None, [taken_out, _note(closed_as, existing, values, after)])):
        told["note"] = note
    return told


async def closing_values(
    org: OrgSession, event: SObjectRecord, outcome: Outcome, reason: str, *, is_closed: bool = False
) -> dict[str, Any]:
    """Return the fields that close an appointment; of one that is closed already only its reason is written.

    Raises:
        InvalidArgumentError: A field of the settings cannot hold the outcome, or the reason has no room.
    """
    values: dict[str, Any] = {}
    if not is_closed:
        shows = _showing(event, outcome, span_in(event), org.now())
        values = shows | _status(org, await _event_fields(org), event, outcome)
    return values | await _kept_reason(org, {**event, **values}, outcome, reason.strip())


async def _check_has_begun(org: OrgSession, event: SObjectRecord, span: Span | None) -> None:
    if span and not has_begun(span, org.now()):
        start = shown(span, await org.zone("", event.get("OwnerId") or ""))["start"]
        raise refused(
            f"Nobody can have missed it yet: it starts on {start['weekday']}, {start['local']}.",
            hint="To cancel it, use cancelled.",
            fields=["outcome"],
        )


def has_begun(span: Span, now: datetime) -> bool:
    """Tell whether an appointment has begun; an all-day one begins with its day in UTC."""
    return span.start.date() <= now.date() if span.all_day else span.start <= now


def _closed_otherwise(org: OrgSession, event: SObjectRecord, closed_as: Outcome) -> Exception:
    where = f"{org.outcome_fields.status}=null" if org.outcome_fields.status else "Subject without the marker"
    return refused(
        f"It is closed as {closed_as} already: {unmarked(event.get('Subject') or '')[:60]}. Nothing was changed.",
        code="ALREADY_CLOSED",
        hint=f"If that was wrong, salesforce_update_appointment with {where} and ShowAs opens it; then close it again.",
        fields=["outcome"],
    )


def _showing(event: SObjectRecord, outcome: Outcome, span: Span | None, now: datetime) -> dict[str, Any]:
    """Free the time, unless it was used: a completed appointment that has begun stays as it is."""
    used = outcome == "completed" and (span is None or has_begun(span, now))
    return {} if used or event.get("ShowAs") == "Free" else {"ShowAs": "Free"}


async def _event_fields(org: OrgSession) -> SObjectDescribe | None:
    named = org.outcome_fields.status or org.outcome_fields.reason
    return await org.schema.describe("Event") if named else None


def _status(
    org: OrgSession, describe: SObjectDescribe | None, event: SObjectRecord, outcome: Outcome
) -> dict[str, Any]:
    """Return what says the outcome: the org's status field, else the marker in front of the Subject."""
    fields = org.outcome_fields
    if not fields.status or describe is None:
        subject = event.get("Subject") or ""
        told = marked(subject, outcome)
        if len(subject) + len(WORDS[outcome]) + 2 <= LONGEST_SUBJECT:
            return {"Subject": told}
        return {"Subject": told, "Description": _appended(event, f"Subject: {subject}")}
    field = _writable(describe, fields.status, _STATUS_SETTING, _TEXT_TYPES | _PICKLISTS)
    value = fields.values[outcome]
    allowed = [each.value for each in field.picklist_values if each.active]
    if field.type in _PICKLISTS and value not in allowed:
        raise refused(
            f"{field.name} has no active value {value!r} for {outcome}.",
            code="MISCONFIGURED",
            hint=f"Set {_VALUES_SETTING}; {field.name} has: {', '.join(allowed)}.",
        )
    return {field.name: value}


def _writable(describe: SObjectDescribe, name: str, setting: str, types: frozenset[str]) -> FieldDescribe:
    """Return the field that a setting names."""
    field = describe.field(name)
    if field and field.updateable and field.type in types:
        return field
    wrong = "Event has no such field, or this user cannot see it"
    if field:
        wrong = f"it is of type {field.type}" if field.updateable else "this user may not change it"
    near = did_you_mean(nearest(name, [each.name for each in describe.fields if each.custom])) if not field else ""
    raise refused(f"{setting} names {name}, but {wrong}.", code="MISCONFIGURED", hint=near or f"Correct {setting}.")


async def _kept_reason(org: OrgSession, event: SObjectRecord, outcome: Outcome, reason: str) -> dict[str, Any]:
    """Return where the reason goes: into the org's field for it, else behind the Description."""
    if not reason:
        return {}
    name = org.outcome_fields.reason
    describe = await _event_fields(org) if name else None
    if describe is None:
        return {"Description": _appended(event, f"{WORDS[outcome]}: {reason}")}
    field = _writable(describe, name, _REASON_SETTING, _TEXT_TYPES | _PICKLISTS)
    allowed = [each.value for each in field.picklist_values if each.active]
    if field.restricted_picklist and reason not in allowed:
        raise refused(f"{field.name} does not take that reason.", hint=f"One of: {', '.join(allowed)}.")
    if field.length and len(reason) > field.length:
        raise refused(f"The reason has {len(reason)} characters; {field.name} has room for {field.length}.")
    return {field.name: reason}


def _appended(event: SObjectRecord, line: str) -> str:
    """Return the Description with `line` as its last one; it is not written twice."""
    before = (event.get("Description") or "").rstrip()
    if line in before.splitlines() or before.endswith(line):
        return before
    text = f"{before}\n{line}".lstrip()
    if len(text) > _LONGEST_DESCRIPTION:
        raise refused(
            f"The Description is full: {_LONGEST_DESCRIPTION - len(before)} characters are left for the reason.",
            hint="Shorten the reason.",
            fields=["reason"],
        )
    return text


def task_after(event: SObjectRecord, outcome: Outcome, follow_up: FollowUpData) -> dict[str, Any]:
    """Return the Task to make: about the same person and record, for the owner unless another is given."""
    owner = {"OwnerId": event["OwnerId"]} if str(event.get("OwnerId")).startswith(_USER) else {}
    about = {name: event[name] for name in ("WhoId", "WhatId") if event.get(name)}
    subject = f"Follow up ({WORDS[outcome].lower()}): {unmarked(event.get('Subject') or 'appointment')}"
    return {"Subject": subject[:LONGEST_SUBJECT], **owner, **about, **follow_up.given()}


async def _existing_task(org: OrgSession, task: Mapping[str, Any]) -> SObjectRecord | None:
    """Return the open Task of these values: an earlier call made it, whose answer may have been lost."""
    known = {name: task.get(name) for name in ("Subject", "WhoId", "WhatId")}
    conditions = [f"{name} = {quote(value)}" for name, value in known.items()]
    conditions += [f"ActivityDate = {task['ActivityDate']}", "IsClosed = false"]
    where = " AND ".join(conditions)
    found = await org.client.queries.query(
        f"SELECT Id, Subject, ActivityDate, OwnerId FROM Task WHERE {where} LIMIT 1"  # noqa: S608 - SOQL, values quoted
    )
    return found.records[0] if found.records else None


async def _save(
    org: OrgSession,
    event_id: str,
    event: SObjectRecord,
    values: Mapping[str, Any],
    task: Mapping[str, Any] | None,
) -> tuple[SObjectRecord, SObjectRecord | None]:
    """Change the event and make the task, together or not at all; return the event as it is then, and the task.

    One to come of a Lightning series is taken out of it: the event is another one then.
    """
    span = span_in(event)
    if values and is_lightning(event) and span and span.start > org.now():
        single_id, made = await take_out(org, event, values, [creating("Task", task)] if task else [])
        return {**event, **values, "Id": single_id}, {**(task or {}), "Id": record_of(made[0])["id"]} if made else None
    calls = [updating("Event", event_id, values, unmodified_since=last_changed(event))] if values else []
    if task:
        calls.append(creating("Task", task))
    if not calls:
        return event, None
    calls.append(retrieving("Event", event_id))
    if not task:
        _, after = await org.client.composite.run_led(calls)
        return outcome_of(after, {**event, **values}), None
    replies = await org.client.composite.run_all_or_none(calls)
    return record_of(replies[-1]), {**task, "Id": record_of(replies[-2])["id"]}


def _compared(event_id: str, record: SObjectRecord, values: Mapping[str, Any]) -> dict[str, Any]:
    flat = flat_record(record)
    return {"Id": event_id, **{name: flat.get(name) for name in values}}


def _told(task: SObjectRecord) -> FollowUp:
    due = date.fromisoformat(task["ActivityDate"])
    told: FollowUp = {
        "Id": task["Id"],
        "Subject": task["Subject"],
        "due": {"local": due.isoformat(), "weekday": weekday(due)},
    }
    if task.get("OwnerId"):
        told["OwnerId"] = task["OwnerId"]
    return told


def _note(
    closed_as: Outcome | None, existing: SObjectRecord | None, values: Mapping[str, Any], after: SObjectRecord
) -> str:
    """Return what is not as the caller may think."""
    said = []
    if closed_as:
        said.append(f"It was {closed_as} already" + ("." if values else "; the appointment is unchanged."))
    if existing:
        said.append("An open Task like this existed; no second one was created.")
    if unread := after.get("warning"):
        said.append(unread)
    return " ".join(said)
