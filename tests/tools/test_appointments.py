"""Appointments, through the whole stack: what is sent, and what a model reads back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from tests.tools.calls import all_ids, call, rows_as_dicts
from tests.tools.events import all_day, stored, timed

NINE = "2026-11-24T09:00:00Z"


async def agenda(mcp: Client, start: str = "", end: str = "", **more: Any) -> list[str]:
    return [row["Subject"] for row in rows_as_dicts(await call(mcp, "list_appointments", start=start, end=end, **more))]


@pytest.mark.usefixtures("empty_org")
async def test_a_booked_appointment_comes_back_in_utc_and_local_time_with_its_weekday(
    org: LocalOrg, mcp: Client
) -> None:
    contact_id = org.insert("Contact", LastName="Ode")

    made = await call(
        mcp,
        "create_appointment",
        data={
            "Subject": "Demo",
            "StartDateTime": "2026-11-24T15:00",
            "DurationInMinutes": 45,
            "time_zone": "Europe/Berlin",
            "WhoId": contact_id,
        },
    )

    assert made["start"] == {
        "utc": "2026-11-24T14:00:00Z",
        "local": "2026-11-24T15:00:00+01:00",
        "weekday": "Tuesday",
    }
    assert made["end"]["local"] == "2026-11-24T15:45:00+01:00"
    assert (made["time_zone"], made["all_day"], made["WhoId"]) == ("Europe/Berlin", False, contact_id)
    row = stored(org, made["Id"])
    assert (row["StartDateTime"], row["EndDateTime"]) == (
        "2026-11-24T14:00:00.000+0000",
        "2026-11-24T14:45:00.000+0000",
    )


async def test_times_are_shown_in_the_owners_zone_unless_another_is_asked_for(org: LocalOrg, mcp: Client) -> None:
    owner = org.store.rows("SELECT Id, TimeZoneSidKey FROM User WHERE TimeZoneSidKey LIKE 'Europe%'")[0]
    theirs = timed(org, "Theirs", NINE, OwnerId=owner["Id"])
    mine = timed(org, "Mine", NINE)

    assert (await call(mcp, "get_appointment", event_id=theirs))["time_zone"] == owner["TimeZoneSidKey"]
    assert (await call(mcp, "get_appointment", event_id=mine))["time_zone"] == "America/New_York"
    listed = await call(mcp, "list_appointments", owner_id=owner["Id"], limit=1)
    assert listed["time_zone"] == owner["TimeZoneSidKey"]
    listed = await call(mcp, "list_appointments", owner_id=owner["Id"], limit=1, time_zone="Asia/Kolkata")
    assert rows_as_dicts(listed)[0]["start.local"] == "2026-11-24T14:30:00+05:30"


@pytest.mark.usefixtures("empty_org")
async def test_an_all_day_appointment_is_the_same_day_in_every_zone(org: LocalOrg, mcp: Client) -> None:
    made = await call(
        mcp, "create_appointment", data={"Subject": "Fair", "StartDateTime": "2026-11-24", "IsAllDayEvent": True}
    )

    assert made["start"] == made["end"] == {"local": "2026-11-24", "weekday": "Tuesday"}
    assert made["all_day"] is True
    assert stored(org, made["Id"])["ActivityDate"] == "2026-11-24"
    for zone in ("Pacific/Honolulu", "Pacific/Kiritimati"):
        listed = await call(mcp, "list_appointments", start="2026-11-24", end="2026-11-24", time_zone=zone)
        fair = next(row for row in rows_as_dicts(listed) if row["Subject"] == "Fair")
        assert (fair["start.local"], fair["end.local"]) == ("2026-11-24", "2026-11-24")
        assert fair["start.weekday"] == "Tuesday"


async def test_moving_the_start_alone_keeps_the_length_and_tells_before_and_after(org: LocalOrg, mcp: Client) -> None:
    event_id = timed(org, "Call", NINE, 45)

    told = await call(mcp, "update_appointment", event_id=event_id, data={"StartDateTime": "2026-11-25T10:00:00-05:00"})

    assert told["Id"] == event_id
    assert told["time_zone"] == "America/New_York"
    assert told["changed"].keys() == {"start", "end"}
    assert told["changed"]["start"]["before"]["weekday"] == "Tuesday"
    assert told["changed"]["start"]["after"] == {
        "utc": "2026-11-25T15:00:00Z",
        "local": "2026-11-25T10:00:00-05:00",
        "weekday": "Wednesday",
    }
    assert stored(org, event_id)["EndDateTime"] == "2026-11-25T15:45:00.000+0000"


@pytest.mark.usefixtures("empty_org")
async def test_moving_an_all_day_appointment_keeps_it_a_day(org: LocalOrg, mcp: Client) -> None:
    event_id = all_day(org, "Fair", "2026-11-24")

    told = await call(mcp, "update_appointment", event_id=event_id, data={"StartDateTime": "2026-11-26"})

    assert told["changed"]["start"]["after"] == {"local": "2026-11-26", "weekday": "Thursday"}
    assert stored(org, event_id)["IsAllDayEvent"] == 1


async def test_other_fields_change_without_the_time(org: LocalOrg, mcp: Client) -> None:
    event_id = timed(org, "Call", NINE)

    told = await call(mcp, "update_appointment", event_id=event_id, data={"Location": "Room 1", "Subject": "Call"})

    assert told == {"Id": event_id, "changed": {"Location": {"before": None, "after": "Room 1"}}}


async def test_a_reminder_is_an_instant_like_every_time(mcp: Client) -> None:
    made = await call(
        mcp,
        "create_appointment",
        data={
            "Subject": "Call",
            "StartDateTime": NINE,
            "DurationInMinutes": 30,
            "IsReminderSet": True,
            "ReminderDateTime": "2026-11-24T09:45",
            "time_zone": "Europe/Berlin",
        },
    )

    assert made["ReminderDateTime"] == "2026-11-24T08:45:00Z"
    assert made["IsReminderSet"] is True


async def test_named_fields_come_as_salesforce_has_them(org: LocalOrg, mcp: Client) -> None:
    event_id = timed(org, "Call", NINE)

    shown = await call(mcp, "get_appointment", event_id=event_id, fields=["Subject", "StartDateTime", "Owner.Name"])

    assert shown == {"Id": event_id, "Subject": "Call", "StartDateTime": NINE, "Owner.Name": "Nora Quill"}


async def test_a_deleted_appointment_is_gone(org: LocalOrg, mcp: Client) -> None:
    event_id = timed(org, "Call", NINE)

    assert await call(mcp, "delete_appointment", event_id=event_id) == {"Id": event_id, "deleted": True}
    assert event_id not in await all_ids(mcp, "list_appointments", limit=200)


async def test_an_agenda_holds_what_overlaps_it_in_order_all_day_ones_first(empty_org: LocalOrg, mcp: Client) -> None:
    # The window is 2026-11-24 in Tokyo: 2026-11-23T15:00Z to 2026-11-24T15:00Z.
    timed(empty_org, "ends as it begins", "2026-11-23T14:00:00Z", 60)
    timed(empty_org, "runs into it", "2026-11-23T14:30:00Z", 60)
    timed(empty_org, "zero minutes at its beginning", "2026-11-23T15:00:00Z", 0)
    timed(empty_org, "inside", "2026-11-24T03:00:00Z", 30)
    timed(empty_org, "runs out of it", "2026-11-24T14:30:00Z", 60)
    timed(empty_org, "begins as it ends", "2026-11-24T15:00:00Z", 60)
    all_day(empty_org, "day before", "2026-11-23")
    all_day(empty_org, "that day", "2026-11-24")
    all_day(empty_org, "day after", "2026-11-25")

    found = await agenda(mcp, "2026-11-24", "2026-11-24", time_zone="Asia/Tokyo")

    assert found == ["runs into it", "that day", "zero minutes at its beginning", "inside", "runs out of it"]


async def test_an_agenda_has_each_occurrence_of_a_series_once(empty_org: LocalOrg, mcp: Client) -> None:
    times = {"StartDateTime": "2026-11-23T09:00:00Z", "DurationInMinutes": 30}
    empty_org.insert("Event", Subject="Lightning", Recurrence2PatternText="RRULE:FREQ=DAILY;COUNT=3", **times)
    empty_org.insert(
        "Event",
        Subject="Classic",
        DurationInMinutes=30,
        IsRecurrence=True,
        RecurrenceType="RecursDaily",
        RecurrenceInterval=1,
        RecurrenceStartDateTime="2026-11-23T12:00:00Z",
        RecurrenceEndDateOnly="2026-11-25",
        RecurrenceTimeZoneSidKey="Europe/London",
    )

    listed = await agenda(mcp, "2026-11-22", "2026-11-28")

    assert sorted(listed) == ["Classic"] * 3 + ["Lightning"] * 3


async def test_an_agenda_may_be_open_on_one_side(empty_org: LocalOrg, mcp: Client) -> None:
    timed(empty_org, "early", "2026-11-20T09:00:00Z")
    timed(empty_org, "late", "2026-11-28T09:00:00Z")
    all_day(empty_org, "late day", "2026-11-28")

    assert await agenda(mcp, start="2026-11-24") == ["late day", "late"]
    assert await agenda(mcp, end="2026-11-24") == ["early"]


async def test_an_agenda_across_a_clock_change_has_the_hours_of_the_wall_clock(
    empty_org: LocalOrg, mcp: Client
) -> None:
    timed(empty_org, "last hour of the long day", "2026-10-25T22:30:00Z", 15)
    timed(empty_org, "next day", "2026-10-25T23:00:00Z", 15)

    assert await agenda(mcp, "2026-10-25", "2026-10-25", time_zone="Europe/Berlin") == ["last hour of the long day"]


async def test_filters_by_owner_and_contact_narrow_the_list(empty_org: LocalOrg, mcp: Client) -> None:
    contact_id = empty_org.insert("Contact", LastName="Ode")
    other = empty_org.store.rows("SELECT Id FROM User WHERE Id <> ?", [empty_org.user_id])[0]["Id"]
    timed(empty_org, "with Ode", NINE, WhoId=contact_id)
    timed(empty_org, "of another", NINE, OwnerId=other)

    assert await agenda(mcp, contact_id=contact_id) == ["with Ode"]
    assert await agenda(mcp, owner_id=other) == ["of another"]
    assert await agenda(mcp, "2026-11-24", "2026-11-24", owner_id=other, contact_id=contact_id) == []


async def test_without_a_window_the_newest_created_comes_first(empty_org: LocalOrg, mcp: Client) -> None:
    for subject, start in (("first", "2026-11-28T09:00:00Z"), ("second", "2026-11-20T09:00:00Z")):
        timed(empty_org, subject, start)

    assert await agenda(mcp) == ["second", "first"]


@pytest.mark.parametrize("window", [{}, {"start": "2026-11-01", "end": "2026-12-31"}])
@pytest.mark.parametrize("limit", [6, 200])
async def test_pages_hold_every_appointment_exactly_once(
    empty_org: LocalOrg, mcp: Client, limit: int, window: dict[str, str]
) -> None:
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    made = [
        timed(empty_org, f"{number}", (start + timedelta(minutes=30 * (number // 4))).isoformat())
        for number in range(25)
    ]
    made.append(all_day(empty_org, "Fair", "2026-11-24"))

    ids = await all_ids(mcp, "list_appointments", limit=limit, **window)

    assert len(ids) == len(set(ids))
    assert set(ids) == set(made)


async def test_an_appointment_of_the_seed_is_never_shown_on_the_wrong_weekday(org: LocalOrg, mcp: Client) -> None:
    listed = await call(
        mcp, "list_appointments", start="2026-10-01", end="2027-01-31", limit=2000, time_zone="Asia/Tokyo"
    )

    for row in rows_as_dicts(listed):
        event = stored(org, row["Id"])
        for end in ("Start", "End"):
            local = datetime.fromisoformat(row[f"{end.lower()}.local"])
            if end == "Start":
                assert row["start.weekday"] == local.strftime("%A")
            if event["IsAllDayEvent"]:
                assert row["start.local"] == event["ActivityDate"]
            else:
                assert local == datetime.fromisoformat(event[f"{end}DateTime"])


@pytest.fixture
def past(empty_org: LocalOrg) -> dict[str, str]:
    """Appointments of two years ago, archived and not, and one in the recycle bin, of one contact."""
    contact = empty_org.insert("Contact", LastName="Ode")
    ids = {
        name: timed(empty_org, name, "2024-11-05T10:00:00Z", WhoId=contact) for name in ("kept", "archived", "deleted")
    }
    empty_org.store.execute("UPDATE Event SET IsArchived = 1 WHERE Id = ?", [ids["archived"]])
    empty_org.records.delete("Event", ids["deleted"], empty_org.user_id)
    return {**ids, "contact": contact}


@pytest.mark.parametrize(
    "window", [{}, {"start": "2024-11-01", "end": "2024-11-30"}, {"end": "2024-11-30"}, {"start": "2024-01-01"}]
)
async def test_archived_appointments_are_in_lists(past: dict[str, str], mcp: Client, window: dict[str, str]) -> None:
    found = await all_ids(mcp, "list_appointments", limit=1, contact_id=past["contact"], **window)

    assert sorted(found) == sorted([past["kept"], past["archived"]])


async def test_archived_appointments_can_be_got(past: dict[str, str], mcp: Client) -> None:
    fields = ["Subject", "Who.Name"]
    one = await call(mcp, "get_appointment", event_id=past["archived"], fields=fields)
    several = await call(mcp, "get_record", sobject="Event", record_ids=[past["kept"], past["archived"]], fields=fields)
    whole = await call(mcp, "get_appointment", event_id=past["archived"])

    assert one["Who.Name"] == "Ode"
    assert len(several["rows"]) == 2
    assert whole["Subject"] == "archived"


@pytest.mark.parametrize("window", [{}, {"start": "2026-12-01", "end": "2026-12-31"}])
async def test_appointments_to_which_somebody_is_only_invited_are_theirs_too(
    empty_org: LocalOrg, mcp: Client, window: dict[str, str]
) -> None:
    guest, other = (empty_org.insert("Contact", LastName=name) for name in ("Guest", "Other"))
    room = str(empty_org.store.rows("SELECT Id FROM Calendar WHERE Name = 'Harbour Room'")[0]["Id"])
    own = timed(empty_org, "Own", "2026-12-02T10:00:00Z", WhoId=guest)
    invited = timed(empty_org, "Invited", "2026-12-01T10:00:00Z", WhoId=other)
    timed(empty_org, "Not theirs", "2026-12-03T10:00:00Z", WhoId=other)
    for person in (guest, room):
        empty_org.insert("EventRelation", EventId=invited, RelationId=person)

    of_guest = await all_ids(mcp, "list_appointments", limit=1, contact_id=guest, **window)
    of_room = await all_ids(mcp, "list_appointments", limit=1, owner_id=room, **window)

    assert sorted(of_guest) == sorted([own, invited])
    assert of_room == [invited]
