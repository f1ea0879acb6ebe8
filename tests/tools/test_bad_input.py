"""Bad input gets an error that teaches, and changes nothing in the org."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import settings_of
from tests.tools.calls import call, refusal
from tests.tools.tokens import tokens

ABSENT_CONTACT = "003000000000999AAA"
ABSENT_EVENT = "00U000000000999"
START = "2027-02-23T15:00:00Z"  # the seed has nothing there


def appointment(**fields: Any) -> dict[str, Any]:
    return {"data": {"Subject": "Call", "StartDateTime": START, "DurationInMinutes": 30, **fields}}


CASES: list[tuple[str, dict[str, Any], str, str]] = [
    # tool, arguments, code, what the message or the hint says
    ("get_contact", {"contact_id": ABSENT_CONTACT}, "NOT_FOUND", "does not exist"),
    ("get_contact", {"contact_id": ABSENT_CONTACT, "fields": ["Account.Name"]}, "NOT_FOUND", "does not exist"),
    ("update_contact", {"contact_id": ABSENT_CONTACT, "data": {"Title": "x"}}, "NOT_FOUND", "does not exist"),
    ("delete_contact", {"contact_id": ABSENT_CONTACT}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
    ("get_appointment", {"event_id": ABSENT_EVENT}, "NOT_FOUND", "does not exist"),
    ("get_contact", {"contact_id": "003"}, "MALFORMED_ID", "15 or 18 letters and digits"),
    ("get_contact", {"contact_id": "../../limits"}, "MALFORMED_ID", "15 or 18 letters and digits"),
    ("get_contact", {"contact_id": ABSENT_EVENT}, "MALFORMED_ID", "the Id of an Event, not of a Contact"),
    ("delete_appointment", {"event_id": ABSENT_CONTACT}, "MALFORMED_ID", "the Id of a Contact, not of an Event"),
    ("get_contact", {"contact_id": "a01000000000001AAA"}, "MALFORMED_ID", "key prefix a01"),
    ("list_contacts", {"account_id": ABSENT_CONTACT}, "MALFORMED_ID", "not of an Account"),
    ("create_contact", {"data": {"FirstName": "Ada"}}, "REQUIRED_FIELD_MISSING", "LastName is required"),
    ("create_contact", {"data": {"LastName": ""}}, "REQUIRED_FIELD_MISSING", "LastName is required"),
    ("create_contact", {}, "INVALID_ARGUMENT", "data is required"),
    ("get_free_busy", {"calendars": [], "start": START, "end": START}, "INVALID_ARGUMENT", "too few entries; at"),
    ("create_contact", {"data": "Ada"}, "INVALID_ARGUMENT", "data must be an object"),
    ("create_contact", {"data": {"LastName": "Ode", "Emial": "x"}}, "INVALID_FIELD", "Did you mean Email"),
    ("create_contact", {"data": {"LastName": "Ode", "Rank__c": 1}}, "INVALID_FIELD", "No such column 'Rank__c'"),
    ("create_contact", {"data": {"LastName": "Ode", "Name": "x"}}, "INVALID_FIELD_FOR_INSERT_UPDATE", "Name"),
    ("create_contact", {"data": {"LastName": "x" * 81}}, "STRING_TOO_LONG", "81 characters; at most 80 fit"),
    ("create_contact", {"data": {"LastName": "Ode", "Email": "ode"}}, "INVALID_EMAIL_ADDRESS", "ode"),
    ("create_contact", {"data": {"LastName": 5}}, "INVALID_ARGUMENT", "LastName must be text"),
    ("create_contact", {"data": {"LastName": "Ode", "Birthdate": "1.2.90"}}, "INVALID_TIME", "is not a day"),
    ("create_contact", {"data": {"LastName": "Ode", "AccountId": ABSENT_EVENT}}, "MALFORMED_ID", "not of an Account"),
    ("create_contact", {"data": {"LastName": "Ode"}, "Email": "x"}, "UNKNOWN_ARGUMENT", "go inside data"),
    ("create_contact", {"dta": {"LastName": "Ode"}}, "UNKNOWN_ARGUMENT", "Did you mean data?"),
    ("create_appointment", {**appointment(), "time_zone": "UTC"}, "UNKNOWN_ARGUMENT", "go inside data"),
    ("create_appointment", appointment(StartDateTime="2026-11-24T15:00"), "INVALID_TIME", "no time zone"),
    ("create_appointment", appointment(StartDateTime="tomorrow"), "INVALID_TIME", "is not a date and time"),
    ("create_appointment", appointment(StartDateTime="2026-11-24"), "INVALID_TIME", "a day without a time"),
    ("create_appointment", appointment(time_zone="berlin"), "INVALID_TIME", "Did you mean Europe/Berlin?"),
    ("create_appointment", appointment(StartDateTime="2026-03-29T02:30", time_zone="Europe/Berlin"),
     "INVALID_TIME", "does not exist"),
    ("create_appointment", appointment(EndDateTime="2027-02-23T14:00:00Z", DurationInMinutes=None),
     "INVALID_TIME", "is before the start"),
    ("create_appointment", appointment(DurationInMinutes=-5), "INVALID_ARGUMENT", "at least 0"),
    ("create_appointment", appointment(DurationInMinutes=3000), "FIELD_INTEGRITY_EXCEPTION", "1440 minutes"),
    ("create_appointment", appointment(ShowAs="Maybe"), "INVALID_ARGUMENT", "'OutOfOffice'"),
    ("create_appointment", appointment(WhoId=ABSENT_EVENT), "MALFORMED_ID", "not of a Contact or a Lead"),
    ("create_appointment", appointment(WhatId=ABSENT_CONTACT), "MALFORMED_ID", "which does not go here"),
    ("create_appointment", appointment(WhoId="00Q000000000001", WhatId="001000000000001"),
     "INVALID_ARGUMENT", "cannot have a WhatId"),
    ("create_appointment", appointment(Start="x"), "INVALID_FIELD", "StartDateTime"),
    ("list_appointments", {"start": "2026-11-24T10:00"}, "INVALID_TIME", "no time zone"),
    ("list_appointments", {"start": "2026-11-25", "end": "2026-11-24"}, "INVALID_TIME", "is not after start"),
    ("list_contacts", {"limit": 0}, "INVALID_ARGUMENT", "at least 1"),
    ("list_contacts", {"limit": 100_000}, "INVALID_ARGUMENT", "at most 2000"),
    ("list_contacts", {"limit": "many"}, "INVALID_ARGUMENT", "a whole number"),
    ("list_contacts", {"fields": ["Emial"]}, "INVALID_FIELD", "Did you mean Email"),
    ("list_contacts", {"fields": ["Id FROM User"]}, "INVALID_ARGUMENT", "not the API name of a field"),
    ("list_contacts", {"cursor": "abc"}, "INVALID_CURSOR", "not one that this server returned"),
    ("query", {"soql": "DELETE FROM Contact"}, "MALFORMED_QUERY", "Only SELECT"),
    ("query", {"soql": "SELECT Emial FROM Contact"}, "INVALID_FIELD", "Did you mean Email"),
    ("query", {"soql": "SELECT Id FROM Event WHERE StartDateTime > 2026-11-24"}, "INVALID_FIELD", "with a time"),
    ("query", {"soql": "SELECT Acount.Name FROM Contact"}, "INVALID_FIELD", "Did you mean Account?"),
    ("query", {"soql": "SELECT Id FROM Contcat"}, "INVALID_TYPE", "Did you mean Contact"),
    ("query", {"soql": "SELECT Id FROM Contact WHERE"}, "MALFORMED_QUERY", "Column"),
    ("query", {"soql": "SELECT Id FROM Contact", "limit": 2001}, "INVALID_ARGUMENT", "at most 2000"),
]  # fmt: skip


def state_of(org: LocalOrg) -> list[Any]:
    return [
        tuple(row)
        for sobject in ("Contact", "Event")
        for row in org.store.rows(f'SELECT * FROM "{sobject}" ORDER BY Id')
    ]


@pytest.mark.parametrize(("name", "arguments", "code", "says"), CASES)
async def test_bad_input_is_refused_in_words_that_teach_and_changes_nothing(
    org: LocalOrg, mcp: Client, name: str, arguments: dict[str, Any], code: str, says: str
) -> None:
    before = state_of(org)

    error = await refusal(mcp, name, **arguments)

    assert error["code"] == code
    assert says in f"{error['message']} {error.get('hint', '')}"
    assert error["retryable"] is False
    assert tokens(error) <= 80
    assert state_of(org) == before


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        ({}, "INVALID_ARGUMENT", "data is empty"),
        ({"EndDateTime": "2026-11-24T09:00:00Z"}, "INVALID_TIME", "is before the start"),
        ({"StartDateTime": "2026-11-24T09:00"}, "INVALID_TIME", "no time zone"),
        ({"Subject": "x" * 256}, "STRING_TOO_LONG", "at most 255"),
        ({"Loction": "x"}, "INVALID_FIELD", "Did you mean Location"),
        ({"IsAllDayEvent": True}, "INVALID_TIME", "needs StartDateTime"),
        ({"EndDateTime": None, "Location": "x"}, "INVALID_ARGUMENT", "EndDateTime cannot be cleared"),
        ({"ActivityDate": "2026-11-25", "Location": "x"}, "INVALID_ARGUMENT", "Use StartDateTime"),
    ],
)
async def test_a_refused_change_leaves_the_appointment_as_it_was(
    org: LocalOrg, mcp: Client, data: dict[str, Any], code: str, says: str
) -> None:
    event_id = org.insert("Event", Subject="Call", StartDateTime=START, DurationInMinutes=30)
    before = state_of(org)

    error = await refusal(mcp, "update_appointment", event_id=event_id, data=data)

    assert error["code"] == code
    assert says in f"{error['message']} {error.get('hint', '')}"
    assert state_of(org) == before


async def test_a_deleted_record_is_told_from_one_that_never_was(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="Ode")
    await call(mcp, "delete_contact", contact_id=contact_id)

    for name, more in (("get_contact", {}), ("update_contact", {"data": {"Title": "x"}}), ("delete_contact", {})):
        error = await refusal(mcp, name, contact_id=contact_id, **more)
        assert error["code"] == "ENTITY_IS_DELETED"


async def test_a_long_message_of_the_org_is_shortened_and_keeps_its_hint(mcp: Client) -> None:
    error = await refusal(mcp, "query", soql=f"SELECT {'x' * 3000} FROM Contact")

    assert len(error["message"]) <= 180
    assert tokens(error) <= 80


Cursor = Callable[[Client], Any]
LIST = {"limit": 3}
QUERY = {"soql": "SELECT Id FROM Event ORDER BY StartDateTime, Id", "limit": 3}


@pytest.mark.parametrize(
    ("name", "arguments"), [("list_contacts", LIST), ("list_appointments", LIST), ("query", QUERY)]
)
async def test_a_cursor_that_was_changed_anywhere_is_refused(mcp: Client, name: str, arguments: dict[str, Any]) -> None:
    cursor = (await call(mcp, name, **arguments))["next_cursor"]
    assert re.fullmatch(r"\+\d+", cursor)

    for at, character in enumerate(cursor):
        other = "1" if character == "0" else "0"
        error = await refusal(mcp, name, **arguments, cursor=cursor[:at] + other + cursor[at + 1 :])
        assert error["code"] == "INVALID_CURSOR"
    for wrong in (cursor[:-1], cursor + "A", cursor[4:], cursor * 2):
        assert (await refusal(mcp, name, **arguments, cursor=wrong))["code"] == "INVALID_CURSOR"


@pytest.mark.parametrize(
    ("name", "arguments"), [("list_contacts", LIST), ("list_appointments", LIST), ("query", QUERY)]
)
async def test_another_users_cursor_is_refused_where_the_key_is_shared(
    org: LocalOrg, name: str, arguments: dict[str, Any]
) -> None:
    other_id = org.queries.query("SELECT Id FROM User ORDER BY Id DESC LIMIT 1", org.user_id)["records"][0]["Id"]
    credentials = org.oauth.credentials(other_id)
    assert credentials.user_id != org.user_id
    others = {"client_id": credentials.client_id, "refresh_token": credentials.refresh_token}
    servers = [
        create_server(settings_of(org, state_key="k" * 32, **changes), transport=AsgiTransport(org.app))
        for changes in ({}, {}, others)
    ]
    async with Client(servers[0]) as mcp, Client(servers[1]) as replica, Client(servers[2]) as elsewhere:
        cursor = (await call(elsewhere, name, **arguments))["next_cursor"]
        error = await refusal(mcp, name, **arguments, cursor=cursor)
        own = (await call(mcp, name, **arguments))["next_cursor"]
        assert await call(replica, name, **arguments, cursor=own)

    assert (error["code"], "user" in error["message"]) == ("INVALID_CURSOR", True)


async def test_a_cursor_of_another_call_is_refused_with_what_to_do(mcp: Client) -> None:
    cursor = (await call(mcp, "list_contacts", limit=3))["next_cursor"]

    for arguments in ({"name": "a"}, {"fields": ["Title"]}, {"account_id": "001000000000001AAA"}):
        error = await refusal(mcp, "list_contacts", limit=3, cursor=cursor, **arguments)
        assert error["code"] == "INVALID_CURSOR"
        assert "all other arguments" in error["hint"]
