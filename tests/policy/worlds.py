"""Two local orgs that differ only in what a policy hides, and the policies."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.store.schema import FieldDef
from mcp_salesforce.localorg.store.sqlite import Row
from tests.conftest import NOW
from tests.orgs import copy_of, kept, new_org

HIDING: Final = """\
[objects.Contact]
hide = ["Email", "Birthdate", "Description", "MailingCity"]
max_rows = 40

[objects.Account]
actions = []

[objects.Opportunity]
owner_only = true

[objects.Lead]
actions = ["read"]
fields = ["Name", "Company"]

[objects.User]
hide = ["Email"]

[objects.Event]
hide = ["Description", "Location"]

[objects.Task]
actions = ["read"]
max_rows = 1

[objects.Campaign]
owner_only = true
"""

LISTING: Final = """\
actions = []

[objects.Contact]
actions = ["read", "create", "update", "delete"]
fields = ["Name", "Phone", "Title", "AccountId", "OwnerId"]

[objects.Event]
actions = ["read", "create", "update", "delete"]
owner_only = true
max_rows = 3

[objects.Case]
actions = ["read", "update"]
hide = ["Status", "ContactId"]

[objects.User]
actions = ["read"]
fields = ["Name", "Username", "TimeZoneSidKey", "IsActive"]

[objects.Organization]
actions = ["read"]
"""

KEEPING: Final = """\
actions = ["read", "update"]

[objects.Event]
hide = ["StartDateTime", "WhoId"]

[objects.Task]
owner_only = true

[objects.Case]
actions = []

[objects.Lead]
actions = ["read", "create", "update", "delete"]
owner_only = true
hide = ["Phone", "LastName"]

[objects.Opportunity]
actions = ["read", "delete"]
hide = ["Amount", "StageName", "CloseDate"]
"""

STEWARD: Final = """\
[objects.Contact]
actions = ["read", "create", "update", "delete", "restore", "merge"]
hide = ["Email", "Birthdate", "Description", "MailingCity"]

[objects.Account]
actions = ["read", "create", "update", "merge"]
hide = ["Phone", "Industry"]

