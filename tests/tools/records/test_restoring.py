"""Records restored from the recycle bin: each with its outcome, and what came back with them."""

from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault
from tests.tools.calls import call, refusal, rows_as_dicts
from tests.tools.records.clinic import client_of
from tests.tools.tokens import tokens

ABSENT = "003000000000999AAA"


def deleted(org: LocalOrg, sobject: str, **values: Any) -> str:
    record_id = org.insert(sobject, **values)
    org.records.delete(sobject, record_id, org.user_id)
    return record_id


def is_there(org: LocalOrg, sobject: str, record_id: str) -> bool:
    row = org.store.find(org.schema[sobject], record_id)
    return row is not None and not row["IsDeleted"]


async def test_what_include_deleted_finds_is_restored(org: LocalOrg, mcp: Client) -> None:
    contact, account = deleted(org, "Contact", LastName="Ode"), deleted(org, "Account", Name="Acme")
    found = await call(
        mcp, "query", soql="SELECT Id FROM Contact WHERE IsDeleted = true AND LastName = 'Ode'", include_deleted=True
    )
    assert [row["Id"] for row in rows_as_dicts(found)] == [contact]

    restored = await call(mcp, "restore_records", record_ids=[contact, account[:15]])

    assert restored["restored"] == 2
    assert rows_as_dicts(restored) == [
        {"Id": contact, "sobject": "Contact", "outcome": "restored"},
        {"Id": account, "sobject": "Account", "outcome": "restored"},
    ]
    assert is_there(org, "Contact", contact)
    assert is_there(org, "Account", account)


async def test_what_came_back_with_a_record_is_counted_with_the_calendars_concerned(org: LocalOrg, mcp: Client) -> None:
    contact = org.insert("Contact", LastName="Ode")
    for subject in ("One", "Two"):
        org.insert("Event", Subject=subject, WhoId=contact, StartDateTime="2099-03-03T09:00:00Z", DurationInMinutes=30)
    org.insert("Task", Subject="Call", WhoId=contact)
    org.records.delete("Contact", contact, org.user_id)

    restored = await call(mcp, "restore_records", record_ids=contact)

    assert restored["also_restored"] == {"Event": 2, "Task": 1}
    assert restored["calendars"] == [org.records.retrieve("User", org.user_id)["Name"]]
    assert "not checked for conflicts" in restored["note"]


async def test_a_record_that_came_back_with_another_one_of_the_call_is_restored(org: LocalOrg, mcp: Client) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Ode", AccountId=account)
    org.records.delete("Account", account, org.user_id)

    restored = await call(mcp, "restore_records", record_ids=[account, contact])

    assert restored["restored"] == 2
    assert "failed" not in restored
    assert restored["also_restored"] == {"Contact": 1}


async def test_what_is_gone_for_good_is_told_by_row_and_first(org: LocalOrg, mcp: Client) -> None:
    account = org.insert("Account", Name="Acme")
    along = org.insert("Contact", LastName="Along", AccountId=account)
    org.records.delete("Account", account, org.user_id)
    there, back = org.insert("Contact", LastName="There"), deleted(org, "Contact", LastName="Back")

    restored = await call(mcp, "restore_records", record_ids=[there, back, along, ABSENT])

    assert (restored["restored"], restored["failed"]) == (1, 2)
    rows = {row["Id"]: row for row in rows_as_dicts(restored)}
    assert list(rows) == [along, ABSENT, there, back]
    assert [row["outcome"] for row in rows.values()] == ["failed", "failed", "was not deleted", "restored"]
    assert "deleted with another record" in rows[along]["message"]
    assert "never existed" in rows[ABSENT]["message"]
    assert "create it again" in restored["hint"]
    assert not is_there(org, "Contact", along)


async def test_where_none_can_be_restored_one_error_says_why(org: LocalOrg, mcp: Client) -> None:
    campaign, contact = org.insert("Campaign", Name="Fair"), org.insert("Contact", LastName="Ode")
    member = deleted(org, "CampaignMember", CampaignId=campaign, ContactId=contact)

    for given, code in ((ABSENT, "UNDELETE_FAILED"), (member, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")):
        error = await refusal(mcp, "restore_records", record_ids=given)
        assert error["code"] == code
        assert tokens(error) <= 120

    error = await refusal(mcp, "restore_records", record_ids=[ABSENT, member])
    assert len(error["problems"]) == 2


async def test_records_that_are_not_deleted_cost_no_restore(org: LocalOrg, mcp: Client) -> None:
    contact = org.insert("Contact", LastName="Ode")
    org.faults.add(Fault("unavailable", "POST", "/services/Soap/*"))

    restored = await call(mcp, "restore_records", record_ids=contact)

    assert restored["restored"] == 0
    assert rows_as_dicts(restored) == [{"Id": contact, "sobject": "Contact", "outcome": "was not deleted"}]


@pytest.mark.parametrize("record_ids", [["zzz0000000000001"], ["x"], [], ["003000000000999AAB"] * 201])
async def test_what_is_no_list_of_ids_is_not_sent(org: LocalOrg, mcp: Client, record_ids: list[str]) -> None:
    org.faults.add(Fault("unavailable", "POST", "/services/Soap/*"))

    assert (await refusal(mcp, "restore_records", record_ids=record_ids))["code"] in {
        "INVALID_ARGUMENT",
        "MALFORMED_ID",
    }


async def test_an_id_of_no_object_is_named(mcp: Client) -> None:
    error = await refusal(mcp, "restore_records", record_ids=["zzz000000000001AAA"])

    assert error["code"] == "MALFORMED_ID"
    assert "begin with zzz" in error["message"]


async def test_records_of_custom_objects_are_restored(clinic: LocalOrg, clinic_mcp: Client) -> None:
    patient = clinic.insert("Contact", LastName="Hale")
    visit = deleted(clinic, "Visit__c", Patient__c=patient, Number__c="7")

    restored = await call(clinic_mcp, "restore_records", record_ids=visit)

    assert rows_as_dicts(restored)[0]["sobject"] == "Visit__c"
    assert is_there(clinic, "Visit__c", visit)


async def test_an_unknown_outcome_says_so_and_nothing_is_sent_again(org: LocalOrg, mcp: Client) -> None:
    contact = deleted(org, "Contact", LastName="Ode")
    org.faults.add(Fault("reset_after", "POST", "/services/Soap/*"))

    error = await refusal(mcp, "restore_records", record_ids=contact)

    assert error["outcome"] == "unknown"
    assert is_there(org, "Contact", contact)


async def test_a_restore_is_not_allowed_where_nothing_may_be_written(org: LocalOrg) -> None:
    contact = deleted(org, "Contact", LastName="Ode")
    async with client_of(org, read_only=True) as mcp:
        names = [tool.name for tool in (await mcp.list_tools()).tools]
        error = await refusal(mcp, "restore_records", record_ids=contact)

    assert "salesforce_restore_records" not in names
    assert error["code"] == "NOT_ALLOWED"
    assert not is_there(org, "Contact", contact)
