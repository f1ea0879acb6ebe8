"""How an appointment ends, through the whole stack: what is kept, what becomes free, what is to be done next."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.orgs import new_org
from tests.tools.calls import call, refusal

PAST, FUTURE = "2024-11-20T15:00:00Z", "2099-11-24T15:00:00Z"
CLINIC = """
objects:
  Event:
    fields:
      Status__c: {type: picklist, values: [Planned, Called off, Did not come, Done], restricted: true, default: Planned}
      Reason__c: {type: string, length: 40}
      Why__c: {type: picklist, values: [Ill, Travel], restricted: true}
      Seen__c: {type: boolean}
"""
FIELD = {
    "appointment_status_field": "status__c",
    "appointment_status_values": "cancelled=Called off, no_show=Did not come, completed=Done",
    "appointment_reason_field": "Reason__c",
}


def booked(org: LocalOrg, start: str, **fields: Any) -> str:
    return org.insert("Event", **{"Subject": "Check-up", "StartDateTime": start, "DurationInMinutes": 30, **fields})


def event(org: LocalOrg, event_id: str) -> dict[str, Any]:
    return org.records.retrieve("Event", event_id)


def tasks(org: LocalOrg, subject: str = "%") -> list[dict[str, Any]]:
    return [dict(row) for row in org.store.rows("SELECT * FROM Task WHERE Subject LIKE ? AND IsDeleted = 0", [subject])]


async def test_a_cancelled_appointment_stays_marked_with_its_reason_and_its_time_is_free(
    org: LocalOrg, mcp: Client
) -> None:
    event_id = booked(org, FUTURE, Description="Bring X-rays")

    closed = await call(mcp, "close_appointment", event_id=event_id, outcome="cancelled", reason="Patient is ill")

    assert closed == {
        "Id": event_id,
        "outcome": "cancelled",
        "changed": {
            "Subject": {"before": "Check-up", "after": "Cancelled: Check-up"},
            "ShowAs": {"before": "Busy", "after": "Free"},
            "Description": {"before": "Bring X-rays", "after": "Bring X-rays\nCancelled: Patient is ill"},
        },
    }
    assert event(org, event_id)["ShowAs"] == "Free"


@pytest.mark.parametrize(
    ("outcome", "start", "subject", "show_as"),
    [
        ("no_show", PAST, "No-show: Check-up", "Free"),
        ("completed", PAST, "Completed: Check-up", "Busy"),
        ("completed", FUTURE, "Completed: Check-up", "Free"),
    ],
)
async def test_time_that_was_used_stays_busy_and_other_time_becomes_free(
    org: LocalOrg, mcp: Client, outcome: str, start: str, subject: str, show_as: str
) -> None:
    event_id = booked(org, start)

    await call(mcp, "close_appointment", event_id=event_id, outcome=outcome)

    assert (event(org, event_id)["Subject"], event(org, event_id)["ShowAs"]) == (subject, show_as)


async def test_nobody_can_have_missed_what_has_not_begun(org: LocalOrg, mcp: Client) -> None:
    timed = booked(org, FUTURE)
    whole_day = org.insert("Event", Subject="Fair", ActivityDate="2099-11-24", IsAllDayEvent=True)

    error = await refusal(mcp, "close_appointment", event_id=timed, outcome="no_show")
    assert "Tuesday, 2099-11-24T10:00:00-05:00" in error["message"]
    assert error["fields"] == ["outcome"]
    error = await refusal(mcp, "close_appointment", event_id=whole_day, outcome="no_show")
    assert "Tuesday, 2099-11-24." in error["message"]


async def test_a_follow_up_is_a_task_about_the_same_person_for_the_owner(org: LocalOrg, mcp: Client) -> None:
    contact_id, account_id = org.insert("Contact", LastName="Ode"), org.insert("Account", Name="Acme")
    owner = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    event_id = booked(org, PAST, WhoId=contact_id, WhatId=account_id, OwnerId=owner)

    closed = await call(
        mcp, "close_appointment", event_id=event_id, outcome="no_show", follow_up={"ActivityDate": "2026-11-25"}
    )

    task = closed["follow_up"]
    assert task == {
        "Id": task["Id"],
        "Subject": "Follow up (no-show): Check-up",
        "due": {"local": "2026-11-25", "weekday": "Wednesday"},
        "OwnerId": owner,
    }
    kept = org.records.retrieve("Task", task["Id"])
    assert (kept["WhoId"], kept["WhatId"], kept["Status"]) == (contact_id, account_id, "Not Started")


async def test_a_follow_up_takes_what_is_said_of_it(org: LocalOrg, mcp: Client) -> None:
    owner = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    room = org.store.rows("SELECT Id FROM Calendar WHERE Type = 'Resource'")[0]["Id"]
    said = {"Subject": "Call back", "ActivityDate": "2026-11-25", "OwnerId": owner, "Priority": "High"}

    mine = await call(mcp, "close_appointment", event_id=booked(org, PAST), outcome="no_show", follow_up=said)
    assert (mine["follow_up"]["Subject"], mine["follow_up"]["OwnerId"]) == ("Call back", owner)
    assert org.records.retrieve("Task", mine["follow_up"]["Id"])["Priority"] == "High"

    of_a_room = booked(org, PAST, OwnerId=room)
    told = await call(
        mcp, "close_appointment", event_id=of_a_room, outcome="no_show", follow_up={"ActivityDate": "2026-11-25"}
    )
    assert "OwnerId" not in told["follow_up"]
    kept = org.records.retrieve("Task", told["follow_up"]["Id"])
    assert kept["OwnerId"] == org.user_id  # a task cannot belong to a room


async def test_the_appointment_and_its_follow_up_are_saved_together_or_not_at_all(org: LocalOrg, mcp: Client) -> None:
    event_id = booked(org, FUTURE)

    error = await refusal(
        mcp,
        "close_appointment",
        event_id=event_id,
        outcome="cancelled",
        follow_up={"ActivityDate": "2026-11-25", "Nickname__c": "x"},
    )

    assert error["code"] == "INVALID_FIELD"
    assert (event(org, event_id)["Subject"], tasks(org, "Follow up%")) == ("Check-up", [])


async def test_an_appointment_that_was_changed_meanwhile_is_not_closed() -> None:
    """The org's clock is five seconds late between the read and the change."""
    moments = [NOW]
    with new_org(lambda: moments[0]) as org:
        event_id = booked(org, FUTURE)
        inner = AsgiTransport(org.app)

        class Meanwhile:
            """Moves the appointment after it was read."""

            async def exchange(self, request: HttpRequest) -> HttpReply:
                reply = await inner.exchange(request)
                if request.method == "GET" and event_id in request.url:
                    moments[0] = NOW + timedelta(seconds=5)
                    org.records.update("Event", event_id, {"Location": "Elsewhere"}, org.user_id)
                return reply

            async def close(self) -> None:
                await inner.close()

        server = create_server(settings_of(org), transport=Meanwhile(), now=lambda: NOW)
        async with Client(server, raise_exceptions=True, elicitation_callback=approve) as client:
            error = await refusal(
                client,
                "close_appointment",
                event_id=event_id,
                outcome="cancelled",
                follow_up={"ActivityDate": "2026-11-25"},
            )

        assert "changed in the meantime" in error["hint"]
        assert event(org, event_id)["Subject"] == "Check-up"
        assert tasks(org, "Follow up%") == []


