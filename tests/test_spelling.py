"""A suggestion has the meaning of what was written, or there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.spelling import nearest

FIELDS = (
    "Id", "Name", "LastName", "FirstName", "Email", "Phone", "HomePhone", "MailingCity", "MailingStreet", "Birthdate",
    "AccountId", "LeadSource", "StartDateTime", "EndDateTime", "Location", "Street1__c", "Cost__c", "Tests__c",
)  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("Emial", ["Email"]),
        ("Phne", ["Phone"]),
        ("first_name", ["FirstName"]),
        ("Birth Date", ["Birthdate"]),
        ("EmailAddress", ["Email"]),
        ("Loction", ["Location"]),
        ("LasName", ["LastName"]),
        ("StartTime", ["StartDateTime"]),
        ("EndDate", ["EndDateTime"]),
        ("Costs__c", ["Cost__c"]),
        ("nAME", ["Name"]),
    ],
)
def test_a_slip_leads_to_what_was_meant(wrong: str, meant: list[str]) -> None:
    assert nearest(wrong, FIELDS) == meant


@pytest.mark.parametrize("wrong", ["BillingCity", "Street2__c", "Kosts__c", "Zip", "Fax", "PhoneExtension", ""])
def test_a_field_that_is_only_spelt_alike_is_not_offered(wrong: str) -> None:
    assert nearest(wrong, FIELDS) == []


@pytest.mark.parametrize(
    ("wrong", "value"),
    [("Inactive", "Active"), ("Unpaid", "Paid"), ("Not Completed", "Completed"), ("Gold", "Cold"), ("Red", "Bed"),
     ("Closed Won", "Closed Lost"), ("Hot", "Not"), ("Region 1", "Region 2"), ("Disabled", "Abled")],
)  # fmt: skip
def test_a_value_of_another_meaning_is_not_offered(wrong: str, value: str) -> None:
    assert nearest(wrong, [value]) == []


@given(st.sampled_from(FIELDS), st.integers(0, 20))
def test_any_two_letters_swapped_lead_back_to_the_name(name: str, at: int) -> None:
    at %= len(name) - 1
    wrong = name[:at] + name[at + 1] + name[at] + name[at + 2 :]

    if name != "Street1__c" and "_" not in wrong[at : at + 2]:
        assert name in nearest(wrong, FIELDS, count=4)
