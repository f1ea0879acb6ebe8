"""Merges and conversions of leads under a policy: who may do them, what moves with them, what they would reveal."""

from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.salesforce import Request, SalesforceClient
from tests.policy.test_guard import another_user, guarded

MERGE = '[objects.Contact]\nactions = ["read", "merge"]'
CONVERT = '[objects.Lead]\nactions = ["read", "convert"]'
TIMES = {"StartDateTime": "2026-11-24T10:00:00Z", "EndDateTime": "2026-11-24T11:00:00Z"}
STATUS = "Closed - Converted"


def people(org: LocalOrg, **of_loser: Any) -> tuple[str, str]:
    """A contact to keep, and one to merge into it."""
    return org.insert("Contact", LastName="Ode"), org.insert("Contact", LastName="Ode", **of_loser)


async def refused(client: SalesforceClient, first: str, second: str, match: str, **values: Any) -> None:
    with pytest.raises(PolicyRefusedError, match=match):
        await client.soap.merge("Contact", first, [second], values)


async def test_a_merge_needs_its_action_on_that_object(org: LocalOrg) -> None:
    first, second = people(org)
    for policy in (
        '[objects.Contact]\nactions = ["read", "create", "update", "delete", "restore", "convert"]',
        'actions = ["read", "update", "delete"]',
    ):
        async with guarded(org, policy) as client:
            await refused(client, first, second, "No merge of Contact")
    async with guarded(org, MERGE) as client:
        assert (await client.soap.merge("Contact", first, [second])).success
    assert org.store.rows("SELECT Id FROM Contact WHERE Id = ? AND IsDeleted = 1", [second])


async def test_a_policy_that_says_nothing_of_actions_allows_merges(org: LocalOrg) -> None:
    first, second = people(org)
    async with guarded(org, '[objects.Lead]\nhide = ["Phone"]') as client:
        assert (await client.soap.merge("Contact", first, [second])).success


async def test_to_set_a_field_with_a_merge_needs_update_and_a_field_that_is_shown(org: LocalOrg) -> None:
    first, second = people(org)
    async with guarded(org, MERGE) as client:
        await refused(client, first, second, "No update of Contact", Title="Dr")
        await refused(client, first, second, "No update of Contact", Title=None)
    may_update = '[objects.Contact]\nactions = ["read", "update", "merge"]\nhide = ["Birthdate"]'
    async with guarded(org, may_update) as client:
        await refused(client, first, second, "Birthdate is hidden", Birthdate="1971-07-04")
        await refused(client, first, second, "Birthdate is hidden", Birthdate=None)
        assert (await client.soap.merge("Contact", first, [second], {"Title": "Dr"})).success


async def test_only_own_records_are_merged_where_the_policy_says_so(org: LocalOrg) -> None:
    first, second = people(org)
    third = org.insert("Contact", LastName="Ode", OwnerId=another_user(org))
    async with guarded(org, f"{MERGE}\nowner_only = true") as client:
        await refused(client, first, third, "or it is another user's")
        await refused(client, third, first, "or it is another user's")
        await refused(client, first, "003lo00000000zZAAQ", "or it is another user's")
        assert (await client.soap.merge("Contact", first, [second])).success


async def test_what_a_section_forbids_to_update_does_not_move(org: LocalOrg) -> None:
    first, second = people(org)
    third = org.insert("Contact", LastName="Ode")
    event = org.insert("Event", Subject="Visit", WhoId=second, **TIMES)
    async with guarded(org, f'{MERGE}\n[objects.Event]\nactions = ["read"]') as client:
        await refused(client, first, second, r"A merge would move Event records \(SALESFORCE_POLICY, p\.toml:4\)")
        assert (await client.soap.merge("Contact", first, [third])).success
    for hidden in ("actions = []", "owner_only = true", 'hide = ["WhoId"]'):
        async with guarded(org, f"{MERGE}\n[objects.Event]\n{hidden}") as client:
            await refused(client, first, second, "A merge could move Event records")
            await refused(client, first, org.insert("Contact", LastName="X"), "A merge could move Event records")
    async with guarded(org, f'{MERGE}\n[objects.Event]\nactions = ["read", "update"]') as client:
        merged = await client.soap.merge("Contact", first, [second])
    assert event in merged.updated_related_ids


async def test_the_answer_names_nothing_that_moved_and_is_hidden(org: LocalOrg) -> None:
    first, second = people(org)
    event = org.insert("Event", Subject="Visit", WhoId=second, **TIMES)
    only = 'actions = []\n[objects.Contact]\nactions = ["read", "merge"]'
    async with guarded(org, only) as client:
        merged = await client.soap.merge("Contact", first, [second])
    assert merged.updated_related_ids == ()
    assert org.store.rows("SELECT Id FROM Event WHERE Id = ? AND WhoId = ?", [event, first])


