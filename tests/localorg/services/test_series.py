"""Recurring events, invitations and the archive."""

from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services.recurrence import normal_pattern
from tests.localorg.clock import Clock

# The clock stands at Sunday, 22 November 2026; the user lives in New York, five hours behind UTC in winter.
WEEKLY = {
    "Subject": "Stand-up",
    "IsRecurrence": True,
    "RecurrenceType": "RecursWeekly",
    "RecurrenceInterval": 1,
    "RecurrenceDayOfWeekMask": 2 + 8,  # Monday, Wednesday
    "RecurrenceStartDateTime": "2026-11-23T14:00:00Z",
    "RecurrenceEndDateOnly": "2026-12-04",
    "DurationInMinutes": 30,
}
LIGHTNING = {
    "Subject": "Stand-up",
    "StartDateTime": "2026-11-23T14:00:00Z",
    "EndDateTime": "2026-11-23T14:30:00Z",
    "Recurrence2PatternText": "RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=MO,WE",
}


def starts(org: LocalOrg, condition: str, *parameters: str) -> list[str]:
    sql = f"SELECT StartDateTime FROM Event WHERE IsDeleted = 0 AND {condition} ORDER BY StartDateTime"
    return [row["StartDateTime"][:16] for row in org.store.rows(sql, parameters)]


def occurrences(org: LocalOrg) -> list[dict[str, Any]]:
    rows = org.store.rows(
        "SELECT * FROM Event WHERE IsDeleted = 0 AND IsRecurrence = 0 AND GroupEventType <> '3' AND IsChild = 0 "
        "ORDER BY StartDateTime"
    )
    return [dict(row) for row in rows]


def update(org: LocalOrg, record_id: str, **fields: Any) -> None:
    org.records.update("Event", record_id, fields, org.user_id)


def test_a_classic_series_makes_occurrences_that_share_its_id(org: LocalOrg) -> None:
    series = org.insert("Event", **WEEKLY)

    assert starts(org, "RecurrenceActivityId = ? AND Id <> ?", series, series) == [
        "2026-11-23T14:00", "2026-11-25T14:00", "2026-11-30T14:00", "2026-12-02T14:00",
    ]  # fmt: skip
    record = org.records.retrieve("Event", series)
    assert (record["IsRecurrence"], record["StartDateTime"], record["RecurrenceActivityId"]) == (
        True, "2026-11-23T14:00:00.000+0000", series,
    )  # fmt: skip
    assert {(row["Subject"], row["DurationInMinutes"], row["RecurrenceType"]) for row in occurrences(org)} == {
        ("Stand-up", 30, None)
    }


@pytest.mark.parametrize(
    ("pattern", "days"),
    [
        ({"RecurrenceType": "RecursDaily", "RecurrenceInterval": 5}, ["11-23", "11-28", "12-03"]),
        (
            {
                "RecurrenceType": "RecursEveryWeekday",
                "RecurrenceDayOfWeekMask": 62,
                "RecurrenceEndDateOnly": "2026-11-30",
            },
            ["11-23", "11-24", "11-25", "11-26", "11-27", "11-30"],
        ),
        (
            {"RecurrenceType": "RecursMonthly", "RecurrenceDayOfMonth": 24, "RecurrenceInterval": 1},
            ["11-24", "12-24", "01-24"],
        ),
        (
            {
                "RecurrenceType": "RecursMonthlyNth",
                "RecurrenceInterval": 1,
                "RecurrenceInstance": "Last",
                "RecurrenceDayOfWeekMask": 32,
            },
            ["11-27", "12-25", "01-29"],
        ),
        (
            {"RecurrenceType": "RecursYearly", "RecurrenceDayOfMonth": 1, "RecurrenceMonthOfYear": "January"},
            ["01-01"],
        ),
        (
            {
                "RecurrenceType": "RecursYearlyNth",
                "RecurrenceInstance": "First",
                "RecurrenceDayOfWeekMask": 62,
                "RecurrenceMonthOfYear": "December",
            },
            ["12-01"],
        ),
    ],
)
def test_each_classic_type_recurs_on_its_days(org: LocalOrg, pattern: dict[str, Any], days: list[str]) -> None:
    last = "2026-12-05" if pattern["RecurrenceType"] == "RecursDaily" else "2027-02-01"
    plain = {name: None for name in WEEKLY if name in {"RecurrenceInterval", "RecurrenceDayOfWeekMask"}}

    org.insert("Event", **(WEEKLY | plain | {"RecurrenceEndDateOnly": last} | pattern))

    assert [row["StartDateTime"][5:10] for row in occurrences(org)] == days


