"""Fields that show a hidden one, and what may be hidden as far as names alone tell."""

from dataclasses import replace

import pytest

from mcp_salesforce.policy.masks import masked
from mcp_salesforce.policy.mirrored_fields import copies
from mcp_salesforce.policy.policy_file import read_policy
from mcp_salesforce.policy.query_rules import owned
from mcp_salesforce.policy.rules import Belonging
from mcp_salesforce.policy.views import View, view_of
from mcp_salesforce.salesforce.models import SObjectDescribe
from mcp_salesforce.soql import format_query, parse
from tests.policy.test_views import CONTACT, field

EVERY = (
    "startdatetime", "enddatetime", "enddate", "activitydate", "activitydatetime", "durationinminutes", "whoid",
    "whatid", "accountid", "eventwhoids", "reminderdatetime", "relationid", "amount", "expectedrevenue", "stagename",
    "isclosed", "iswon", "probability", "closedate", "fiscal", "status", "closeddate", "contactid", "contactemail",
    "contactphone", "email", "firstname", "name", "city", "companyoraccount", "phone", "personemail", "phone__pc",
    "phone__c", "personmailingcity", "subject",
)  # fmt: skip


def hidden(text: str, sobject: str) -> set[str]:
    policy = read_policy(text, "p.toml")
    rule = policy.rule(sobject)
    return copies(policy, sobject, EVERY, {name.casefold() for name in rule.hide})


@pytest.mark.parametrize(
    ("policy", "sobject", "shown_by"),
    [
        ('[objects.Event]\nhide = ["StartDateTime"]', "Event",
         {"activitydate", "activitydatetime", "durationinminutes", "reminderdatetime"}),
        ('[objects.Event]\nhide = ["ActivityDate"]', "Event",
         {"startdatetime", "activitydatetime", "durationinminutes", "reminderdatetime"}),
        ('[objects.Event]\nhide = ["EndDateTime"]', "Event", {"enddate", "durationinminutes"}),
        ('[objects.Event]\nhide = ["DurationInMinutes"]', "Event", {"enddatetime"}),
        ('[objects.Event]\nhide = ["WhoId"]', "Event", {"accountid", "eventwhoids"}),
        ('[objects.Event]\nhide = ["WhatId"]', "Event", {"accountid"}),
        ('[objects.Event]\nhide = ["Subject"]', "Event", set()),
        ('[objects.Event]\nfields = ["StartDateTime"]', "Event", set()),
        ('[objects.Event]\nhide = ["WhoId"]', "EventRelation", {"relationid", "accountid"}),
        ('[objects.Event]\nhide = ["Subject"]', "EventRelation", set()),
        ("[objects.Event]\nowner_only = true", "EventRelation", set()),
        ('[objects.Task]\nfields = ["Subject"]', "TaskRelation", {"relationid", "accountid"}),
        ('[objects.Contact]\nhide = ["AccountId"]', "Event", {"accountid"}),
        ("[objects.Opportunity]\nowner_only = true", "Task", {"accountid"}),
        ('[objects.Contact]\nhide = ["Phone"]', "Event", set()),
        ('[objects.Opportunity]\nhide = ["Amount"]', "Opportunity", {"expectedrevenue"}),
        ('[objects.Opportunity]\nhide = ["StageName"]', "Opportunity", {"isclosed", "iswon", "probability"}),
        ('[objects.Opportunity]\nhide = ["CloseDate"]', "Opportunity", {"fiscal"}),
        ('[objects.Case]\nhide = ["Status"]', "Case", {"isclosed", "closeddate"}),
        ('[objects.Case]\nhide = ["ContactId"]', "Case", {"contactemail", "contactphone"}),
        ('[objects.Contact]\nhide = ["Phone"]', "Case", {"contactphone"}),
        ('[objects.Contact]\nhide = ["MailingCity"]', "CampaignMember", {"city"}),
        ('[objects.Lead]\nhide = ["City"]', "CampaignMember", {"city"}),
        ('[objects.Account]\nhide = ["Name"]', "CampaignMember", {"companyoraccount"}),
        ('[objects.Contact]\nhide = ["LastName"]', "CampaignMember", {"name", "firstname"}),
        ('[objects.Contact]\nhide = ["Email"]', "Account", {"personemail"}),
        ('[objects.Contact]\nhide = ["Phone__c"]', "Account", {"phone__pc"}),
        ('[objects.Contact]\nhide = ["MailingCity"]', "Account", {"personmailingcity"}),
        ('[objects.Account]\nhide = ["PersonEmail"]', "Contact", {"email"}),
        ('[objects.Account]\nhide = ["Phone__pc"]', "Contact", {"phone__c"}),
        ('[objects.Account]\nfields = ["Name"]', "Contact", set()),
    ],
)  # fmt: skip
def test_what_shows_a_hidden_field_is_hidden_with_it(policy: str, sobject: str, shown_by: set[str]) -> None:
    assert hidden(policy, sobject) == shown_by


@pytest.mark.parametrize(
    ("policy", "hides"),
    [
        ('[objects.Event]\nhide = ["StartDateTime"]', True),
        ('[objects.Event]\nhide = ["WhoId"]', True),
        ('[objects.Event]\nfields = ["Subject"]', True),
        ("[objects.Event]\nowner_only = true", True),
        ("[objects.Event]\nactions = []", True),
        ('[objects.Task]\nhide = ["Status"]', True),
        ('[objects.Task]\nhide = ["ActivityDate"]', True),
        ("[objects.Task]\nowner_only = true", True),
        ('actions = []\n[objects.Event]\nactions = ["read"]\n[objects.Contact]\nactions = ["read"]', True),
        ('[objects.Event]\nhide = ["Description"]', False),
        ('[objects.Task]\nactions = ["read"]\nmax_rows = 1', False),
    ],
)
@pytest.mark.parametrize("sobject", ["Account", "Contact", "Lead", "Opportunity", "Visit__c"])
def test_the_last_activity_is_hidden_where_not_all_of_activities_is_shown(
    policy: str, sobject: str, *, hides: bool
) -> None:
    found = copies(read_policy(policy, "p.toml"), sobject, ["lastactivitydate", "name"], ())

    assert found == ({"lastactivitydate"} if hides else set())


