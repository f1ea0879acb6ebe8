"""A value that a picklist has and the record's type does not: the hint names those that the type allows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import settings_of
from tests.orgs import new_org
from tests.tools.calls import refusal

pytestmark = pytest.mark.anyio
SCHEMA = """
objects:
  Contact:
    fields:
      Kind__c: {type: picklist, values: [First, Follow-up, Surgery, "Other: none"], restricted: true}
    recordTypes:
      Consultation: {default: true, values: {Kind__c: [First, Follow-up]}}
      Operation: {values: {Kind__c: [Surgery]}}
"""


@pytest.fixture
def org() -> Iterator[LocalOrg]:
    with new_org(seed=False, schema=SCHEMA) as made:
        yield made


def type_named(org: LocalOrg, name: str) -> str:
    [row] = org.store.rows("SELECT Id FROM RecordType WHERE DeveloperName = ?", [name])
    return str(row["Id"])


@pytest.mark.parametrize("value", ["Surgery", "Other: none"])
async def test_a_new_record_is_of_the_default_type(mcp: Client, value: str) -> None:
    error = await refusal(mcp, "create_contact", data={"LastName": "Sand", "Kind__c": value})
    assert error["hint"] == "The record type allows: First, Follow-up. Or use another RecordTypeId."


async def test_a_new_record_is_of_the_type_that_is_given(mcp: Client, org: LocalOrg) -> None:
    data = {"LastName": "Sand", "recordtypeid": type_named(org, "Operation"), "Kind__c": "First"}
    error = await refusal(mcp, "create_contact", data=data)
    assert error["hint"].startswith("The record type allows: Surgery.")


async def test_a_record_that_is_there_is_of_its_own_type(mcp: Client, org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Sand", RecordTypeId=type_named(org, "Operation"))
    error = await refusal(mcp, "update_contact", contact_id=contact, data={"Kind__c": "First"})
    assert error["hint"].startswith("The record type allows: Surgery.")


async def test_a_value_that_the_picklist_has_not_is_told_as_before(mcp: Client) -> None:
    error = await refusal(mcp, "create_contact", data={"LastName": "Sand", "Kind__c": "Sixth"})
    assert error["hint"] == "Allowed: First, Follow-up, Surgery, Other: none."


def under(policy: Path, org: LocalOrg, text: str) -> Client:
    policy.write_text(f"[objects.Contact]\n{text}\n", encoding="utf-8")
    return Client(create_server(settings_of(org, policy=str(policy)), transport=AsgiTransport(org.app)))


async def test_where_a_policy_hides_the_type_the_picklist_is_told(org: LocalOrg, tmp_path: Path) -> None:
    contact = org.insert("Contact", LastName="Sand", RecordTypeId=type_named(org, "Operation"))
    async with under(tmp_path / "policy.toml", org, 'hide = ["RecordTypeId"]') as mcp:
        error = await refusal(mcp, "update_contact", contact_id=contact, data={"Kind__c": "First"})
    assert error["hint"].startswith("The record type does not allow this value. Try another value (Follow-up")


async def test_a_picklist_is_read_under_a_policy_that_shows_it(org: LocalOrg, tmp_path: Path) -> None:
    async with under(tmp_path / "policy.toml", org, 'hide = ["Birthdate"]') as mcp:
        error = await refusal(mcp, "create_contact", data={"LastName": "Sand", "Kind__c": "Surgery"})
    assert error["hint"].startswith("The record type allows: First, Follow-up.")


async def test_no_values_are_told_of_a_picklist_that_a_policy_hides(org: LocalOrg, tmp_path: Path) -> None:
    async with under(tmp_path / "policy.toml", org, 'hide = ["Kind__c"]') as mcp:
        error = await refusal(mcp, "create_contact", data={"LastName": "Sand", "Kind__c": "Surgery"})
    assert "Follow-up" not in str(error)