def test_occurrences_keep_the_wall_clock_across_a_change_of_daylight_saving(org: LocalOrg) -> None:
    org.insert(
        "Event",
        **(WEEKLY | {"RecurrenceStartDateTime": "2026-10-26T13:00:00Z", "RecurrenceEndDateOnly": "2026-11-04"}),
        RecurrenceTimeZoneSidKey="America/New_York",
    )

    assert [row["StartDateTime"][5:16] for row in occurrences(org)] == [
        "10-26T13:00", "10-28T13:00", "11-02T14:00", "11-04T14:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "code", "at_fault"),
    [
        ({"RecurrenceType": None}, "REQUIRED_FIELD_MISSING", ["RecurrenceType"]),
        ({"RecurrenceEndDateOnly": None}, "REQUIRED_FIELD_MISSING", ["RecurrenceEndDateOnly"]),
        ({"RecurrenceInterval": None}, "REQUIRED_FIELD_MISSING", ["RecurrenceInterval"]),
        ({"RecurrenceDayOfMonth": 3}, "FIELD_INTEGRITY_EXCEPTION", ["RecurrenceDayOfMonth"]),
        ({"RecurrenceEndDateOnly": "2026-11-01"}, "FIELD_INTEGRITY_EXCEPTION", ["RecurrenceEndDateOnly"]),
        ({"RecurrenceEndDateOnly": "2030-11-01"}, "FIELD_INTEGRITY_EXCEPTION", ["RecurrenceEndDateOnly"]),
        ({"Recurrence2PatternText": "RRULE:FREQ=DAILY;COUNT=2"}, "FIELD_INTEGRITY_EXCEPTION", ["IsRecurrence"]),
        (
            {"IsRecurrence": False, "StartDateTime": "2026-11-23T14:00:00Z"},
            "FIELD_INTEGRITY_EXCEPTION",
            ["RecurrenceType"],
        ),
    ],
)
def test_a_classic_series_that_does_not_fit_is_refused_and_leaves_nothing(
    org: LocalOrg, fields: dict[str, Any], code: str, at_fault: list[str]
) -> None:
    with pytest.raises(OrgError) as caught:
        org.insert("Event", **(WEEKLY | fields))

    assert (caught.value.error_code, list(caught.value.fields or ())) == (code, at_fault)
    assert org.store.rows("SELECT Id FROM Event") == []


def test_deleting_a_classic_series_deletes_past_and_future(org: LocalOrg, clock: Clock) -> None:
    series = org.insert("Event", **WEEKLY)
    clock.advance(days=5)

    org.records.delete("Event", series, org.user_id)

    assert starts(org, "1") == []
    org.records.undelete(series, org.user_id)
    assert len(occurrences(org)) == 4


def test_a_changed_classic_series_changes_the_occurrences_to_come(org: LocalOrg, clock: Clock) -> None:
    series = org.insert("Event", **WEEKLY)
    clock.advance(days=5)

    update(org, series, Subject="Huddle")
    assert [row["Subject"] for row in occurrences(org)] == ["Stand-up", "Stand-up", "Huddle", "Huddle"]

    update(org, series, RecurrenceDayOfWeekMask=4)
    assert [row["StartDateTime"][5:10] for row in occurrences(org)] == ["11-23", "11-25", "12-01"]