async def test_closing_twice_changes_nothing_the_second_time(org: LocalOrg, mcp: Client) -> None:
    again: dict[str, Any] = {
        "event_id": booked(org, FUTURE),
        "outcome": "cancelled",
        "reason": "Ill",
        "follow_up": {"ActivityDate": "2026-11-25"},
    }
    first = await call(mcp, "close_appointment", **again)
    kept = event(org, again["event_id"])

    second = await call(mcp, "close_appointment", **again)

    assert second["changed"] == {}
    assert second["follow_up"] == first["follow_up"]
    assert second["note"].startswith("It was cancelled already")
    assert "no second one was created" in second["note"]
    assert event(org, again["event_id"])["Subject"] == kept["Subject"] == "Cancelled: Check-up"
    assert event(org, again["event_id"])["Description"] == "Cancelled: Ill"
    assert len(tasks(org, "Follow up%")) == 1


async def test_a_reason_and_a_follow_up_can_be_added_later(org: LocalOrg, mcp: Client) -> None:
    event_id = booked(org, FUTURE)
    await call(mcp, "close_appointment", event_id=event_id, outcome="cancelled")

    told = await call(
        mcp,
        "close_appointment",
        event_id=event_id,
        outcome="cancelled",
        reason="Ill",
        follow_up={"ActivityDate": "2026-11-25"},
    )

    assert told["changed"] == {"Description": {"before": None, "after": "Cancelled: Ill"}}
    assert told["note"] == "It was cancelled already."
    assert told["follow_up"]["due"]["weekday"] == "Wednesday"


