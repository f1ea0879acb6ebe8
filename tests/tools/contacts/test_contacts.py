"""Contacts, through the whole stack: client, server, Salesforce client, local org."""

import json
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import settings_of
from tests.tools.calls import all_ids, call, refusal, rows_as_dicts, text_of
from tests.tools.tokens import tokens

FULL = {
    "LastName": "Whitlock", "FirstName": "Una", "Salutation": "Ms.", "Title": "Head of Operations",
    "Department": "Operations", "Email": "una.whitlock@example.com", "Phone": "+14155550191",
    "MobilePhone": "+14155550192", "HomePhone": "+14155550193", "OtherPhone": "+14155550194",
    "AssistantPhone": "+14155550195", "AssistantName": "Tom Reed", "Fax": "+14155550196",
    "MailingStreet": "12 Harbour Street", "MailingCity": "San Francisco", "MailingState": "CA",
    "MailingPostalCode": "94105", "MailingCountry": "USA", "OtherStreet": "1 Side Road", "OtherCity": "Oakland",
    "OtherState": "CA", "OtherPostalCode": "94607", "OtherCountry": "USA", "LeadSource": "Web",
    "Birthdate": "1980-05-17", "Description": "Met at the autumn trade fair; prefers mornings.",
}  # fmt: skip


async def test_a_created_contact_comes_back_with_what_the_org_made_of_it(mcp: Client) -> None:
    made = await call(mcp, "create_contact", data={"LastName": "Ode", "FirstName": "Ada", "Email": "ada@example.com"})

    assert made["Name"] == "Ada Ode"
    assert await call(mcp, "get_contact", contact_id=made["Id"]) == made


async def test_field_names_may_be_in_any_case(mcp: Client) -> None:
    made = await call(mcp, "create_contact", data={"lastname": "Ode", "FIRSTNAME": "Ada"})

    assert made["Name"] == "Ada Ode"


async def test_data_may_come_as_the_text_of_its_json(mcp: Client) -> None:
    made = await call(mcp, "create_contact", data='{"LastName": "Ode"}')

    assert made["Name"] == "Ode"


async def test_a_contact_shows_what_has_a_value_in_few_tokens(mcp: Client) -> None:
    made = await call(mcp, "create_contact", data=FULL)

    result = await mcp.call_tool("salesforce_get_contact", {"contact_id": made["Id"]})

    shown = result.structured_content
    assert shown.items() >= FULL.items()
    assert None not in shown.values()
    assert not {"attributes", "IsDeleted", "SystemModstamp", "MailingAddress", "PhotoUrl"} & shown.keys()
    assert shown["CreatedDate"] == "2026-11-22T09:00:00Z"
    assert tokens(text_of(result.content)) <= 390


async def test_named_fields_come_as_asked_empty_ones_and_parents_included(org: LocalOrg, mcp: Client) -> None:
    account_id = org.insert("Account", Name="Acme")
    contact_id = org.insert("Contact", LastName="Ode", AccountId=account_id)

    shown = await call(mcp, "get_contact", contact_id=contact_id[:15], fields=["lastname", "Fax", "Account.Name"])
    assert shown == {"Id": contact_id, "LastName": "Ode", "Fax": None, "Account.Name": "Acme"}
    plain = await call(mcp, "get_contact", contact_id=contact_id, fields=["LastName", "Fax"])
    assert plain == {"Id": contact_id, "LastName": "Ode", "Fax": None}


async def test_an_update_tells_what_changed_and_an_explicit_null_clears(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="Ode", Title="CTO", Email="ode@example.com")

    told = await call(
        mcp, "update_contact", contact_id=contact_id, data={"Title": "CFO", "Email": None, "LastName": "Ode"}
    )

    assert told == {
        "Id": contact_id,
        "changed": {
            "Title": {"before": "CTO", "after": "CFO"},
            "Email": {"before": "ode@example.com", "after": None},
        },
    }
    assert "Email" not in await call(mcp, "get_contact", contact_id=contact_id)


async def test_a_deleted_contact_is_gone(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="Ode")

    assert await call(mcp, "delete_contact", contact_id=contact_id) == {"Id": contact_id, "deleted": True}
    assert not (await call(mcp, "list_contacts", name="Ode"))["rows"]


async def test_contacts_are_listed_newest_first_in_five_columns(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="Ode", Email="ode@example.com")

    listed = await call(mcp, "list_contacts")

    assert listed["columns"] == ["Id", "Name", "Email", "Phone", "Account.Name"]
    assert listed["rows"][0] == [contact_id, "Ode", "ode@example.com", None, None]
    assert len(listed["rows"]) == 10


