"""The rules of a policy for objects: actions, fields, whose records, how many rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, get_args

Action: TypeAlias = Literal["read", "create", "update", "delete", "restore", "merge", "convert", "hard_delete"]
ApprovalLevel: TypeAlias = Literal["off", "default", "strict"]
ALL_ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
ACTIONS: Final[tuple[Action, ...]] = tuple(action for action in ALL_ACTIONS if action != "hard_delete")
"""What is allowed where nothing is said; a deletion past the recycle bin has to be named."""

_MOST_TOLD: Final = 8

# Objects that repeat values of another one: Contact's are in ContactHistory, ContactFeed and more.
_REPEATING: Final = ("History", "FieldHistory", "Feed", "Share", "ChangeEvent", "CleanInfo")
_REPEATING_ACTIVITIES: Final = frozenset({"openactivity", "activityhistory", "lookedupfromactivity"})
_ACTIVITIES: Final = ("event", "task")
_REPEATING_ANY: Final = frozenset(
    {"fieldhistoryarchive", "feeditem", "feedtrackedchange", "newsfeed", "recentlyviewed", "userrecordaccess"}
)


@dataclass(frozen=True, slots=True)
class ObjectRule:
    """The rules for one object.

    Attributes:
        sobject: Its API name.
        actions: What may be done with its records; without `read` nothing may.
        hide: Fields that are never shown, filtered by or written.
        fields: If not None, the only fields that are not hidden, beside those of every record.
        owner_only: Whether only the user's own records may be read or changed.
        max_rows: Most rows of it in one answer.
        place: Where the policy says so, as `policy.toml:7`.
        places: Where it says each part, by key (`actions`, `owner_only`), or by field.
        owners: References to records that must be the user's own, for objects that belong to others.
        approve: Actions that a person has to approve.
        approve_over_rows: A person has to approve a change of more of its records than this.
    """

    sobject: str
    actions: frozenset[Action]
    hide: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    owner_only: bool = False
    max_rows: int | None = None
    place: str = ""
    places: Mapping[str, str] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    approve: tuple[str, ...] = ()
    approve_over_rows: int | None = None

    @property
    def is_readable(self) -> bool:
        """Whether anything of it is visible."""
        return "read" in self.actions

    @property
    def is_restricted(self) -> bool:
        """Whether it hides anything of the object."""
        return (
            not self.is_readable or self.owner_only or bool(self.owners) or bool(self.hide) or self.fields is not None
        )

    @property
    def restricts_parts(self) -> bool:
        """Whether it restricts what belongs to the object: it hides it, forbids changes, or allows own records only."""
        return not self.is_readable or self.owner_only or "update" not in self.actions

    def may_hide(self, name: str) -> bool:
        """Tell whether it hides the field or, as far as names alone tell, what stands in for it."""
        is_of_name = "name" in name.casefold() and any("name" in each.casefold() for each in self.hide)
        return not self.is_readable or self.owner_only or self.hides(name) or is_of_name

    def hides(self, name: str) -> bool:
        """Tell whether it hides the field by name, or by naming only others."""
        folded = name.casefold()
        if self.fields is not None:
            return folded not in {each.casefold() for each in self.fields}
        return folded in {each.casefold() for each in self.hide}

    def limits(self) -> list[str]:
        """Return in sentences what it hides or forbids, each with its place."""
        parts = {
            "actions": f"only {_listed(self.actions)}" if self.actions != frozenset(ACTIONS) else "",
            "hide": f"without {', '.join(self.hide)}" if self.hide else "",
            "fields": "only some fields" if self.fields is not None else "",
            "owner_only": "own records only" if self.owner_only or self.owners else "",
            "max_rows": f"at most {self.max_rows} rows in an answer" if self.max_rows is not None else "",
        }
        return [f"{self.sobject}: {told} ({self.place_of(key) or 'policy'})." for key, told in parts.items() if told]

    def place_of(self, part: str) -> str:
        """Return where the policy says what it says of a key or a field."""
        folded = part.casefold()
        return self.places.get(folded) or self.places.get("fields") or self.place


@dataclass(frozen=True, slots=True)
class Belonging:
    """What an object belongs to: the rule of the other one, and the field that refers to it."""

    rule: ObjectRule
    field: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy.

    Attributes:
        actions: What may be done with objects that have no section.
        rules: The sections, by the object's name in lower case.
        max_rows: Most rows of any object in one answer.
        places: Where the keys stand that are not in a section.
        digest: Tells this policy from any other.
        belongings: Objects without a section that belong to restricted ones, by name in lower case.
        approval: Which changes a person has to approve where nothing else is said.
        approve_over_rows: A person has to approve a change of more records than this.
    """

    actions: frozenset[Action] = frozenset(ACTIONS)
    rules: Mapping[str, ObjectRule] = field(default_factory=dict)
    max_rows: int | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    belongings: Mapping[str, tuple[Belonging, ...]] = field(default_factory=dict)
    approval: ApprovalLevel = "default"
    approve_over_rows: int | None = None

    def belonging(self, belongings: Mapping[str, tuple[Belonging, ...]]) -> "Policy":
        """Return the policy with the objects that belong to restricted ones, as the org tells."""
        return replace(self, belongings=belongings)

    def rule(self, sobject: str) -> ObjectRule:
        """Return the rules for an object: its section, or the rules for objects without one."""
        folded = sobject.casefold()
        if own := self.rules.get(folded):
            return own
        if original := self._original(folded):
            return ObjectRule(sobject, frozenset(), place=original.place)
        place = self.places.get("actions", "")
        rule = ObjectRule(sobject, self.actions, max_rows=self.max_rows, place=place, places=self.places)
        for each in self.belongings.get(folded, ()):
            rule = _of_part(rule, each)
        return rule

    @property
    def limits_rows(self) -> bool:
        """Whether any object's rows are limited."""
        return self.max_rows is not None or any(rule.max_rows is not None for rule in self.rules.values())

    def restricts(self, action: Action) -> bool:
        """Tell whether it forbids an action for some records."""
        rules = self.rules.values()
        return action not in self.actions or any(action not in rule.actions or rule.owner_only for rule in rules)

    def forbids(self, action: Action, sobject: str = "") -> str:
        """Return the place that forbids an action on an object (on all, without one); empty if it is allowed."""
        if sobject:
            rule = self.rule(sobject)
            return "" if action in rule.actions else rule.place_of("actions")
        if action in self.actions or any(action in rule.actions for rule in self.rules.values()):
            return ""
        return self.places.get("actions", "")

    def summary(self) -> str:
        """Return the rules for the model, in a few words for each object."""
        parts = [_told(rule) for rule in self.rules.values()]
        if self.actions != frozenset(ACTIONS):
            parts.append(f"other objects: {_listed(self.actions)}")
        shown = parts[:_MOST_TOLD]
        return "; ".join([*shown, f"{len(parts) - len(shown)} more"] if len(shown) < len(parts) else shown)

    def _original(self, folded: str) -> ObjectRule | None:
        """Return the restricted object whose values this one repeats."""
        restricted = {name: rule for name, rule in self.rules.items() if rule.is_restricted}
        if folded in _REPEATING_ANY:
            return next(iter(restricted.values()), None)
        if folded in _REPEATING_ACTIVITIES:
            return next((restricted[name] for name in _ACTIVITIES if name in restricted), None)
        for suffix in _REPEATING:
            for own, repeating in ((suffix, ""), (f"__{suffix}", "__c")):
                base = folded.removesuffix(own.casefold()) + repeating
                if not folded.endswith(own.casefold()):
                    continue
                if base in restricted:
                    return restricted[base]
                if base in self.belongings and (part := self.rule(base)).is_restricted:
                    return part
        return None


def _of_part(rule: ObjectRule, belonging: Belonging) -> ObjectRule:
    """Return the rule of an object that belongs to another one: to change it is to change that."""
    whole = belonging.rule
    if not whole.is_readable:
        return replace(rule, actions=frozenset(), place=whole.place, places=whole.places)
    if "update" not in whole.actions:
        rule = replace(rule, actions=rule.actions & {"read"}, place=whole.place, places=whole.places)
    if whole.owner_only:
        places = {**rule.places, "owner_only": whole.place_of("owner_only")}
        rule = replace(rule, owners=(*rule.owners, belonging.field), place=rule.place or whole.place, places=places)
    return rule


def _listed(actions: frozenset[Action]) -> str:
    if actions == frozenset(ACTIONS):
        return "all"
    return ", ".join(action for action in ALL_ACTIONS if action in actions) or "nothing"


def _told(rule: ObjectRule) -> str:
    told = f"{rule.sobject}: {_listed(rule.actions)}"
    if rule.hide or rule.fields is not None:
        told += f", without {', '.join(rule.hide)}" if rule.hide else ", some fields"
    return told + (", own records only" if rule.owner_only else "")
