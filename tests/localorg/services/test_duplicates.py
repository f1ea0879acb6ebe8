"""The duplicate rule of contacts."""

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from tests.copies import insert_copies
from tests.evidence import facts

HALE = {"FirstName": "Imogen", "LastName": "Hale", "Email": "imogen@example.com"}


def test_a_contact_who_is_there_already_is_refused_as_a_real_org_refuses(org: LocalOrg) -> None:
    contact = org.insert("Contact", **HALE)

    with pytest.raises(OrgError) as caught:
        org.insert("Contact", **(HALE | {"LastName": "HALE"}))

    body = caught.value.body()
    match = body["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]
    assert caught.value.status == 400
    assert match == {
        "attributes": {"type": "Contact", "url": f"/services/data/v60.0/sobjects/Contact/{contact}"},
        "Id": contact,
    }
    (real,) = next(each["body"] for each in facts.errors() if "duplicateResult" in str(each["body"]))
    real["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"] = match
    assert body == real


@pytest.mark.parametrize(
    "other",
    [
        HALE | {"Email": "other@example.com"},
        HALE | {"FirstName": "Ian"},
        {"LastName": "Hale", "Email": "imogen@example.com"},
    ],
)
def test_a_namesake_or_a_shared_address_is_no_duplicate(org: LocalOrg, other: dict[str, str]) -> None:
    org.insert("Contact", **HALE)

    assert org.insert("Contact", **other)


def test_a_duplicate_is_saved_when_the_caller_insists(org: LocalOrg) -> None:
    first = org.insert("Contact", **HALE)

    second = org.records.for_call("v62.0", allow_duplicates=True).create("Contact", HALE, org.user_id)

    assert second != first


def test_a_deleted_contact_and_the_contact_itself_are_no_duplicates(org: LocalOrg) -> None:
    contact = org.insert("Contact", **HALE)
    org.records.update("Contact", contact, {"Title": "Buyer"}, org.user_id)
    org.records.delete("Contact", contact, org.user_id)

    assert org.insert("Contact", **HALE)


@pytest.mark.parametrize(
    "alike",
    [{"Email": "x@example.com"}, {"Phone": "604 555 0100"}, {"MobilePhone": "604 555 0101"}, {"Title": "Buyer"}],
)
def test_the_rule_looks_at_no_more_where_many_have_the_name(org: LocalOrg, alike: dict[str, str]) -> None:
    account = org.insert("Account", Name="Acme")
    new = {"FirstName": "Imogen", "LastName": "Hale", "AccountId": account, **alike}

    def steps() -> int:
        """Return how many steps SQLite takes for a contact who is not there yet."""
        counted = [0]
        org.store.connection.set_progress_handler(lambda: counted.__setitem__(0, counted[0] + 1), 1)
        record_id = org.insert("Contact", **new)
        org.store.connection.set_progress_handler(None, 1)
        org.records.delete("Contact", record_id, org.user_id)
        return counted[0]

    few = steps()
    insert_copies(org, "Contact", 3000, FirstName="Imogen", LastName="Hale", AccountId=account)

    assert steps() < few + 1000


def test_a_contact_whom_the_user_may_not_see_is_neither_matched_nor_named(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Alder")
    hidden = org.insert("Contact", **HALE, AccountId=account)
    jonas = org.user("jonas")

    mine = org.records.create("Contact", HALE, jonas)

    with pytest.raises(OrgError) as caught:
        org.records.create("Contact", HALE, jonas)
    assert mine in str(caught.value.body())
    assert hidden not in str(caught.value.body())
    with pytest.raises(OrgError) as caught:
        org.insert("Contact", **HALE)
    assert hidden in str(caught.value.body())