async def test_another_outcome_than_the_one_it_has_is_refused(org: LocalOrg, mcp: Client) -> None:
    event_id = booked(org, PAST, Subject="canceled : Check-up")

    error = await refusal(mcp, "close_appointment", event_id=event_id, outcome="no_show")

    assert error["code"] == "ALREADY_CLOSED"
    assert "closed as cancelled already: Check-up" in error["message"]
    assert event(org, event_id)["Subject"] == "canceled : Check-up"


async def test_a_subject_too_long_for_the_marker_is_kept_whole_in_the_description(org: LocalOrg, mcp: Client) -> None:
    subject = "Check-up " * 28
    event_id = booked(org, FUTURE, Subject=subject.strip())

    await call(mcp, "close_appointment", event_id=event_id, outcome="cancelled", reason="Ill")

    kept = event(org, event_id)
    assert kept["Subject"].startswith("Cancelled: Check-up")
    assert len(kept["Subject"]) <= 255
    assert kept["Description"].splitlines() == [f"Subject: {subject.strip()}", "Cancelled: Ill"]


async def test_a_reason_that_finds_no_room_is_refused_and_nothing_is_cut(org: LocalOrg, mcp: Client) -> None:
    event_id = booked(org, FUTURE, Description="x" * 31_990)

    error = await refusal(mcp, "close_appointment", event_id=event_id, outcome="cancelled", reason="The patient is ill")

    assert "10 characters are left" in error["message"]
    assert event(org, event_id)["Subject"] == "Check-up"


async def test_what_is_not_one_appointment_is_refused_with_what_to_do(org: LocalOrg, mcp: Client) -> None:
    other = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    group = booked(org, FUTURE)
    org.insert("EventRelation", EventId=group, RelationId=other)
    copy = org.store.rows("SELECT Id FROM Event WHERE IsChild = 1 AND OwnerId = ?", [other])[-1]["Id"]
    series = booked(org, FUTURE, Recurrence2PatternText="RRULE:FREQ=DAILY;COUNT=3")
    past_series = booked(org, PAST, Recurrence2PatternText="RRULE:FREQ=DAILY;COUNT=3")
    past = org.store.rows("SELECT Id FROM Event WHERE _master = ? ORDER BY Id", [past_series])[0]["Id"]

    for event_id, said, hint in (
        (copy, "an invitee's copy", f"organizer's {group}"),
        (series, "a whole series", "scope"),
    ):
        error = await refusal(mcp, "close_appointment", event_id=event_id, outcome="cancelled")
        assert said in error["message"]
        assert hint in error["hint"]
    assert (await call(mcp, "close_appointment", event_id=past, outcome="no_show"))["outcome"] == "no_show"
    untouched = org.store.rows("SELECT Id FROM Event WHERE _master = ? AND Subject = 'Check-up'", [past_series])
    assert len(untouched) == 2


@pytest.fixture
def clinic() -> LocalOrg:
    return new_org(lambda: NOW, seed=False, schema=CLINIC)


