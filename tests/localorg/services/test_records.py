"""The rules of single records."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


@pytest.fixture
def org() -> Iterator[LocalOrg]:
    with LocalOrg.open(seed=False, now=lambda: NOW) as opened:
        yield opened


def test_a_created_record_reads_back_with_its_audit_fields(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="  Hale ", FirstName="Imogen", Email="imogen@example.com")

    record = org.records.retrieve("Contact", contact)

    assert record["Name"] == "Imogen Hale"
    assert record["LastName"] == "Hale"
    assert record["IsDeleted"] is False
    assert record["OwnerId"] == record["CreatedById"] == org.user_id
    assert record["CreatedDate"] == record["SystemModstamp"] == "2026-11-22T15:00:00.000+0000"


def test_missing_required_fields_are_all_named(org: LocalOrg) -> None:
    with pytest.raises(OrgError) as caught:
        org.insert("Lead", LastName=" ")

    assert caught.value.body() == {
        "message": "Required fields are missing: [LastName, Company]",
        "errorCode": "REQUIRED_FIELD_MISSING",
        "fields": ["LastName", "Company"],
    }


def test_deleting_an_account_deletes_its_contacts_and_undeleting_brings_them_back(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Hale", AccountId=account)

    org.records.delete("Account", account, org.user_id)

    with pytest.raises(OrgError) as caught:
        org.records.retrieve("Contact", contact)
    assert caught.value.error_code == "ENTITY_IS_DELETED"

    org.records.undelete(account, org.user_id)
    assert org.records.retrieve("Contact", contact)["AccountId"] == account