async def test_ten_contacts_take_as_many_tokens_whatever_their_cursor_is(org: LocalOrg) -> None:
    for _ in range(12):  # each server has a key of its own
        async with Client(create_server(settings_of(org), transport=AsgiTransport(org.app))) as mcp:
            result = await mcp.call_tool("salesforce_list_contacts", {"limit": 10})

        assert result.structured_content["next_cursor"]
        assert (tokens(text_of(result.content)), tokens(result.structured_content)) == (385, 385)


@pytest.mark.parametrize(("limit", "most", "most_structured"), [(10, 385, 385), (200, 7_090, 7_090)])
async def test_a_list_takes_few_tokens(mcp: Client, limit: int, most: int, most_structured: int) -> None:
    result = await mcp.call_tool("salesforce_list_contacts", {"limit": limit})

    assert len(result.structured_content["rows"]) == limit
    assert tokens(text_of(result.content)) <= most
    assert tokens(result.structured_content) <= most_structured


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"name": "o'har"}, ["O'Hara"]),
        ({"name": "100%"}, ["100%_sure"]),
        ({"name": "_"}, ["100%_sure"]),
        ({"name": "\\"}, ["Back\\slash"]),
        ({"email": "OHARA@example.org"}, ["O'Hara"]),
        ({"email": "@example.org"}, ["100%_sure", "O'Hara"]),
        ({"phone": "(030) 901820-77"}, ["O'Hara"]),
        ({"phone": "49 30 90182077"}, ["O'Hara"]),
        ({"phone": "1820"}, ["O'Hara"]),
        ({"name": "a", "email": "@example.org"}, ["O'Hara"]),
        ({"name": "' OR Name LIKE '%"}, []),
    ],
)
async def test_filters_find_by_parts_and_take_every_character_as_itself(
    org: LocalOrg, mcp: Client, filters: dict[str, Any], found: list[str]
) -> None:
    org.insert("Contact", LastName="O'Hara", Email="ohara@example.org", MobilePhone="+49 (030) 901820-77")
    org.insert("Contact", LastName="100%_sure", Email="sure@example.org")
    org.insert("Contact", LastName="Back\\slash")

    listed = await call(mcp, "list_contacts", limit=50, fields=["LastName"], **filters)

    assert sorted(row["LastName"] for row in rows_as_dicts(listed)) == found


async def test_contacts_of_an_account_are_listed(org: LocalOrg, mcp: Client) -> None:
    account_id = org.insert("Account", Name="Acme")
    contact_id = org.insert("Contact", LastName="Ode", AccountId=account_id)

    listed = await call(
        mcp, "list_contacts", account_id=account_id, fields=["Name", "Account.Name", "account.industry"]
    )

    assert listed == {
        "columns": ["Id", "Name", "Account.Name", "Account.Industry"],
        "rows": [[contact_id, "Ode", "Acme", None]],
    }


@pytest.mark.parametrize("limit", [7, 50, 200, 2000])
async def test_pages_hold_every_contact_exactly_once(org: LocalOrg, mcp: Client, limit: int) -> None:
    every = [row["Id"] for row in org.store.rows("SELECT Id FROM Contact ORDER BY CreatedDate DESC, Id DESC")]

    assert await all_ids(mcp, "list_contacts", limit=limit) == every


async def test_paging_neither_skips_nor_repeats_while_contacts_come_and_go(org: LocalOrg, mcp: Client) -> None:
    every = await all_ids(mcp, "list_contacts", limit=200)
    first = await call(mcp, "list_contacts", limit=20)

    org.insert("Contact", LastName="Newcomer")
    await call(mcp, "delete_contact", contact_id=every[19])  # the last row of the page before
    await call(mcp, "delete_contact", contact_id=every[30])
    rest = await all_ids(mcp, "list_contacts", limit=20, cursor=first["next_cursor"])

    assert rest == every[20:30] + every[31:]


async def test_an_answer_beyond_the_budget_ends_at_a_whole_row_and_says_so(org: LocalOrg) -> None:
    server = create_server(settings_of(org, max_answer_tokens=1000), transport=AsgiTransport(org.app))
    async with Client(server) as mcp:
        page = await call(mcp, "list_contacts", limit=200)
        ids = [row[0] for row in page["rows"]]
        assert 0 < len(ids) < 200
        assert page["left_out"] == 200 - len(ids)
        assert tokens(page) <= 1100
        while "next_cursor" in page:
            page = await call(mcp, "list_contacts", limit=200, cursor=page["next_cursor"])
            ids += [row[0] for row in page["rows"]]

    assert ids == [row["Id"] for row in org.store.rows("SELECT Id FROM Contact ORDER BY CreatedDate DESC, Id DESC")]