@pytest.fixture
async def reception(clinic: LocalOrg, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    server = create_server(
        settings_of(clinic, **{**FIELD, **getattr(request, "param", {})}),
        transport=AsgiTransport(clinic.app),
        now=lambda: NOW,
    )
    with clinic:
        async with Client(server, raise_exceptions=True, elicitation_callback=approve) as client:
            yield client


async def test_an_org_with_fields_for_it_keeps_outcome_and_reason_there(clinic: LocalOrg, reception: Client) -> None:
    event_id = booked(clinic, FUTURE)

    closed = await call(reception, "close_appointment", event_id=event_id, outcome="cancelled", reason="Ill")
    again = await call(reception, "close_appointment", event_id=event_id, outcome="cancelled", reason="Ill")
    error = await refusal(reception, "close_appointment", event_id=event_id, outcome="completed")

    assert closed["changed"] == {
        "ShowAs": {"before": "Busy", "after": "Free"},
        "Status__c": {"before": "Planned", "after": "Called off"},
        "Reason__c": {"before": None, "after": "Ill"},
    }
    assert event(clinic, event_id)["Subject"] == "Check-up"
    assert again["changed"] == {}
    assert "status__c=null" in error["hint"]


@pytest.mark.parametrize(
    ("reception", "said", "hint"),
    [
        ({"appointment_status_field": "Stattus__c"}, "STATUS_FIELD names Stattus__c, but Event has no", "Status__c"),
        ({"appointment_status_field": "IsArchived"}, "this user may not change it", "Correct SALESFORCE_APPOINTMENT"),
        ({"appointment_status_field": "Seen__c"}, "it is of type boolean", "Correct SALESFORCE_APPOINTMENT"),
        (
            {"appointment_status_values": "cancelled=Dropped"},
            "Status__c has no active value 'Dropped'",
            "Planned, Called off, Did not come, Done",
        ),
        ({"appointment_reason_field": "Reasons__c"}, "REASON_FIELD names Reasons__c, but Event has no", "Reason__c"),
        ({"appointment_reason_field": "Why__c"}, "Why__c does not take that reason", "Ill, Travel"),
    ],
    indirect=["reception"],
)
async def test_settings_that_do_not_fit_the_org_are_named(
    clinic: LocalOrg, reception: Client, said: str, hint: str
) -> None:
    event_id = booked(clinic, FUTURE)

    error = await refusal(reception, "close_appointment", event_id=event_id, outcome="cancelled", reason="Moved away")

    assert said in error["message"]
    assert hint in error["hint"]
    assert event(clinic, event_id)["ShowAs"] == "Busy"


async def test_a_reason_longer_than_its_field_is_refused(clinic: LocalOrg, reception: Client) -> None:
    event_id = booked(clinic, FUTURE)

    error = await refusal(reception, "close_appointment", event_id=event_id, outcome="cancelled", reason="x" * 41)

    assert "room for 40" in error["message"]


async def test_a_policy_that_allows_it_lets_an_appointment_be_closed_and_a_series_be_ended(
    org: LocalOrg, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(
        'actions = ["read"]\n[objects.Event]\nactions = ["read", "update", "delete"]\n'
        '[objects.Task]\nactions = ["read", "create"]\n'
    )
    event_id = booked(org, FUTURE)
    booked(org, FUTURE, Subject="Series", Recurrence2PatternText="RRULE:FREQ=DAILY;COUNT=3")
    one = org.store.rows("SELECT Id FROM Event WHERE Subject = 'Series' AND GroupEventType = '0' ORDER BY Id")[0]["Id"]
    server = create_server(settings_of(org, policy=policy), transport=AsgiTransport(org.app), now=lambda: NOW)

    async with Client(server, raise_exceptions=True, elicitation_callback=approve) as client:
        closed = await call(
            client,
            "close_appointment",
            event_id=event_id,
            outcome="cancelled",
            follow_up={"ActivityDate": "2026-11-25"},
        )
        ended = await call(client, "delete_appointment", event_id=one, scope="all")

    assert closed["follow_up"]["due"]["weekday"] == "Wednesday"
    assert ended["occurrences"] == 3
