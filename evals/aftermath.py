"""What became of an org: every record before and after, what a task expects of it, and what is damage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.standard.definitions import words

BY_THE_ORG = frozenset(
    words("""
    SystemModstamp LastModifiedDate LastModifiedById LastActivityDate LastViewedDate LastReferencedDate
    CompletedDateTime LastStageChangeDate Fiscal FiscalQuarter FiscalYear Probability ExpectedRevenue
    ForecastCategory ForecastCategoryName LastAmountChangedHistoryId LastCloseDateChangedHistoryId
    HasOpenActivity HasOverdueTask Event.ActivityDate Event.ActivityDateTime Event.DurationInMinutes
    Event.EndDate Event.AccountId Task.AccountId
    """)
)
"""Fields, some of one object alone, that follow from others or say only that there was a change."""
Records = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Difference:
    """How one record differs: `created`, `changed` or `deleted`, and its fields now or before."""

    sobject: str
    kind: str
    record: Mapping[str, Any]
    fields: Mapping[str, Any]


def records_of(org: LocalOrg) -> Records:
    """Return the records of an org by object and Id, without deleted ones and the hidden ones of whole series."""
    hidden = {str(row["_master"]) for row in org.store.rows("SELECT DISTINCT _master FROM Event WHERE IsChild = 0")}
    return {
        sobject.name: {
            str(row["Id"]): dict(row)
            for row in org.store.rows(f'SELECT * FROM "{sobject.name}"')
            if not (sobject.field("IsDeleted") and row["IsDeleted"]) and row["Id"] not in hidden
        }
        for sobject in org.schema
    }


def differences(before: Records, after: Records) -> dict[str, Difference]:
    """Return what differs, by Id."""
    found = {}
    for sobject, now in after.items():
        for record_id, record in now.items():
            was = before[sobject].get(record_id)
            if was is None:
                found[record_id] = Difference(sobject, "created", record, record)
            elif changed := {
                key: value for key, value in record.items() if value != was[key] and _is_set(sobject, key)
            }:
                found[record_id] = Difference(sobject, "changed", record, changed)
        for record_id in before[sobject].keys() - now.keys():
            found[record_id] = Difference(sobject, "deleted", before[sobject][record_id], {})
    return found


def _is_set(sobject: str, field: str) -> bool:
    return not (field.startswith("_") or {field, f"{sobject}.{field}"} & BY_THE_ORG)


class Aftermath:
    """Collects what a task misses; each difference that it does not expect is damage."""

    def __init__(self, before: Records, after: Records, answer: str) -> None:
        """Compare an org with its start state; `answer` is what the model said last."""
        self.now = after
        self.answer = answer
        self.missing: list[str] = []
        self._unexpected = differences(before, after)

    def created(self, sobject: str, **fields: Any) -> str:  # noqa: ANN401 - values of fields, or what they must meet
        """Expect a new record with these values; return its Id, or an empty text."""
        found = self.created_if_any(sobject, **fields)
        self.expect(bool(found), f"no {sobject} was created with {_shown(fields)}")
        return found

    def created_if_any(self, sobject: str, **fields: Any) -> str:  # noqa: ANN401 - as `created`
        """Allow a new record with these values; return its Id, or an empty text."""
        for record_id, each in self._unexpected.items():
            if (each.sobject, each.kind) == (sobject, "created") and _meets(each.record, fields):
                del self._unexpected[record_id]
                return record_id
        return ""

    def changed(self, record_id: str, *may_change: str, **fields: Any) -> None:  # noqa: ANN401 - as `created`
        """Expect a record to have these values now; `may_change` are fields whose values do not matter."""
        change = self._unexpected.get(record_id)
        if change is None or change.kind != "changed" or not _meets(change.record, fields):
            self.missing.append(f"{record_id} did not get {_shown(fields)}")
        if change and change.kind == "changed" and change.fields.keys() <= {*fields, *may_change}:
            del self._unexpected[record_id]

    def deleted(self, record_id: str) -> None:
        """Expect a record to be gone."""
        change = self._unexpected.get(record_id)
        if change and change.kind == "deleted":
            del self._unexpected[record_id]
        else:
            self.missing.append(f"{record_id} is still there")

    def expect(self, is_so: bool, otherwise: str) -> None:
        """Expect anything else."""
        if not is_so:
            self.missing.append(otherwise)

    def says(self, *texts: str) -> None:
        """Expect the answer to have each of these texts, in any case."""
        for text in texts:
            self.expect(text.casefold() in self.answer.casefold(), f"the answer does not say {text!r}")

    @property
    def damage(self) -> list[str]:
        """What was done to records that the task does not concern, or to fields of others."""
        return [
            f"{each.kind} {each.sobject} {record_id}" + (f" ({', '.join(sorted(each.fields))})" if each.fields else "")
            if each.kind == "changed"
            else f"{each.kind} {each.sobject} {record_id}"
            for record_id, each in self._unexpected.items()
            if (each.sobject, each.kind) != ("EventRelation", "deleted")  # goes with its event
        ]


def _meets(record: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return all(_is(record.get(name), wanted) for name, wanted in fields.items())


def _is(value: Any, wanted: Any) -> bool:  # noqa: ANN401 - as `created`
    if isinstance(wanted, datetime):
        return value is not None and moment(value) == wanted
    return bool(wanted(value)) if isinstance(wanted, Callable) else value == wanted  # type: ignore[arg-type]


def _shown(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {'as asked' if callable(wanted) else wanted}" for name, wanted in fields.items())


def moment(value: str) -> datetime:
    """Return a time that the org stores."""
    return datetime.fromisoformat(value.replace("+0000", "+00:00"))


def has(*words: str) -> Callable[[Any], bool]:
    """Return a test for text that has each of these words, in any case."""
    return lambda value: all(word.casefold() in str(value).casefold() for word in words)
