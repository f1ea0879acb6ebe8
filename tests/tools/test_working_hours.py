"""Working hours that the org keeps: business hours, a field of User, and holidays; it is 2026-11-22, a Sunday."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of
from tests.orgs import new_org, without_appointments
from tests.tools.appointments.test_booking import Watched
from tests.tools.calls import call, rows_as_dicts
from tests.tools.events import stored, timed

pytestmark = pytest.mark.anyio
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIELD = """
objects:
  User:
    fields:
      Working_Hours__c: {type: string, length: 255}
"""


@asynccontextmanager
async def desk(org: LocalOrg, way: Watched | None = None, **changes: Any) -> AsyncIterator[Client]:
    server = create_server(settings_of(org, toolsets="all", **changes), transport=way or Watched(org), now=lambda: NOW)
    async with Client(server, raise_exceptions=True) as client:
        yield client


async def times(mcp: Client, day: str, **more: Any) -> dict[str, Any]:
    asked = {"calendars": ["me"], "duration_minutes": 60, "limit": 50, "start": day, "end": day}
    return await call(mcp, "find_free_times", **{**asked, **more})


def clocks(told: dict[str, Any]) -> list[str]:
    return [row["start"][11:16] for row in rows_as_dicts(told)]


def open_from(org: LocalOrg, start: str, end: str) -> None:
    [hours] = org.store.rows("SELECT Id FROM BusinessHours")
    values = dict[str, Any]()
    for day in DAYS:
        is_open = day in DAYS[:5]
        values |= {f"{day}StartTime": start if is_open else None, f"{day}EndTime": end if is_open else None}
    org.records.update("BusinessHours", hours["Id"], values, org.user_id)


async def test_no_time_on_a_holiday_is_offered_and_the_answer_names_it(empty_org: LocalOrg) -> None:
    empty_org.insert("Holiday", Name="Founders' Day", IsAllDay=True, ActivityDate="2026-11-24")
    afternoon = {"IsAllDay": False, "StartTimeInMinutes": 12 * 60, "EndTimeInMinutes": 24 * 60}
    empty_org.insert("Holiday", Name="Half day", ActivityDate="2026-11-25", **afternoon)
    async with desk(empty_org) as mcp:
        closed = await times(mcp, "2026-11-24")
        half = await times(mcp, "2026-11-25")
        usual = await times(mcp, "2026-11-26")
        asked = await times(mcp, "2026-11-24", working_hours="Tue 10:00-11:00 including holidays")

    assert closed["rows"] == []
    assert closed["next_opening"] == "Wednesday 2026-11-25T09:00:00-05:00"
    assert closed["note"] == "Holidays of the org are left out: Tuesday 2026-11-24 Founders' Day."
    assert clocks(half) == ["09:00", "10:00", "11:00"]
    assert half["note"].endswith(": Wednesday 2026-11-25 Half day.")
    assert clocks(usual) == [f"{hour:02}:00" for hour in range(9, 17)]
    assert "note" not in usual
    assert clocks(asked) == ["10:00"]


async def test_nothing_is_moved_to_a_holiday_and_no_working_time_is_counted_there(empty_org: LocalOrg) -> None:
    empty_org.insert("Holiday", Name="Founders' Day", IsAllDay=True, ActivityDate="2026-11-24")
    visit = timed(empty_org, "Visit", "2026-11-23T15:00:00Z")
    async with desk(empty_org) as mcp:
        wanted = {"action": "move", "appointments": [visit], "next_free": "week", "not_before": "2026-11-24"}
        await call(mcp, "reschedule_appointments", **wanted)
        week = {"start": "2026-11-23", "end": "2026-11-29", "by": ["owner"]}
        told = await call(mcp, "count_appointments", **week, utilisation=True)

    assert stored(empty_org, visit)["StartDateTime"][:16] == "2026-11-25T14:00"
    assert rows_as_dicts(told)[0]["working_hours"] == 32
    assert "Founders' Day" in told["note"]


async def test_the_business_hours_of_the_org_count_where_the_settings_say_so(empty_org: LocalOrg) -> None:
    async with desk(empty_org, working_hours="BusinessHours") as mcp:
        always = await times(mcp, "2026-11-24")
    open_from(empty_org, "10:00:00.000Z", "12:00:00.000Z")
    async with desk(empty_org, working_hours="BusinessHours") as mcp:
        some = await times(mcp, "2026-11-24")
        weekend = await times(mcp, "2026-11-28")
    async with desk(empty_org) as mcp:
        other = await times(mcp, "2026-11-24")
    async with desk(empty_org, working_hours="BusinessHours: Berlin") as mcp:
        missing = await times(mcp, "2026-11-24")

    assert clocks(some) == ["10:00", "11:00"]
    assert weekend["rows"] == []
    assert clocks(always) == clocks(other) == clocks(missing)
    assert always["note"] == missing["note"]
    assert missing["note"] == "The org's business hours were not found, or are all day: office hours count."


async def test_a_field_of_user_has_the_hours_of_each() -> None:
    setting = "Mon-Fri 09:00-17:00 | User.Working_Hours__c"
    with new_org(lambda: NOW, schema=FIELD, then=without_appointments) as org:
        jonas = org.store.rows("SELECT Id FROM \"User\" WHERE Name = 'Jonas Brandt'")[0]["Id"]
        org.records.update("User", org.user_id, {"Working_Hours__c": "Tue 13:00-15:00"}, org.user_id)
        async with desk(org, working_hours=setting) as mcp:
            own = await times(mcp, "2026-11-24")
            other = await times(mcp, "2026-11-24", calendars=[jonas], time_zone="Europe/Berlin")
            org.records.update("User", jonas, {"Working_Hours__c": "nine to five"}, org.user_id)
            unread = await times(mcp, "2026-11-24", calendars=[jonas], time_zone="Europe/Berlin")
    with new_org(lambda: NOW, then=without_appointments) as org:
        async with desk(org, working_hours=setting) as mcp:
            without = await times(mcp, "2026-11-24")

    assert clocks(own) == ["13:00", "14:00"]
    assert clocks(other) == clocks(unread) == [f"{hour:02}:00" for hour in range(9, 17)]
    assert unread["note"] == "The working hours of Jonas Brandt cannot be read: the general ones count."
    assert without["note"] == "User.Working_Hours__c cannot be read: the general hours count."


async def test_what_the_org_keeps_is_read_once(empty_org: LocalOrg) -> None:
    way = Watched(empty_org)
    async with desk(empty_org, way) as mcp:
        await times(mcp, "2026-11-24")
        way.calls.clear()
        await times(mcp, "2026-11-25")

    assert way.calls == ["POST composite"]


async def test_a_policy_that_hides_holidays_leaves_free_times_as_they_are(empty_org: LocalOrg, tmp_path: Path) -> None:
    empty_org.insert("Holiday", Name="Founders' Day", IsAllDay=True, ActivityDate="2026-11-24")
    policy = tmp_path / "policy.toml"
    policy.write_text("[objects.Holiday]\nactions = []\n")
    async with desk(empty_org, policy=str(policy)) as mcp:
        told = await times(mcp, "2026-11-24")

    assert len(told["rows"]) == 8
    assert "Founders" not in str(told)
