"""What the org says of rows before they are sent: parents by name, records by key, and what is there already."""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.salesforce import SalesforceError, SObjectDescribe
from mcp_salesforce.salesforce.api.queries import LARGEST_BATCH
from mcp_salesforce.salesforce.errors import InvalidRequestError
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.salesforce.models import FieldDescribe
from mcp_salesforce.salesforce.wire import field_name, sobject_name
from mcp_salesforce.tools.files.checking import ByName, CheckedRow, person_of
from mcp_salesforce.tools.files.mapping import Column, Operation
from mcp_salesforce.tools.framework.session import OrgSession

_AT_ONCE: Final = 200
_MOST_CHARACTERS: Final = 12_000
_AT_A_TIME: Final = 4
_MOST_KNOWN: Final = 100_000
_ID: Final = "Id"
_PEOPLE: Final = frozenset({"Contact", "Lead"})
_NAMED_ONCE: Final = frozenset({"Account", "Campaign", "Product2"})
_TOLD: Final = 40
_FIELD_NAME: Final = re.compile(r"[A-Za-z]\w*", re.ASCII)


class OrgChecks:
    """Checks blocks of rows of one import against the org; what it has found is known for the next blocks."""

    def __init__(
        self,
        org: OrgSession,
        described: SObjectDescribe,
        columns: Sequence[Column],
        operation: Operation,
        key: str,
        *,
        allow_duplicate: bool,
    ) -> None:
        """Check rows whose cells go where `columns` say."""
        self._org = org
        self._described = described
        self._columns = {column.field.name: column for column in columns}
        self._operation = operation
        self._key = key
        self._allow_duplicate = allow_duplicate
        self._known: dict[tuple[str, str, str], tuple[str, ...]] = {}

    async def check(self, rows: Sequence[CheckedRow]) -> None:
        """Note what is wrong with rows, whose parents were found."""
        if self._operation in {"update", "delete"} and self._key != _ID:
            await self._find_records(rows)
        elif self._operation in {"update", "delete"} and self._org.is_guarded:
            await self._require_visible(rows)
        if self._operation == "insert":
            await self._find_duplicates(rows)

    async def there(self, record_ids: Sequence[str]) -> set[str]:
        """Return those of the records that exist."""
        found = await self._read(self._described.name, [], _ID, list(record_ids))
        return {str(record[_ID]) for record in found}

    async def find_parents(self, rows: Sequence[CheckedRow]) -> None:
        """Put Ids where parents are given by names; note names that no record or several records have."""
        sought: dict[str, dict[str, None]] = {}
        for row in rows:
            for name, value in row.values.items():
                if isinstance(value, ByName):
                    sought.setdefault(name, {})[value.text] = None
        for name, texts in sought.items():
            column = self._columns[name]
            found = await self._parents(column, list(texts))
            for row in rows:
                value = row.values.get(name)
                if isinstance(value, ByName):
                    _put(row, name, value.text, found.get(value.text.casefold(), ()), column)

    async def _parents(self, column: Column, texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the Ids of the parents that have one of the texts in their name, or in the column's own field."""
        found: dict[str, dict[str, None]] = {}
        for target in column.field.reference_to:
            for name, some in (await self._fields_to_look_in(target, column.lookup, texts)).items():
                for text, ids in (await self._ids(target, name, some)).items():
                    found.setdefault(text, {}).update(dict.fromkeys(ids))
        return {text: tuple(ids) for text, ids in found.items()}

    async def _fields_to_look_in(self, target: str, lookup: str, texts: Sequence[str]) -> dict[str, Sequence[str]]:
        try:
            described = await self._org.schema.describe(target)
        except InvalidRequestError:
            return {}
        if lookup:
            field = described.field(lookup)
            return {field.name: texts} if field and field.filterable else {}
        addresses = [text for text in texts if "@" in text]
        names = [text for text in texts if "@" not in text]
        found: dict[str, Sequence[str]] = {}
        if (field := next((each for each in described.fields if each.name_field), None)) and names:
            found[field.name] = names
        for name in ("Email", "Username"):
            if addresses and (field := described.field(name)) and field.filterable:
                found[field.name] = addresses
        return found

    async def _find_records(self, rows: Sequence[CheckedRow]) -> None:
        """Find the records that rows mean by another key than their Id."""
        found = await self._ids(self._described.name, self._key, [row.values[self._key] for row in rows])
        for row in rows:
            text = _folded(row.values.pop(self._key))
            ids = found.get(text, ())
            if len(ids) == 1:
                row.values[_ID] = ids[0]
            elif ids:
                row.fail("AMBIGUOUS_NAME", self._key, f"{len(ids)} records have {text[:_TOLD]!r}.")
            else:
                row.fail("NOT_FOUND", self._key, f"No {self._described.name} has {text[:_TOLD]!r}.")

    async def _require_visible(self, rows: Sequence[CheckedRow]) -> None:
        """Note the rows whose record a policy does not show: it would refuse the whole call that has one of them."""
        found = await self.there([row.values[_ID] for row in rows])
        for row in rows:
            if to_18(row.values[_ID]) not in found:
                row.fail("NOT_FOUND", _ID, "It is another user's, or not there.")

    async def _find_duplicates(self, rows: Sequence[CheckedRow]) -> None:
        for column in self._columns.values():
            if column.field.unique or column.field.external_id:
                await self._find_taken(rows, column.field)
        if self._allow_duplicate:
            return
        if self._described.name in _PEOPLE:
            await self._find_people(rows)
        elif (name := self._name_field()) is not None:
            given = [row for row in rows if row.values.get(name)]
            found = await self._ids(self._described.name, name, [row.values[name] for row in given])
            for row in given:
                if ids := found.get(_folded(row.values[name])):
                    row.fail("DUPLICATE_IN_ORG", name, f"{ids[0]} has it.")

    def _name_field(self) -> str | None:
        """Return the field of names, if rows give it and it tells records apart as a rule."""
        if self._described.name not in _NAMED_ONCE:
            return None
        return next((column.field.name for column in self._columns.values() if column.field.name_field), None)

    async def _find_taken(self, rows: Sequence[CheckedRow], field: FieldDescribe) -> None:
        given = [row for row in rows if row.values.get(field.name) is not None]
        found = await self._ids(self._described.name, field.name, [row.values[field.name] for row in given])
        for row in given:
            if ids := found.get(_folded(row.values[field.name])):
                row.fail("DUPLICATE_IN_ORG", field.name, f"{ids[0]} has it.")

    async def _find_people(self, rows: Sequence[CheckedRow]) -> None:
        """Find the people who are there: the same name and e-mail address."""
        of_rows = [(person, row) for row in rows if (person := person_of(row.values))]
        shown = await self._org.shown(self._described.name, ["FirstName", "LastName", "Email"])
        if not of_rows or "Email" not in shown or "LastName" not in shown:
            return
        where = "IsConverted = false AND " if self._described.name == "Lead" else ""
        people: dict[tuple[str, ...], str] = {}
        for record in await self._read(self._described.name, shown, "Email", [each[0] for each, _ in of_rows], where):
            if person := person_of(record):
                people.setdefault(person, str(record[_ID]))
        for person, row in of_rows:
            if person in people:
                row.fail("DUPLICATE_IN_ORG", "Email", f"{people[person]} has this name and address.")

    async def _ids(self, sobject: str, name: str, values: Sequence[Any]) -> dict[str, tuple[str, ...]]:
        """Return the Ids of the records that have one of the values in a field, by the values, folded."""
        wanted = {_folded(value): value for value in values if _folded(value)}
        if len(self._known) + len(wanted) > _MOST_KNOWN:
            self._known.clear()
        unknown = {text: value for text, value in wanted.items() if (sobject, name, text) not in self._known}
        for text in unknown:
            self._known[sobject, name, text] = ()
        for record in await self._read(sobject, [name], name, list(unknown.values())):
            place = sobject, name, _folded(record.get(name))
            self._known[place] = (*self._known.get(place, ()), str(record[_ID]))
        return {text: self._known.get((sobject, name, text), ()) for text in wanted}

    async def _read(
        self, sobject: str, fields: Iterable[str], name: str, values: Sequence[Any], where: str = ""
    ) -> list[Mapping[str, Any]]:
        names = ", ".join(dict.fromkeys([_ID, *map(field_name, fields)]))
        begin = f"SELECT {names} FROM {sobject_name(sobject)} WHERE {where}{field_name(name)} IN "  # noqa: S608 - SOQL
        soqls = [f"{begin}{quote_list(part)}" for part in _parts(list(dict.fromkeys(values)))]
        gate = asyncio.Semaphore(_AT_A_TIME)

        async def read(soql: str) -> list[Mapping[str, Any]]:
            async with gate:
                pages = self._org.client.queries.pages(soql, batch_size=LARGEST_BATCH)
                return [record async for page in pages for record in page.records]

        return [record for records in await asyncio.gather(*map(read, soqls)) for record in records]


def _put(row: CheckedRow, name: str, text: str, ids: Sequence[str], column: Column) -> None:
    objects = " or ".join(column.field.reference_to[:3])
    if len(ids) == 1:
        row.values[name] = ids[0]
        return
    row.values[name] = None
    if ids:
        row.fail("AMBIGUOUS_NAME", name, f"{len(ids)} records are called {text[:_TOLD]!r}: give the Id.")
    else:
        row.fail("NOT_FOUND", name, f"No {objects} is called {text[:_TOLD]!r}.")


def _folded(value: object) -> str:
    """Return a value in the form in which two that Salesforce takes for the same are equal."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip().casefold()


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """Yield values in parts that fit into the address of a query."""
    part: list[Any] = []
    size = 0
    for value in values:
        length = len(str(value).encode()) * 3 + 9  # as an address has it, at the longest
        if part and (len(part) == _AT_ONCE or size + length > _MOST_CHARACTERS):
            yield part
            part, size = [], 0
        part.append(value)
        size += length
    if part:
        yield part


async def refuse_hidden(org: OrgSession, sobject: str, headers: Sequence[str], mapping: Mapping[str, str]) -> None:
    """Refuse columns of fields that a policy hides: `headers` are those that are not imported.

    Those that the caller leaves out by `mapping` are not refused.

    Raises:
        PolicyRefusedError: There is such a column; nothing was sent.
    """
    wanted = [each for each in headers if mapping.get(each) != ""] if org.is_guarded else []
    for name in filter(_FIELD_NAME.fullmatch, wanted):
        try:
            await org.require_shown(sobject, [name])
        except PolicyRefusedError:
            raise
        except SalesforceError:
            continue  # it names no field at all
