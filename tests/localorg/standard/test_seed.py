"""The records a new org starts with."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.store.sqlite import Row, quote
from tests.localorg.clock import Clock

SEEDED = ("Account", "Calendar", "Contact", "Event", "Lead", "Organization", "Profile", "User")


@pytest.fixture(scope="module")
def org() -> Iterator[LocalOrg]:
    with LocalOrg.open(now=Clock()) as org:
        yield org


def rows(org: LocalOrg, sobject: str) -> list[Row]:
    return org.store.rows(f"SELECT * FROM {quote(sobject)} ORDER BY Id")


def test_there_are_two_hundred_contacts_in_twenty_five_accounts_and_three_users_in_three_zones(org: LocalOrg) -> None:
    contacts = rows(org, "Contact")

    assert len(contacts) == 200
    assert Counter(row["AccountId"] for row in contacts) == {row["Id"]: 8 for row in rows(org, "Account")}
    assert {row["TimeZoneSidKey"] for row in rows(org, "User")} == {"America/New_York", "Europe/Berlin", "Asia/Tokyo"}


def test_people_are_told_apart_and_have_addresses_of_example_com(org: LocalOrg) -> None:
    contacts = rows(org, "Contact")
    addresses = [row["Email"] for row in contacts if row["Email"]]

    assert len({row["Name"] for row in contacts}) == 200
    assert len(set(addresses)) == len(addresses) > 150
    assert all(re.fullmatch(r"[a-z.0-9]+@[a-z]+\.example\.com", address) for address in addresses)


def test_eight_weeks_of_appointments_lie_around_today(org: LocalOrg) -> None:
    events = rows(org, "Event")
    now = datetime(2026, 11, 22, 15, tzinfo=UTC)
    starts = sorted(row["StartDateTime"] for row in events)

    assert starts[0] < (now - timedelta(weeks=3)).isoformat()
    assert starts[-1] > (now + timedelta(weeks=3)).isoformat()
    assert Counter(bool(row["IsAllDayEvent"]) for row in events)[True] >= 5
    assert Counter(bool(row["IsPrivate"]) for row in events)[True] >= 5
    assert {"Busy", "Free", "OutOfOffice"} == {row["ShowAs"] for row in events}
    assert {row["OwnerId"][:3] for row in events} == {"005", "023"}


def test_some_appointments_of_one_owner_overlap(org: LocalOrg) -> None:
    timed = [row for row in rows(org, "Event") if not row["IsAllDayEvent"]]

    overlaps = [
        (one["Subject"], other["Subject"])
        for one in timed
        for other in timed
        if one["OwnerId"] == other["OwnerId"] and one["StartDateTime"] < other["StartDateTime"] < one["EndDateTime"]
    ]

    assert len(overlaps) >= 5


def test_appointments_are_in_the_office_hours_of_their_owner(org: LocalOrg) -> None:
    zones = {row["Id"]: ZoneInfo(row["TimeZoneSidKey"]) for row in rows(org, "User")}

    for row in rows(org, "Event"):
        if row["OwnerId"] in zones and not row["IsAllDayEvent"]:
            local = datetime.fromisoformat(row["StartDateTime"]).astimezone(zones[row["OwnerId"]])
            assert local.weekday() < 5
            assert 9 <= local.hour <= 19


def test_the_same_day_gives_the_same_org(org: LocalOrg) -> None:
    with LocalOrg.open(now=Clock()) as other:
        for sobject in SEEDED:
            assert [tuple(row) for row in rows(other, sobject)] == [tuple(row) for row in rows(org, sobject)]


@pytest.mark.parametrize("sobject", ["Account", "Contact", "Event", "Lead"])
def test_every_seeded_record_would_be_accepted_from_a_client(org: LocalOrg, sobject: str) -> None:
    definition = org.schema[sobject]
    derived = {"ActivityDateTime", "ActivityDate", "EndDateTime", "AccountId"} if sobject == "Event" else set()
    with LocalOrg.open(now=Clock()) as other:
        records = Records(other.store, other.schema, other.now, allow_duplicates=True)
        for row in rows(org, sobject)[:40]:
            values = {
                field.name: bool(row[field.name]) if field.type == "boolean" else row[field.name]
                for field in definition.fields
                if field.createable and field.name not in derived
            }
            assert records.create(sobject, values, org.user_id)


def test_a_bigger_org_has_branches_of_the_same_accounts() -> None:
    with LocalOrg.open(now=Clock(), contacts=5000) as org:
        contacts = rows(org, "Contact")

        assert len(contacts) == 5000
        assert len({row["Email"] for row in contacts if row["Email"]}) == len([row for row in contacts if row["Email"]])
        assert max(Counter(row["AccountId"] for row in contacts).values()) <= 8
        assert org.insert("Contact", LastName="Hale") > contacts[-1]["Id"]
