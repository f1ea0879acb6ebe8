"""Records against describe, before anything is sent: every problem of every row, in one error. Pure; no I/O."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.models import FieldDescribe, SObjectDescribe
from mcp_salesforce.spelling import did_you_mean, nearest
from mcp_salesforce.tools.framework.blanks import with_nulls, without_blanks
from mcp_salesforce.tools.lookups.field_values import ValueProblem, read_value
from mcp_salesforce.tools.records.problems import RowProblem, refused_rows

Verb: TypeAlias = Literal["create", "update", "upsert", "delete"]
Record: TypeAlias = dict[str, Any]

_ABILITIES: Final[Mapping[Verb, tuple[str, ...]]] = {
    "create": ("createable",),
    "update": ("updateable",),
    "upsert": ("createable", "updateable"),
    "delete": ("deletable",),
}


_CHECKED_ELSEWHERE: Final[Mapping[tuple[str, Verb], str]] = {
    ("Event", "create"): "salesforce_create_appointment",
    ("Event", "update"): "salesforce_update_appointment",
    ("Event", "upsert"): "salesforce_create_appointment or salesforce_update_appointment",
    ("Event", "delete"): "salesforce_delete_appointment, or salesforce_close_appointment to cancel one and keep it",
    ("EventRelation", "create"): "salesforce_set_invitees",
    ("EventRelation", "update"): "salesforce_set_invitees",
    ("EventRelation", "upsert"): "salesforce_set_invitees",
    ("EventRelation", "delete"): "salesforce_set_invitees",
}
"""Tools that check what a record tool does not, by action and object."""


def check_object(described: SObjectDescribe, verb: Verb) -> None:
    """Refuse an object whose records the user cannot create, update or delete, or that has its own tools for it."""
    if tool := _CHECKED_ELSEWHERE.get((described.name, verb)):
        raise refused(
            f"{described.name} records cannot be written with this tool: it does not check conflicts, invitees "
            "and series.",
            code="NOT_SUPPORTED",
            hint=f"Use {tool}.",
            fields=["sobject"],
        )
    if not all(getattr(described, ability) for ability in _ABILITIES[verb]):
        raise refused(
            f"This user cannot {verb} {described.name} records.",
            code="CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            hint="An administrator can grant this for most objects; some objects do not allow it at all.",
        )


def check_key(described: SObjectDescribe, name: str) -> str:
    """Return the field that upserts find records by, in Salesforce's case."""
    field = described.field(name)
    keys = [each.name for each in described.fields if each.external_id or each.id_lookup]
    if field is None or field.name not in keys:
        raise refused(
            f"{name} is not an external Id field of {described.name}.",
            code="INVALID_FIELD",
            hint=f"It has {', '.join(keys[:6])}.",
            fields=["external_id_field"],
        )
    return field.name


def check_ids(described: SObjectDescribe, record_ids: Sequence[str]) -> list[str]:
    """Return Ids of the object in their 18-character form."""
    found, problems = read_ids(described, record_ids)
    if problems:
        raise refused_rows(problems, len(record_ids))
    return list(found.values())


def read_ids(described: SObjectDescribe, record_ids: Sequence[str]) -> tuple[dict[int, str], list[RowProblem]]:
    """Return Ids of the object in their 18-character form by row, and what is wrong with the other rows."""
    problems: list[RowProblem] = []
    found: dict[str, int] = {}
    for row, given in enumerate(record_ids):
        problem = _id_problem(described, row, given)
        if problem is None and (first := found.setdefault(to_18(given.strip()), row)) != row:
            problem = RowProblem(row, "DUPLICATE_VALUE", "", f"The same Id as row {first + 1}.")
        if problem:
            problems.append(problem)
    return {row: record_id for record_id, row in found.items()}, problems


def check_records(
    described: SObjectDescribe, records: Sequence[Record], verb: Verb, *, key: str = "", prefixes: Mapping[str, str]
) -> list[Record]:
    """Return records as Salesforce takes them: names in its case, values in its forms.

    Args:
        described: What the org says of the object.
        records: Values by field name.
        verb: What to do with them.
        key: The field that tells which record is meant: `Id` to update, the external id to upsert.
        prefixes: Known key prefixes, each with the object that has it.
    """
    checked, problems = read_records(described, records, verb, key=key, prefixes=prefixes)
    if problems:
        raise refused_rows(problems, len(records))
    return list(checked.values())


def read_records(
    described: SObjectDescribe, records: Sequence[Record], verb: Verb, *, key: str = "", prefixes: Mapping[str, str]
) -> tuple[dict[int, Record], list[RowProblem]]:
    """Return the records that have no problem by row, as `check_records` does, and the problems of the others."""
    checks = [_RowCheck(described, verb, key, prefixes, row) for row in range(len(records))]
    checked = [check.read(record) for check, record in zip(checks, records, strict=True)]
    problems = [problem for check in checks for problem in check.problems]
    bad = {problem.row for problem in problems}
    problems += _repeated_keys(checked, key, bad)
    bad |= {problem.row for problem in problems}
    good = {row: record for row, record in enumerate(checked) if row not in bad}
    return good, sorted(problems, key=lambda problem: problem.row)


def _repeated_keys(records: Sequence[Record], key: str, bad: Collection[int]) -> Iterator[RowProblem]:
    """Yield the rows that mean the record of a row before: two changes of one record in one call contradict."""
    first: dict[str, int] = {}
    for row, record in enumerate(records):
        value = record.get(key)
        if (
            value is not None
            and row not in bad
            and (before := first.setdefault(str(value).strip().casefold(), row)) != row
        ):
            yield RowProblem(row, "DUPLICATE_VALUE", key, f"The same as row {before + 1}.")