[objects.Lead]
actions = ["read", "convert", "merge"]
owner_only = true
"""

JOINING: Final = {"steward": STEWARD}
"""Policies that grant merges and conversions."""
POLICIES: Final = {"hiding": HIDING, "listing": LISTING, "keeping": KEEPING}

# What each policy hides of every record; of objects that are read by owner, everything of others' records.
_HIDDEN: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "hiding": {
        "Contact": ("Email", "Birthdate", "Description", "MailingCity"),
        "Account": ("Name", "Phone", "Industry", "BillingCity", "OwnerId", "AnnualRevenue"),
        "Lead": ("Phone", "Email", "Status", "LeadSource", "Title", "City", "OwnerId"),
        "User": ("Email",),
        "Event": ("Description", "Location"),
        "Case": ("ContactEmail",),
    },
    "listing": {
        "Contact": ("Email", "Birthdate", "Description", "MailingCity", "LeadSource", "MobilePhone", "ReportsToId"),
        "Account": ("Name", "Phone", "Industry", "OwnerId"),
        "Case": ("Status", "ContactId", "ContactEmail", "ContactPhone", "ContactMobile", "IsClosed"),
        "Lead": ("FirstName", "Company", "Phone", "OwnerId"),
        "Task": ("Subject", "Priority", "Description", "OwnerId"),
        "Opportunity": ("Name", "Amount", "OwnerId"),
        "User": ("Email", "Title", "Phone", "City"),
    },
    "steward": {
        "Contact": ("Email", "Birthdate", "Description", "MailingCity"),
        "Account": ("Phone", "Industry"),
        "Case": ("ContactEmail",),
    },
    "keeping": {
        "Case": ("Subject", "Status", "Priority", "Description", "Origin", "IsClosed"),
        "Lead": ("Phone", "LastName", "Name"),
        "Opportunity": (
            "Amount",
            "StageName",
            "CloseDate",
            "Probability",
            "IsClosed",
            "IsWon",
            "ExpectedRevenue",
            "FiscalYear",
            "FiscalQuarter",
            "ForecastCategoryName",
        ),
        "Event": ("StartDateTime", "ActivityDateTime", "ActivityDate", "DurationInMinutes", "WhoId", "AccountId"),
    },
}
_BY_OWNER: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "hiding": {
        "Opportunity": ("Name", "Amount", "StageName", "AccountId", "Description"),
        "Campaign": ("Name", "Type", "Status", "Description"),
    },
    "listing": {"Event": ("Subject", "Location", "WhoId", "ShowAs", "Description")},
    "steward": {"Lead": ("Company", "Email", "Title", "Phone")},
    "keeping": {"Task": ("Subject", "Priority", "Description", "WhoId"), "Lead": ("Company", "Email", "Title")},
}
_TIMES: Final = {"StartDateTime": "2026-11-24T10:00:00Z", "EndDateTime": "2026-11-24T11:00:00Z"}


@dataclass(frozen=True)
class Pair:
    """Two orgs, and the records that both have, by name."""

    policy: str
    one: LocalOrg
    other: LocalOrg
    names: Mapping[str, str]


@contextmanager
def pair(policy: str) -> Iterator[Pair]:
    """Return both orgs, made for the block alone."""
    made = _made(policy)
    with copy_of(made.one, lambda: NOW) as one, copy_of(made.other, lambda: NOW) as other:
        yield replace(made, one=one, other=other)


@cache
def _made(policy: str) -> Pair:
    """Make both orgs, and change in the second what the policy hides."""
    one, other = kept(new_org(lambda: NOW, contacts=24)), kept(new_org(lambda: NOW, contacts=24))
    names, again = planted(one), planted(other)
    assert names == again
    _vary(other, policy, names)
    _level(one, other)
    return Pair(policy, one, other, names)


def planted(org: LocalOrg) -> dict[str, str]:
    """Insert records of every kind, of the user and of another one; return their Ids."""
    me = org.user_id
    other = str(org.store.rows("SELECT Id FROM User WHERE Id <> ? ORDER BY Id", [me])[0]["Id"])
    account = org.insert("Account", Name="Hidden Holdings")
    account2 = org.insert("Account", Name="Second")
    contact = org.insert(
        "Contact", LastName="Ode", FirstName="Ada", Email="hidden-4711@example.com", Birthdate="1971-07-04",
        Description="hidden-0815", MailingCity="Hiddenville", MailingStreet="1 Main St", AccountId=account,
        Title="CTO", Phone="+1 555-0100", LeadSource="Web",
    )  # fmt: skip
    ada = org.insert("Contact", LastName="Ada", ReportsToId=contact, OwnerId=other)
    lead = org.insert("Lead", LastName="Lead", Company="Leads", Phone="+1 555-0199", OwnerId=me)
    others_lead = org.insert("Lead", LastName="Other", Company="Others", Phone="+1 555-0198", OwnerId=other)
    event = org.insert(
        "Event", Subject="Visit", WhoId=contact, WhatId=account, Description="hidden-2342", Location="Hidden Room",
        OwnerId=me, **_TIMES,
    )  # fmt: skip
    talk = org.insert("Event", Subject="Talk", WhoId=lead, OwnerId=me, **_TIMES)
    others_event = org.insert("Event", Subject="Hidden Talk", WhoId=ada, OwnerId=other, Location="Room", **_TIMES)
    case = org.insert("Case", Subject="Help", ContactId=contact, Status="New", Priority="High")
    fields = {"StageName": "Prospecting", "CloseDate": "2026-12-01"}
    opportunity = org.insert("Opportunity", Name="Hidden Deal", AccountId=account, Amount=5, OwnerId=other, **fields)
    deal = org.insert("Opportunity", Name="My Deal", Amount=7, OwnerId=me, **fields)
    campaign, fair = (
        org.insert("Campaign", Name="Hidden Fair", OwnerId=other),
        org.insert("Campaign", Name="My Fair", OwnerId=me),
    )
    task, others_task = (
        org.insert("Task", Subject="Call", WhoId=contact, OwnerId=me, Priority="High"),
        org.insert("Task", Subject="Hidden Call", WhoId=ada, OwnerId=other),
    )
    for campaign_id in (campaign, fair):
        for member in ({"ContactId": contact}, {"LeadId": lead}):
            org.insert("CampaignMember", CampaignId=campaign_id, **member)
    for opportunity_id in (opportunity, deal):
        org.insert("OpportunityContactRole", OpportunityId=opportunity_id, ContactId=contact, Role="Evaluator")
    relations = [
        org.insert("EventRelation", EventId=event_id, RelationId=person)
        for event_id, person in ((event, ada), (others_event, contact))
    ]
    return {
        "me": me, "other": other, "account": account, "account2": account2, "contact": contact, "ada": ada,
        "lead": lead, "others_lead": others_lead, "event": event, "talk": talk, "others_event": others_event,
        "case": case, "opportunity": opportunity, "deal": deal, "campaign": campaign, "fair": fair, "task": task,
        "others_task": others_task, "relation": relations[0], "others_relation": relations[1],
    }  # fmt: skip


def _vary(org: LocalOrg, policy: str, names: Mapping[str, str]) -> None:
    """Change what the policy hides: values, others' records, and how many of them there are."""
    for sobject, fields in _HIDDEN[policy].items():
        _change(org, sobject, fields, "")
    for sobject, fields in _BY_OWNER[policy].items():
        _change(org, sobject, fields, names["me"])
    for sobject in {*_BY_OWNER[policy], *_absent(policy)}:
        _add(org, sobject, names)


