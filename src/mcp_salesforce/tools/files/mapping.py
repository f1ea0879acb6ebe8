"""Which field each header of a table means: proposed from describe, or as the call says. Pure; no I/O."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mcp_salesforce.salesforce import InvalidArgumentError, SObjectDescribe
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.models import FieldDescribe
from mcp_salesforce.spelling import did_you_mean, nearest

Operation: TypeAlias = Literal["insert", "update", "upsert", "delete"]

REASON: Final = "import_reason"
"""The column of a file of failed rows that says why; it is never imported."""
_ID: Final = "Id"
_NOT_TEXT: Final = frozenset({"base64", "address", "location", "complexvalue", "anyType"})
_SIGNS: Final = re.compile(r"[\W_]+")
_OTHER_WORDS: Final[Mapping[str, str]] = {
    "surname": "LastName", "familyname": "LastName", "lastname": "LastName", "nachname": "LastName", "nom": "LastName",
    "givenname": "FirstName", "forename": "FirstName", "firstname": "FirstName", "vorname": "FirstName",
    "prenom": "FirstName", "mail": "Email", "emailaddress": "Email", "telephone": "Phone", "phonenumber": "Phone",
    "telefon": "Phone", "tel": "Phone", "mobile": "MobilePhone", "cell": "MobilePhone", "mobil": "MobilePhone",
    "jobtitle": "Title", "dateofbirth": "Birthdate", "birthday": "Birthdate", "organisation": "Company",
    "organization": "Company", "firma": "Company", "url": "Website", "homepage": "Website", "owner": "OwnerId",
}  # fmt: skip
_ACCOUNTS: Final = frozenset({"company", "companyname", "organisation", "organization", "firma"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table, and where its cells go.

    Attributes:
        place: Its place in a row.
        header: Its name in the table.
        field: The field that it is for.
        lookup: Where the cells tell a parent otherwise than by its Id or name: the parent's field.
    """

    place: int
    header: str
    field: FieldDescribe
    lookup: str = ""

    @property
    def target(self) -> str:
        """What it is mapped to, as `mapping` takes it."""
        return f"{self.field.relationship_name}.{self.lookup}" if self.lookup else self.field.name


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The columns that are imported, and the headers that are not."""

    columns: Sequence[Column]
    left_out: Sequence[str]


def mapping_of(
    described: SObjectDescribe,
    header: Sequence[str],
    asked: Mapping[str, str],
    *,
    operation: Operation,
    key: str,
) -> ColumnMapping:
    """Return the columns of a table with this header.

    Args:
        described: The object that its rows are of.
        header: The names of its columns.
        asked: What the caller maps, by header; an empty field leaves the column out. The rest is proposed.
        operation: What is done with the rows.
        key: The field that tells which record a row means; empty where all are new.

    Raises:
        InvalidArgumentError: HEADER_NOT_FOUND: it maps a column that is not there. INVALID_FIELD: a field cannot be
            written, or two columns are for one. KEY_NOT_MAPPED: no column has the key.
    """
    wanted = _by_place(header, asked)
    names = _known_as(described)
    found = {
        place: target_of(described, place, header[place], target, operation, key)
        for place, target in wanted.items()
        if target
    }
    taken = {column.field.name for column in found.values()}
    is_name = [described.field(name) is not None for name in header]
    open_places = [n for n, name in enumerate(header) if n not in wanted and name and name.casefold() != REASON]
    for place in sorted(open_places, key=lambda place: not is_name[place]):  # a field's own name comes first
        column = _proposed(described, place, header[place], names, operation, key)
        if column and column.field.name not in taken:
            found[place] = column
            taken.add(column.field.name)
    columns = [found[place] for place in sorted(found)]
    _check(described, columns, header, operation, key)
    return ColumnMapping(columns, [header[place] for place in open_places if place not in found])


def _by_place(header: Sequence[str], asked: Mapping[str, str]) -> dict[int, str]:
    places = {name.casefold(): place for place, name in enumerate(header) if name}
    wanted: dict[int, str] = {}
    for name, target in asked.items():
        place = places.get(name.strip().casefold())
        if place is None:
            near = did_you_mean(nearest(name, [each for each in header if each]))
            there = f"There are: {', '.join(filter(None, header))[:200]}."
            raise refused(
                f"There is no column {name[:60]!r}.",
                code="HEADER_NOT_FOUND",
                hint=f"Nothing was sent. {near or there}",
                fields=["mapping"],
            )
        wanted[place] = (target or "").strip()
    return wanted


def _known_as(described: SObjectDescribe) -> dict[str, str]:
    """Return what headers are taken for: targets, by names and labels without signs and case."""
    known: dict[str, str] = {}
    for field in described.fields:
        if field.relationship_name and field.type == "reference":
            known.setdefault(_folded(field.relationship_name), field.name)
            known.setdefault(_folded(f"{field.relationship_name} name"), field.name)
            known.setdefault(_folded(f"{field.label.removesuffix(' ID')}"), field.name)
    for field in described.fields:
        known.setdefault(_folded(field.label), field.name)
        known.setdefault(_folded(field.name.removesuffix("__c")), field.name)
    for field in described.fields:
        known[_folded(field.name)] = field.name  # a name of the API itself means no other field
    for words, name in _OTHER_WORDS.items():
        if described.field(name):
            known.setdefault(words, name)
    for words in _ACCOUNTS if described.field("AccountId") else ():
        known.setdefault(words, "AccountId")
    return known


def _proposed(
    described: SObjectDescribe, place: int, header: str, names: Mapping[str, str], operation: Operation, key: str
) -> Column | None:
    name = names.get(_folded(header), "")
    try:
        return target_of(described, place, header, header if "." in header else name, operation, key)
    except InvalidArgumentError:
        return None


def target_of(
    described: SObjectDescribe, place: int, header: str, target: str, operation: Operation, key: str
) -> Column:
    """Return a column for `target`: a field, `Account.Name`, or `Account.Number__c`.

    Raises:
        InvalidArgumentError: There is no such field, or it cannot be written.
    """
    parent, _, lookup = target.partition(".")
    field = described.field(parent) if not lookup else None
    if field is None:
        field = next(
            (
                each
                for each in described.fields
                if (each.relationship_name or "").casefold() == parent.casefold() and each.type == "reference"
            ),
            None,
        )
    if field is None or not parent:
        near = nearest(parent, [each.name for each in described.fields])
        raise _refused(f"{described.name} has no field {target[:60]!r}.", did_you_mean(near))
    is_key = field.name.casefold() == key.casefold()
    if operation == "delete" and not is_key:
        raise _refused(f"{field.name} is not needed to delete.", f"Only {key} is needed: map the others to nothing.")
    abilities = {"insert": field.createable, "update": field.updateable}
    is_writable = abilities.get(operation, field.createable or field.updateable)
    if not is_key and (not is_writable or field.type in _NOT_TEXT or field.name == _ID):
        raise _refused(f"{field.name} cannot be written.", "Map the column to another field, or to nothing.")
    return Column(place, header, field, "" if lookup.casefold() in {"", "id"} else lookup)


def _check(
    described: SObjectDescribe, columns: Sequence[Column], header: Sequence[str], operation: Operation, key: str
) -> None:
    seen: dict[str, str] = {}
    for column in columns:
        if (other := seen.setdefault(column.field.name, column.header)) != column.header:
            raise _refused(
                f"{other!r} and {column.header!r} are both for {column.field.name}.", "Map one of them to nothing."
            )
    if key and key not in seen and not (operation == "upsert" and key == _ID):
        raise refused(
            f"No column has {key}, by which records are found.",
            code="KEY_NOT_MAPPED",
            hint=f'Nothing was sent. Map one: {{"{header[0][:40]}": "{key}"}}.',
            fields=["mapping"],
        )
    if not columns:
        names = ", ".join(filter(None, header))[:150]
        raise refused(
            f"No column is for a field of {described.name}: {names}.",
            code="HEADER_NOT_FOUND",
            hint="Nothing was sent. Give mapping, from header to field.",
            fields=["mapping"],
        )


def _folded(text: str) -> str:
    return _SIGNS.sub("", text).casefold()


def _refused(what: str, hint: str) -> InvalidArgumentError:
    return refused(what, code="INVALID_FIELD", hint=f"Nothing was sent. {hint}".strip(), fields=["mapping"])
