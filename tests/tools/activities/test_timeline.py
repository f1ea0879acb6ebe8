"""The timeline of a record: all of it, each entry once, the latest first, over any number of pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.soql.tree_cache import tree_of
from mcp_salesforce.tools.activities.sources import CONTENT_NOTE, EMAIL, EVENT, NOTE, TASK, UNDATED, Source
from tests.conftest import ERAS, NOW
from tests.effort import examples
from tests.orgs import new_org, without_appointments
from tests.tools.calls import all_ids, call, refusal, rows_as_dicts
from tests.tools.events import all_day, timed
from tests.tools.framework.test_allowed_tools import served
from tests.tools.test_availability import user

SOURCES = [EVENT, TASK, EMAIL, NOTE, CONTENT_NOTE]


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def contact(org: LocalOrg) -> str:
    return org.insert("Contact", LastName="Ode", AccountId=org.insert("Account", Name="Odes"))


async def test_appointments_calls_and_tasks_stand_in_one_order(org: LocalOrg, mcp: Client, contact: str) -> None:
    timed(org, "Completed: Visit", "2026-11-20T15:00:00Z", WhoId=contact)
    all_day(org, "Fair", "2026-11-27", WhoId=contact)
    org.insert("Task", Subject="Rang", WhoId=contact, ActivityDate="2026-11-21", TaskSubtype="Call", Status="Completed")
    org.insert("Task", Subject="Someday", WhoId=contact)
    org.insert("Task", Subject="Somebody else's", ActivityDate="2026-11-21")

    answer = await call(mcp, "list_activities", record_id=contact)

    assert answer["time_zone"] == "America/New_York"
    assert [(row["kind"], row["when"], row["Subject"], row["status"]) for row in rows_as_dicts(answer)] == [
        ("appointment", "2026-11-27", "Fair", None),
        ("call", "2026-11-21", "Rang", "Completed"),
        ("appointment", "2026-11-20T10:00:00-05:00", "Completed: Visit", "completed"),
        ("task", None, "Someday", "Not Started"),
    ]


async def test_an_account_has_what_its_contacts_and_deals_have(org: LocalOrg, mcp: Client, contact: str) -> None:
    account = org.store.rows("SELECT AccountId FROM Contact WHERE Id = ?", [contact])[0]["AccountId"]
    deal = org.insert("Opportunity", Name="Deal", AccountId=account, StageName="Prospecting", CloseDate="2026-12-01")
    ids = {
        timed(org, "Visit", "2026-11-20T15:00:00Z", WhoId=contact),
        org.insert("Task", Subject="Offer", WhatId=deal, ActivityDate="2026-11-21"),
    }

    assert set(await all_ids(mcp, "list_activities", limit=1, record_id=account)) == ids
    assert len(await all_ids(mcp, "list_activities", limit=5, record_id=deal)) == 1


async def test_invitations_are_there_once_and_copies_and_series_are_not(
    org: LocalOrg, mcp: Client, contact: str
) -> None:
    visit = timed(org, "Visit", "2026-11-24T15:00:00Z", OwnerId=org.user_id)
    await call(mcp, "set_invitees", event_id=visit, add=[contact, user(org, "Jonas Brandt")])
    made = await call(
        mcp,
        "create_appointment",
        data={
            "Subject": "Round",
            "WhoId": contact,
            "StartDateTime": "2026-11-25T15:00:00Z",
            "DurationInMinutes": 30,
            "Recurrence2PatternText": "RRULE:FREQ=DAILY;INTERVAL=1;COUNT=2",
        },
    )

    ids = await all_ids(mcp, "list_activities", limit=10, record_id=contact)

    assert ids[-1] == visit
    assert len(ids) == 1 + made["occurrences"]


async def test_archived_ones_are_there_and_deleted_ones_not(org: LocalOrg, mcp: Client, contact: str) -> None:
    old = timed(org, "Old", "2024-11-20T15:00:00Z", WhoId=contact)
    old_call = org.insert("Task", Subject="Old", WhoId=contact, ActivityDate="2024-11-21", Status="Completed")
    org.store.execute("UPDATE Event SET IsArchived = 1 WHERE Id = ?", [old])
    org.store.execute("UPDATE Task SET IsArchived = 1 WHERE Id = ?", [old_call])
    org.records.delete("Task", org.insert("Task", Subject="Gone", WhoId=contact), org.user_id)

    assert await all_ids(mcp, "list_activities", limit=10, record_id=contact) == [old_call, old]


async def test_a_record_that_has_no_timeline_is_refused(mcp: Client, org: LocalOrg) -> None:
    assert (await refusal(mcp, "list_activities", record_id=org.user_id))["code"] == "MALFORMED_ID"


entries = st.lists(
    st.tuples(st.sampled_from(["event", "day", "task", "undated"]), st.integers(0, 3), st.sampled_from([0, 12])),
    max_size=14,
)


@settings(max_examples=examples(12))
@given(entries, st.integers(1, 4))
async def test_every_entry_comes_once_and_none_comes_before_a_later_one(
    given_entries: list[tuple[str, int, int]], limit: int
) -> None:
    expected: dict[str, datetime] = {}
    with new_org(lambda: NOW, then=without_appointments) as org:
        contact = org.insert("Contact", LastName="Ode")
        for kind, days, hours in given_entries:
            moment = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(days=days)
            if kind == "event":
                start = moment + timedelta(hours=hours)
                expected[timed(org, "Visit", start.isoformat(), WhoId=contact)] = start
            elif kind == "day":
                expected[all_day(org, "Fair", moment.date().isoformat(), WhoId=contact)] = moment
            else:
                due: dict[str, Any] = {} if kind == "undated" else {"ActivityDate": moment.date().isoformat()}
                made = org.insert("Task", Subject="Do", WhoId=contact, **due)
                expected[made] = moment if due else UNDATED
        async with served(org, toolsets="activities") as mcp:
            ids = await all_ids(mcp, "list_activities", limit=limit, record_id=contact)

    assert sorted(ids) == sorted(expected)
    moments = [expected[each] for each in ids]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.sobject)
@pytest.mark.parametrize("moment", [NOW, datetime(2026, 11, 22, tzinfo=UTC), UNDATED])
def test_what_is_behind_any_position_is_asked_for_in_soql(source: Source, moment: datetime) -> None:
    for other in SOURCES:
        after = (moment, f"{other.prefix}lo0000000001AAA")
        if not source.is_over(after):
            assert tree_of(source.soql("WhatId = null", 5, after)).limit == 5