def _level(one: LocalOrg, other: LocalOrg) -> None:
    """Let the next Ids and numbers be the same in both: that of a record tells nothing of others."""
    rows = [
        {str(row["name"]): int(row["last"]) for row in org.store.rows("SELECT * FROM _sequence")}
        for org in (one, other)
    ]
    for name, last in rows[1].items():
        if behind := last - rows[0].get(name, 0):
            one.store.reserve(name, behind)


def _absent(policy: str) -> set[str]:
    """Return the objects of which nothing may be read."""
    absent = {"hiding": {"Account"}, "listing": {"Account", "Task", "Opportunity"}, "keeping": {"Case"}}
    return absent.get(policy, set())


def _change(org: LocalOrg, sobject: str, fields: Sequence[str], but: str) -> None:
    """Give fields of all records other values; of those of the owner `but` none."""
    definition = org.schema[sobject]
    for number, row in enumerate(org.store.rows(f'SELECT * FROM "{sobject}" ORDER BY Id')):
        if but and row["OwnerId"] == but:
            continue
        known = [field for field in map(definition.field, fields) if field]
        changes = {field.name: _another(org, field, row, number) for field in known}
        org.store.update(definition, row["Id"], changes)


def _another(org: LocalOrg, field: FieldDef, row: Row, number: int) -> Any:  # noqa: PLR0911 - a table
    """Return another value for a field of a record."""
    before = row[field.name]
    if field.reference_to:
        target = "User" if field.name == "OwnerId" else field.reference_to[0]
        ids = [str(each["Id"]) for each in org.store.rows(f'SELECT Id FROM "{target}" ORDER BY Id')]
        if field.name == "OwnerId":
            return ids[number % len(ids)]
        return None if before else ids[number % len(ids)]
    if field.picklist_values:
        values = [each.value for each in field.picklist_values]
        return next(value for value in values[number % len(values) :] + values if value != before)
    match field.type:
        case "boolean":
            return int(not before)
        case "datetime":
            return f"2026-11-2{number % 3}T0{number % 9}:00:00.000Z"
        case "date":
            return f"19{60 + number % 40}-0{1 + number % 9}-11"
        case "int" | "double" | "currency" | "percent":
            return float(number * 17 % 101)
        case "email":
            return None if field.nillable and number % 5 == 0 else f"k{number * 7919 % 1000}@secret.example"
        case _:
            return f"Secret {number * 7919 % 1000}"[: field.length or None]


def _add(org: LocalOrg, sobject: str, names: Mapping[str, str]) -> None:
    """Add records that the policy hides, with what belongs to them."""
    other, contact = names["other"], names["contact"]
    for number in range(4):
        title = f"Secret extra {number}"
        match sobject:
            case "Account":
                org.insert("Account", Name=title)
            case "Opportunity":
                deal = org.insert(
                    "Opportunity", Name=title, StageName="Prospecting", CloseDate="2026-12-05", OwnerId=other
                )
                org.insert("OpportunityContactRole", OpportunityId=deal, ContactId=contact, Role="Decision Maker")
            case "Campaign":
                campaign = org.insert("Campaign", Name=title, OwnerId=other)
                org.insert("CampaignMember", CampaignId=campaign, ContactId=contact)
            case "Event":
                event = org.insert("Event", Subject=title, WhoId=contact, OwnerId=other, **_TIMES)
                org.insert("EventRelation", EventId=event, RelationId=names["ada"])
            case "Task":
                org.insert("Task", Subject=title, WhoId=contact, OwnerId=other)
            case "Lead":
                org.insert("Lead", LastName=title, Company=title, OwnerId=other)
            case "Case":
                org.insert("Case", Subject=title, ContactId=contact)
