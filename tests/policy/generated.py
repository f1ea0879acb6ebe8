"""Queries made up at random from the objects, fields and relationships of an org: allowed, forbidden and wrong ones."""

import random
from collections.abc import Sequence
from typing import Final

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.store.schema import FieldDef, SObjectDef

MAIN: Final = (
    "Contact", "Account", "Opportunity", "Lead", "User", "Event", "Task", "Campaign", "Case", "EventRelation",
    "OpportunityContactRole", "CampaignMember",
)  # fmt: skip
_FUNCTIONS: Final = ("FORMAT", "toLabel", "CALENDAR_YEAR", "DAY_ONLY", "HOUR_IN_DAY")
_AGGREGATES: Final = ("COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG")
_SCOPES: Final = ("everything", "mine", "delegated", "team")


class Queries:
    """Makes queries; the same ones for the same seed."""

    def __init__(self, org: LocalOrg, hidden: Sequence[str], seen: Sequence[str], seed: int) -> None:
        """Name the fields of `org`, most often those that are called like one in `hidden`, and objects in `seen`."""
        self._schema = org.schema
        self._seen = seen
        self._hidden = [name.casefold() for name in hidden]
        self._random = random.Random(seed)  # noqa: S311 - not for secrets

    def query(self) -> str:
        """Return one query."""
        chance = self._random
        sobject = self._schema[chance.choice(self._seen if chance.random() < 0.7 else MAIN)]
        if chance.random() < 0.25:
            return self._grouped(sobject)
        if chance.random() < 0.1:
            return f"SELECT COUNT() FROM {self._from(sobject)}{self._where(sobject)}"
        return self._plain(sobject)

    def search(self) -> str:
        """Return one search."""
        chance = self._random
        group = chance.choice(("ALL", "NAME", "EMAIL", "PHONE"))
        returning = []
        for sobject in chance.sample(MAIN, chance.randint(1, 2)):
            fields = ", ".join(self._field(self._schema[sobject]).name for _ in range(chance.randint(1, 2)))
            returning.append(
                f"{sobject}({fields}{self._where(self._schema[sobject]) if chance.random() < 0.4 else ''})"
            )
        word = chance.choice(("Hidden*", "Secret*", "Ode", "Call", "k7*", "555*", "Deal", "extra"))
        return f"FIND {{{word}}} IN {group} FIELDS RETURNING {', '.join(returning)}"

    def _plain(self, sobject: SObjectDef) -> str:
        chance = self._random
        columns = ["Id"] if chance.random() < 0.5 else []
        columns += [self._column(sobject) for _ in range(chance.randint(0 if columns else 1, 3))]
        if chance.random() < 0.15 and (children := self._schema.children(sobject)):
            child = chance.choice(list(children))
            if child.name:
                inner = f"SELECT {self._column(child.child)} FROM {child.name}{self._where(child.child)}"
                columns.append(f"({inner}{self._order(child.child)} LIMIT {chance.randint(1, 3)})")
        limit = f" LIMIT {chance.randint(1, 30)}" if chance.random() < 0.3 else ""
        offset = f" OFFSET {chance.randint(1, 5)}" if limit and chance.random() < 0.3 else ""
        text = f"SELECT {', '.join(dict.fromkeys(columns))} FROM {self._from(sobject)}{self._where(sobject)}"
        tracking = chance.choice((" FOR VIEW", " FOR REFERENCE")) if chance.random() < 0.02 else ""
        return f"{text}{self._order(sobject)}{limit}{offset}{tracking}"

    def _grouped(self, sobject: SObjectDef) -> str:
        chance = self._random
        key = self._path(sobject)
        alias = f" {self._alias(sobject)}" if chance.random() < 0.5 else ""
        value = f"{chance.choice(_AGGREGATES)}({self._path(sobject)})"
        text = f"SELECT {key}{alias}, {value} {self._alias(sobject) if chance.random() < 0.4 else 'n'}"
        text += f" FROM {self._from(sobject)}{self._where(sobject)} GROUP BY {key}"
        if chance.random() < 0.4:
            text += (
                f" HAVING {chance.choice(_AGGREGATES)}({self._path(sobject)}) {self._comparison(self._field(sobject))}"
            )
        if chance.random() < 0.5:
            text += f" ORDER BY {chance.choice((key, alias.strip() or key, value, f'MAX({self._path(sobject)})'))}"
        return text

    def _from(self, sobject: SObjectDef) -> str:
        chance = self._random
        if chance.random() < 0.05:
            return f"{sobject.name} USING SCOPE {chance.choice(_SCOPES)}"
        return f"{sobject.name} {self._alias(sobject)}" if chance.random() < 0.05 else sobject.name

    def _column(self, sobject: SObjectDef) -> str:
        chance = self._random
        path = self._path(sobject)
        if chance.random() < 0.15:
            alias = f" {self._alias(sobject)}" if chance.random() < 0.7 else ""
            return f"{chance.choice(_FUNCTIONS)}({path}){alias}"
        if chance.random() < 0.03:
            references = [field for field in sobject.fields if field.polymorphic]
            if references:
                field = chance.choice(references)
                target = self._schema.get(chance.choice(field.reference_to)) or sobject
                case = f"WHEN {target.name} THEN {self._field(target).name}"
                return f"TYPEOF {field.relationship_name} {case} ELSE Name END"
        return path

    def _path(self, sobject: SObjectDef) -> str:
        """Return a field, or a path over up to two parents."""
        chance = self._random
        parents = [field for field in sobject.fields if field.reference_to and field.relationship_name]
        if parents and chance.random() < 0.25:
            parent = chance.choice(parents)
            if parent.polymorphic:
                return f"{parent.relationship_name}.{chance.choice(('Name', 'Email', 'Phone', 'Type', 'Title'))}"
            target = self._schema.get(parent.reference_to[0])
            return f"{parent.relationship_name}.{self._path(target)}" if target else parent.name
        return self._field(sobject).name

    def _field(self, sobject: SObjectDef) -> FieldDef:
        chance = self._random
        fields = [field for field in sobject.fields if field.name.casefold() in self._hidden]
        return chance.choice(fields) if fields and chance.random() < 0.15 else chance.choice(sobject.fields)

    def _alias(self, sobject: SObjectDef) -> str:
        return self._field(sobject).name if self._random.random() < 0.5 else "a1"

    def _where(self, sobject: SObjectDef) -> str:
        chance = self._random
        if chance.random() < 0.5:
            return ""
        if chance.random() < 0.1:
            inner = self._schema[chance.choice(MAIN)]
            references = [field.name for field in inner.fields if sobject.name in field.reference_to] or ["Id"]
            negated = "NOT IN" if chance.random() < 0.3 else "IN"
            return f" WHERE Id {negated} (SELECT {chance.choice(references)} FROM {inner.name}{self._where(inner)})"
        conditions = [self._condition(sobject) for _ in range(chance.randint(1, 2))]
        return f" WHERE {chance.choice((' AND ', ' OR ')).join(conditions)}"

    def _condition(self, sobject: SObjectDef) -> str:
        negated = self._random.random() < 0.1
        field = self._field(sobject)
        name = field.name if self._random.random() < 0.75 else self._path(sobject)
        condition = f"{name} {self._comparison(field)}"
        return f"(NOT {condition})" if negated else condition

    def _comparison(self, field: FieldDef) -> str:
        chance = self._random
        if chance.random() < 0.3:
            return chance.choice(("= null", "!= null"))
        match field.type:
            case "boolean":
                return chance.choice(("= true", "= false"))
            case "date":
                return "> 1970-01-01"
            case "datetime":
                return f"{chance.choice('<>')} 2026-11-22T09:00:00Z"
            case "int" | "double" | "currency" | "percent":
                return f"> {chance.randint(0, 9)}"
            case _:
                return f"LIKE '{chance.choice('HSkMO%')}%'"

    def _order(self, sobject: SObjectDef) -> str:
        chance = self._random
        if chance.random() < 0.6:
            return ""
        return f" ORDER BY {self._path(sobject)}{chance.choice(('', ' DESC', ' NULLS LAST'))}"