async def test_text_that_hides_or_turns_itself_around_is_shown_plain(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="O\u202ede\u200b", Title="C\U000e0041TO \U0001f469\u200d\U0001f4bb")

    shown = await call(mcp, "get_contact", contact_id=contact_id)

    assert shown["LastName"] == "Ode"
    assert shown["Title"] == "CTO \U0001f469\u200d\U0001f4bb"


async def test_a_duplicate_is_refused_with_its_matches_unless_it_is_wanted(mcp: Client) -> None:
    first = await call(mcp, "create_contact", data=FULL)

    error = await refusal(mcp, "create_contact", data=FULL)
    assert error["code"] == "DUPLICATES_DETECTED"
    assert first["Id"] in error["hint"]
    assert "allow_duplicate" in error["hint"]
    assert tokens(error) <= 80

    second = await call(mcp, "create_contact", data=FULL, allow_duplicate=True)
    assert second["Id"] != first["Id"]


async def test_a_value_outside_a_restricted_picklist_is_refused_with_the_values_allowed(
    org: LocalOrg, mcp: Client
) -> None:
    contact_id = org.insert("Contact", LastName="Ode")

    error = await refusal(mcp, "update_contact", contact_id=contact_id, data={"MailingGeocodeAccuracy": "Nearby"})

    assert error["code"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert error["hint"].startswith("Allowed: Address, ")


async def test_names_are_found_by_their_words_in_any_order(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", FirstName="Ada", LastName="Byron Ode")

    listed = await call(mcp, "list_contacts", name="ode ada")

    assert [row[0] for row in listed["rows"]] == [contact_id]


async def test_a_creation_takes_one_round_trip_and_a_change_two(org: LocalOrg) -> None:
    asked: list[str] = []

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        asked.append(f"{scope['method']} {scope['path'].rpartition('/v60.0/')[2]}")
        await org.app(scope, receive, send)

    contact_id = org.insert("Contact", LastName="Ode")
    async with Client(create_server(settings_of(org), transport=AsgiTransport(noting))) as mcp:
        await call(mcp, "get_contact", contact_id=contact_id)
        asked.clear()
        made = await call(mcp, "create_contact", data={"LastName": "Byron", "FirstName": "Ada"})
        told = await call(mcp, "update_contact", contact_id=contact_id, data={"Title": "CTO"})

    assert made["Name"] == "Ada Byron"
    assert told == {"Id": contact_id, "changed": {"Title": {"before": None, "after": "CTO"}}}
    assert asked == ["POST composite", f"GET sobjects/Contact/{contact_id}", "POST composite"]


async def test_a_text_with_the_sign_of_a_reference_is_saved_as_it_stands(org: LocalOrg, mcp: Client) -> None:
    text = "Dear @{call0.id}, @{name}"
    made = await call(mcp, "create_contact", data={"LastName": "Ode", "Description": text})
    told = await call(mcp, "update_contact", contact_id=made["Id"], data={"Title": text})

    assert made["Description"] == text
    assert told["changed"]["Title"]["after"] == text
    event_id = org.insert("Event", Subject=text, DurationInMinutes=30, StartDateTime="2026-11-20T10:00:00Z")
    closed = await call(mcp, "close_appointment", event_id=event_id, outcome="cancelled")
    assert closed["changed"]["Subject"]["after"] == f"Cancelled: {text}"


async def test_a_write_whose_result_cannot_be_read_back_is_no_failure(org: LocalOrg) -> None:
    """A permission to create without one to read, or a connection that breaks after the write."""
    answered, is_changed, is_booked = 0, False, False

    async def failing_reads(scope: Any, receive: Any, send: Any) -> None:
        nonlocal answered, is_changed, is_booked

        async def reading_another() -> Any:
            message = await receive()
            body = json.loads(message["body"])
            for entry in body["compositeRequest"]:
                if entry["method"] == "GET" and "/sobjects/Contact/" in entry["url"]:
                    entry["url"] = "/services/data/v60.0/sobjects/Contact/003000000000999"
            return {**message, "body": json.dumps(body).encode()}

        if scope["path"].endswith("/composite") and not answered:  # changes or makes the contact and reads it
            answered += is_changed
            is_changed = True
            await org.app(scope, reading_another, send)
            return
        answered += scope["method"] in {"POST", "PATCH"} and "sobjects" in scope["path"]
        looks_again = is_booked and scope["path"].endswith("/composite")  # at the appointment and the time it takes
        is_booked = is_booked or scope["path"].endswith("/sobjects/Event")
        if looks_again or (answered and scope["method"] == "GET"):
            scope = {**scope, "path": "/services/data/v60.0/sobjects/Contact/003000000000999"}
            scope["raw_path"] = scope["path"].encode()
        await org.app(scope, receive, send)

    async with Client(create_server(settings_of(org), transport=AsgiTransport(failing_reads))) as mcp:
        contact_id = org.insert("Contact", LastName="Ode")
        told = await call(mcp, "update_contact", contact_id=contact_id, data={"Title": "CTO"})
        assert told["changed"] == {"Title": {"before": None, "after": "CTO"}}
        assert "could not be read back" in told["warning"]

        made = await call(mcp, "create_contact", data={"LastName": "Byron"})
        assert made["LastName"] == "Byron"
        assert "could not be read back" in made["warning"]
        assert org.store.rows("SELECT LastName FROM Contact WHERE Id = ?", [made["Id"]])[0]["LastName"] == "Byron"

        booked = await call(
            mcp,
            "create_appointment",
            data={"Subject": "Call", "StartDateTime": "2026-11-24T15:00", "DurationInMinutes": 5, "time_zone": "UTC"},
        )
        assert booked["start"]["utc"] == "2026-11-24T15:00:00Z"
        assert "could not be read back" in booked["warning"]


@pytest.mark.parametrize(
    ("asked", "saved"),
    [
        ("Tanner, Beatriz", "Beatriz Tanner"),
        ("Dr. Tanner", "Beatriz Tanner"),
        ("Frau Prof. Beatriz Tanner", "Beatriz Tanner"),
        ("Tanner (Beatriz)", "Beatriz Tanner"),
        ("Zoe", "Zoë Quist"),
        ("zoe quist", "Zoë Quist"),
        ("Mueller", "Jörg Müller"),
        ("Jorg Muller", "Jörg Müller"),
        ("Müller", "Anna Mueller"),
        ("Groß", "Ida Gross"),
        ("Gross", "Ole Groß"),
        ("Lukasz", "Łukasz Nowak"),
    ],
)
async def test_commas_titles_and_accents_hide_nobody(org: LocalOrg, mcp: Client, asked: str, saved: str) -> None:
    first, _, last = saved.partition(" ")
    contact_id = org.insert("Contact", FirstName=first, LastName=last)
    org.insert("Contact", LastName=asked)

    assert contact_id in [row[0] for row in (await call(mcp, "list_contacts", name=asked, limit=50))["rows"]]


@pytest.mark.parametrize(
    ("asked", "saved"),
    [
        ("001 604 555 0199", "(604) 555-0199"),
        ("+1 604 555 0199", "604.555.0199"),
        ("1-604-555-0199", "604 555 0199"),
        ("+49 171 1234567", "0171 123 45 67"),
        ("0171 1234567", "+49 171 1234567"),
        ("0049 (0)171 1234567", "+49 171 1234567"),
        ("+47 22 33 44 55", "22334455"),
        ("555-0199", "+1 604 555 0199"),
    ],
)
async def test_a_number_is_found_with_and_without_its_country(
    org: LocalOrg, mcp: Client, asked: str, saved: str
) -> None:
    contact_id = org.insert("Contact", LastName="Ode", MobilePhone=saved)

    assert contact_id in [row[0] for row in (await call(mcp, "list_contacts", phone=asked, limit=50))["rows"]]


@pytest.mark.parametrize("filters", [{"name": "Xyzzy"}, {"phone": "00999 123 456 789"}, {"email": "no@where.example"}])
async def test_a_list_that_finds_nobody_says_what_to_try(mcp: Client, filters: dict[str, str]) -> None:
    found = await call(mcp, "list_contacts", **filters)

    assert found["rows"] == []
    assert "salesforce_search" in found["note"]


async def test_names_stand_beside_the_ids_of_a_contact(org: LocalOrg, mcp: Client) -> None:
    account, boss = org.insert("Account", Name="Acme"), org.insert("Contact", LastName="Boss")
    data = {"LastName": "Ode", "AccountId": account, "ReportsToId": boss}

    made = await call(mcp, "create_contact", data=data)
    got = await call(mcp, "get_contact", contact_id=made["Id"])

    for told in (made, got):
        assert told["Account.Name"] == "Acme"
        assert told["ReportsTo.Name"] == "Boss"
        assert told["Owner.Name"] == "Nora Quill"
