"""What a policy says of an object holds for what belongs to it, for what a deletion takes along, and for references."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.belongings import is_part
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.policy.policy_file import read_policy
from mcp_salesforce.policy.rules import Belonging
from mcp_salesforce.policy.views import view_of
from mcp_salesforce.salesforce import Request, SalesforceClient
from mcp_salesforce.salesforce.models import ChildRelationship, FieldDescribe, SObjectDescribe
from tests.orgs import new_org
from tests.policy.test_guard import another_user, guarded

TIMES = {"StartDateTime": "2026-11-24T10:00:00Z", "EndDateTime": "2026-11-24T11:00:00Z"}
Attempt = Callable[[SalesforceClient], Coroutine[Any, Any, object]]


def event(org: LocalOrg, owner: str, **values: Any) -> str:
    return org.insert("Event", Subject="Visit", OwnerId=owner, **TIMES, **values)


async def refused(client: SalesforceClient, *attempts: Attempt, match: str | None = None) -> None:
    for attempt in attempts:
        with pytest.raises(PolicyRefusedError, match=match):
            await attempt(client)


def query(soql: str) -> Attempt:
    return lambda client: client.queries.query(soql)


async def test_invitations_are_read_and_changed_as_their_events_are(org: LocalOrg) -> None:
    contact, lead = org.insert("Contact", LastName="Ode"), org.insert("Lead", LastName="Lea", Company="Leas")
    mine, others = event(org, org.user_id), event(org, another_user(org))
    own = org.insert("EventRelation", EventId=mine, RelationId=contact)
    other = org.insert("EventRelation", EventId=others, RelationId=contact)
    new = {"EventId": mine, "RelationId": lead}
    async with guarded(org, "[objects.Event]\nowner_only = true") as client:
        found = await client.queries.query("SELECT Id, EventId FROM EventRelation")
        assert own in [record["Id"] for record in found.records]
        assert {record["EventId"] for record in found.records} & {others} == set()
        assert not (await client.queries.query(f"SELECT Id FROM EventRelation WHERE Id = '{other}'")).records
        count = await client.queries.query(f"SELECT COUNT() FROM EventRelation WHERE RelationId = '{contact}'")
        assert count.total_size == 1
        await refused(
            client,
            lambda client: client.sobjects.retrieve("EventRelation", other),
            lambda client: client.sobjects.update("EventRelation", other, {"Status": "Accepted"}),
            lambda client: client.sobjects.delete("EventRelation", other),
            lambda client: client.collections.delete([own, other]),
            lambda client: client.sobjects.create("EventRelation", {**new, "EventId": others}),
            lambda client: client.collections.create("EventRelation", [new, {**new, "EventId": others}]),
            query("SELECT Event.Subject FROM EventRelation"),
            match=r"p\.toml:2",
        )
        assert (await client.sobjects.retrieve("EventRelation", own))["EventId"] == mine
        assert (await client.sobjects.create("EventRelation", new)).success
        await client.sobjects.delete("EventRelation", own)

    assert org.store.row("SELECT * FROM EventRelation WHERE Id = ? AND IsDeleted = 0", [other])


async def test_to_change_what_belongs_to_a_record_is_to_change_the_record(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Ode")
    mine = event(org, org.user_id)
    relation = org.insert("EventRelation", EventId=mine, RelationId=contact)
    async with guarded(org, '[objects.Event]\nactions = ["read", "create", "delete"]') as client:
        assert await client.sobjects.retrieve("EventRelation", relation)
        await refused(
            client,
            lambda client: client.sobjects.create("EventRelation", {"EventId": mine, "RelationId": org.user_id}),
            lambda client: client.sobjects.update("EventRelation", relation, {"Status": "Accepted"}),
            lambda client: client.sobjects.delete("EventRelation", relation),
            match=r"No \w+ of EventRelation .*p\.toml:2",
        )
        await client.sobjects.delete("Event", mine)


@pytest.mark.parametrize(
    ("sobject", "part"),
    [("Event", "EventRelation"), ("Opportunity", "OpportunityContactRole"), ("Campaign", "CampaignMember")],
)
async def test_with_an_object_goes_what_belongs_to_it(org: LocalOrg, sobject: str, part: str) -> None:
    async with guarded(org, f"[objects.{sobject}]\nactions = []") as client:
        await refused(client, query(f"SELECT Id FROM {part}"), match=f"{part} cannot be read")
    async with guarded(org, f"[objects.{sobject}]\nactions = []\n[objects.{part}]\nactions = ['read']") as client:
        assert (await client.queries.query(f"SELECT COUNT() FROM {part}")).done


async def test_a_junction_belongs_to_the_object_whose_name_it_bears(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Ode")
    async with guarded(org, '[objects.Contact]\nactions = ["read"]\n[objects.Account]\nactions = []') as client:
        relation = {"EventId": event(org, org.user_id), "RelationId": contact}
        assert (await client.sobjects.create("EventRelation", relation)).success
        assert (await client.queries.query("SELECT Id FROM Contact LIMIT 1")).records


SHOP = """
objects:
  Deal__c: {}
  Line__c:
    fields:
      Deal__c: {type: reference, to: Deal__c, children: Lines, master_detail: true}
      Price__c: {type: currency}
  Remark__c:
    fields:
      Line__c: {type: reference, to: Line__c, children: Remarks}
