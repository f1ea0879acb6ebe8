"""What is hidden with a hidden field, and what of a record is left."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.policy.masks import masked, masked_describe
from mcp_salesforce.policy.policy_file import read_policy
from mcp_salesforce.policy.query_rules import owned, steady
from mcp_salesforce.policy.views import View, unknown_names, view_of
from mcp_salesforce.salesforce.models import ChildRelationship, FieldDescribe, SObjectDescribe
from mcp_salesforce.soql import format_query, parse, tree
from tests.soql.strategies import queries


def field(name: str, kind: str = "string", **more: Any) -> FieldDescribe:
    return FieldDescribe(name=name, label=name, type=kind, **more)


CONTACT = SObjectDescribe(
    name="Contact",
    label="Contact",
    fields=(
        field("Id", "id"),
        field("Name", name_field=True, compound_field_name="Name"),
        field("FirstName", compound_field_name="Name"),
        field("LastName", compound_field_name="Name"),
        field("MailingAddress", "address"),
        field("MailingCity", compound_field_name="MailingAddress"),
        field("MailingStreet", "textarea", compound_field_name="MailingAddress"),
        field("Email", "email"),
        field("Phone", "phone"),
        field("Birthdate", "date"),
        field("OwnerId", "reference", reference_to=("User",), relationship_name="Owner"),
        field("AccountId", "reference", reference_to=("Account",), relationship_name="Account"),
        field("Card__c", calculated=True, calculated_formula="LastName & ' <' & Email & '>'"),
        field("Shout__c", calculated=True, calculated_formula="UPPER(Card__c)"),
        field("Industry__c", calculated=True, calculated_formula="TEXT(Account.Industry)"),
        field("Boss__c", calculated=True, calculated_formula="Account.Owner.Email"),
        field("Me__c", calculated=True, calculated_formula="$User.Email"),
        field("CreatedDate", "datetime"),
    ),
)


def view(text: str, described: SObjectDescribe = CONTACT) -> View:
    return view_of(read_policy(text, "p.toml"), described)


@pytest.mark.parametrize(
    ("policy", "hidden"),
    [
        ('[objects.Contact]\nhide = ["birthDATE"]', {"birthdate"}),
        ('[objects.Contact]\nhide = ["LastName"]', {"lastname", "name", "card__c", "shout__c"}),
        ('[objects.Contact]\nhide = ["MailingAddress"]', {"mailingaddress", "mailingcity", "mailingstreet"}),
        ('[objects.Contact]\nhide = ["MailingCity"]', {"mailingcity", "mailingaddress"}),
        ('[objects.Contact]\nhide = ["Email"]', {"email", "card__c", "shout__c", "boss__c"}),
        ('[objects.Account]\nhide = ["Industry"]', {"industry__c"}),
        ("[objects.Account]\nactions = []", {"industry__c", "boss__c"}),
        ('[objects.User]\nhide = ["Email"]', {"boss__c", "me__c"}),
        ("[objects.Contact]\nmax_rows = 3", set()),
    ],
)
def test_with_a_field_goes_what_shows_it_too(policy: str, hidden: set[str]) -> None:
    assert view(policy).hidden == hidden


def test_only_what_is_listed_is_shown_with_its_parts_and_the_fields_of_every_record() -> None:
    shown = view('[objects.Contact]\nfields = ["Name", "Card__c"]')

    assert [each.name for each in CONTACT.fields if shown.shows(each.name)] == [
        "Id", "Name", "FirstName", "LastName", "CreatedDate",
    ]  # fmt: skip


def test_standard_copies_in_other_objects_are_hidden_too() -> None:
    case = SObjectDescribe(
        name="Case", label="Case", fields=(field("ContactEmail", "email"), field("ContactPhone"), field("Subject"))
    )
    member = SObjectDescribe(name="CampaignMember", label="M", fields=(field("Email"), field("LastName")))

    assert view('[objects.Contact]\nhide = ["Email"]', case).hidden == {"contactemail"}
    assert view("[objects.Contact]\nactions = []", case).hidden == {"contactemail", "contactphone"}
    assert view("[objects.Contact]\nowner_only = true", case).hidden == {"contactemail", "contactphone"}
    assert view('[objects.Lead]\nfields = ["LastName"]', member).hidden == {"email"}


@pytest.mark.parametrize(
    ("hide", "groups"),
    [
        ("Email", {"ALL", "SIDEBAR", "EMAIL"}),
        ("Phone", {"ALL", "SIDEBAR", "PHONE"}),
        ("Birthdate", set()),
        ("LastName", {"ALL", "SIDEBAR", "NAME"}),
    ],
)
def test_searches_that_look_into_a_hidden_field_are_known(hide: str, groups: set[str]) -> None:
    fields = tuple(each for each in CONTACT.fields if not each.calculated)
    described = CONTACT.model_copy(update={"fields": fields})

    assert view(f'[objects.Contact]\nhide = ["{hide}"]', described).searched == groups


def test_names_that_are_no_fields_are_told() -> None:
    rule = read_policy('[objects.Contact]\nhide = ["Emial"]\nowner_only = true', "p.toml").rule("Contact")

    assert unknown_names(rule, CONTACT) == ["Emial"]
    assert unknown_names(rule, CONTACT.model_copy(update={"fields": ()})) == ["Emial", "OwnerId"]


names = st.sampled_from([each.name for each in CONTACT.fields if each.name != "Id"])


@given(st.lists(names, min_size=1, max_size=4, unique=True), st.booleans())
async def test_no_hidden_value_is_left_in_a_record_however_it_is_nested(hide: list[str], parent_is_name: bool) -> None:
    policy = read_policy(f"[objects.Contact]\nhide = {hide}".replace("'", '"'), "p.toml")

    async def views(sobject: str) -> View:
        described = CONTACT if sobject == "Contact" else CONTACT.model_copy(update={"name": sobject, "fields": ()})
        return view_of(policy, described)

    url = "/services/data/v60.0/sobjects/Contact/003"
    contact = {
        "attributes": {"type": "Name" if parent_is_name else "Contact", "url": url},
        **{each.name: f"secret {each.name}" for each in CONTACT.fields},
    }
    event = {
        "attributes": {"type": "Event", "url": "/services/data/v60.0/sobjects/Event/00U"},
        "Who": contact,
        "Others": {"totalSize": 1, "done": True, "records": [contact]},
    }
    told: list[str] = []

    kept = await masked(event, views, told.append)

    hidden = [each.name for each in CONTACT.fields if not view_of(policy, CONTACT).shows(each.name)]
    assert set(hide) <= set(hidden)
    assert not [name for name in hidden if f"'secret {name}'" in str(kept)]
    assert set(told) == {f"{path}.{name}" for path in ("Who", "Others") for name in hidden}
    assert all(f"'secret {name.name}'" in str(kept) for name in CONTACT.fields if name.name not in hidden)


async def test_a_parent_that_does_not_tell_what_it_is_keeps_only_its_id() -> None:
    async def views(sobject: str) -> View:
        return view_of(read_policy("", "p.toml"), CONTACT.model_copy(update={"name": sobject}))

    told: list[str] = []
    parent = {"attributes": {"type": "Name"}, "Id": "003", "Email": "secret"}
    kept = await masked({"attributes": {"type": "Event"}, "Who": parent}, views, told.append)

    assert kept["Who"] == {"attributes": {"type": "Name"}, "Id": "003"}
    assert told == ["Who.Email"]


def test_a_describe_says_what_the_policy_leaves() -> None:
    policy = read_policy('[objects.Contact]\nactions = ["read"]\nhide = ["Email"]\n[objects.Case]\nactions = []', "p")
    email = field("Email", createable=True, updateable=True)
    phone = field("Phone", createable=True, updateable=True, controller_name="Email")
    described = CONTACT.model_copy(
        update={
            "createable": True,
            "queryable": True,
            "fields": (email, phone),
            "child_relationships": tuple(
                ChildRelationship(child_sobject=name, field="ContactId") for name in ("Case", "Event")
            ),
        }
    )
    assert described.field("Email")  # a look-up by name that the masked describe must not take over

    shown = masked_describe(described, view_of(policy, CONTACT), policy)

    assert (shown.createable, shown.updateable, shown.deletable, shown.queryable) == (False, False, False, True)
    assert shown.fields == (replace(phone, createable=False, updateable=False, controller_name=None),)
    assert [child.child_sobject for child in shown.child_relationships] == ["Event"]
    assert (shown.field("Email"), described.fields[0], described.createable) == (None, email, True)


@pytest.mark.parametrize("action", ["create", "update"])
def test_a_field_is_as_writable_as_the_policy_has_it(action: str) -> None:
    policy = read_policy(f'[objects.Contact]\nactions = ["read", "{action}"]', "p")
    described = CONTACT.model_copy(update={"fields": (field("Phone", createable=True, updateable=True),)})

    (phone,) = masked_describe(described, view_of(policy, CONTACT), policy).fields

    assert (phone.createable, phone.updateable) == (action == "create", action == "update")


@given(queries)
def test_a_query_by_owner_differs_in_its_conditions_only_and_is_soql(query: tree.Query) -> None:
    query = parse(format_query(query))
    by_owner = view("[objects.Contact]\nowner_only = true")
    changed = parse(format_query(owned(query, {id(query): by_owner}, "005000000000001")))
    condition = tree.Comparison(tree.Field("OwnerId"), "=", tree.String("005000000000001"))

    assert changed.where == (tree.And((query.where, condition)) if query.where else condition)
    assert (changed.select, changed.from_, changed.group_by, changed.order_by) == (
        query.select, query.from_, query.group_by, query.order_by,
    )  # fmt: skip
    assert owned(query, {}, "005000000000001") == query


@pytest.mark.parametrize(
    ("soql", "changed"),
    [
        ("SELECT Name FROM A", "SELECT Name FROM A ORDER BY Id"),
        ("SELECT Name FROM A ORDER BY Name LIMIT 3", "SELECT Name FROM A ORDER BY Name, Id LIMIT 3"),
        ("SELECT Name FROM A ORDER BY Name, id DESC", "SELECT Name FROM A ORDER BY Name, id DESC"),
        ("SELECT (SELECT a FROM B LIMIT 1) FROM A", "SELECT (SELECT a FROM B ORDER BY Id LIMIT 1) FROM A ORDER BY Id"),
        ("SELECT COUNT() FROM A", "SELECT COUNT() FROM A"),
        ("SELECT COUNT(Id), FORMAT(MAX(x)) FROM A", "SELECT COUNT(Id), FORMAT(MAX(x)) FROM A"),
        ("SELECT Name, COUNT(Id) FROM A GROUP BY Name", "SELECT Name, COUNT(Id) FROM A GROUP BY Name"),
        ("SELECT FORMAT(x) y FROM A", "SELECT FORMAT(x) y FROM A ORDER BY Id"),
    ],
)  # fmt: skip
def test_rows_have_one_order(soql: str, changed: str) -> None:
    assert format_query(steady(parse(soql))) == changed


@given(queries)
def test_a_steady_query_is_soql_and_stays_steady(query: tree.Query) -> None:
    once = steady(parse(format_query(query)))

    assert parse(format_query(once)) == once
    assert steady(once) == once
