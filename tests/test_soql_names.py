"""What the names in a query mean: aliases, paths, sub-queries, and nothing unnoticed."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, NotFoundError, SalesforceClient
from mcp_salesforce.salesforce.models import ChildRelationship, FieldDescribe, SObjectDescribe
from mcp_salesforce.settings.connect import token_source
from mcp_salesforce.soql import format_query, parse, parse_sosl, tree
from mcp_salesforce.soql_names import Describe, Meaning, Unknown, meaning_of, meaning_of_search
from tests.conftest import settings_of
from tests.soql.strategies import queries


@pytest.fixture
async def describe(org: LocalOrg) -> AsyncIterator[Describe]:
    async with SalesforceClient(token_source(settings_of(org)), transport=AsgiTransport(org.app)) as client:

        async def one(name: str) -> SObjectDescribe | None:
            try:
                return await client.describe.describe(name)
            except NotFoundError:
                return None

        yield one


def used(meaning: Meaning) -> set[str]:
    """Return what is used as `Object.Field clause`, with * where it is a column; several objects as Name."""
    return {
        f"{one.sobjects[0] if len(one.sobjects) == 1 else 'Name'}.{one.field} {one.clause}{'*' * one.is_column}"
        for one in meaning.references
    }


CASES = {
    "SELECT id, c.email FROM contact c WHERE contact.LASTNAME = 'x'": {
        "Contact.Id SELECT*", "Contact.Email SELECT*", "Contact.LastName WHERE",
    },
    "SELECT Account.Owner.Name FROM Contact": {
        "Contact.AccountId SELECT", "Account.OwnerId SELECT", "User.Name SELECT*",
    },
    "SELECT a.Phone FROM Contact c, c.Account a ORDER BY a.Name": {
        "Contact.AccountId FROM", "Contact.AccountId SELECT", "Account.Phone SELECT*",
        "Contact.AccountId ORDER BY", "Account.Name ORDER BY",
    },
    "SELECT Name, (SELECT Email FROM Contacts WHERE Phone != null) FROM Account": {
        "Account.Name SELECT*", "Contact.AccountId FROM", "Contact.Email SELECT*", "Contact.Phone WHERE",
    },
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Email LIKE 'a%')": {
        "Account.Id SELECT*", "Account.Id WHERE", "Contact.AccountId SELECT*", "Contact.Email WHERE",
    },
    "SELECT Who.Email, Owner.Profile.Name FROM Event": {
        "Event.WhoId SELECT", "Name.Email SELECT*", "Event.OwnerId SELECT", "Name.ProfileId SELECT",
        "Profile.Name SELECT*",
    },
    "SELECT TYPEOF Who WHEN Contact THEN Email, Account.Name ELSE Phone END FROM Event": {
        "Event.WhoId SELECT", "Contact.Email SELECT*", "Contact.AccountId SELECT", "Account.Name SELECT*",
        "Name.Phone SELECT*",
    },
    "SELECT MAX(Email) top, Title FROM Contact GROUP BY Title HAVING COUNT(Phone) > 1 ORDER BY MAX(Fax)": {
        "Contact.Email SELECT", "Contact.Title SELECT*", "Contact.Title GROUP BY", "Contact.Phone HAVING",
        "Contact.Fax ORDER BY",
    },
    "SELECT toLabel(LeadSource) s, FORMAT(Birthdate) FROM Contact": {
        "Contact.LeadSource SELECT", "Contact.Birthdate SELECT",
    },
    "SELECT Email mail FROM Contact GROUP BY Email": {"Contact.Email SELECT", "Contact.Email GROUP BY"},
    "SELECT COUNT() FROM Contact": set(),
}  # fmt: skip


@pytest.mark.parametrize("soql", CASES)
async def test_every_name_is_the_field_it_means(describe: Describe, soql: str) -> None:
    meaning = await meaning_of(parse(soql), describe)

    assert used(meaning) == CASES[soql]
    assert meaning.unknown == []


async def test_fields_all_stands_for_every_field(describe: Describe) -> None:
    contact = await describe("Contact")
    assert contact

    for group, wanted in (("ALL", {True, False}), ("standard", {False}), ("Custom", {True})):
        meaning = await meaning_of(parse(f"SELECT FIELDS({group}) FROM Contact LIMIT 1"), describe)
        assert [one.field for one in meaning.references] == [f.name for f in contact.fields if f.custom in wanted]


@pytest.mark.parametrize(
    ("soql", "unknown"),
    [
        ("SELECT Id FROM Kontact", Unknown("object", "Kontact", "", 15)),
        ("SELECT Emial FROM Contact", Unknown("field", "Emial", "Contact", 7)),
        ("SELECT Acount.Name FROM Contact", Unknown("relationship", "Acount", "Contact", 7)),
        ("SELECT Account.Nmae FROM Contact", Unknown("field", "Nmae", "Account", 7)),
        ("SELECT Who.Birthdate FROM Event", Unknown("field", "Birthdate", "Name", 7)),
        ("SELECT Who.Account.Name FROM Event", Unknown("relationship", "Account", "Name", 7)),
        ("SELECT (SELECT Id FROM Kontacts) FROM Account", Unknown("child relationship", "Kontacts", "Account", 23)),
        ("SELECT TYPEOF Who WHEN Kontact THEN Id END FROM Event", Unknown("object", "Kontact", "", 18)),
        ("SELECT FIELDS(Most) FROM Contact", Unknown("field", "FIELDS(Most)", "Contact", 14)),
        ("SELECT Id FROM Contact c, d.Account a", Unknown("relationship", "d", "Contact", 26)),
    ],
)
async def test_a_name_that_means_nothing_is_told_with_its_place(
    describe: Describe, soql: str, unknown: Unknown
) -> None:
    assert (await meaning_of(parse(soql), describe)).unknown == [unknown]


async def test_each_query_inside_is_told_with_its_object(describe: Describe) -> None:
    soql = "SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Id IN (SELECT WhatId FROM Event)"
    meaning = await meaning_of(parse(soql), describe)

    assert [sobject for _, sobject in meaning.sources] == ["Account", "Contact", "Event"]


async def test_a_search_is_understood_as_its_returned_objects(describe: Describe) -> None:
    sosl = "FIND {acme} RETURNING Contact(Name WHERE Email = 'a' ORDER BY Phone), Acount, Lead(Emial)"
    meaning = await meaning_of_search(parse_sosl(sosl), describe)

    assert used(meaning) == {"Contact.Name SELECT*", "Contact.Email WHERE", "Contact.Phone ORDER BY"}
    assert [(one.kind, one.name) for one in meaning.unknown] == [("object", "Acount"), ("field", "Emial")]


def nodes(value: object) -> Iterator[tree.Field]:
    if isinstance(value, tree.Field):
        yield value
    elif isinstance(value, tuple):
        for entry in value:
            yield from nodes(entry)
    elif is_dataclass(value):
        for each in fields(value):
            yield from nodes(getattr(value, each.name))


@given(queries, st.data())
async def test_no_name_goes_unnoticed_in_any_query(query: tree.Query, data: st.DataObject) -> None:
    """In an org where every name is known, each that stands in the text is told as used, or it is an alias."""
    parsed = parse(format_query(query))
    sources = list(all_from(parsed))

    def every(name: str) -> SObjectDescribe:
        known = {part for path in [node.name for node in nodes(parsed)] + sources for part in path.split(".")}
        is_polymorphic = data.draw(st.booleans())
        return SObjectDescribe(
            name=name,
            label=name,
            fields=tuple(
                FieldDescribe(
                    name=part,
                    label=part,
                    type="reference",
                    relationship_name=part,
                    reference_to=("A", "B") if is_polymorphic else ("A",),
                )
                for part in sorted(known, key=str.casefold)
            ),
            child_relationships=tuple(
                ChildRelationship(child_sobject="A", field="Id", relationship_name=part)
                for path in sources
                for part in path.split(".")
            ),
        )

    async def describe(name: str) -> SObjectDescribe | None:
        return every(name)

    meaning = await meaning_of(parsed, describe)
    if not meaning.unknown:
        positions = {one.name.position for one in meaning.references}
        aliases = {item.alias.casefold() for item in selected(parsed) if item.alias}
        for node in nodes(parsed):
            assert node.position in positions or node.name.casefold() in aliases


def all_from(value: object) -> Iterator[str]:
    if isinstance(value, tree.FromItem):
        yield value.name
    elif isinstance(value, tuple):
        for entry in value:
            yield from all_from(entry)
    elif is_dataclass(value):
        for each in fields(value):
            yield from all_from(getattr(value, each.name))


def selected(value: object) -> Iterator[tree.SelectItem]:
    if isinstance(value, tree.SelectItem):
        yield value
    if isinstance(value, tuple):
        for entry in value:
            yield from selected(entry)
    elif is_dataclass(value):
        for each in fields(value):
            yield from selected(getattr(value, each.name))


@pytest.mark.parametrize(
    ("soql", "clause"),
    [
        ("SELECT FirstName Email, COUNT(Id) c FROM Contact GROUP BY FirstName HAVING MAX(Email) LIKE 'k%'", "HAVING"),
        ("SELECT FirstName Email, COUNT(Id) c FROM Contact GROUP BY FirstName ORDER BY MAX(Email)", "ORDER BY"),
        ("SELECT FORMAT(CreatedDate) Email FROM Contact ORDER BY Email", "ORDER BY"),
        ("SELECT FirstName e, COUNT(Id) c FROM Contact GROUP BY FirstName ORDER BY MAX(Email)", "ORDER BY"),
        ("SELECT FirstName Contact.Email, COUNT(Id) c FROM Contact GROUP BY FirstName ORDER BY Contact.Email",
         "ORDER BY"),
        ("SELECT Id, (SELECT FORMAT(CreatedDate) Email FROM Contacts ORDER BY Email) FROM Account", "ORDER BY"),
    ],
)  # fmt: skip
async def test_an_alias_never_stands_for_a_field(describe: Describe, soql: str, clause: str) -> None:
    assert f"Contact.Email {clause}" in used(await meaning_of(parse(soql), describe))


@pytest.mark.parametrize(
    ("soql", "ambiguous"),
    [
        ("SELECT FORMAT(CreatedDate) eMail FROM Contact", ["eMail"]),
        ("SELECT COUNT(Id) Account FROM Contact", ["Account"]),
        ("SELECT COUNT(Id) Industry FROM Contact GROUP BY Account.Name", ["Industry"]),
        ("SELECT COUNT(Id) Account.Name FROM Contact", ["Account.Name"]),
        ("SELECT Account.Name FROM Contact Account", ["Account"]),
        ("SELECT Id FROM Contact c, c.Account Owner", ["Owner"]),
        ("SELECT Id FROM Account Contacts", ["Contacts"]),
        ("SELECT Id, (SELECT toLabel(LeadSource) Email FROM Contacts) FROM Account", ["Email"]),
        ("SELECT Id FROM Event WHERE WhoId IN (SELECT Id FROM Contact Name)", ["Name"]),
        ("SELECT COUNT(Id) n, MAX(Email) top FROM Contact c GROUP BY c.Title", []),
    ],
)
async def test_an_alias_that_could_be_a_name_of_the_org_is_told(
    describe: Describe, soql: str, ambiguous: list[str]
) -> None:
    assert (await meaning_of(parse(soql), describe)).ambiguous == ambiguous


async def test_a_relationship_is_not_taken_for_the_name_of_its_query(describe: Describe) -> None:
    meaning = await meaning_of(parse("SELECT (SELECT Contacts.Email FROM Contacts) FROM Account"), describe)

    assert [(one.kind, one.name) for one in meaning.unknown] == [("relationship", "Contacts")]


async def test_a_parent_in_from_without_an_alias_has_no_name(describe: Describe) -> None:
    meaning = await meaning_of(parse("SELECT Owner.Email FROM Contact c, c.Account.Owner"), describe)

    assert "Contact.OwnerId SELECT" in used(meaning)
