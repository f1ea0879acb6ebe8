"""The question about a change, for a person: what changes, how many records, whose, and what cannot be undone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from mcp_salesforce.changes.change import Change
from mcp_salesforce.changes.writes import counted
from mcp_salesforce.spelling import in_words
from mcp_salesforce.tools.answers.results import visible

_NAMED: Final = 5
_LONGEST_NAME: Final = 60
_SPACES: Final = re.compile(r"\s+")
_KEEP_DELETED: Final = "Keep everything"
_KEEP: Final = "Change nothing"
_VERBS: Final[Mapping[str, str]] = {
    "create": "Create",
    "update": "Change",
    "upsert": "Create or change",
    "delete": "Delete",
    "hard_delete": "Delete for good",
    "undelete": "Restore",
    "merge": "Merge",
    "convert": "Convert",
}
_PLURALS: Final[Mapping[str, tuple[str, str]]] = {
    "Account": ("account", "accounts"),
    "Case": ("case", "cases"),
    "Contact": ("contact", "contacts"),
    "Event": ("appointment", "appointments"),
    "EventRelation": ("invitation", "invitations"),
    "Lead": ("lead", "leads"),
    "Opportunity": ("opportunity", "opportunities"),
    "Task": ("task", "tasks"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked.

    Attributes:
        text: The question.
        keep: The answer that changes nothing.
        do: The answer that makes the change.
        details: What is shown to somebody who wants to see all: the plan.
    """

    text: str
    keep: str
    do: str
    details: list[dict[str, Any]]

    @property
    def content(self) -> dict[str, Any]:
        """The question as the store keeps it."""
        return asdict(self)


def question_of(plan: Change, told: Mapping[str, Any], names: Mapping[str, str]) -> Question:
    """Return the question about `plan`, of whose preview `told` is the answer; `names` has names of records by Id."""
    counts = _counted(plan)
    do = " and ".join([*counts[:1], *(each[0].lower() + each[1:] for each in counts[1:])]) + _also(told)
    keep = _KEEP_DELETED if any(write.action in {"delete", "hard_delete"} for write in plan.writes) else _KEEP
    ids = dict.fromkeys(record_id for write in plan.writes for record_id in (write.record_id, *write.also))
    known = [names[record_id] for record_id in ids if names.get(record_id)]
    new = [_name_in(write.values) for write in plan.writes if write.action == "create"]
    named = [_shown(name) for name in [*known, *filter(None, new)]]
    said = _sentences(told, named, touches_others=plan.touches_others)
    return Question(" ".join([f"{do}?", *said]), keep, do, list(told.get("preview", ())))


def _name_in(values: Mapping[str, object]) -> str:
    """Return what a new record is called by its values; nothing if they do not say it."""
    given = {name.casefold(): str(value) for name, value in values.items() if value}
    person = " ".join(given[name] for name in ("firstname", "lastname") if name in given)
    return person or given.get("name") or given.get("subject") or ""


def _counted(plan: Change) -> list[str]:
    counts = counted(plan.writes, plan.sobject)
    return [f"{_VERBS[action]} {_number(count, sobject)}" for (action, sobject), count in counts.items()]


def _also(told: Mapping[str, Any]) -> str:
    also = [_number(count, sobject) for sobject, count in (told.get("also_deleted") or {}).items()]
    return f" and with them {in_words(also)}" if also else ""


def _sentences(told: Mapping[str, Any], named: Sequence[str], *, touches_others: bool) -> list[str]:
    said = []
    if named:
        said.append(f"These are: {', '.join(_first(named))}.")
    if calendars := [_shown(name) for name in told.get("calendars") or () if name]:
        to_come = f" {told['to_come']} of the appointments are in the future." if "to_come" in told else ""
        said.append(f"Appointments go from the calendars of {', '.join(_first(calendars))}.{to_come}")
    elif touches_others:
        said.append("Appointments in other people's calendars may be deleted too; you cannot see them.")
    if lost := told.get("lost"):
        said.append(f"Lost: {'; '.join(_first(_lost(lost)))}.")
    if fields := _fields(told):
        said.append(f"Fields: {', '.join(_first(fields))}.")
    return [*said, told["undo"]]


def _fields(told: Mapping[str, Any]) -> list[str]:
    """Return which fields are changed, each with its new value where all records get the same."""
    after: dict[str, list[Any]] = {}
    for row in told.get("preview") or ():
        for name, change in (row.get("changed") or {}).items():
            after.setdefault(name, []).append(change["after"])
    return [f"{name} becomes {_value(values[0])}" if _are_one(values) else name for name, values in after.items()]


def _are_one(values: Sequence[Any]) -> bool:
    return all(value == values[0] for value in values)


def _value(value: Any) -> str:  # noqa: ANN401 - a field's value
    return "empty" if value is None else _shown(str(value))


def _lost(lost: Mapping[str, Sequence[Any]]) -> list[str]:
    return [f"{name} {', '.join(_shown(str(value)) for value in values)}" for name, values in lost.items()]


def _first(words: Sequence[str]) -> list[str]:
    """Return the first words, and how many more there are."""
    more = len(words) - _NAMED
    return [*words[:_NAMED], *([f"and {more} more"] if more > 0 else [])]


def _number(count: int, sobject: str) -> str:
    one, many = _PLURALS.get(sobject, (f"{sobject} record".strip(), f"{sobject} records".strip()))
    return f"{count} {one if count == 1 else many}"


def _shown(name: str) -> str:
    """Return a name that others wrote as one line of bounded length."""
    text = _SPACES.sub(" ", str(visible(name))).strip()
    return f'"{text[:_LONGEST_NAME]}…"' if len(text) > _LONGEST_NAME else f'"{text}"'
