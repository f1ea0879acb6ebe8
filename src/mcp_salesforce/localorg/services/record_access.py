"""Answer queries of UserRecordAccess: what a user may do with the records whose ids the query names."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.access import Access
from mcp_salesforce.localorg.store import literals
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.scope import Column, Run
from mcp_salesforce.localorg.store.sharing import MAX_ACCESS, RIGHTS, Level
from mcp_salesforce.localorg.store.sqlite import Store
from mcp_salesforce.soql.tree import And, Boolean, Comparison, Condition, Field, InValues, Query, Value

OBJECT: Final = "UserRecordAccess"
MAX_RECORDS: Final = 200
_NO_ID: Final = "000000000000000AAA"
_SELECTABLE: Final = {name.lower(): name for name in ("RecordId", *RIGHTS, "MaxAccessLevel")}
_ORDER: Final = ("None", "Read", "Edit", "Delete", "Transfer", "All")
_FILTER: Final = (
    "UserRecordAccess is filtered by UserId = '…' AND RecordId = '…' (or RecordId IN ('…', …)), "
    "and by an access field = true or false"
)


@dataclass(slots=True)
class _Asked:
    """The user and the records of a query, and which of the records it selects."""

    user_id: str = ""
    record_ids: list[str] = field(default_factory=list)
    rights: dict[str, bool] = field(default_factory=dict)


class RecordAccess:
    """Answers queries of UserRecordAccess."""

    def __init__(self, store: Store, schema: Schema) -> None:
        """Answer for the users and records of `schema` in `store`."""
        self._store = store
        self._schema = schema
        self._access = Access(store, schema)

    @evidence("UserRecordAccess", "documented", "Records that the calling user cannot read are left out")
    @evidence("UserRecordAccess", "documented", "Up to 200 records, filtered by one UserId and by RecordId = or IN")
    @evidence(
        "UserRecordAccess", "quoted", "For a user who sees everything, an id without a record is a row without access"
    )
    @evidence("UserRecordAccess", "simulated", "Setup records, such as profiles and groups, have no row")
    def answer(self, run: Run, query: Query) -> dict[str, Any]:
        """Return the result of a query in wire form."""
        if query.group_by or len(query.from_) > 1 or query.from_[0].using or query.with_:
            raise not_implemented("grouping, scopes and WITH on UserRecordAccess")
        asked = self._asked(run, query)
        names = _selected(run, query, asked)
        rows = [each for each in self._rows(run, asked) if all(each[name] is is_ for name, is_ in asked.rights.items())]
        for item in reversed(query.order_by):
            name = _selectable(item.expression)
            if name not in names:
                raise run.error("MALFORMED_QUERY", "ORDER BY takes what is selected", item.position)
            rows.sort(key=partial(_rank, name), reverse=item.descending)
        start = query.offset or 0
        rows = rows[start : None if query.limit is None else start + query.limit]
        attributes = {"type": OBJECT, "url": f"/services/data/{run.version}/sobjects/{OBJECT}/{_NO_ID}"}
        records = [{"attributes": attributes, **{name: row[name] for name in names}} for row in rows]
        return {"totalSize": len(records), "done": True, "records": records}

    def _asked(self, run: Run, query: Query) -> _Asked:
        asked = _Asked()
        for each in _conditions(query.where):
            name = (
                each.left.path[-1] if isinstance(each, Comparison | InValues) and isinstance(each.left, Field) else ""
            )
            match name.lower(), each:
                case "userid", Comparison(operator="=", right=value) if not asked.user_id:
                    asked.user_id = self._id(run, each.position, value)
                case "recordid", Comparison(operator="=", right=value) if not asked.record_ids:
                    asked.record_ids = [self._id(run, each.position, value)]
                case "recordid", InValues(values=values, negated=False) if not asked.record_ids:
                    asked.record_ids = list(dict.fromkeys(self._id(run, each.position, value) for value in values))
                case right, Comparison(operator="=", right=Boolean(value=wanted)) if _SELECTABLE.get(right) in RIGHTS:
                    asked.rights[_SELECTABLE[right]] = wanted
                case _:
                    raise run.error("MALFORMED_QUERY", _FILTER, each.position)
        if not asked.user_id or not asked.record_ids:
            raise run.error("MALFORMED_QUERY", _FILTER, query.position)
        if len(asked.record_ids) > MAX_RECORDS:
            raise run.error("MALFORMED_QUERY", f"UserRecordAccess takes {MAX_RECORDS} records at most", query.position)
        return asked

    def _id(self, run: Run, position: int, value: Value) -> str:
        user_id = self._schema[OBJECT].by_name["userid"]
        return str(literals.stored(run, Column("", user_id, user_id.type, position=position), value))

    def _rows(self, run: Run, asked: _Asked) -> list[dict[str, Any]]:
        if self._store.find(self._schema["User"], asked.user_id) is None:
            return []
        by_object: dict[str, list[str]] = {}
        for each in asked.record_ids:
            by_object.setdefault(each[:3], []).append(each)
        theirs: dict[str, Level] = {}
        for record_ids in by_object.values():
            theirs |= self._levels(run, record_ids, asked.user_id)
        return [_row(each, theirs[each]) for each in asked.record_ids if each in theirs]

    def _levels(self, run: Run, record_ids: list[str], user_id: str) -> dict[str, Level]:
        """Return what a user may do with records of one object; only those that the calling user may read."""
        definition = self._schema.of_record(record_ids[0])
        if definition is None or definition.sharing == "Setup":
            return {}
        found = self._access.levels(definition, record_ids, user_id)
        if run.sharing is None:
            return {each: found.get(each, Level.NONE) for each in record_ids}
        mine = self._access.levels(definition, record_ids, run.user_id)
        return {each: level for each, level in found.items() if mine[each]}


@evidence("UserRecordAccess", "quoted", "RecordId must be selected; the access fields and MaxAccessLevel can be added")
@evidence("UserRecordAccess", "documented", "A query that filters by an access field can select only RecordId")
def _selected(run: Run, query: Query, asked: _Asked) -> Sequence[str]:
    """Return the fields of the answer."""
    names = ["" if item.alias else _selectable(item.expression) for item in query.select]
    if "" in names:
        reason = "Can select only RecordId, a Has*Access field, and MaxAccessLevel"
        raise OrgError(400, "INVALID_FIELD", reason, None)
    if "RecordId" not in names:
        raise OrgError(400, "INVALID_FIELD", "RecordId field must be selected", None)
    if asked.rights and len(names) > 1:
        reason = "Can select only RecordId when filtering by a Has*Access field"
        raise run.error("INVALID_FIELD", reason, query.position)
    return names


def _selectable(expression: object) -> str:
    """Return the field of an expression, in schema case; empty if it cannot be selected."""
    return _SELECTABLE.get(expression.path[-1].lower(), "") if isinstance(expression, Field) else ""


def _conditions(where: Condition | None) -> Sequence[Condition]:
    return () if where is None else where.operands if isinstance(where, And) else (where,)


@evidence("UserRecordAccess", "simulated", "Users with full access have delete access; MaxAccessLevel includes it")
def _row(record_id: str, level: Level) -> dict[str, Any]:
    rights = {name: level >= needed for name, needed in RIGHTS.items()}
    return {"RecordId": record_id, **rights, "MaxAccessLevel": MAX_ACCESS[level]}


def _rank(name: str, row: dict[str, Any]) -> Any:  # noqa: ANN401 - of one type in one column
    return _ORDER.index(row[name]) if name == "MaxAccessLevel" else row[name]