"""


async def test_who_reads_their_own_masters_reads_and_changes_the_details_of_these_alone() -> None:
    with new_org(seed=False, schema=SHOP) as org:
        mine, others = (org.insert("Deal__c", Name="Deal", OwnerId=owner) for owner in (org.user_id, another_user(org)))
        own, other = (org.insert("Line__c", Name="Line", Deal__c=deal, Price__c=7) for deal in (mine, others))
        for line in (own, other):
            org.insert("Remark__c", Name="Remark", Line__c=line)
        async with guarded(org, "[objects.Deal__c]\nowner_only = true") as client:
            found = await client.queries.query("SELECT Id, (SELECT Id FROM Remarks__r) FROM Line__c")
            assert [each["Id"] for each in found.records] == [own]
            assert (await client.queries.query("SELECT COUNT() FROM Line__c WHERE Price__c = 7")).total_size == 1
            total = await client.queries.query("SELECT SUM(Price__c) total FROM Line__c")
            assert total.records[0]["total"] == 7
            await refused(
                client,
                lambda client: client.sobjects.retrieve("Line__c", other),
                lambda client: client.sobjects.update("Line__c", other, {"Price__c": 8}),
                lambda client: client.sobjects.delete("Line__c", other),
                lambda client: client.sobjects.create("Line__c", {"Name": "New", "Deal__c": others}),
                query("SELECT Line__r.Price__c FROM Remark__c"),
                query("SELECT Id FROM Remark__c WHERE Line__r.Price__c = 7"),
                query("SELECT Id FROM Remark__c ORDER BY Line__r.Price__c"),
                query("SELECT Line__r.Deal__r.Name FROM Remark__c"),
                query("SELECT Line__r.Price__c, COUNT(Id) FROM Remark__c GROUP BY Line__r.Price__c"),
                match=r"p\.toml:2",
            )
            await client.sobjects.update("Line__c", own, {"Price__c": 8})
            assert (await client.queries.query("SELECT Line__r.Id FROM Remark__c")).total_size == 2


async def test_a_lookup_that_is_empty_belongs_to_nobody(org: LocalOrg) -> None:
    campaign, lead = org.insert("Campaign", Name="Fair"), org.insert("Lead", LastName="Lea", Company="Leas")
    org.insert("CampaignMember", CampaignId=campaign, LeadId=lead)
    async with guarded(org, "[objects.Campaign]\nowner_only = true") as client:
        found = await client.queries.query(f"SELECT LeadId FROM CampaignMember WHERE CampaignId = '{campaign}'")

    assert [record["LeadId"] for record in found.records] == [lead]


async def test_a_deletion_is_judged_by_what_it_takes_along(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    alone, busy = org.insert("Contact", LastName="Alone"), org.insert("Contact", LastName="Busy", AccountId=account)
    org.insert("Task", Subject="Call", WhoId=busy)
    free = org.insert("Account", Name="Free")
    async with guarded(org, '[objects.Task]\nactions = ["read", "create"]') as client:
        await refused(
            client,
            lambda client: client.sobjects.delete("Contact", busy),
            lambda client: client.collections.delete([alone, busy]),
            lambda client: client.sobjects.delete("Account", account),
            match="would delete Task records too",
        )
        await client.collections.delete([alone, free])

    assert org.store.row("SELECT * FROM Contact WHERE Id = ? AND IsDeleted = 0", [busy])


@pytest.mark.parametrize("hidden", ["[objects.Task]\nactions = []", "[objects.Task]\nowner_only = true"])
async def test_a_refusal_does_not_tell_whether_there_is_anything_to_take_along(org: LocalOrg, hidden: str) -> None:
    alone, busy = org.insert("Contact", LastName="Alone"), org.insert("Contact", LastName="Busy")
    org.insert("Task", Subject="Call", WhoId=busy, OwnerId=another_user(org))
    errors = []
    async with guarded(org, hidden) as client:
        for contact in (alone, busy):
            with pytest.raises(PolicyRefusedError, match="could delete Task records too") as error:
                await client.sobjects.delete("Contact", contact)
            errors.append(error.value.message)

    assert errors[0] == errors[1]


async def test_whose_children_go_along_is_not_told_where_that_is_hidden(org: LocalOrg) -> None:
    alone, busy = org.insert("Contact", LastName="Alone"), org.insert("Contact", LastName="Busy")
    event(org, org.user_id, WhoId=busy)
    async with guarded(org, '[objects.Event]\nhide = ["WhoId"]\n[objects.Task]\nactions = ["read"]') as client:
        for contact in (alone, busy):
            with pytest.raises(PolicyRefusedError, match="could delete Event records too"):
                await client.sobjects.delete("Contact", contact)


async def test_rows_come_by_id_whatever_index_finds_them(org: LocalOrg) -> None:
    for hour in (17, 9, 13):
        times = {"StartDateTime": f"2026-12-01T{hour:02}:00:00Z", "DurationInMinutes": 30}
        org.insert("Event", Subject="Sorted", OwnerId=org.user_id, **times)
    async with guarded(org, '[objects.Event]\nhide = ["StartDateTime"]') as client:
        found = await client.queries.query(f"SELECT Id FROM Event WHERE OwnerId = '{org.user_id}'")
        ids = [record["Id"] for record in found.records]

    assert ids == sorted(ids)


async def test_a_record_that_others_keep_from_deletion_does_not_tell_of_them(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Ode")
    org.insert("Case", Subject="Secret", ContactId=contact)
    async with guarded(org, "[objects.Case]\nactions = []") as client:
        await refused(client, lambda client: client.sobjects.delete("Contact", contact), match="could delete Case")


async def test_nothing_is_related_to_what_may_not_be_seen(org: LocalOrg) -> None:
    account, other = org.insert("Account", Name="Acme"), another_user(org)
    deal = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    others, mine = org.insert("Opportunity", OwnerId=other, **deal), org.insert("Opportunity", **deal)
    nobodys = mine[:-6] + "999" + mine[-3:]
    policy = "[objects.Account]\nactions = []\n[objects.Opportunity]\nowner_only = true"
    async with guarded(org, policy) as client:
        await refused(
            client,
            lambda client: client.sobjects.create("Contact", {"LastName": "Ode", "AccountId": account}),
            lambda client: client.collections.create("Contact", [{"LastName": "Ode", "accountid": account[:15]}]),
            lambda client: client.sobjects.create("Task", {"Subject": "Call", "WhatId": others}),
            lambda client: client.sobjects.create("Task", {"Subject": "Call", "WhatId": nobodys}),
        )
        assert (await client.sobjects.create("Task", {"Subject": "Call", "WhatId": mine, "OwnerId": other})).success


async def test_nothing_is_related_to_another_users_contact(org: LocalOrg) -> None:
    others = org.insert("Contact", LastName="Ode", OwnerId=another_user(org))
    mine = org.insert("Contact", LastName="Mine")
    async with guarded(org, "[objects.Contact]\nowner_only = true") as client:
        await refused(
            client,
            lambda client: client.sobjects.create("Task", {"Subject": "Call", "WhoId": others}),
            lambda client: client.sobjects.create("Case", {"Subject": "Question", "ContactId": others}),
        )
        assert (await client.sobjects.create("Task", {"Subject": "Call", "WhoId": mine})).success


async def test_a_record_of_another_is_like_one_that_is_not_there(org: LocalOrg) -> None:
    deal = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    others = org.insert("Opportunity", OwnerId=another_user(org), **deal)
    gone = org.insert("Opportunity", **deal)
    org.records.delete("Opportunity", gone, org.user_id)
    errors = set()
    async with guarded(org, "[objects.Opportunity]\nowner_only = true") as client:
        for record_id in (others, gone, "006lo0000009999" + "AAA"):
            many = Request("POST", "composite/sobjects/Opportunity", body={"ids": [record_id], "fields": ["Id"]})
            for attempt in (
                client.sobjects.retrieve("Opportunity", record_id),
                client.sobjects.retrieve("Opportunity", record_id, fields=("Name",)),
                client.send(many),
                client.sobjects.update("Opportunity", record_id, {"Name": "x"}),
                client.sobjects.delete("Opportunity", record_id),
            ):
                with pytest.raises(PolicyRefusedError) as error:
                    await attempt
                errors.add((error.value.code, error.value.message, error.value.hint))

    assert len(errors) == 1


OWNED = frozenset({"event", "contact", "opportunity", "attachment", "note", "task"})
NAMES = frozenset({
    "event", "contact", "campaign", "opportunity", "eventrelation", "campaignmember", "contentdocument", "visit",
    "visit__c", "contentdocumentlink", "attachment", "note", "contactshare", "opportunitylineitem", "task", "topic",
})  # fmt: skip


@pytest.mark.parametrize(
    ("sobject", "child", "cascades", "is_its"),
    [
        ("Event", "EventRelation", True, True),
        ("Event", "EventRelation", False, False),
        ("Contact", "EventRelation", True, False),
        ("Contact", "CampaignMember", True, False),
        ("Campaign", "CampaignMember", True, True),
        ("Contact", "Event", True, False),
        ("Contact", "ContactShare", True, True),
        ("Opportunity", "OpportunityLineItem", True, True),
        ("Contact", "Attachment", True, True),
        ("Contact", "Note", True, True),
        ("Contact", "ContentDocumentLink", True, True),
        ("Event", "TopicAssignment", True, True),
        ("Contact", "Visit__c", True, True),
        ("Contact", "Contact", True, False),
        ("Contact", "EntitySubscription", True, True),
    ],
)
def test_what_belongs_to_what(sobject: str, child: str, *, cascades: bool, is_its: bool) -> None:
    relationship = ChildRelationship(child_sobject=child, field="ParentId", cascade_delete=cascades)

    assert is_part(relationship, SObjectDescribe(name=sobject, label=sobject, fields=()), OWNED, NAMES) == is_its


@pytest.mark.parametrize("targets", [("Opportunity", "Case"), ()])
def test_what_belongs_to_records_of_any_kind_is_hidden_where_one_kind_is_read_by_owner(
    targets: tuple[str, ...],
) -> None:
    policy = read_policy("[objects.Opportunity]\nowner_only = true", "p.toml")
    policy = policy.belonging({"note": (Belonging(policy.rule("Opportunity"), "ParentId"),)})
    parent = FieldDescribe(
        name="ParentId", label="", type="reference", reference_to=targets, relationship_name="Parent", nillable=True
    )
    note = view_of(policy, SObjectDescribe(name="Note", label="Note", fields=(parent,)))

    assert not note.rule.is_readable


async def test_a_restore_needs_its_action_and_the_user_to_own_the_record(org: LocalOrg) -> None:
    mine, others = event(org, org.user_id), event(org, another_user(org))
    for each in (mine, others):
        org.records.delete("Event", each, org.user_id)
    async with guarded(org, '[objects.Event]\nactions = ["read", "create", "update", "delete"]') as client:
        await refused(client, lambda client: client.soap.undelete([mine]), match=r"No restore of Event .*p\.toml:2")
    async with guarded(org, "[objects.Event]\nowner_only = true") as client:
        await refused(
            client,
            lambda client: client.soap.undelete([others]),
            lambda client: client.soap.undelete([mine, others]),
            lambda client: client.soap.undelete(["00Ulo0000099999"]),
            match="or it is another user's",
        )
        assert (await client.soap.undelete([mine]))[0].success


async def test_a_restore_is_judged_by_what_it_brings_back(org: LocalOrg) -> None:
    alone, busy = org.insert("Contact", LastName="Alone"), org.insert("Contact", LastName="Busy")
    org.insert("Task", Subject="Call", WhoId=busy)
    for each in (alone, busy):
        org.records.delete("Contact", each, org.user_id)
    async with guarded(org, '[objects.Task]\nactions = ["read", "create", "delete"]') as client:
        await refused(
            client, lambda client: client.soap.undelete([alone, busy]), match="would restore Task records too"
        )
        assert (await client.soap.undelete([alone]))[0].success
    for hidden in ("[objects.Task]\nactions = []", "[objects.Task]\nowner_only = true"):
        async with guarded(org, hidden) as client:
            await refused(client, lambda client: client.soap.undelete([busy]), match="could restore Task records too")
    async with guarded(org, '[objects.Lead]\nactions = ["read"]') as client:
        assert (await client.soap.undelete([busy]))[0].success


async def test_no_other_soap_call_is_understood(org: LocalOrg) -> None:
    first = org.insert("Contact", LastName="Ode")
    path = "/services/Soap/u/60.0"
    async with guarded(org, '[objects.Lead]\nactions = ["read"]') as client:
        await refused(
            client,
            lambda client: client.send(Request("POST", path, body={"delete": {"ids": [first]}})),
            lambda client: client.send(Request("POST", path, body={"undelete": {"ids": [first]}, "delete": {}})),
            lambda client: client.send(Request("POST", path, body={"undelete": {"ids": first}})),
            lambda client: client.send(Request("POST", "/services/Soap/m/60.0", body={"undelete": {"ids": [first]}})),
        )