def test_one_occurrence_of_a_classic_series_can_be_moved_or_deleted_alone(org: LocalOrg) -> None:
    org.insert("Event", **WEEKLY)
    first, second, *_ = occurrences(org)

    update(org, first["Id"], StartDateTime="2026-11-24T14:00:00Z")
    org.records.delete("Event", second["Id"], org.user_id)

    assert [row["StartDateTime"][5:10] for row in occurrences(org)] == ["11-24", "11-30", "12-02"]


def test_an_all_day_classic_series_is_of_dates(org: LocalOrg) -> None:
    all_day = {"IsAllDayEvent": True, "RecurrenceStartDateTime": "2026-11-23T00:00:00Z", "DurationInMinutes": 1440}

    org.insert("Event", **(WEEKLY | all_day))

    assert [row["ActivityDate"] for row in occurrences(org)] == ["2026-11-23", "2026-11-25", "2026-11-30", "2026-12-02"]


def test_a_lightning_series_makes_occurrences_and_keeps_a_normal_pattern(org: LocalOrg) -> None:
    series = org.records.retrieve("Event", org.insert("Event", **LIGHTNING))

    assert series["Recurrence2PatternText"] == "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;INTERVAL=1;COUNT=4"
    assert (series["GroupEventType"], series["IsRecurrence2"], series["IsRecurrence"]) == ("3", True, False)
    assert (series["Recurrence2PatternVersion"], series["Recurrence2PatternTimeZone"]) == ("1", "America/New_York")
    assert [row["StartDateTime"][5:10] for row in occurrences(org)] == ["11-23", "11-25", "11-30", "12-02"]
    assert {(row["GroupEventType"], row["IsRecurrence2"], row["RecurrenceActivityId"]) for row in occurrences(org)} == {
        ("0", 1, None)
    }


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("FREQ=DAILY;COUNT=3", "RRULE:FREQ=DAILY;INTERVAL=1;COUNT=3"),
        (
            "RRULE:UNTIL=20261231T000000Z;BYSETPOS=-1;BYDAY=FR;FREQ=MONTHLY;INTERVAL=2",
            "RRULE:FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1;INTERVAL=2;UNTIL=20261231T000000Z",
        ),
        (
            "rrule:freq=yearly;bymonth=3;bymonthday=1;count=2",
            "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1;INTERVAL=1;COUNT=2",
        ),
    ],
)
def test_a_pattern_is_put_in_salesforces_order(text: str, normal: str) -> None:
    assert normal_pattern(text.upper()) == normal
    assert normal_pattern(normal) == normal


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("RRULE:FREQ=HOURLY;COUNT=3", "FREQ is DAILY"),
        ("every day", "unknown part EVERY DAY"),
        ("RRULE:FREQ=DAILY", "one of UNTIL and COUNT"),
        ("RRULE:FREQ=DAILY;COUNT=3;UNTIL=20261231T000000Z", "one of UNTIL and COUNT"),
        ("RRULE:FREQ=DAILY;COUNT=1000", "COUNT is 1 to 999"),
        ("RRULE:FREQ=DAILY;COUNT=0", "COUNT is 1 to 999"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2;INTERVAL=100", "INTERVAL is 1 to 99"),
        ("RRULE:FREQ=YEARLY;COUNT=2;INTERVAL=2", "INTERVAL is 1 to 1"),
        ("RRULE:FREQ=DAILY;UNTIL=20261231", "UNTIL is like"),
        ("RRULE:FREQ=DAILY;UNTIL=20261399T000000Z", "Invalid recurrence pattern"),
        ("RRULE:FREQ=WEEKLY;COUNT=2", "WEEKLY needs BYDAY"),
        ("RRULE:FREQ=WEEKLY;BYDAY=1MO;COUNT=2", "WEEKLY needs BYDAY without numbers"),
        ("RRULE:FREQ=MONTHLY;BYDAY=5MO;COUNT=2", "BYDAY is a list"),
        ("RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=5;COUNT=2", "BYSETPOS is"),
        ("RRULE:FREQ=YEARLY;BYMONTH=13;COUNT=2", "BYMONTH is"),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=32;COUNT=2", "BYMONTHDAY is"),
        ("RRULE:FREQ=DAILY;UNTIL=20261001T000000Z", "has no occurrence"),
        ("RRULE:FREQ=DAILY;UNTIL=20301001T000000Z", "more than 999 occurrences"),
    ],
)
def test_a_pattern_that_salesforce_does_not_take_is_refused(org: LocalOrg, pattern: str, complaint: str) -> None:
    with pytest.raises(OrgError) as caught:
        org.insert("Event", **(LIGHTNING | {"Recurrence2PatternText": pattern}))

    assert (caught.value.error_code, caught.value.fields) == ("FIELD_INTEGRITY_EXCEPTION", ("Recurrence2PatternText",))
    assert complaint in caught.value.message
    assert org.store.rows("SELECT Id FROM Event") == []


