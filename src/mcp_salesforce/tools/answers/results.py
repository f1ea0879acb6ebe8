"""What tools return: shapes described once, compact, without invisible characters."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Annotated, Any, NotRequired, TypeAlias, TypeVar, cast
from zoneinfo import ZoneInfo

import orjson
from mcp_types import CallToolResult, TextContent
from pydantic import AfterValidator, ConfigDict, WithJsonSchema
from typing_extensions import TypedDict

from mcp_salesforce.tools.answers.budgets import within

# Zero-width joiners stay between letters of scripts that are written with them (and inside emoji).
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    "|(?<![^\x00-\u02ff\u200b-\u200f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\u02ff\u200b-\u200f])"
)
_ESCAPED = "\\u00"  # how JSON writes a control character
# Each type is named, and open, because some hosts take a schema that says nothing for a mistake or for "empty".
_NOT_LISTS: list[dict[str, Any]] = [
    *({"type": name} for name in ("string", "number", "boolean", "null")),
    {"type": "object", "additionalProperties": True},
]
FieldValue = Annotated[Any, WithJsonSchema({"anyOf": [*_NOT_LISTS, {"type": "array", "items": {"anyOf": _NOT_LISTS}}]})]


def _row(values: list[Any]) -> list[Any]:
    """Return a row of field values: one may be a list, and none a list of lists."""
    if any(type(value) is list and any(type(entry) is list for entry in value) for value in values):
        raise ValueError
    return values


Row: TypeAlias = Annotated[list[FieldValue], AfterValidator(_row)]  # a check of each value would take ten times as long
SingleValue = Annotated[FieldValue, AfterValidator(lambda value: _row([value])[0])]
Cell: TypeAlias = str | int | None
"""A value of a row that is not a field of a record."""
_TOLERANCE = 1.25  # how much longer than the budget an answer may be before texts in it are cut
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\.\d{3}\+0000)", re.ASCII)  # as Salesforce and `plain` write
_TIME_LENGTH, _WHOLE_SECOND_UTC = 28, ".000+0000"

Text: TypeAlias = str | None
"""A text field of a record: null where it was asked for, and is empty."""
Conforming: TypeAlias = Callable[[Mapping[str, Any]], bool]
Result = TypeVar("Result", bound=Mapping[str, Any])


class Rows(TypedDict):
    """Records as columns and rows."""

    columns: list[str]
    rows: list[Row]
    time_zone: NotRequired[str]
    total: NotRequired[int]
    left_out: NotRequired[int]
    next_cursor: NotRequired[str]
    note: NotRequired[str]


class Contact(TypedDict):
    """A contact: the fields that have a value."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # read by Pydantic, not a key

    Id: str
    Name: NotRequired[Text]
    Email: NotRequired[Text]
    Phone: NotRequired[Text]
    AccountId: NotRequired[Text]
    OwnerId: NotRequired[Text]


class Moment(TypedDict):
    """One end of an appointment; if `local` is a day, there is no utc."""

    utc: NotRequired[str]
    local: str
    weekday: str


class Appointment(TypedDict):
    """An appointment: its times, and the fields that have a value."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # read by Pydantic, not a key

    Id: str
    Subject: NotRequired[Text]
    start: NotRequired[Moment]
    end: NotRequired[Moment]
    time_zone: NotRequired[str]
    all_day: NotRequired[bool]
    WhoId: NotRequired[Text]
    WhatId: NotRequired[Text]
    OwnerId: NotRequired[Text]
    recurrence: NotRequired[str]
    occurrences: NotRequired[int]
    first_occurrences: NotRequired[list[str]]
    first_ids: NotRequired[list[str]]
    warning: NotRequired[str]
    note: NotRequired[str]


class Change(TypedDict):
    """A field's value before and after."""

    before: SingleValue
    after: SingleValue


class Updated(TypedDict):
    """What changed; unchanged fields are not listed."""

    Id: str
    changed: dict[str, Change]
    time_zone: NotRequired[str]
    recurrence: NotRequired[str]
    occurrences: NotRequired[int]
    first_occurrences: NotRequired[list[str]]
    first_ids: NotRequired[list[str]]
    warning: NotRequired[str]
    note: NotRequired[str]


class Alongside(TypedDict, total=False):
    """The child records of a deletion, counted by object; of appointments also the calendars and the future ones."""

    also_deleted: dict[str, int]
    calendars: list[str]
    to_come: int


class Deleted(Alongside):
    """What went to the recycle bin."""

    Id: str
    deleted: bool


class DeletedAppointment(TypedDict):
    """What went to the recycle bin; `calendars` are of invited users."""

    Id: str
    deleted: bool
    occurrences: NotRequired[int]
    dates: NotRequired[list[str]]
    note: NotRequired[str]
    calendars: NotRequired[list[str]]


class Allowed(TypedDict):
    """What the settings allow; `read_only` is present if writing is off, `policy` if there is one."""

    toolsets: list[str]
    read_only: NotRequired[bool]
    policy: NotRequired[str]


