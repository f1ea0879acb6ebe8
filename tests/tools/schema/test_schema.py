"""Objects and fields as a model reads them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import settings_of
from tests.evidence import facts
from tests.salesforce.scripted import Answer, ScriptedOrg
from tests.salesforce.scripted import refusal as org_refusal
from tests.tools.calls import call, refusal, rows_as_dicts, server_on, text_of
from tests.tools.tokens import tokens


def field(name: str, kind: str = "string", **changes: Any) -> dict[str, Any]:
    writable = {"createable": True, "updateable": True, "nillable": True, "filterable": True}
    return {"name": name, "label": name.removesuffix("__c").replace("_", " "), "type": kind, **writable, **changes}


def values(*names: str, valid_for: dict[str, str] | None = None) -> list[dict[str, Any]]:
    bitmaps = valid_for or {}
    return [{"value": name, "label": name, "active": True, "validFor": bitmaps.get(name)} for name in names]


def described(*fields: dict[str, Any], **changes: Any) -> Answer:
    abilities = dict.fromkeys(["queryable", "createable", "updateable", "deletable"], True)
    return Answer(value={"name": "Trip__c", "label": "Trip", "fields": list(fields), **abilities, **changes})


@pytest.fixture
def scripted() -> ScriptedOrg:
    return ScriptedOrg()


@pytest.fixture
async def real(scripted: ScriptedOrg) -> AsyncIterator[Client]:
    """A client of the server on an org that answers what a test tells it."""
    async with Client(server_on(scripted), raise_exceptions=True) as client:
        yield client


async def test_objects_are_found_by_label_or_name_with_the_number_of_their_fields(org: LocalOrg, mcp: Client) -> None:
    found = await call(mcp, "describe", search="ROLE contact")

    many = len(org.describes.describe("OpportunityContactRole", "v60.0")["fields"])
    assert found == {
        "total": 1,
        "columns": ["name", "label", "fields"],
        "rows": [["OpportunityContactRole", "", many]],
    }


async def test_all_objects_are_listed_without_describing_each(scripted: ScriptedOrg, real: Client) -> None:
    plain = {"label": "Thing", "queryable": True}
    names = [f"Thing{number:03}__c" for number in range(150)]
    history = {"name": "Thing000__History", "label": "History: Thing", "associateEntityType": "History"}
    scripted.answers.append(
        Answer(value={"sobjects": [history, *({"name": name, **plain} for name in reversed(names))]})
    )

    first = await call(real, "describe")
    second = await call(real, "describe", cursor=first["next_cursor"])

    assert first["total"] == second["total"] == 151
    assert "next_cursor" not in second
    assert [row[0] for row in first["rows"] + second["rows"]] == [*names, "Thing000__History"]
    assert len(scripted.data_calls) == 1


async def test_the_best_match_stands_first_and_what_salesforce_adds_last(scripted: ScriptedOrg, real: Client) -> None:
    objects = [
        {"name": "AccountHistory", "label": "Account History", "associateEntityType": "History", "queryable": True},
        {"name": "Big_Account__c", "label": "Big Account", "queryable": True},
        {"name": "AccountTeam", "label": "Account Team", "queryable": True},
        {"name": "Account", "label": "Account", "queryable": True},
    ]
    scripted.answers.append(Answer(value={"sobjects": objects}))
    scripted.answers.extend([described(field("A")), org_refusal(404, "NOT_FOUND"), described(field("B"))])

    found = await call(real, "describe", search="account")

    assert [row[0] for row in found["rows"]] == ["Account", "AccountTeam", "Big_Account__c", "AccountHistory"]
    assert {row[2] for row in found["rows"]} <= {1, None}
    assert found["rows"][3] == ["AccountHistory", "", None]


async def test_a_search_without_a_match_names_what_is_like_it(mcp: Client) -> None:
    objects = await call(mcp, "describe", search="oportunity")
    fields = await call(mcp, "describe", sobject="Contact", search="emial")

    assert (objects["total"], objects["did_you_mean"]) == (0, ["Opportunity"])
    assert (fields["total"], fields["did_you_mean"]) == (0, ["Email"])


async def test_a_field_is_a_line_of_name_type_label_and_flags(mcp: Client) -> None:
    found = await call(mcp, "describe", sobject="contact")
    lines = {row["name"]: row for row in rows_as_dicts(found)}

    assert (found["sobject"], found["label"], found["key_prefix"]) == ("Contact", "Contact", "003")
    assert found["total"] == len(found["rows"])
    assert "Cases" in found["children"]
    assert lines["LastName"] == {"name": "LastName", "type": "string 80", "label": "", "flags": "required"}
    assert lines["AccountId"]["type"] == "reference Account"
    assert lines["Phone"]["label"] == "Business Phone"
    assert lines["CreatedDate"]["flags"] == "read-only"
    assert lines["Description"]["flags"] == "no-filter"
    assert lines["OwnerId"]["flags"] == ""


async def test_flags_say_what_may_be_done_with_a_field(scripted: ScriptedOrg, real: Client) -> None:
    scripted.answers.append(
        described(
            field("Code__c", unique=True, externalId=True, nillable=False),
            field("Sum__c", "currency", calculated=True, createable=False, updateable=False, precision=18, scale=2),
            field("Number__c", autoNumber=True, createable=False, updateable=False),
            field("Master__c", "reference", updateable=False, referenceTo=["Account"], relationshipName="Master__r"),
            field("Odd__c", "reference", createable=False, referenceTo=list("ABCDE"), relationshipName="Strange__r"),
            field("Packaged", custom=True),
            field("Kind__c", "picklist", dependentPicklist=True, controllerName="Area__c"),
            createable=False,
            deletable=False,
        )
    )

    found = await call(real, "describe", sobject="Trip__c")

    assert found["cannot"] == ["create", "delete"]
    assert [row[1:] for row in found["rows"]] == [
        ["string", "", "required unique external-id"],
        ["currency 18/2", "", "formula"],
        ["string", "", "auto-number"],
        ["reference Account", "", "create-only"],
        ["reference A|B|C|2 more as Strange__r", "", "update-only"],
        ["string", "", "custom"],
        ["picklist", "", "depends-on-Area__c"],
    ]


async def test_record_types_come_with_the_object(scripted: ScriptedOrg, real: Client) -> None:
    infos = [
        {"name": "Master", "recordTypeId": "012000000000000AAA", "developerName": "Master", "master": True},
        {"name": "Old", "recordTypeId": "012000000000001AAA", "developerName": "Old", "active": False},
        {
            "name": "Day trip", "recordTypeId": "012000000000002AAA", "developerName": "Day_Trip",
            "defaultRecordTypeMapping": True,
        },
        {"name": "Tour", "recordTypeId": "012000000000003AAA", "developerName": "Tour", "available": False},
    ]  # fmt: skip
    scripted.answers.append(described(field("Name"), recordTypeInfos=infos))

    found = await call(real, "describe", sobject="Trip__c")

    assert found["record_types"] == [
        {"Id": "012000000000002AAA", "name": "Day_Trip", "label": "Day trip", "default": True},
        {"Id": "012000000000003AAA", "name": "Tour", "unavailable": True},
    ]


async def test_all_is_told_of_the_fields_that_are_named(scripted: ScriptedOrg, real: Client) -> None:
    area = field("Area__c", "picklist", picklistValues=values("North", "East", "South"))
    city = field(
        "City__c", "picklist", dependentPicklist=True, controllerName="Area__c",
        picklistValues=values("Oslo", "Riga", "Rome", valid_for={"Oslo": "gAAA", "Riga": "wAAA", "Rome": "IAAA"}),
    )  # fmt: skip
    paid = field("Paid__c", "boolean", nillable=False, defaultValue=False, inlineHelpText="Set by Finance")
    bill = field(
        "Bill__c", "picklist", dependentPicklist=True, controllerName="Paid__c", restrictedPicklist=True,
        picklistValues=[
            *values("Sent", "Due", valid_for={"Sent": "QAAA", "Due": "wAAA"}),
            {"value": "Gone", "active": False},
            {"value": "new", "label": "New", "defaultValue": True, "validFor": "gAAA"},
        ],
    )  # fmt: skip
    total = field("Total__c", "currency", calculated=True, calculatedFormula="Fee__c * 2", precision=18, scale=2)
    scripted.answers.append(described(area, city, paid, bill, total))
    scripted.answers.append(
        Answer(
            value={
                "totalSize": 1,
                "done": True,
                "records": [{"attributes": {}, "QualifiedApiName": "Paid__c", "Description": "Ask Ann"}],
            }
        )
    )

    names = ["city__c", "Bill__c", "Paid__c", "Total__c", "Area__c"]
    found = (await call(real, "describe", sobject="Trip__c", fields=names))["fields"]

    assert list(found) == names
    assert found["city__c"] == {
        "type": "picklist",
        "label": "City",
        "flags": "depends-on-Area__c",
        "depends_on": "Area__c",
        "values_for": {"North": ["Oslo", "Riga"], "East": ["Riga"], "South": ["Rome"]},
    }
    assert found["Bill__c"] == {
        "type": "picklist",
        "label": "Bill",
        "flags": "depends-on-Paid__c",
        "default": "new",
        "restricted": True,
        "labels": {"new": "New"},
        "depends_on": "Paid__c",
        "values_for": {"true": ["Sent", "Due"], "false": ["Due", "new"]},
    }
    assert found["Paid__c"] == {
        "type": "boolean",
        "label": "Paid",
        "help": "Set by Finance",
        "description": "Ask Ann",
        "default": False,
    }
    assert found["Total__c"]["formula"] == "Fee__c * 2"
    assert found["Area__c"]["values"] == ["North", "East", "South"]
    assert "FieldDefinition" in scripted.data_calls[1].query


async def test_a_field_is_described_where_descriptions_cannot_be_read(scripted: ScriptedOrg, real: Client) -> None:
    scripted.answers.extend([described(field("Code__c")), org_refusal(400, "INVALID_TYPE")])

    found = await call(real, "describe", sobject="Trip__c", fields=["Code__c"])

    assert found["fields"] == {"Code__c": {"type": "string", "label": "Code"}}


async def test_a_parents_field_and_a_child_relationship_can_be_named(mcp: Client) -> None:
    found = await call(mcp, "describe", sobject="Contact", fields=["Account.Industry", "Cases", "ReportsToId"])

    facts = found["fields"]
    assert facts["Account.Industry"]["type"] == "picklist"
    assert "Energy" in facts["Account.Industry"]["values"]
    assert facts["Cases"] == {"type": "children Case.ContactId"}
    assert facts["ReportsToId"]["references"] == ["Contact"]
    assert facts["ReportsToId"]["relationship"] == "ReportsTo"


async def test_search_narrows_the_values_of_a_long_picklist(mcp: Client) -> None:
    name = "RecurrenceTimeZoneSidKey"
    found = await call(mcp, "describe", sobject="Event", fields=[name], search="europe ams")

    assert found["fields"][name]["values"] == ["Europe/Amsterdam"]


async def test_wrong_fields_are_all_named_with_those_like_them(mcp: Client) -> None:
    error = await refusal(mcp, "describe", sobject="Contact", fields=["Emial", "Name", "Acount.Name", "Account.Nmae"])

    assert error["code"] == "INVALID_FIELD"
    assert error["fields"] == ["Emial", "Acount", "Nmae"]
    assert error["hint"] == "Emial: Email? Acount: Account? Nmae: Name?"


async def test_a_wrong_object_is_answered_with_those_like_it(mcp: Client) -> None:
    error = await refusal(mcp, "describe", sobject="Kontakt")

    assert (error["code"], error["hint"]) == ("INVALID_TYPE", "Did you mean Contact?")


async def test_fields_without_an_object_are_refused(mcp: Client) -> None:
    assert (await refusal(mcp, "describe", fields=["Name"]))["fields"] == ["sobject"]
    assert (await refusal(mcp, "describe", children=True))["fields"] == ["sobject"]


async def test_a_field_added_a_moment_ago_is_found(scripted: ScriptedOrg, real: Client) -> None:
    scripted.answers.append(described(field("Name")))
    await call(real, "describe", sobject="Trip__c")
    scripted.answers.append(described(field("Name"), field("Fresh")))

    found = await call(real, "describe", sobject="Trip__c", fields=["Fresh"])

    assert found["fields"]["Fresh"]["type"] == "string"


def with_many_children(sobject: str) -> Answer:
    """The describe of a real org, and as many child relationships as an org with many packages has."""
    described = facts.described(sobject)
    named = {child["relationshipName"] for child in described["childRelationships"]} - {None}
    described["childRelationships"] += [
        {"childSObject": f"Package_{number}__c", "field": "Contact__c", "relationshipName": f"Packages_{number}__r"}
        for number in range(230 - len(named))
    ]
    return Answer(value=described)


async def test_a_real_orgs_contact_with_230_children_takes_at_most_700_tokens(
    scripted: ScriptedOrg, real: Client
) -> None:
    scripted.answers.append(with_many_children("Contact"))

    result = await real.call_tool("salesforce_describe", {"sobject": "Contact"})

    content: Any = result.structured_content
    assert (content["total"], content["children_left_out"]) == (59, 230)
    assert tokens(content) <= 700
    assert tokens(text_of(result.content)) <= 700


async def test_child_relationships_are_told_on_request_by_word_and_page_by_page(scripted: ScriptedOrg) -> None:
    scripted.answers.append(with_many_children("Contact"))
    async with Client(server_on(scripted, max_answer_tokens=1000)) as mcp:
        some = await call(mcp, "describe", sobject="Contact", search="case")
        page = await call(mcp, "describe", sobject="Contact", children=True)
        found, pages = page["rows"], 1
        while "next_cursor" in page:
            page = await call(mcp, "describe", sobject="Contact", children=True, cursor=page["next_cursor"])
            found, pages = found + page["rows"], pages + 1

    assert "Cases" in some["children"]
    assert (page["columns"], page["total"]) == (["children", "sobject", "field"], 230)
    assert ["Cases", "Case", "ContactId"] in found
    assert len({row[0] for row in found}) == len(found) == 230
    assert pages > 1


@pytest.mark.parametrize("budget", [500, 2000])
async def test_hundreds_of_fields_are_cut_by_the_budget_and_go_on_by_cursor(scripted: ScriptedOrg, budget: int) -> None:
    whole = facts.person_accounts()
    scripted.answers.append(Answer(value=whole))
    wanted = [one["name"] for one in whole["fields"]]

    async with Client(server_on(scripted, max_answer_tokens=budget)) as mcp:
        result = await mcp.call_tool("salesforce_describe", {"sobject": "Account"})
        page = result.structured_content or {}
        names = [row[0] for row in page["rows"]]
        assert page["children_left_out"] > 12
        assert page["left_out"] == 250 - len(names)
        while "next_cursor" in page:
            assert tokens(text_of(result.content)) <= budget * 1.1
            result = await mcp.call_tool("salesforce_describe", {"sobject": "Account", "cursor": page["next_cursor"]})
            page = result.structured_content or {}
            names += [row[0] for row in page["rows"]]

    assert names == wanted
    assert len(scripted.data_calls) == 1


async def test_values_beyond_the_budget_are_counted(scripted: ScriptedOrg) -> None:
    many = [f"Value {number}" for number in range(900)]
    area = field("Area", "picklist", picklistValues=values("North", "East"))
    city = field(
        "City", "picklist", controllerName="Area", dependentPicklist=True,
        picklistValues=values(*many, valid_for=dict.fromkeys(many[:5], "gAAA") | dict.fromkeys(many[5:], "QAAA")),
    )  # fmt: skip
    scripted.answers.append(described(area, city, field("All", "picklist", picklistValues=values(*many))))

    async with Client(server_on(scripted, max_answer_tokens=1000)) as mcp:
        found = (await call(mcp, "describe", sobject="Trip__c", fields=["All", "City"]))["fields"]

    assert len(found["All"]["values"]) + found["All"]["values_left_out"] == 900
    assert found["City"]["values_for"] == {"North": many[:5]}
    assert found["City"]["values_left_out"] == 895


async def test_a_cursor_of_fields_that_have_gone_is_stale(scripted: ScriptedOrg) -> None:
    fields = [field(f"Field_{number}") for number in range(60)]
    scripted.answers.extend([described(*fields), described(*fields[50:])])
    key = {"state_key": "k" * 32}
    async with Client(server_on(scripted, **key, max_answer_tokens=500)) as mcp:
        page = await call(mcp, "describe", sobject="Trip__c")
    async with Client(server_on(scripted, **key)) as mcp:
        error = await refusal(mcp, "describe", sobject="Trip__c", cursor=page["next_cursor"])

    assert error["code"] == "STALE_CURSOR"


async def test_what_an_org_describes_costs_one_call(org: LocalOrg) -> None:
    counted: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        counted.append(scope["path"])
        await org.app(scope, receive, send)

    async with Client(create_server(settings_of(org), transport=AsgiTransport(app))) as mcp:
        for _ in range(3):
            await call(mcp, "describe", sobject="Contact")
        await call(mcp, "describe", sobject="Contact", fields=["LeadSource"])

    assert [path for path in counted if path.endswith("/describe")] == [
        "/services/data/v60.0/sobjects/Contact/describe"
    ]


async def test_what_a_policy_hides_is_not_listed_and_is_refused_by_name(org: LocalOrg, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[objects.Contact]\nhide = ["Phone"]\n')
    async with Client(create_server(settings_of(org, policy=policy), transport=AsgiTransport(org.app))) as mcp:
        listed = await call(mcp, "describe", sobject="Contact")
        searched = await call(mcp, "describe", sobject="Contact", search="business phone")
        hidden = await refusal(mcp, "describe", sobject="Contact", fields=["Emial", "Phone"])
        wrong = await refusal(mcp, "describe", sobject="Contact", fields=["Emial"])

    assert "Phone" not in [row[0] for row in listed["rows"]]
    assert searched["total"] == 0
    assert hidden["code"] == "POLICY_REFUSED"
    assert (wrong["code"], wrong["hint"]) == ("INVALID_FIELD", "Did you mean Email?")
