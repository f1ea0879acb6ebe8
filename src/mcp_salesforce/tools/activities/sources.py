"""Where a timeline's entries come from: which objects, in which order, and what of them is about a record.

All sources together are one order, the newest first: by the moment of an entry, then by its object, then by its Id. A
task has a day and no time: its moment is midnight UTC, and one without a day comes last.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.outcomes import OutcomeFields
from mcp_salesforce.appointments.spans import shown, span_in
from mcp_salesforce.appointments.times import local_text
from mcp_salesforce.salesforce.literals import quote

UNDATED: Final = datetime(1, 1, 1, tzinfo=UTC)
_TIMES: Final = ("StartDateTime", "EndDateTime", "IsAllDayEvent", "ActivityDate")
_OF_SUBTYPE: Final = {"Call": "call", "Email": "email", "ListEmail": "email"}
NAMES: Final = ("Who.Name", "What.Name", "Owner.Name")

Position = tuple[datetime, str]
"""The moment and the Id of an entry."""
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """One object of a timeline.

    Attributes:
        sobject: Its API name.
        prefix: The first characters of its Ids.
        order_by: The field with the moment, or the day, of an entry.
        fields: What else is read.
        told: Gives kind, when, subject and status of a record, in a zone.
        is_day: Whether `order_by` is a day, which may be missing.
        conditions: What is left out.
    """

    sobject: str
    prefix: str
    order_by: str
    fields: Sequence[str]
    told: Callable[[Record, ZoneInfo, OutcomeFields], dict[str, Any]]
    is_day: bool = False
    conditions: Sequence[str] = ()

    def moment(self, record: Record) -> datetime:
        """Return the moment of an entry."""
        value = record.get(self.order_by)
        if not value:
            return UNDATED
        return _midnight(date.fromisoformat(value)) if self.is_day else datetime.fromisoformat(value)

    def soql(self, about: str, limit: int, after: Position | None) -> str:
        """Return the query for `limit` entries that `about` is true of, behind a position."""
        conditions = [about, *self.conditions, *([self._behind(after)] if after else [])]
        fields = ", ".join(dict.fromkeys(["Id", self.order_by, *self.fields]))
        order = f"{self.order_by} DESC NULLS LAST, Id DESC"
        return f"SELECT {fields} FROM {self.sobject} WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT {limit}"  # noqa: S608

    def is_over(self, after: Position | None) -> bool:
        """Tell whether all entries that have a moment come before a position, and this source has only such."""
        return after is not None and after[0] == UNDATED and not self.is_day

    def _behind(self, after: Position) -> str:
        moment, last = after
        name, prefix = self.order_by, last[: len(self.prefix)]
        same = f"Id < {quote(last)}" if prefix == self.prefix else ""  # of the same moment
        takes_same = prefix > self.prefix
        if not self.is_day:
            later = f"{name} {'<=' if takes_same else '<'} {quote(moment)}"
            return f"({later} OR ({name} = {quote(moment)} AND {same}))" if same else later
        if moment == UNDATED:
            return f"({name} = null AND {same})" if same else f"{name} = null"
        day = quote(moment.date())
        at_midnight = moment == _midnight(moment.date())
        earlier = f"{name} {'<=' if takes_same or not at_midnight else '<'} {day}"
        tied = f" OR ({name} = {day} AND {same})" if same and at_midnight else ""
        return f"({earlier}{tied} OR {name} = null)"


def order_of(source: Source, record: Record) -> tuple[datetime, str, str]:
    """Return what an entry is sorted by, the greatest first."""
    return source.moment(record), source.prefix, record["Id"]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _appointment(record: Record, zone: ZoneInfo, outcomes: OutcomeFields) -> dict[str, Any]:
    span = span_in(record)
    when = shown(span, zone)["start"]["local"] if span else None
    return {"kind": "appointment", "when": when, "status": outcomes.outcome_in(record)}


def _task(record: Record, _zone: ZoneInfo, _outcomes: OutcomeFields) -> dict[str, Any]:
    kind = _OF_SUBTYPE.get(record.get("TaskSubtype") or "", "task")
    return {"kind": kind, "when": record.get("ActivityDate"), "status": record.get("Status")}


def _mail(record: Record, zone: ZoneInfo, _outcomes: OutcomeFields) -> dict[str, Any]:
    when = local_text(datetime.fromisoformat(record["MessageDate"]), zone) if record.get("MessageDate") else None
    return {"kind": "email", "when": when, "status": "received" if record.get("Incoming") else "sent"}


def _note(record: Record, zone: ZoneInfo, _outcomes: OutcomeFields) -> dict[str, Any]:
    title = record.get("Title") or (record.get("ContentDocument") or {}).get("Title")
    created = record.get("CreatedDate") or record.get("SystemModstamp")
    when = local_text(datetime.fromisoformat(created), zone) if created else None
    return {"kind": "note", "when": when, "Subject": title}


EVENT: Final = Source(
    "Event",
    "00U",
    "StartDateTime",
    ("Subject", *_TIMES, *NAMES),
    _appointment,
    conditions=("IsChild = false", "IsRecurrence = false", "GroupEventType != '3'", "IsDeleted = false"),
)
TASK: Final = Source(
    "Task",
    "00T",
    "ActivityDate",
    ("Subject", "Status", "TaskSubtype", *NAMES),
    _task,
    is_day=True,
    conditions=("IsRecurrence = false", "IsDeleted = false"),
)
EMAIL: Final = Source(
    "EmailMessage",
    "02s",
    "MessageDate",
    ("Subject", "Incoming"),
    _mail,
    conditions=("ActivityId = null",),  # a task tells the others
)
NOTE: Final = Source("Note", "002", "CreatedDate", ("Title", "Owner.Name"), _note, conditions=("IsDeleted = false",))
CONTENT_NOTE: Final = Source(
    "ContentDocumentLink",
    "06A",
    "SystemModstamp",
    ("ContentDocument.Title",),
    _note,
    conditions=("ContentDocument.FileType = 'SNOTE'",),
)