def answer(
    result: Mapping[str, Any], budget_bytes: int | None = None, is_conforming: Conforming = lambda _: True
) -> CallToolResult:
    """Return `result` as structured content and, for hosts that show only text, as the same in compact JSON.

    An answer over the budget is cut and says so, as long as it conforms to the output schema: `is_conforming` tells.
    """
    shown, json = seen(result, budget_bytes, is_conforming)
    return CallToolResult(content=[TextContent(type="text", text=json)], structured_content=shown)


def seen(
    result: Mapping[str, Any], budget_bytes: int | None = None, is_conforming: Conforming = lambda _: True
) -> tuple[Mapping[str, Any], str]:
    """Return `result` without invisible characters, cut to the budget, and its compact JSON."""
    json = orjson.dumps(result).decode()
    if _ESCAPED in json or not json.isascii():
        result = visible(result)
        json = orjson.dumps(result).decode()
    if budget_bytes and len(json.encode()) > budget_bytes * _TOLERANCE:
        result = within(result, budget_bytes, is_conforming)
        json = orjson.dumps(result).decode()
    return result, json


def visible(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return `value` without invisible and bidirectional control characters, at any depth."""
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else _HIDDEN.sub("", value)
    if isinstance(value, dict):
        return {visible(key): visible(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [visible(entry) for entry in value]
    return value


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a field's value without its envelope: UTC times end in Z, objects lose nulls, children become rows."""
    if isinstance(value, str):
        return f"{value[:19]}Z" if len(value) == _TIME_LENGTH and value.endswith(_WHOLE_SECOND_UTC) else value
    if not isinstance(value, dict):
        return value
    if "records" in value:
        children = table(value["records"])
        if not value.get("done", True):
            children["total"] = value["totalSize"]
            children["next_cursor"] = value["nextRecordsUrl"]
        return children
    return {key: plain(entry) for key, entry in value.items() if key != "attributes" and entry is not None}


def localised(result: Result, zone: ZoneInfo | None) -> Result:
    """Return `result` with local times and their offset instead of UTC, and the zone; None leaves it unchanged."""
    return cast("Result", {"time_zone": zone.key, **_localised(result, zone)}) if zone else result


def _localised(value: Any, zone: ZoneInfo) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str) and _UTC.fullmatch(value):
        try:
            return datetime.fromisoformat(value).astimezone(zone).isoformat(timespec="seconds")
        except (ValueError, OverflowError):
            return value  # a text that only looks like a time
    if isinstance(value, dict):
        return {key: _localised(entry, zone) for key, entry in value.items()}
    return [_localised(entry, zone) for entry in value] if isinstance(value, list) else value


def record_of(record: Mapping[str, Any], *, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return one record's fields that have a value; a standard checkbox that is not ticked has none."""
    return {name: plain(value) for name, value in record.items() if name not in leave_out and is_shown(name, value)}


def is_shown(name: str, value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Tell whether a field has a value to show."""
    return value is not None and (value is not False or name.endswith("__c"))


def flat_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return one record's fields, empty ones included; a parent's as `Account.Name`."""
    flat: dict[str, Any] = {}
    _flatten(record, "", flat)
    return flat


def table(records: Sequence[Mapping[str, Any]], asked: Sequence[str] = ()) -> Rows:
    """Return records as columns and rows; a parent's fields become columns such as `Account.Name`.

    `asked` orders the columns and keeps those whose value is null in every record.
    """
    flat = [flat_record(record) for record in records]
    found = {name.casefold(): name for name in dict.fromkeys(chain.from_iterable(flat))}
    columns = [found.get(name.casefold(), name) for name in asked] or _without_null_parents(list(found.values()))
    if (
        not asked and records
    ):  # a record keeps the place of a parent that it has not, so any one tells the query's order
        place = {name: at for at, name in enumerate(records[0])}
        columns.sort(key=lambda column: place.get(column.partition(".")[0], len(place)))
    return {"columns": columns, "rows": [[*map(row.get, columns)] for row in flat]}


def _flatten(record: Mapping[str, Any], prefix: str, flat: dict[str, Any]) -> None:
    for name, value in record.items():
        if isinstance(value, str):  # most values are texts: no call for each of them
            is_time = len(value) == _TIME_LENGTH and value.endswith(_WHOLE_SECOND_UTC)
            flat[prefix + name] = f"{value[:19]}Z" if is_time else value
        elif not isinstance(value, dict):
            flat[prefix + name] = value
        elif "attributes" in value:
            _flatten(value, f"{prefix}{name}.", flat)
        elif name != "attributes":
            flat[prefix + name] = plain(value)


def _without_null_parents(columns: list[str]) -> list[str]:
    """Leave out `Account` where `Account.Name` is there too: some rows have the parent, and others have none."""
    parents = {column[:at] for column in columns for at, character in enumerate(column) if character == "."}
    return [column for column in columns if column not in parents]
