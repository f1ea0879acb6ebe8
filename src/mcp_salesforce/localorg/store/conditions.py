"""WHERE and HAVING, as SQL.

A condition is true or false, never unknown: a comparison with a null field is false, `!=` and NOT IN are true of it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store import literals
from mcp_salesforce.localorg.store.literals import ID_TYPES, TEXT_TYPES, Stored
from mcp_salesforce.localorg.store.scope import Bindings, Column, Run
from mcp_salesforce.soql.tree import (
    And,
    Arithmetic,
    Comparison,
    Condition,
    DateFormula,
    Distance,
    Field,
    Function,
    Includes,
    InQuery,
    InValues,
    Not,
    Or,
    Pattern,
    Value,
)

_FEW: Final = 100
_GROUP: Final = 100
_ORDERED: Final = frozenset(["<", "<=", ">", ">="])

Operand = Field | Function


@evidence(
    "SOQL",
    "documented",
    "Texts compare without regard to case; LIKE supports % and _; null in a boolean field is false",
)
@evidence("SOQL", "simulated", "For null fields, !=, NOT IN, EXCLUDES and NOT are true; < and > are false")
@dataclass(frozen=True, slots=True)
class Conditions:
    """Turns conditions into SQL; `column` finds operands, `semi_join` turns the query after IN into SQL."""

    run: Run
    bindings: Bindings
    column: Callable[[Operand], Column]
    semi_join: Callable[[InQuery, Column], str]

    def sql(self, condition: Condition) -> str:
        """Return the condition as SQL, in parentheses where that matters."""
        match condition:
            case And(operands) | Or(operands):
                word = "AND" if isinstance(condition, And) else "OR"
                return _joined(word, [self.sql(each) for each in operands])
            case Not(operand):
                return self.sql(operand.operand) if isinstance(operand, Not) else f"({self.sql(operand)} IS NOT TRUE)"
            case Comparison():
                return self._comparison(condition)
            case InValues():
                return self._in_values(condition)
            case InQuery():
                return self.semi_join(condition, self._filterable(condition.left))
            case Includes():
                return self._includes(condition)

    def _filterable(self, operand: "Operand | Arithmetic | Distance") -> Column:
        if isinstance(operand, Arithmetic):
            raise not_implemented("arithmetic in conditions")
        if isinstance(operand, Distance):
            raise not_implemented("DISTANCE")
        column = self.column(operand)
        if not column.field.filterable:
            reason = f"field '{column.field.name}' can not be filtered in a query call"
            raise self.run.error("INVALID_FIELD", reason, operand.position)
        if column.type == "address":
            reason = "Address fields can only be filtered using Distance expressions"
            raise self.run.error("INVALID_FIELD", reason, operand.position)
        return column

    def _comparison(self, condition: Comparison) -> str:
        column = self._filterable(condition.left)
        operator, right = condition.operator, condition.right
        if operator == "LIKE":
            return self._like(column, condition)
        if column.type == "multipicklist" and operator in _ORDERED:
            raise self._wrong_operator(column)
        if isinstance(right, DateFormula):
            return self._range(column, operator, right)
        value = literals.stored(self.run, column, right)
        if column.type == "boolean":
            if operator in _ORDERED:
                raise self._wrong_operator(column)
            value = value or 0
        if value is None:
            if operator in _ORDERED:
                return "0"
            return f"({column.sql} IS {'NOT ' if operator == '!=' else ''}NULL)"
        sql, folded = self._comparable(column, value)
        name = self.bindings.bind(folded)
        return f"({sql} IS NOT {name})" if operator == "!=" else f"({sql} {operator} {name})"

    def _comparable(self, column: Column, value: Stored) -> tuple[str, Stored]:
        """Return both sides in a form in which equal means equal to Salesforce.

        Columns ignore the case of ASCII letters themselves, which lets SQLite use their indexes; other letters are
        folded on both sides.
        """
        if column.type == "boolean" and column.outer:
            return f"coalesce({column.sql}, 0)", value
        if column.type not in TEXT_TYPES or column.field.case_sensitive or not isinstance(value, str):
            return column.sql, value
        if value.isascii():
            return f"{column.sql} COLLATE NOCASE", value
        return f"fold({column.sql})", value.casefold()

    def _range(self, column: Column, operator: str, literal: DateFormula) -> str:
        start, end = literals.interval(self.run, column, literal)
        sql, bind = column.sql, self.bindings.bind
        match operator:
            case "=":
                return f"({sql} >= {bind(start)} AND {sql} < {bind(end)})"
            case "!=":
                return f"(({sql} >= {bind(start)} AND {sql} < {bind(end)}) IS NOT TRUE)"
            case "<":
                return f"({sql} < {bind(start)})"
            case "<=":
                return f"({sql} < {bind(end)})"
            case ">":
                return f"({sql} >= {bind(end)})"
            case _:
                return f"({sql} >= {bind(start)})"

    def _like(self, column: Column, condition: Comparison) -> str:
        if column.type not in TEXT_TYPES - {"multipicklist"} or not isinstance(condition.right, Pattern):
            raise self._wrong_operator(column)
        pattern = condition.right.text
        sql = column.sql
        if not pattern.isascii():
            sql, pattern = f"fold({sql})", pattern.casefold()
        return f"({sql} LIKE {self.bindings.bind(pattern)} ESCAPE '\\')"

    def _in_values(self, condition: InValues) -> str:
        column = self._filterable(condition.left)
        distinct = dict.fromkeys(condition.values)
        ranges = [self._range(column, "=", each) for each in distinct if isinstance(each, DateFormula)]
        values = [self._stored(column, each) for each in distinct if not isinstance(each, DateFormula)]
        alternatives = [*ranges, *self._equal_to_any(column, [each for each in values if each is not None])]
        if None in values:
            alternatives.append(f"{column.sql} IS NULL")
        sql = _joined("OR", alternatives)
        return f"({sql} IS NOT TRUE)" if condition.negated else sql

    def _stored(self, column: Column, value: Value) -> Stored | None:
        found = literals.stored(self.run, column, value)
        return found or 0 if column.type == "boolean" else found

    def _equal_to_any(self, column: Column, values: Sequence[Stored]) -> list[str]:
        """Return one IN for the values that compare alike."""
        alike: dict[str, list[Stored]] = {}
        for value in values:
            sql, folded = self._comparable(column, value)
            alike.setdefault(sql, []).append(folded)
        return [f"{sql} IN ({self._list(found)})" for sql, found in alike.items()]

    def _list(self, values: Sequence[Stored]) -> str:
        """Return what stands after IN: a few values one by one, many as one list."""
        if len(values) <= _FEW:
            return ", ".join(map(self.bindings.bind, values))
        return f"SELECT value FROM json_each({self.bindings.bind(json.dumps(values))})"  # noqa: S608 - the name of a parameter

    def _includes(self, condition: Includes) -> str:
        column = self._filterable(condition.left)
        if column.type != "multipicklist":
            raise self._wrong_operator(column)
        chosen = f"fold(';' || {column.sql} || ';')"
        alternatives = []
        for value in condition.values:
            text = literals.stored(self.run, column, value)
            wanted = [f";{each.strip().casefold()};" for each in str(text or "").split(";") if each.strip()]
            found = [f"instr({chosen}, {self.bindings.bind(each)}) > 0" for each in wanted]
            alternatives.append("(" + " AND ".join(found) + ")" if found else f"{column.sql} IS NULL")
        sql = _joined("OR", alternatives)
        return f"({sql} IS NOT TRUE)" if condition.negated else sql

    def _wrong_operator(self, column: Column) -> OrgError:
        kind = "id" if column.type in ID_TYPES else column.type
        reason = f"invalid operator on {kind} field"
        return self.run.error("INVALID_QUERY_FILTER_OPERATOR", reason, column.position)


def _joined(word: str, conditions: Sequence[str]) -> str:
    """Join conditions so that SQLite can read them, however many and however deeply nested they are.

    Many are joined in groups, because SQLite takes no chain of a thousand; the longest comes first, because what stands
    before a parenthesis stays on the stack of SQLite's parser until the parenthesis is closed.
    """
    if len(conditions) > _GROUP:
        groups = [conditions[start : start + _GROUP] for start in range(0, len(conditions), _GROUP)]
        return _joined(word, [_joined(word, group) for group in groups])
    return "(" + f" {word} ".join(sorted(conditions, key=len, reverse=True)) + ")"
