"""What holds of an Event."""

from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError

START = "2026-11-24T02:00:00Z"  # in New York it is still the 23rd
END = "2026-11-24T03:30:00Z"


def event(org: LocalOrg, **fields: Any) -> dict[str, Any]:
    return org.records.retrieve("Event", org.insert("Event", **fields))


def refusal(org: LocalOrg, **fields: Any) -> tuple[str, tuple[str, ...] | None]:
    with pytest.raises(OrgError) as caught:
        org.insert("Event", **fields)
    return caught.value.error_code, caught.value.fields


def changed(org: LocalOrg, record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    org.records.update("Event", record["Id"], fields, org.user_id)
    return org.records.retrieve("Event", record["Id"])


def times(record: dict[str, Any]) -> dict[str, Any]:
    names = ("StartDateTime", "EndDateTime", "ActivityDateTime", "ActivityDate", "EndDate", "DurationInMinutes")
    return {name: record[name] for name in names}


def test_start_and_end_give_the_duration_and_the_day_in_the_users_zone(org: LocalOrg) -> None:
    assert times(event(org, Subject="Call", StartDateTime=START, EndDateTime=END)) == {
        "StartDateTime": "2026-11-24T02:00:00.000+0000",
        "EndDateTime": "2026-11-24T03:30:00.000+0000",
        "ActivityDateTime": "2026-11-24T02:00:00.000+0000",
        "ActivityDate": "2026-11-23",
        "EndDate": "2026-11-23",
        "DurationInMinutes": 90,
    }


def test_a_duration_gives_the_end(org: LocalOrg) -> None:
    record = event(org, ActivityDateTime=START, DurationInMinutes=45)

    assert record["EndDateTime"] == "2026-11-24T02:45:00.000+0000"
    assert record["StartDateTime"] == record["ActivityDateTime"]


def test_a_new_event_is_busy_public_and_a_plain_one(org: LocalOrg) -> None:
    record = event(org, StartDateTime=START, EndDateTime=END)

    assert (record["ShowAs"], record["IsPrivate"], record["GroupEventType"], record["EventSubtype"]) == (
        "Busy", False, "0", "Event",
    )  # fmt: skip
    assert record["OwnerId"] == org.user_id


def test_an_all_day_event_is_a_date_that_no_zone_shifts(org: LocalOrg) -> None:
    expected = {
        "StartDateTime": "2026-11-24T00:00:00.000+0000",
        "EndDateTime": "2026-11-24T00:00:00.000+0000",
        "ActivityDateTime": None,
        "ActivityDate": "2026-11-24",
        "EndDate": "2026-11-24",
        "DurationInMinutes": 1440,
    }

    assert times(event(org, IsAllDayEvent=True, ActivityDate="2026-11-24")) == expected
    assert times(event(org, IsAllDayEvent=True, StartDateTime=START, EndDateTime=START)) == expected
    assert times(event(org, IsAllDayEvent=True, StartDateTime=START, DurationInMinutes=1440)) == expected


@pytest.mark.parametrize(
    ("fields", "code", "at_fault"),
    [
        ({}, "REQUIRED_FIELD_MISSING", ("StartDateTime",)),
        ({"IsAllDayEvent": True}, "REQUIRED_FIELD_MISSING", ("ActivityDate",)),
        ({"StartDateTime": START}, "REQUIRED_FIELD_MISSING", ("EndDateTime",)),
        ({"StartDateTime": END, "EndDateTime": START}, "FIELD_INTEGRITY_EXCEPTION", ("EndDateTime",)),
        ({"StartDateTime": START, "DurationInMinutes": -1}, "FIELD_INTEGRITY_EXCEPTION", ("DurationInMinutes",)),
        ({"StartDateTime": START, "DurationInMinutes": 1441}, "FIELD_INTEGRITY_EXCEPTION", ("DurationInMinutes",)),
        (
            {"StartDateTime": START, "EndDateTime": "2026-11-25T02:01:00Z"},
            "FIELD_INTEGRITY_EXCEPTION",
            ("EndDateTime",),
        ),
        (
            {"StartDateTime": START, "EndDateTime": END, "DurationInMinutes": 60},
            "FIELD_INTEGRITY_EXCEPTION",
            ("DurationInMinutes",),
        ),
        (
            {"StartDateTime": START, "ActivityDateTime": END, "DurationInMinutes": 60},
            "FIELD_INTEGRITY_EXCEPTION",
            ("StartDateTime", "ActivityDateTime"),
        ),
        (
            {"StartDateTime": START, "ActivityDate": "2026-11-24", "DurationInMinutes": 60},
            "FIELD_INTEGRITY_EXCEPTION",
            ("ActivityDate",),
        ),
        (
            {"IsAllDayEvent": True, "ActivityDate": "2026-11-24", "StartDateTime": "2026-11-25T00:00:00Z"},
            "FIELD_INTEGRITY_EXCEPTION",
            ("ActivityDate",),
        ),
        (
            {"IsAllDayEvent": True, "ActivityDate": "2026-11-24", "EndDateTime": "2026-11-25T00:00:00Z"},
            "FIELD_INTEGRITY_EXCEPTION",
            ("EndDateTime",),
        ),
    ],
)
def test_times_that_are_missing_or_contradict_each_other_are_refused(
    org: LocalOrg, fields: dict[str, Any], code: str, at_fault: tuple[str, ...]
) -> None:
    assert refusal(org, **fields) == (code, at_fault)


def test_the_length_is_refused_with_the_words_of_a_real_org(org: LocalOrg) -> None:
    with pytest.raises(OrgError, match=r"^FIELD_INTEGRITY_EXCEPTION: Duration must be between 0 and 1440 minutes: Dur"):
        org.insert("Event", StartDateTime=START, DurationInMinutes=2000)


def test_moving_the_start_alone_keeps_the_length(org: LocalOrg) -> None:
    record = event(org, StartDateTime=START, EndDateTime=END)

    moved = changed(org, record, StartDateTime="2026-11-30T15:00:00Z")

    assert (moved["EndDateTime"], moved["DurationInMinutes"]) == ("2026-11-30T16:30:00.000+0000", 90)
    assert moved["ActivityDate"] == "2026-11-30"


def test_an_update_of_something_else_leaves_the_times_alone(org: LocalOrg) -> None:
    for record in (
        event(org, StartDateTime=START, EndDateTime=END),
        event(org, IsAllDayEvent=True, ActivityDate="2026-11-24"),
    ):
        assert times(changed(org, record, Subject="Renamed")) == times(record)


def test_somebody_in_another_zone_can_rename_an_event_without_moving_its_day(org: LocalOrg) -> None:
    tokyo = org.store.rows("SELECT Id FROM User WHERE TimeZoneSidKey = 'Asia/Tokyo'")[0]["Id"]
    record = event(org, StartDateTime=START, EndDateTime=END, OwnerId=tokyo)

    org.records.update("Event", record["Id"], {"Subject": "Renamed"}, tokyo)
    assert org.records.retrieve("Event", record["Id"])["ActivityDate"] == "2026-11-23"

    org.records.update("Event", record["Id"], {"StartDateTime": START}, tokyo)
    assert org.records.retrieve("Event", record["Id"])["ActivityDate"] == "2026-11-24"


def test_a_timed_event_becomes_an_all_day_one_and_back(org: LocalOrg) -> None:
    record = event(org, StartDateTime=START, EndDateTime=END)

    all_day = changed(org, record, IsAllDayEvent=True)
    assert times(all_day)["ActivityDate"] == "2026-11-23"
    assert times(all_day)["DurationInMinutes"] == 1440

    timed = changed(org, all_day, IsAllDayEvent=False, StartDateTime=START, DurationInMinutes=30)
    assert timed["EndDateTime"] == "2026-11-24T02:30:00.000+0000"


@pytest.mark.parametrize(
    "fields", [{"StartDateTime": None}, {"EndDateTime": None, "DurationInMinutes": None}, {"IsAllDayEvent": None}]
)
def test_an_update_cannot_take_start_or_length_away(org: LocalOrg, fields: dict[str, Any]) -> None:
    record = event(org, StartDateTime=START, EndDateTime=END)
    if fields == {"IsAllDayEvent": None}:
        record = event(org, IsAllDayEvent=True, ActivityDate="2026-11-24")

    with pytest.raises(OrgError) as caught:
        changed(org, record, **fields)

    assert caught.value.error_code == "REQUIRED_FIELD_MISSING"


def test_the_account_is_that_of_what_it_is_about_else_of_the_contact(org: LocalOrg) -> None:
    one, other = org.insert("Account", Name="One"), org.insert("Account", Name="Other")
    contact = org.insert("Contact", LastName="Hale", AccountId=one)
    lead = org.insert("Lead", LastName="Keane", Company="Keane Ltd")
    when = {"StartDateTime": START, "EndDateTime": END}

    assert event(org, **when, WhoId=contact, WhatId=other)["AccountId"] == other
    assert event(org, **when, WhoId=contact)["AccountId"] == one
    assert event(org, **when, WhoId=lead)["AccountId"] is None
    assert event(org, **when)["AccountId"] is None


def test_a_private_event_is_about_nobody_and_a_lead_has_nothing_beside_it(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Hale")
    lead = org.insert("Lead", LastName="Keane", Company="Keane Ltd")
    when = {"StartDateTime": START, "EndDateTime": END}

    assert refusal(org, **when, IsPrivate=True, WhoId=contact, WhatId=account) == (
        "FIELD_INTEGRITY_EXCEPTION",
        ("WhoId", "WhatId"),
    )
    assert refusal(org, **when, WhoId=lead, WhatId=account) == ("FIELD_INTEGRITY_EXCEPTION", ("WhatId",))
    assert refusal(org, **when, WhatId=contact) == ("MALFORMED_ID", ("WhatId",))
    assert event(org, **when, IsPrivate=True)["IsPrivate"] is True


def test_a_resource_calendar_can_own_an_event(org: LocalOrg) -> None:
    calendar = org.store.rows("SELECT Id FROM Calendar")[0]["Id"]

    assert event(org, StartDateTime=START, EndDateTime=END, OwnerId=calendar)["OwnerId"] == calendar
