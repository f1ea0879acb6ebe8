"""Read the text of a policy file: a policy, or every problem with its line."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from mcp_salesforce.policy.roles import wrong_with
from mcp_salesforce.policy.rules import ACTIONS, ALL_ACTIONS, Action, ApprovalLevel, ObjectRule, Policy
from mcp_salesforce.spelling import did_you_mean, nearest

_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")
_HEADER = re.compile(r"\s*\[.*\]")
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_DIGEST_BYTES = 8

_Rows = Annotated[StrictInt, Field(ge=1)]
_RowsOrNone = Annotated[StrictInt, Field(ge=0)]
_FieldName = Annotated[StrictStr, Field(pattern=r"^[A-Za-z]\w*$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")

    actions: tuple[Action, ...] | None = None
    hide: tuple[_FieldName, ...] = ()
    fields: tuple[_FieldName, ...] | None = None
    owner_only: StrictBool = False
    max_rows: _Rows | None = None
    approve: tuple[Literal["create", "update", "delete", "restore", "merge", "convert"], ...] = ()
    approve_over_rows: _RowsOrNone | None = None


class _Role(BaseModel):
    model_config = ConfigDict(extra="forbid")

    policy: StrictStr = ""
    permission_set: StrictStr = ""
    profile: StrictStr = ""
    claim: StrictStr = ""
    value: StrictStr = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    actions: tuple[Action, ...] = ACTIONS
    max_rows: _Rows | None = None
    approval: ApprovalLevel = "default"
    approve_over_rows: _RowsOrNone | None = None
    roles: tuple[_Role, ...] = ()
    objects: dict[_FieldName, _Section] = Field(default_factory=dict)


class PolicyFileError(Exception):
    """The policy cannot be used; the text names each problem with its line."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["SALESFORCE_POLICY cannot be used:", *(f"  {problem}" for problem in problems)]))