def _id_problem(described: SObjectDescribe, row: int, given: object) -> RowProblem | None:
    try:
        record_id = to_18(str(given).strip())
    except InvalidArgumentError:
        return RowProblem(
            row, "MALFORMED_ID", "Id", (f"{str(given)[:40]!r} is not an Id. An Id has 15 or 18 letters and digits.")
        )
    if described.key_prefix and not record_id.startswith(described.key_prefix):
        return RowProblem(
            row, "MALFORMED_ID", "Id", f"{record_id} is not of {described.name} ({described.key_prefix}…)."
        )
    return None


class _RowCheck:
    """Checks one row; its problems gather in `problems`."""

    def __init__(self, described: SObjectDescribe, verb: Verb, key: str, prefixes: Mapping[str, str], row: int) -> None:
        self._described = described
        self._verb = verb
        self._key = key
        self._prefixes = prefixes
        self._row = row
        self.problems: list[RowProblem] = []
        self._meant: set[str] = set()  # fields that a misspelt name may stand for

    def read(self, record: Record) -> Record:
        values: Record = {}
        read = without_blanks if self._verb == "create" else with_nulls
        for name, value in read(record).items():
            if name == "attributes":
                self._check_attributes(value)
            elif name.casefold() == "id":
                self._read_id(value, values)
            else:
                self._read_field(name, value, values)
        self._check_whole(values)
        return values

    def _problem(self, code: str, field: str, words: str) -> None:
        self.problems.append(RowProblem(self._row, code, field, words))

    def _check_attributes(self, value: object) -> None:
        """Take what REST puts first in a record, if it says the same."""
        named = value.get("type") if isinstance(value, dict) else None
        if str(named or self._described.name).casefold() != self._described.name.casefold():
            self._problem("INVALID_TYPE", "attributes", f"One call is for one object, {self._described.name}.")

    def _read_id(self, value: object, values: Record) -> None:
        if self._key != "Id":
            self._problem("INVALID_FIELD", "Id", "Omit it. To change records, use salesforce_update_records.")
        elif value is None:
            values |= {"Id": None} if self._verb == "upsert" else {}
        elif problem := _id_problem(self._described, self._row, value):
            self.problems.append(problem)
        else:
            values["Id"] = to_18(str(value).strip())

    def _read_field(self, name: str, value: Any, values: Record) -> None:  # noqa: ANN401 - any JSON value
        is_parent = value is None or isinstance(value, dict)
        field = self._described.field(name) or (self._parent(name) if is_parent else None)
        if field is None:
            near = nearest(name, [each.name for each in self._described.fields])
            self._meant.update(near)
            self._problem("INVALID_FIELD", name, f"No such field. {did_you_mean(near)}".strip())
            return
        if field.name != self._key and not any(getattr(field, ability) for ability in _ABILITIES[self._verb]):
            self._problem("INVALID_FIELD_FOR_INSERT_UPDATE", field.name, _why_read_only(field))
            return
        if isinstance(value, dict) and name.casefold() == (field.relationship_name or "").casefold():
            values[field.relationship_name or name] = value  # the parent, by an external id of its own
            return
        if field.name in values:
            self._problem("INVALID_FIELD", field.name, "Given twice, in upper and lower case.")
        try:
            values[field.name] = read_value(field, value, self._prefixes)
        except ValueProblem as problem:
            self._problem(problem.code, field.name, problem.words)
            values[field.name] = None  # it is there, if wrong
            return
        if value is None and field.name != self._key and not _is_clearable(field):
            self._problem("REQUIRED_FIELD_MISSING", field.name, "Cannot be empty.")

    def _parent(self, name: str) -> FieldDescribe | None:
        """Return the reference field that a relationship's name stands for."""
        return next(
            (each for each in self._described.fields if (each.relationship_name or "").casefold() == name.casefold()),
            None,
        )

    def _check_whole(self, values: Record) -> None:
        if self._verb == "create":
            given = {
                *values,
                *self._meant,
                *(field.name for field in self._described.fields if field.relationship_name in values),
            }
            for field in self._described.fields:
                if _is_required(field) and field.createable and field.name not in given:
                    self._problem("REQUIRED_FIELD_MISSING", field.name, "Is required.")
            return
        is_known = any(problem.field == self._key for problem in self.problems)
        if self._key not in values and not is_known:
            self._problem("MISSING_ARGUMENT", self._key, "Is required: it identifies the record.")
        elif values.get(self._key) is None and not is_known and not (self._key == "Id" and self._verb == "upsert"):
            self._problem("MISSING_ARGUMENT", self._key, "Cannot be empty: it identifies the record.")
        if self._verb == "update" and not set(values) - {self._key} and not self.problems:
            self._problem("MISSING_ARGUMENT", "", "Has no fields to change.")


def _is_required(field: FieldDescribe) -> bool:
    return not _is_clearable(field) and not field.defaulted_on_create


def _is_clearable(field: FieldDescribe) -> bool:
    return field.nillable or field.type in {"boolean", "id"}


def _why_read_only(field: FieldDescribe) -> str:
    if field.calculated:
        return "Is a formula field; it cannot be set."
    if field.auto_number:
        return "Is an auto-number field; it cannot be set."
    return "Is read-only for this user."