def lead(org: LocalOrg, **values: Any) -> str:
    return org.insert("Lead", LastName="Berg", Company="Berg Works", **values)


async def not_converted(client: SalesforceClient, lead_id: str, match: str, **more: Any) -> None:
    with pytest.raises(PolicyRefusedError, match=match):
        await client.soap.convert_lead(lead_id, STATUS, **more)


async def test_a_conversion_needs_its_action_and_those_of_what_it_makes(org: LocalOrg) -> None:
    wanted = lead(org)
    async with guarded(org, '[objects.Lead]\nactions = ["read", "update", "delete", "merge"]') as client:
        await not_converted(client, wanted, "No convert of Lead")
    for sobject in ("Account", "Contact", "Opportunity"):
        async with guarded(org, f'{CONVERT}\n[objects.{sobject}]\nactions = ["read", "update"]') as client:
            await not_converted(client, wanted, f"No create of {sobject}")
    async with guarded(org, f'{CONVERT}\n[objects.Opportunity]\nactions = ["read"]') as client:
        assert (await client.soap.convert_lead(wanted, STATUS, create_opportunity=False)).success
    async with guarded(org, CONVERT) as client:
        assert (await client.soap.convert_lead(lead(org), STATUS)).success


async def test_a_conversion_into_records_that_are_there_needs_to_update_them(org: LocalOrg) -> None:
    wanted, account = lead(org), org.insert("Account", Name="Berg")
    contact = org.insert("Contact", LastName="Berg", AccountId=account)
    into: dict[str, Any] = {"account_id": account, "contact_id": contact, "create_opportunity": False}
    async with guarded(org, f'{CONVERT}\n[objects.Contact]\nactions = ["read", "create"]') as client:
        await not_converted(client, wanted, "No update of Contact", **into)
    async with guarded(org, f'{CONVERT}\n[objects.Contact]\nhide = ["Phone"]') as client:
        await not_converted(client, wanted, "A conversion fills hidden fields of Contact", **into)
    async with guarded(org, f"{CONVERT}\n[objects.Account]\nowner_only = true") as client:
        others = org.insert("Account", Name="Other", OwnerId=another_user(org))
        await not_converted(client, wanted, "or it is another user's", account_id=others)
    async with guarded(org, f'{CONVERT}\n[objects.Contact]\nactions = ["read", "update"]') as client:
        assert (await client.soap.convert_lead(wanted, STATUS, **into)).success


async def test_a_conversion_does_not_carry_hidden_values_out(org: LocalOrg) -> None:
    wanted = lead(org, Phone="+1 555-0199")
    for hiding in ('hide = ["Phone"]', 'fields = ["Name", "Company", "Status"]'):
        async with guarded(org, f"{CONVERT}\n{hiding}") as client:
            await not_converted(client, wanted, "A conversion copies fields of Lead that are hidden")


async def test_whose_the_lead_is_counts(org: LocalOrg) -> None:
    others = lead(org, OwnerId=another_user(org))
    async with guarded(org, f"{CONVERT}\nowner_only = true") as client:
        await not_converted(client, others, "or it is another user's")
        assert (await client.soap.convert_lead(lead(org), STATUS)).success
    async with guarded(org, f"{CONVERT}\n[objects.Contact]\nowner_only = true") as client:
        await not_converted(client, others, "A conversion can make a Contact of another user")


async def test_other_forms_are_not_understood(org: LocalOrg) -> None:
    first, second = people(org)
    path, of_account = "/services/Soap/u/60.0", org.insert("Account", Name="Berg")
    master = {"type": "Contact", "Id": first}
    bodies: list[dict[str, Any]] = [
        {"merge": {"request": {"masterRecord": {"type": "Account", "Id": first}, "recordToMergeIds": [second]}}},
        {"merge": {"request": {"masterRecord": master, "recordToMergeIds": [of_account]}}},
        {"merge": {"request": {"masterRecord": master, "recordToMergeIds": []}}},
        {"merge": {"request": {"masterRecord": master, "recordToMergeIds": [second], "more": 1}}},
        {"merge": {"request": {"masterRecord": master, "recordToMergeIds": [second]}, "more": 1}},
        {"merge": {"request": [{"masterRecord": master, "recordToMergeIds": [second]}]}},
        {"convertLead": {"leadConverts": {"leadId": lead(org), "convertedStatus": STATUS, "ownerId": org.user_id}}},
        {"convertLead": {"leadConverts": {"leadId": lead(org), "convertedStatus": STATUS}}, "delete": {"ids": [first]}},
    ]
    async with guarded(org, '[objects.Case]\nactions = ["read"]') as client:
        for body in bodies:
            with pytest.raises(PolicyRefusedError, match="not allowed under a policy"):
                await client.send(Request("POST", path, body=body))
