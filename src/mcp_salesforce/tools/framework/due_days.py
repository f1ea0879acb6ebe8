"""Due days in the past or far ahead: they are saved, and the answer asks about them.

They are not refused: what took place is recorded too. A model that takes the year from its training, and not from the
conversation, is wrong by a year or two.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final

from mcp_salesforce.appointments.times import TimeError, day_of

_ANYWHERE: Final = timedelta(hours=12)  # a day is not past as long as it lasts anywhere
_A_YEAR: Final = timedelta(days=366)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_DUE: Final = frozenset({
    "activity", "appointment", "callback", "close", "closing", "deadline", "due", "expected", "expiration", "expires",
    "expiry", "followup", "next", "planned", "reminder", "renewal", "sched", "schedule", "scheduled", "target",
})  # fmt: skip
_DONE: Final = frozenset({"actual", "closed", "completed", "created", "done", "last", "modified", "previous", "sent"})
_LONG_TERM: Final = frozenset({"close", "closing", "expected", "expiration", "expires", "expiry", "renewal", "target"})
_STATES: Final = ("status", "stagename")
_ENDED: Final = re.compile(r"(?<!not )\b(cancel\w*|closed|completed?|done|lost|won)\b(?!')", re.IGNORECASE)


def doubt_about_days(records: Sequence[Mapping[str, Any]], now: datetime) -> str:
    """Return a question about days of `records` that are past or more than a year ahead; empty without such days.

    These are the fields whose name says that something is in the future (`ActivityDate`, `CloseDate`, `Next_Visit__c`),
    in records whose status does not say that it is done.
    """
    found: dict[tuple[str, str], list[date]] = {}
    for record in records:
        for name, day, doubt in () if _is_ended(record) else _doubtful(record, now):
            found.setdefault((name, doubt), []).append(day)
    told = [
        f"{name} {min(days)} {doubt}" + (f" (in {len(days)} rows)" if len(days) > 1 else "")
        for (name, doubt), days in list(found.items())[:2]
    ]
    return f"{', '.join(told)}: ask the user whether day and year are right." if told else ""


def _doubtful(record: Mapping[str, Any], now: datetime) -> Iterator[tuple[str, date, str]]:
    for name, value in record.items():
        words = {word.casefold() for word in _WORD.findall(name.replace("Follow_Up", "Followup"))}
        if not isinstance(value, str) or not words & _DUE or words & _DONE:
            continue
        with suppress(TimeError):
            day = day_of(value)
            if day < (now - _ANYWHERE).date():
                yield name, day, "is past"
            elif day > (now + _A_YEAR).date() and not words & _LONG_TERM:
                yield name, day, "is more than a year ahead"


def _is_ended(record: Mapping[str, Any]) -> bool:
    return any(name.casefold() in _STATES and _ENDED.search(str(value)) for name, value in record.items())
