"""By what appointments are counted: owner, room, period, outcome, or any field of Event, and how a value is shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from mcp_salesforce.appointments.counting import PERIODS, Key, Period, period_of
from mcp_salesforce.appointments.outcomes import OutcomeFields, unmarked
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.models import FieldDescribe, SObjectDescribe
from mcp_salesforce.spelling import did_you_mean, nearest
from mcp_salesforce.tools.framework.session import OrgSession

OWNER, ROOM, OUTCOME, _TYPE, _SUBJECT = "owner", "room", "outcome", "type", "Subject"
WORDS: Final = (OWNER, ROOM, *PERIODS, OUTCOME, _TYPE)
OPEN: Final = "open"
_MOST_NAMED: Final = 5
_UNCOUNTABLE: Final = frozenset({"textarea", "address", "location", "base64", "datetime", "id", "encryptedstring"})


@dataclass(frozen=True, slots=True)
class Grouping:
    """What is counted by, in order.

    Attributes:
        by: `owner`, `room`, `day`, `week`, `month`, `outcome`, or the name of a field.
        columns: The field of each that is one, and of a reference the path to its name, by the entry of `by`.
        names: How a key's value is shown, by entry and value, where that is not itself.
    """

    by: Sequence[str]
    columns: Mapping[str, tuple[str, str]]
    names: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def period(self) -> Period | None:
        """The period that is counted by, if one is."""
        return next((each for each in PERIODS if each in self.by), None)

    @property
    def fields(self) -> list[str]:
        """The fields to read."""
        return [name for pair in self.columns.values() for name in pair if name]

    def keys_of(
        self, event: Mapping[str, Any], day: date, rooms: Sequence[str], outcomes: OutcomeFields
    ) -> Sequence[Key]:
        """Return the keys that an event is counted under: one, or one for each of its rooms."""
        keys: list[Key] = [()]
        for each in self.by:
            values: Sequence[str | None]
            if each == ROOM:
                values = rooms or [None]
            elif each in PERIODS:
                values = [period_of(day, each)]
            elif each == OUTCOME:
                values = [outcomes.outcome_in(event) or OPEN]
            else:
                values = [self._value(each, event)]
            keys = [(*key, value) for key in keys for value in values]
        return keys

    def shown(self, keys: Sequence[Key]) -> list[list[str | None]]:
        """Return the keys as rows show them; of two of one name each has its Id too."""
        shown: list[list[str | None]] = [[] for _ in keys]
        for place, each in enumerate(self.by):
            names = self.names.get(each, {})
            values = {key[place] for key in keys if key[place] is not None}
            count = Counter(names.get(value or "", value) for value in values)
            for key, row in zip(keys, shown, strict=True):
                value = key[place]
                name = names.get(value, value) if value is not None else None
                row.append(f"{name} ({value})" if count[name] > 1 and name != value else name)
        return shown

    def name(self, each: str, value: str, shown: str) -> None:
        """Keep how a value is shown."""
        self.names.setdefault(each, {})[value] = shown

    def _value(self, each: str, event: Mapping[str, Any]) -> str | None:
        field, path = self.columns[each]
        value = _at(event, field)
        if value is None:
            return None
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if field == _SUBJECT:
            return unmarked(text).strip() or None
        if path and (named := _at(event, path)):
            self.name(each, text, str(named))
        return text


def _at(event: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - a field's value
    value: Any = event
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


async def grouping_of(org: OrgSession, by: Sequence[str]) -> Grouping:
    """Return what `by` means."""
    entries: dict[str, tuple[str, str]] = {}
    meant: list[str] = []
    for text in by:
        word = text.strip().casefold()
        if word in WORDS and word != _TYPE:
            if word == OWNER:
                entries[OWNER] = ("OwnerId", "Owner.Name")
            meant.append(word)
            continue
        field = await _field(org, text.strip())
        relationship = f"{field.relationship_name}.Name" if field.relationship_name else ""
        await org.require_shown("Event", [each for each in (field.name, relationship) if each])
        entries[field.name] = (field.name, relationship)
        meant.append(field.name)
    if len(set(PERIODS) & set(meant)) > 1:
        raise refused("by has several periods.", hint="Give only one of day, week and month.", fields=["by"])
    return Grouping(list(dict.fromkeys(meant)), entries)


async def _field(org: OrgSession, name: str) -> FieldDescribe:
    """Return the field that a name means; `type` is Type where Event has it, else the record type."""
    described = await org.schema.describe("Event")
    found = described.field(name)
    if found is None and name.casefold() == _TYPE:
        found = described.field("RecordTypeId")
    if found is None and name.casefold() != _TYPE:
        await org.require_shown("Event", [name])  # a hidden one is refused as that
    if found and found.type not in _UNCOUNTABLE:
        return found
    problem = f"Event has no {name} here" if found is None else f"Appointments cannot be counted by {found.name}"
    known = [*WORDS, *(each.name for each in described.fields)]
    near = did_you_mean(nearest(name, known)) if found is None and name.casefold() != _TYPE else ""
    raise refused(f"{problem}.", code="INVALID_FIELD", hint=near or _choices(described), fields=["by"])


def _choices(described: SObjectDescribe) -> str:
    listed = [each.name for each in described.fields if each.custom and each.type == "picklist"][:_MOST_NAMED]
    return f"Count by {', '.join([OWNER, ROOM, *PERIODS, OUTCOME, _SUBJECT, *listed])}."
