"""How answers show an appointment: with its times, weekdays and zone, without empty fields."""

from collections.abc import Mapping
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.spans import Span, shown, span_in
from mcp_salesforce.tools.answers.results import Appointment, flat_record
from mcp_salesforce.tools.appointments.data import TIME_FIELDS
from mcp_salesforce.tools.lookups.record import shown_record

_SAID_BY_START_AND_END: Final = frozenset({*TIME_FIELDS, "ActivityDateTime", "EndDate"})
_LEFT_OUT: Final = _SAID_BY_START_AND_END | {"GroupEventType", "EventSubtype", "Recurrence2PatternVersion"}


def appointment_of(record: Mapping[str, Any], zone: ZoneInfo) -> Appointment:
    """Return a record of Salesforce as a model reads it: times in `zone`, the fields that have a value."""
    return cast("Appointment", _with_times(shown_record(record, _LEFT_OUT), span_in(record), zone))


def warned(told: Appointment, *warnings: str) -> Appointment:
    """Return the answer with one more warning, or several; empty ones are none."""
    said = [told.get("warning", ""), *warnings]
    return {**told, "warning": " ".join(filter(None, said))} if any(said) else told


def compared(event_id: str, record: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Return a record so that it can be compared with another state of itself: empty fields included."""
    values = {name: value for name, value in flat_record(record).items() if name not in _SAID_BY_START_AND_END}
    return {"Id": event_id, **_with_times(values, span_in(record), zone)}


def _with_times(values: dict[str, Any], span: Span | None, zone: ZoneInfo) -> dict[str, Any]:
    """Return the fields with `start` and `end` behind Id and Subject, where a model looks first."""
    first: dict[str, Any] = {name: values.pop(name) for name in ("Id", "Subject") if name in values}
    return {**first, **(shown(span, zone) if span else {}), **values}