@pytest.mark.parametrize(
    ("policy", "name", "may"),
    [
        ('hide = ["LastName"]', "Name", True),
        ('hide = ["LastName"]', "FirstName", True),
        ('hide = ["lastNAME"]', "lastname", True),
        ('hide = ["LastName"]', "Email", False),
        ('hide = ["Email"]', "Name", False),
        ('hide = ["Email"]', "EMAIL", True),
        ('fields = ["Email"]', "Email", False),
        ('fields = ["Email"]', "Phone", True),
        ("owner_only = true", "Phone", True),
        ("actions = []", "Phone", True),
        ("max_rows = 3", "Phone", False),
    ],
)
def test_what_a_section_may_hide_as_far_as_names_tell(policy: str, name: str, *, may: bool) -> None:
    rule = read_policy(f"[objects.Contact]\n{policy}", "p.toml").rule("Contact")

    assert rule.may_hide(name) == may
    assert rule.hides(name) <= may


def test_a_formula_over_a_part_of_a_hidden_name_is_hidden() -> None:
    described = SObjectDescribe(
        name="Visit__c",
        label="Visit",
        fields=(
            field("Doctor__c", "reference", reference_to=("Contact",), relationship_name="Doctor__r"),
            field("Who__c", calculated=True, calculated_formula="Doctor__r.Name"),
            field("Mail__c", calculated=True, calculated_formula="Doctor__r.Email"),
        ),
    )
    policy = read_policy('[objects.Contact]\nhide = ["LastName"]', "p.toml")

    assert view_of(policy, described).hidden == {"who__c"}


DEAL = SObjectDescribe(
    name="Opportunity", label="", fields=(field("Id", "id"), field("Name"), field("OwnerId", "reference"))
)
PART = SObjectDescribe(
    name="OpportunityContactRole",
    label="",
    fields=(
        field("Id", "id"),
        field("Name"),
        field("OpportunityId", "reference", reference_to=("Opportunity",), relationship_name="Opportunity"),
    ),
)


@pytest.mark.parametrize(
    ("nillable", "condition"),
    [(False, "Opportunity.OwnerId = '005'"), (True, "(OpportunityId = NULL OR Opportunity.OwnerId = '005')")],
)
def test_what_belongs_to_nobody_is_read_too(*, nillable: bool, condition: str) -> None:
    policy = read_policy("[objects.Opportunity]\nowner_only = true", "p.toml")
    policy = policy.belonging({"opportunitycontactrole": (Belonging(policy.rule("Opportunity"), "OpportunityId"),)})
    *others, reference = PART.fields
    described = PART.model_copy(update={"fields": (*others, replace(reference, nillable=nillable))})
    query = parse("SELECT Id FROM OpportunityContactRole WHERE Name = 'x'")
    changed = owned(query, {id(query): view_of(policy, described)}, "005")

    assert format_query(changed) == f"SELECT Id FROM OpportunityContactRole WHERE Name = 'x' AND {condition}"


def test_what_a_list_of_fields_names_is_shown_whatever_it_tells_of_others() -> None:
    event = SObjectDescribe(
        name="Event", label="", fields=tuple(map(field, ("StartDateTime", "ActivityDate", "EndDateTime", "EndDate")))
    )
    policy = read_policy('[objects.Event]\nfields = ["StartDateTime", "EndDateTime"]', "p.toml")

    assert view_of(policy, event).hidden == {"activitydate", "enddate"}


@pytest.mark.parametrize(
    ("policy", "described", "shown"),
    [
        ("[objects.Opportunity]\nowner_only = true", DEAL, {"Id"}),
        ("[objects.Opportunity]\nactions = []", DEAL, {"Id"}),
        ('[objects.Opportunity]\nhide = ["Name"]', DEAL, {"Id"}),
        ('[objects.Opportunity]\nfields = ["OwnerId"]', DEAL, {"Id"}),
        ("[objects.Opportunity]\nmax_rows = 3", DEAL, {"Id", "Name"}),
        ("[objects.Opportunity]\nowner_only = true", PART, {"Id"}),
        ("[objects.Opportunity]\nactions = []", PART, {"Id"}),
        ('[objects.Opportunity]\nhide = ["Name"]', PART, {"Id", "Name"}),
    ],
)
async def test_of_a_parent_that_is_not_to_be_seen_through_others_only_the_id_is_left(
    policy: str, described: SObjectDescribe, shown: set[str]
) -> None:
    read = read_policy(policy, "p.toml")
    rule = read.rule("Opportunity")
    if rule.restricts_parts:
        read = read.belonging({"opportunitycontactrole": (Belonging(rule, "OpportunityId"),)})

    async def views(sobject: str) -> View:
        known = {"Opportunity": DEAL, "OpportunityContactRole": PART}
        return view_of(read, known.get(sobject, CONTACT.model_copy(update={"name": sobject})))

    parent = {"attributes": {"type": described.name}, "Id": "006", "Name": "Hidden Deal"}
    told: list[str] = []
    kept = await masked({"attributes": {"type": "Event"}, "What": parent}, views, told.append)

    assert set(kept["What"]) - {"attributes"} == shown
    assert set(told) == {f"What.{name}" for name in {"Name"} - shown}
