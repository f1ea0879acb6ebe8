"""How an appointment ended: Salesforce has no status on Event, so the org says where it goes, or the Subject does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, Self, get_args

Outcome = Literal["cancelled", "no_show", "completed"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
WORDS: Final[Mapping[Outcome, str]] = {"cancelled": "Cancelled", "no_show": "No-show", "completed": "Completed"}
"""How each outcome is written in front of a Subject or of a reason, and in a status field unless the org says how."""

LONGEST_SUBJECT: Final = 255
_MARKER: Final = re.compile(r"\s*(cancell?ed|no[- ]?show|completed)\s*:\s*", re.IGNORECASE)
_BY_LETTER: Final[Mapping[str, Outcome]] = {"ca": "cancelled", "no": "no_show", "co": "completed"}


@dataclass(frozen=True, slots=True)
class OutcomeFields:
    """The fields of Event in which an org keeps outcomes; without a `status` field the Subject is marked."""

    status: str = ""
    reason: str = ""
    values: Mapping[Outcome, str] = field(default_factory=lambda: MappingProxyType(dict(WORDS)))
    """What each outcome is called in the status field."""

    @classmethod
    def parse(cls, status: str, values: str, reason: str) -> Self:
        """Return the fields that the settings name; `values` is like `cancelled=Cancelled,no_show=Did not come`.

        Raises:
            ValueError: `values` names another outcome, or one without a value, or two with the same.
        """
        named = dict(WORDS)
        for pair in filter(str.strip, values.split(",")):
            name, _, value = (part.strip() for part in pair.partition("="))
            outcome = next((known for known in OUTCOMES if known == name.casefold()), None)
            if outcome is None or not value:
                raise ValueError(f"has {pair.strip()!r}: write it like cancelled=Cancelled,no_show=No-show")
            named[outcome] = value
        if len(set(named.values())) < len(OUTCOMES):
            raise ValueError("gives two outcomes the same value")
        return cls(status, reason, named)

    def outcome_of(self, value: object) -> Outcome | None:
        """Return the outcome that a value of the status field stands for."""
        return next((outcome for outcome, named in self.values.items() if named == value), None)

    def outcome_in(self, event: Mapping[str, object]) -> Outcome | None:
        """Return the outcome of an event: by its status field where there is one, else by the marker of its Subject."""
        if not self.status:
            return outcome_in(str(event.get("Subject") or ""))
        named = {name.casefold(): value for name, value in event.items()}
        return self.outcome_of(named.get(self.status.casefold()))


NO_OUTCOME_FIELDS: Final = OutcomeFields()


def outcome_in(subject: str) -> Outcome | None:
    """Return the outcome that a Subject is marked with."""
    found = _MARKER.match(subject)
    return _BY_LETTER[found[1][:2].casefold()] if found else None


def unmarked(subject: str) -> str:
    """Return a Subject without its marker."""
    return _MARKER.sub("", subject, count=1) if _MARKER.match(subject) else subject


def marked(subject: str, outcome: Outcome) -> str:
    """Return a Subject with the marker of `outcome` in front, cut where it would be longer than Salesforce keeps."""
    text = f"{WORDS[outcome]}: {unmarked(subject).strip()}".strip()
    return text if len(text) <= LONGEST_SUBJECT else text[: LONGEST_SUBJECT - 1].rstrip() + "…"