def read_policy(text: str, name: str) -> Policy:
    """Return the policy that `text` (TOML) states for those without a role; `name` is the file in messages.

    Raises:
        PolicyFileError: It is not TOML, has an unknown key or action, or contradicts itself.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = _TOML_LINE.search(str(error))
        at = f"{name}:{line[1]}" if line else name
        raise PolicyFileError([f"{at}: not TOML: {_TOML_LINE.sub('', str(error)).strip()}."]) from None
    lines = _Lines(text, name)
    try:
        found = _File.model_validate(values)
    except ValidationError as error:
        raise PolicyFileError([_worded(problem, lines) for problem in error.errors(include_url=False)]) from None
    if found.roles and "actions" not in found.model_fields_set:
        found.actions = ()  # who has no role may do what the file allows, not all that it does not mention
    rules = [_rule(sobject, section, found, lines) for sobject, section in found.objects.items()]
    if problems := list(_contradictions(found, rules, lines)):
        raise PolicyFileError(problems)
    return Policy(
        actions=frozenset(found.actions),
        rules={rule.sobject.casefold(): rule for rule in rules},
        max_rows=found.max_rows,
        approval=found.approval,
        approve_over_rows=found.approve_over_rows,
        places={key: lines.place(key) for key in values},
        digest=blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest(),
    )


def _rule(sobject: str, section: _Section, found: _File, lines: "_Lines") -> ObjectRule:
    at = ("objects", sobject)
    named = {key: (name for name in getattr(section, key) or ()) for key in ("hide", "fields")}
    places = {name.casefold(): lines.place(*at, key, value=name) for key, names in named.items() for name in names}
    return ObjectRule(
        sobject,
        frozenset(found.actions if section.actions is None else section.actions),
        hide=section.hide,
        fields=section.fields,
        owner_only=section.owner_only,
        max_rows=section.max_rows or found.max_rows,
        approve=section.approve,
        approve_over_rows=section.approve_over_rows,
        place=lines.place(*at),
        places={**places, **{key: lines.place(*at, key) for key in section.model_fields_set}},
    )


def _contradictions(found: _File, rules: Sequence[ObjectRule], lines: "_Lines") -> Iterator[str]:
    """Yield contradictions between valid parts."""
    for role in found.roles:
        if wrong := wrong_with(role.model_dump(exclude_unset=True)):
            yield f"{lines.place('roles')}: {wrong}"
    if found.actions and "read" not in found.actions:
        yield f"{lines.place('actions')}: actions has no read, which the tools need to change records."
    seen: dict[str, str] = {}
    for rule in rules:
        name = rule.sobject
        if earlier := seen.get(name.casefold()):
            yield f"{rule.place}: {name} has a section already, at {earlier}."
        seen[name.casefold()] = rule.place
        if rule.actions and not rule.is_readable:
            yield f"{rule.place_of('actions')}: {name}: actions has no read, which the tools need to change records."
        if rule.hide and rule.fields is not None:
            yield f"{rule.place_of('hide')}: {name}: either hide or fields, not both."
        if not rule.actions and (rule.hide or rule.fields or rule.owner_only):
            yield f'{rule.place}: {name} cannot be read, so other rules for it have no effect: add actions = ["read"].'
        if "id" in {each.casefold() for each in rule.hide}:
            yield f"{rule.place_of('Id')}: {name}.Id cannot be hidden."


class _Lines:
    """Where each key of a TOML text stands, which `tomllib` does not tell."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._text = text.splitlines()
        self._at: dict[tuple[str, ...], int] = {}
        header: tuple[str, ...] = ()
        for number, line in enumerate(self._text, start=1):
            if _HEADER.match(line) and (path := _path_of(line)):
                header = path
                self._at.setdefault(header, number)
            elif key := _KEY.match(line):
                self._at.setdefault((*header, *_path_of(f"{key[1]} = 0")), number)

    def place(self, *path: str, value: str = "") -> str:
        """Return where a key stands, or a text in its value; else what it is in, as `policy.toml:7`."""
        known = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in self._at), None)
        if known is None:
            return f"{self._name}:1"
        number = self._at[known]
        return f"{self._name}:{self._line_of(value, number) if value else number}"

    def _line_of(self, value: str, start: int) -> int:
        """Return the line from `start` on that has `value` in quotes, as far as the next key."""
        others = [number for number in self._at.values() if number > start]
        end = min(others, default=len(self._text) + 1)
        quoted = (f'"{value}"', f"'{value}'")
        return next((n for n in range(start, end) if any(each in self._text[n - 1] for each in quoted)), start)


def _path_of(line: str) -> tuple[str, ...]:
    """Return the keys that a header or an assignment of 0 leads to."""
    try:
        value: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return ()
    path = []
    while isinstance(value, dict) and value:
        ((key, value),) = value.items()
        path.append(key)
    return tuple(path)


def _worded(problem: Mapping[str, Any], lines: _Lines) -> str:
    location = tuple(part for part in problem["loc"] if isinstance(part, str) and part != "[key]")
    last = str(problem["loc"][-1])
    given = problem["input"]
    place = lines.place(*location, value=given if isinstance(given, str) else "")
    match problem["type"]:
        case "extra_forbidden":
            kind = _File if len(location) == 1 else _Role if location[0] == "roles" else _Section
            known = kind.model_fields
            meant = did_you_mean(nearest(last, known)) or f"There are: {', '.join(known)}."
            return f"{place}: {last!r} is not a key here. {meant}"
        case "literal_error":
            levels = get_args(ApprovalLevel) if last == "approval" else ALL_ACTIONS
            meant = did_you_mean(nearest(str(given), levels)) or f"There are: {', '.join(levels)}."
            return f"{place}: {given!r} is no {'level' if last == 'approval' else 'action'}. {meant}"
        case "string_pattern_mismatch":
            return f"{place}: {given!r} is not an API name."
        case _:
            return f"{place}: {'.'.join(location)}: {problem['msg']}."
