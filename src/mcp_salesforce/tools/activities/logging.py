"""Calls, e-mails, notes and to-dos: a Task with the fields and the subtype of its kind."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Final, Literal, cast

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.models import SObjectDescribe
from mcp_salesforce.spelling import in_words
from mcp_salesforce.tools.activities.statuses import status_of_done
from mcp_salesforce.tools.activities.toolset import activities
from mcp_salesforce.tools.framework.params import (
    Day,
    LongText,
    PersonReference,
    RecordData,
    SubjectReference,
    Text255,
    UserReference,
    data_schema,
)
from mcp_salesforce.tools.framework.toolset import CREATES, ToolContext, org_of
from mcp_salesforce.tools.lookups.record import create_record

Kind = Literal["call", "email", "note", "task"]
_SUBTYPES: Final = {"call": "Call", "email": "Email", "note": "Task", "task": "Task"}
_LENGTH: Final = "CallDurationInSeconds"
_SECONDS: Final = 60
_SUBTYPE: Final = "TaskSubtype"
_OF_CALLS: Final = ("CallType", "CallDisposition", _LENGTH)
_A_DAY: Final = timedelta(days=1)  # a day may have begun elsewhere


class ActivityData(RecordData):
    """The writable standard fields of a Task."""

    is_new: ClassVar[bool] = True
    picklists: ClassVar[frozenset[str]] = frozenset({"Status", "Priority"})
    Subject: Annotated[str, Field(min_length=1, max_length=255)]
    Description: LongText = None
    WhoId: PersonReference = None
    WhatId: SubjectReference = None
    OwnerId: UserReference = None
    ActivityDate: Day = None
    Status: Text255 = None
    Priority: Text255 = None
    CallDisposition: Text255 = None
    CallType: Text255 = None


class Activity(TypedDict):
    """The task that was made: the fields that have a value."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # read by Pydantic, not a key

    Id: str
    Subject: str


_TEXT: Final = {"type": "string"}
_Data = Annotated[
    ActivityData,
    data_schema(
        "Task fields: these, other standard fields, custom fields (X__c)",
        {
            "Subject": _TEXT,
            "WhoId": {**_TEXT, "description": "Contact or lead"},
            "WhatId": {**_TEXT, "description": "Account, opportunity, case or other"},
            "ActivityDate": {**_TEXT, "description": "Day it took place (default: today) or is due"},
            "Description": _TEXT,
            "CallDisposition": {**_TEXT, "description": "Result of a call"},
            "CallType": {**_TEXT, "enum": ["Inbound", "Outbound", "Internal"]},
            "OwnerId": _TEXT,
            "Status": _TEXT,
            "Priority": _TEXT,
        },
        ["Subject"],
    ),
]


@activities.tool(
    CREATES,
    title="Log an activity",
    hint="log a call, note down what was said, record an e-mail that was sent, add a to-do, task or reminder",
    example={"kind": "call", "data": {"Subject": "Asked for a quote", "WhoId": "003lo0000000001AAA"}, "minutes": 12},
)
async def log_activity(
    ctx: ToolContext,
    kind: Kind,
    data: _Data,
    minutes: Annotated[int, Field(ge=0, le=1440, description="Length of a call")] = 0,
    to_do: Annotated[bool, Field(description="Save it as not yet done; a task always is")] = False,
) -> Activity:
    """Save a call, a note, a task or an e-mail that was sent elsewhere, and return it. Sends no e-mail.

    Calls, e-mails and notes are saved as completed. For a meeting, use salesforce_create_appointment.
    """
    org = org_of(ctx)
    _check(kind, data, minutes)
    described = await org.schema.describe("Task")
    is_early, is_done = False, kind != "task" and not to_do
    if is_done and data.Status is None:
        data.Status = await status_of_done(org)
        is_early = bool(data.ActivityDate) and str(data.ActivityDate) > (org.now() + _A_DAY).date().isoformat()
    if is_done and data.ActivityDate is None:
        data.ActivityDate = org.now().astimezone(await org.zone()).date().isoformat()
    values = {**data.given(), **_of_kind(described, kind)}
    if minutes:
        values |= _length(described, values, minutes)
    parents = [parent for parent in ("Who", "What") if values.get(f"{parent}Id")]
    made = await create_record(org, "Task", values, allow_duplicate=True, parents=parents)
    notes = [
        made.get("note"),
        None if parents else "It is not linked to any record: WhoId and WhatId are empty.",
        f"It is saved as completed, but {data.ActivityDate} has not come; for a plan, set to_do." if is_early else None,
    ]
    if any(notes):
        made["note"] = " ".join(filter(None, notes))
    return cast("Activity", made)


def _check(kind: Kind, data: ActivityData, minutes: int) -> None:
    """Refuse what is of another kind, and what two arguments say differently.

    Raises:
        InvalidArgumentError: The call has such values.
    """
    values = {name: value for name, value in data.given().items() if value is not None}
    given = {name.casefold(): name for name in values}
    of_calls = [given[name.casefold()] for name in _OF_CALLS if name.casefold() in given]
    if kind != "call" and (minutes or of_calls):
        named = ["minutes"] * bool(minutes) + of_calls
        raise refused(
            f"{in_words(named)} {'is' if len(named) == 1 else 'are'} of calls; this is kind {kind}.",
            hint="Set kind to call, or omit this and write it into Description.",
            fields=named,
        )
    if minutes and _LENGTH.casefold() in given:
        raise refused(f"minutes sets {_LENGTH}.", hint="Give one of them.", fields=["minutes", _LENGTH])
    if (name := given.get(_SUBTYPE.casefold())) and values[name] != _SUBTYPES[kind]:
        raise refused(f"kind sets {_SUBTYPE}.", hint="Omit it, and give the right kind.", fields=[_SUBTYPE])


def _of_kind(described: SObjectDescribe, kind: Kind) -> dict[str, Any]:
    """Return the subtype, where the org has it: a task cannot get it later."""
    field, subtype = described.field(_SUBTYPE), _SUBTYPES[kind]
    if field is None or not field.createable or subtype not in [each.value for each in field.picklist_values]:
        return {}
    return {_SUBTYPE: subtype}


def _length(described: SObjectDescribe, values: dict[str, Any], minutes: int) -> dict[str, Any]:
    """Return where the length goes: into its own field, which not every org has, else behind the Description."""
    field = described.field(_LENGTH)
    if field and field.createable:
        return {_LENGTH: minutes * _SECONDS}
    return {"Description": f"{values.get('Description') or ''}\n{minutes} minutes".lstrip()}