def test_changing_a_future_occurrence_changes_the_series_and_a_past_one_itself(org: LocalOrg, clock: Clock) -> None:
    org.insert("Event", **LIGHTNING)
    clock.advance(days=5)
    first, second, third, fourth = occurrences(org)

    update(org, third["Id"], Subject="Huddle", StartDateTime="2026-11-30T15:00:00Z", DurationInMinutes=60)
    update(org, first["Id"], Subject="Kick-off")

    rows = occurrences(org)
    assert [row["Subject"] for row in rows] == ["Kick-off", "Stand-up", "Huddle", "Huddle"]
    assert [row["StartDateTime"][5:16] for row in rows] == ["11-23T14:00", "11-25T14:00", "11-30T15:00", "12-02T15:00"]
    assert [row["DurationInMinutes"] for row in rows] == [30, 30, 60, 60]
    assert [bool(row["IsRecurrence2Exception"]) for row in rows] == [True, False, False, False]
    assert [row["Id"] for row in rows] == [first["Id"], second["Id"], third["Id"], fourth["Id"]]


def test_from_this_event_onwards_deletes_the_rest_of_the_series(org: LocalOrg) -> None:
    series = org.insert("Event", **LIGHTNING)
    other = org.insert("Event", StartDateTime="2026-12-01T14:00:00Z", DurationInMinutes=30)

    org.records.delete_onwards(occurrences(org)[2]["Id"], org.user_id)
    assert [row["StartDateTime"][5:10] for row in occurrences(org)] == ["11-23", "11-25", "12-01"]

    org.records.delete_onwards(series, org.user_id)
    assert [row["Id"] for row in occurrences(org)] == [other]
    with pytest.raises(OrgError, match="not part of a series"):
        org.records.delete_onwards(other, org.user_id)


def test_from_the_first_occurrence_onwards_is_the_whole_series(org: LocalOrg) -> None:
    org.insert("Event", **LIGHTNING)

    org.records.delete_onwards(occurrences(org)[0]["Id"], org.user_id)

    assert org.store.rows("SELECT Id FROM Event WHERE IsDeleted = 0") == []


def test_all_day_occurrences_are_on_the_days_of_the_rule_whatever_the_zone(org: LocalOrg) -> None:
    org.insert(
        "Event",
        Subject="Market",
        ActivityDate="2026-11-23",
        IsAllDayEvent=True,
        Recurrence2PatternText="RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3",
    )

    assert [row["ActivityDate"] for row in occurrences(org)] == ["2026-11-23", "2026-11-30", "2026-12-07"]


def users(org: LocalOrg) -> list[str]:
    return [row["Id"] for row in org.store.rows("SELECT Id FROM User ORDER BY Id")]


def meeting(org: LocalOrg) -> str:
    return org.insert("Event", Subject="Review", StartDateTime="2026-11-23T14:00:00Z", DurationInMinutes=30)


def children(org: LocalOrg) -> list[dict[str, Any]]:
    return [dict(row) for row in org.store.rows("SELECT * FROM Event WHERE IsChild = 1 AND IsDeleted = 0")]


