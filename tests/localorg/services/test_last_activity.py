"""LastActivityDate says when somebody last did something about a record, whatever became of activities since."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from tests.localorg.clock import Clock
from tests.orgs import new_org


def last(org: LocalOrg, record_id: str) -> str | None:
    sobject = org.schema.of_record(record_id)
    assert sobject is not None
    day: str | None = org.records.retrieve(sobject.name, record_id, ["LastActivityDate"])["LastActivityDate"]
    return day


def event(org: LocalOrg, day: str, **fields: Any) -> str:
    return org.insert("Event", Subject="Call", IsAllDayEvent=True, ActivityDate=day, DurationInMinutes=1440, **fields)


def closed(org: LocalOrg, day: str, **fields: Any) -> str:
    return org.insert("Task", Subject="Call", Status="Completed", ActivityDate=day, **fields)


def test_it_is_the_latest_event_also_one_to_come_or_closed_task(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Finch")
    assert last(org, contact) is None

    event(org, "2026-01-10", WhoId=contact)
    assert last(org, contact) == "2026-01-10"
    task = org.insert("Task", Subject="Call", ActivityDate="2026-02-10", WhoId=contact)
    assert last(org, contact) == "2026-01-10"
    org.records.update("Task", task, {"Status": "Completed"}, org.user_id)
    assert last(org, contact) == "2026-02-10"
    event(org, "2031-02-01", WhoId=contact)
    assert last(org, contact) == "2031-02-01"


def test_each_object_goes_by_its_own_reference(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Alder")
    contact = org.insert("Contact", LastName="Finch", AccountId=account)
    lead = org.insert("Lead", LastName="Vance", Company="Alder")
    deal = org.insert("Opportunity", Name="Deal", AccountId=account, StageName="Prospecting", CloseDate="2026-09-01")
    campaign = org.insert("Campaign", Name="Fair")

    event(org, "2026-01-01", WhoId=contact)
    closed(org, "2026-01-02", WhatId=deal)
    event(org, "2026-01-03", WhoId=lead)
    closed(org, "2026-01-04", WhatId=campaign)

    days = [last(org, each) for each in (contact, deal, lead, campaign, account)]
    assert days == ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-02"]


def test_what_is_deleted_moved_or_put_off_counts_no_more_and_again_when_it_is_back(org: LocalOrg) -> None:
    first, second = (org.insert("Contact", LastName=name) for name in ("Finch", "Vance"))
    event(org, "2026-01-01", WhoId=first)
    moving = event(org, "2026-03-01", WhoId=first)

    org.records.delete("Event", moving, org.user_id)
    assert last(org, first) == "2026-01-01"
    org.records.undelete(moving, org.user_id)
    assert last(org, first) == "2026-03-01"
    org.records.update("Event", moving, {"WhoId": second}, org.user_id)
    assert (last(org, first), last(org, second)) == ("2026-01-01", "2026-03-01")
    org.records.update("Event", moving, {"ActivityDate": "2026-02-01"}, org.user_id)
    assert last(org, second) == "2026-02-01"


def test_a_merged_contact_brings_its_activities(org: LocalOrg) -> None:
    master, loser = (org.insert("Contact", LastName=name) for name in ("Finch", "Vance"))
    event(org, "2026-03-01", WhoId=loser)

    org.merges.merge("Contact", master, [loser], {}, org.user_id)

    assert last(org, master) == "2026-03-01"


def test_a_series_counts_to_its_last_occurrence(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Finch")

    org.insert(
        "Event",
        Subject="Call",
        WhoId=contact,
        StartDateTime="2026-12-01T15:00:00Z",
        DurationInMinutes=30,
        Recurrence2PatternText="RRULE:FREQ=DAILY;COUNT=3",
    )

    assert last(org, contact) == "2026-12-03"


def test_nobody_writes_it_and_it_stamps_nothing(org: LocalOrg, clock: Clock) -> None:
    contact = org.insert("Contact", LastName="Finch")
    before = org.records.retrieve("Contact", contact)
    clock.advance(days=1)

    event(org, "2026-01-10", WhoId=contact)

    after = org.records.retrieve("Contact", contact)
    assert after == before | {"LastActivityDate": "2026-01-10"}
    with pytest.raises(OrgError, match="LastActivityDate"):
        org.records.update("Contact", contact, {"LastActivityDate": "2026-01-11"}, org.user_id)


def test_soql_filters_and_sorts_by_it(org: LocalOrg) -> None:
    early, late, _never = (org.insert("Contact", LastName=name) for name in ("Finch", "Vance", "Sable"))
    event(org, "2026-01-10", WhoId=early)
    event(org, "2026-02-10", WhoId=late)

    soql = "SELECT Id FROM Contact WHERE LastActivityDate >= 2026-01-10 ORDER BY LastActivityDate DESC"

    assert [each["Id"] for each in org.queries.query(soql, org.user_id)["records"]] == [late, early]


def test_the_file_of_an_earlier_release_gets_it_once_opened(tmp_path: Path) -> None:
    file = tmp_path / "org.sqlite"
    with LocalOrg.open(file, seed=False) as org:
        contact = org.insert("Contact", LastName="Finch")
        for name in ("Event", "Task"):
            for row in org.store.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [name]):
                org.store.execute(f'DROP TRIGGER "{row["name"]}"')
        closed(org, "2026-01-10", WhoId=contact)
        assert last(org, contact) is None

    with LocalOrg.open(file) as org:
        assert last(org, contact) == "2026-01-10"
        event(org, "2026-01-11", WhoId=contact)
        assert last(org, contact) == "2026-01-11"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("event", "open", "closed", "move", "complete", "put off", "delete", "undelete")),
        st.integers(0, 3),
        st.integers(1, 28),
    ),
    max_size=12,
)


@given(STEPS)
def test_it_is_always_the_latest_of_what_there_is(steps: list[tuple[str, int, int]]) -> None:
    with new_org(seed=False) as org:
        account = org.insert("Account", Name="Alder")
        people = [org.insert("Contact", LastName=f"Finch {each}", AccountId=account) for each in range(4)]
        activities: list[str] = []
        for what, number, day in steps:
            date = f"2026-05-{day:02}"
            match what:
                case "event":
                    activities.append(event(org, date, WhoId=people[number]))
                case "open" | "closed":
                    status = "Completed" if what == "closed" else "Not Started"
                    who = {"WhoId": people[number], "ActivityDate": date}
                    activities.append(org.insert("Task", Subject="Call", Status=status, **who))
                case _ if activities:
                    change(org, what, activities[number % len(activities)], people[number], date)
        counted = [
            (each["AccountId"], each["WhoId"], each["ActivityDate"])
            for table, condition in (("Event", ""), ("Task", " WHERE IsClosed = true"))
            for each in org.queries.query(
                f"SELECT AccountId, WhoId, ActivityDate FROM {table}{condition}", org.user_id
            )["records"]
        ]
        for record_id in (account, *people):
            days = [day for *whose, day in counted if record_id in whose]
            assert last(org, record_id) == max(days, default=None)


def change(org: LocalOrg, what: str, activity: str, person: str, date: str) -> None:
    """Do something with an activity, if it can be done with it."""
    sobject = "Task" if activity.startswith("00T") else "Event"
    changes = {"move": {"WhoId": person}, "put off": {"ActivityDate": date}}
    try:
        if what == "delete":
            org.records.delete(sobject, activity, org.user_id)
        elif what == "undelete":
            org.records.undelete(activity, org.user_id)
        elif what == "complete":
            if sobject == "Task":
                org.records.update(sobject, activity, {"Status": "Completed"}, org.user_id)
        else:
            org.records.update(sobject, activity, changes[what], org.user_id)
    except OrgError as error:
        assert error.error_code in {"ENTITY_IS_DELETED", "UNDELETE_FAILED"}  # noqa: PT017 - either is as it should be