def test_an_invited_user_gets_a_child_event_that_follows_the_meeting(org: LocalOrg) -> None:
    event, invitee = meeting(org), users(org)[1]

    invitation = org.insert("EventRelation", EventId=event, RelationId=invitee)

    assert org.records.retrieve("Event", event)["IsGroupEvent"] is True
    assert org.records.retrieve("EventRelation", invitation)["Status"] == "New"
    (child,) = children(org)
    assert (child["OwnerId"], child["Subject"], child["StartDateTime"]) == (
        invitee, "Review", "2026-11-23T14:00:00.000+0000",
    )  # fmt: skip

    org.store.execute("UPDATE EventRelation SET Status = 'Accepted'")
    update(org, event, StartDateTime="2026-11-24T14:00:00Z", Subject="Second review")
    (child,) = children(org)
    assert (child["Subject"], child["EndDateTime"], child["OwnerId"]) == (
        "Second review", "2026-11-24T14:30:00.000+0000", invitee,
    )  # fmt: skip
    assert org.records.retrieve("EventRelation", invitation)["Status"] == "New"


def test_a_child_event_lets_only_its_reminder_be_changed(org: LocalOrg) -> None:
    org.insert("EventRelation", EventId=meeting(org), RelationId=users(org)[1])
    (child,) = children(org)

    update(org, child["Id"], IsReminderSet=True, ReminderDateTime="2026-11-23T13:45:00Z")
    with pytest.raises(OrgError) as caught:
        update(org, child["Id"], Subject="Mine", IsReminderSet=False)

    assert (caught.value.error_code, caught.value.fields) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ("Subject",))
    assert children(org)[0]["IsReminderSet"] == 1


def test_the_child_event_goes_with_the_invitation_or_the_meeting(org: LocalOrg) -> None:
    event = meeting(org)
    first = org.insert("EventRelation", EventId=event, RelationId=users(org)[1])
    org.insert("EventRelation", EventId=event, RelationId=users(org)[2])

    org.records.delete("EventRelation", first, org.user_id)
    assert [child["OwnerId"] for child in children(org)] == [users(org)[2]]

    org.records.delete("Event", event, org.user_id)
    assert children(org) == []
    assert org.store.rows("SELECT Id FROM EventRelation WHERE IsDeleted = 0") == []


def test_contacts_and_resources_are_invited_without_a_child_event(org: LocalOrg) -> None:
    event = meeting(org)
    contact = org.insert("Contact", LastName="Hale")
    room = org.store.rows("SELECT Id FROM Calendar")[0]["Id"]

    statuses = [
        org.records.retrieve("EventRelation", org.insert("EventRelation", EventId=event, RelationId=invitee))["Status"]
        for invitee in (contact, room)
    ]

    assert statuses == ["New", "Accepted"]
    assert children(org) == []


def test_nobody_is_invited_twice_or_to_a_child_event(org: LocalOrg) -> None:
    event = meeting(org)
    org.insert("EventRelation", EventId=event, RelationId=users(org)[1])
    (child,) = children(org)

    with pytest.raises(OrgError) as twice:
        org.insert("EventRelation", EventId=event, RelationId=users(org)[1])
    with pytest.raises(OrgError) as to_child:
        org.insert("EventRelation", EventId=child["Id"], RelationId=users(org)[2])

    assert twice.value.error_code == "DUPLICATE_VALUE"
    assert (to_child.value.error_code, to_child.value.fields) == ("FIELD_INTEGRITY_EXCEPTION", ("EventId",))


def test_activities_of_more_than_a_year_ago_are_archived(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "org.db"
    with LocalOrg.open(path, seed=False, now=clock) as org:
        event = meeting(org)
        done = org.insert("Task", Status="Completed", ActivityDate="2026-11-23")
        undone = org.insert("Task", ActivityDate="2026-11-23")
        user = org.user_id

    clock.advance(days=370)
    with LocalOrg.open(path, seed=False, now=clock) as org:
        archived = {
            each: org.records.retrieve(sobject, each)["IsArchived"]
            for sobject, each in (("Event", event), ("Task", done), ("Task", undone))
        }
        assert archived == {event: True, done: True, undone: False}
        assert org.queries.query("SELECT Id FROM Event", user)["totalSize"] == 0
        assert org.queries.query("SELECT Id FROM Event", user, all_rows=True)["totalSize"] == 1
