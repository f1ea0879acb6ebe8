"""What becomes of the rest of a series, and how it is told; the clock stands at 2026-11-22, a Sunday."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.tools.appointments.test_series import CLASSIC, PAST_WEEKLY, WEEKLY, days, live
from tests.tools.calls import call, called, refusal
from tests.tools.test_availability import room

pytestmark = pytest.mark.anyio
ONWARDS = "fromThisEventOnwards"
RULE = "every week on Tuesday, {}, on the clock of America/New_York"
ROOM = {"Location": "Room 2"}
SHORTENED = "; it was shortened, which Salesforce's own rule does not show"


class Failing:
    """A way into an org that answers some deletions of the rest of a series with an error, or not at all."""

    def __init__(self, org: LocalOrg, *outcomes: str) -> None:
        self._inner = AsgiTransport(org.app)
        self._outcomes = list(outcomes)

    async def exchange(self, request: HttpRequest) -> HttpReply:
        outcome = "done"
        if ONWARDS in request.url and self._outcomes:
            outcome = self._outcomes[0] if self._outcomes[0] == "lost" else self._outcomes.pop(0)
        if outcome == "refused":
            return HttpReply(400, {}, b'[{"message":"not today","errorCode":"CANNOT_DELETE_ENTITY","fields":[]}]')
        reply = HttpReply(503, {}, b"") if outcome == "lost" else await self._inner.exchange(request)
        return HttpReply(503, {}, b"") if outcome == "done unheard" else reply

    async def close(self) -> None:
        await self._inner.close()


@asynccontextmanager
async def failing(org: LocalOrg, *outcomes: str) -> AsyncIterator[Client]:
    server = create_server(settings_of(org), transport=Failing(org, *outcomes), now=lambda: NOW)
    async with Client(server, raise_exceptions=True, elicitation_callback=approve) as client:
        yield client


async def in_words(mcp: Client, event_id: str) -> str:
    return str((await call(mcp, "get_appointment", event_id=event_id))["recurrence"])


async def test_the_words_of_a_series_are_of_the_appointments_that_are_there(mcp: Client) -> None:
    made = await call(mcp, "create_appointment", data=WEEKLY)
    assert await in_words(mcp, made["Id"]) == made["recurrence"] == RULE.format("4 times")

    await call(mcp, "delete_appointment", event_id=made["first_ids"][1])
    assert await in_words(mcp, made["Id"]) == f"{RULE.format('4 times')}, except 2026-12-01"

    ended = await call(mcp, "delete_appointment", event_id=made["first_ids"][3], scope="following")
    assert ended["note"] == "The series keeps 2 appointments, the last on Tuesday 2026-12-08T09:00:00-05:00."
    assert await in_words(mcp, made["Id"]) == f"{RULE.format('3 times')}, except 2026-12-01{SHORTENED}"

    await call(mcp, "delete_appointment", event_id=made["first_ids"][2], scope="following")
    assert await in_words(mcp, made["Id"]) == RULE.format("once") + SHORTENED


async def test_the_words_of_a_series_of_days_and_of_a_classic_one_are_right_too(org: LocalOrg, mcp: Client) -> None:
    rule = {"Recurrence2PatternText": "FREQ=DAILY;COUNT=3", "StartDateTime": "2026-11-24", "IsAllDayEvent": True}
    fair = await call(mcp, "create_appointment", data={"Subject": "Fair", **rule})
    await call(mcp, "delete_appointment", event_id=fair["first_ids"][1], scope="following")
    assert (await in_words(mcp, fair["Id"])).startswith("every day, once, ")

    series = org.insert("Event", **CLASSIC)
    await call(mcp, "delete_appointment", event_id=live(org)[1]["Id"])
    await call(mcp, "delete_appointment", event_id=live(org)[2]["Id"], scope="following")
    assert (await in_words(mcp, series)).startswith("every day, 3 times, ")
    assert ", except 2026-11-24" in await in_words(mcp, series)


async def test_the_first_ids_are_of_the_first_dates(mcp: Client) -> None:
    made = await call(mcp, "create_appointment", data=WEEKLY | {"except": ["2026-12-01"]})

    local = [(await call(mcp, "get_appointment", event_id=each))["start"]["local"] for each in made["first_ids"]]
    assert [said.partition(" ")[2] for said in made["first_occurrences"]] == local


async def test_days_to_leave_out_that_the_series_does_not_have_are_noted(mcp: Client) -> None:
    said = "except has days on which the series does not take place: 2026-12-02 (Wednesday)."

    made = await call(mcp, "create_appointment", data=WEEKLY | {"except": ["2026-12-02", "2026-12-08"]})
    assert made["note"] == said
    changed = await call(
        mcp,
        "update_appointment",
        event_id=made["first_ids"][1],
        scope="following",
        data={"Location": "Room 2", "except": ["2026-12-02"]},
    )
    assert changed["note"].endswith(said)
    error = await refusal(mcp, "update_appointment", event_id=changed["Id"], data={"except": ["2026-12-15"]})
    assert error["message"] == "except needs a new series, and so scope following."


async def test_days_can_be_left_out_of_the_rest_without_another_change(org: LocalOrg, mcp: Client) -> None:
    made = await call(mcp, "create_appointment", data=WEEKLY)
    without = {"data": {"except": ["2026-12-08"]}, "scope": "following"}

    told = await call(mcp, "update_appointment", event_id=made["first_ids"][1], **without)

    assert (told["occurrences"], told["changed"]) == (2, {})
    assert days(org) == ["11-24", "12-01", "12-15"]


async def test_what_is_left_of_the_old_series_is_told(mcp: Client) -> None:
    made = await call(mcp, "create_appointment", data=WEEKLY)
    wanted = {"scope": "following", "data": {"Location": "Room 2"}}

    told = await call(mcp, "update_appointment", event_id=made["first_ids"][2], **wanted)
    assert told["note"] == (
        "The old series ends before this: the last of its 2 appointments is Tuesday 2026-12-01T09:00:00-05:00. "
        "A new series replaces the rest."
    )
    assert await in_words(mcp, made["Id"]) == RULE.format("2 times") + SHORTENED
    assert await in_words(mcp, told["Id"]) == RULE.format("2 times")
    told = await call(mcp, "update_appointment", event_id=made["Id"], **wanted)
    assert told["note"] == "A new series replaces the whole old one."


async def test_a_preview_of_a_change_or_a_deletion_lists_the_dates(mcp: Client) -> None:
    made = await call(mcp, "create_appointment", data=WEEKLY)
    third = made["first_ids"][2]

    gone = await call(mcp, "delete_appointment", event_id=third, scope="following", preview=True)
    assert gone["dates"] == ["Tuesday 2026-12-08T09:00:00-05:00", "Tuesday 2026-12-15T09:00:00-05:00"]
    moved = {"data": {"StartDateTime": "2026-12-08T15:00:00Z"}, "preview": True}
    later = await call(mcp, "update_appointment", event_id=third, scope="all", **moved)
    assert later["first_occurrences"][0] == "Tuesday 2026-11-24T10:00:00-05:00"
    assert len(later["first_occurrences"]) == later["occurrences"] == 4


async def test_the_id_of_a_whole_series_leads_to_its_next_appointment(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=PAST_WEEKLY)
    [series] = [row["Id"] for row in org.store.rows("SELECT Id FROM Event WHERE GroupEventType = '3'")]
    following = live(org)[2]["Id"]
    change: dict[str, Any] = {"event_id": series, "data": {"Location": "Room 2"}}

    for tool, arguments in (
        ("update_appointment", change),
        ("close_appointment", {"event_id": series, "outcome": "cancelled"}),
        ("set_invitees", {"event_id": series, "add": [room(org)]}),
    ):
        error = await refusal(mcp, tool, **arguments)
        assert f"(the next is {following})" in error["hint"]
    told = await call(mcp, "update_appointment", **change, scope="all")
    assert (told["Id"], told["occurrences"]) == (following, 2)
    assert [row["Location"] for row in live(org)] == [None, None, "Room 2", "Room 2"]


async def test_the_record_of_a_classic_series_is_not_changed_as_one_appointment(org: LocalOrg, mcp: Client) -> None:
    series = org.insert("Event", **CLASSIC)

    error = await refusal(mcp, "update_appointment", event_id=series, data={"Location": "Room 2"})

    assert f"(the next is {live(org)[0]['Id']})" in error["hint"]
    assert {row["Location"] for row in live(org)} == {None}


async def test_from_one_appointment_on_a_classic_series_is_changed_and_taken_back(org: LocalOrg, mcp: Client) -> None:
    org.insert("Event", **CLASSIC)
    before = [(row["StartDateTime"], row["Location"]) for row in live(org)]
    second = live(org)[1]["Id"]
    data = {"StartDateTime": "2026-11-25T09:30", "time_zone": "America/New_York", "Location": "Room 2"}

    told, change_id = await called(mcp, "update_appointment", event_id=second, data=data, scope="following")

    assert told["occurrences"] == 3
    assert [(row["StartDateTime"][5:16], row["Location"]) for row in live(org)] == [
        ("11-23T14:00", None),
        ("11-25T14:30", "Room 2"),
        ("11-26T14:30", "Room 2"),
        ("11-27T14:30", "Room 2"),
    ]
    await call(mcp, "undo", change_id=change_id)
    assert [(row["StartDateTime"], row["Location"]) for row in live(org)] == before


async def test_from_one_appointment_on_a_classic_series_is_checked_for_conflicts(org: LocalOrg, mcp: Client) -> None:
    org.insert("Event", **CLASSIC)
    org.insert("Event", Subject="There", StartDateTime="2026-11-26T15:00:00Z", DurationInMinutes=60)
    before, second = live(org), live(org)[1]["Id"]
    data = {"StartDateTime": "2026-11-24T15:00:00Z"}

    error = await refusal(mcp, "update_appointment", event_id=second, data=data, scope="following")

    assert error["code"] == "APPOINTMENT_CONFLICT"
    assert live(org) == before


@pytest.mark.parametrize("data", [{"Recurrence2PatternText": "FREQ=DAILY;COUNT=2"}, {"except": ["2026-11-25"]}])
async def test_the_rule_of_a_classic_series_cannot_be_replaced(
    org: LocalOrg, mcp: Client, data: dict[str, Any]
) -> None:
    org.insert("Event", **CLASSIC)

    error = await refusal(mcp, "update_appointment", event_id=live(org)[1]["Id"], data=data, scope="following")

    assert error["code"] == "NOT_SUPPORTED"
    assert error["hint"] == "Delete it from this appointment on (scope following), and create a new series."


@pytest.mark.parametrize("which", [0, 1], ids=["of the same rule and start", "of another start"])
async def test_if_the_old_series_cannot_be_ended_the_new_one_is_taken_back(org: LocalOrg, which: int) -> None:
    async with failing(org, "refused") as mcp:
        made = await call(mcp, "create_appointment", data=WEEKLY)
        before = live(org)

        error = await refusal(
            mcp, "update_appointment", event_id=made["first_ids"][which], scope="following", data=ROOM
        )

    assert error["code"] == "CANNOT_DELETE_ENTITY"
    assert error["message"].startswith("Nothing is changed: the old series could not be ended (")
    assert error["message"].endswith("not today), so the new one was deleted again.")
    assert live(org) == before


async def test_if_neither_series_can_be_deleted_the_answer_names_both(org: LocalOrg) -> None:
    async with failing(org, "refused", "refused") as mcp:
        made = await call(mcp, "create_appointment", data=WEEKLY)

        error = await refusal(mcp, "update_appointment", event_id=made["first_ids"][1], scope="following", data=ROOM)

    assert error["message"].startswith("Both series are there now: ")
    assert made["first_ids"][1] in error["hint"]
    assert days(org) == ["11-24", "12-01", "12-01", "12-08", "12-08", "12-15", "12-15"]


@pytest.mark.parametrize(
    ("outcome", "left"),
    [("lost", ["11-24", "12-01", "12-01", "12-08", "12-08", "12-15", "12-15"]), ("done unheard", None)],
)
async def test_if_it_is_unknown_whether_the_old_series_ends_nothing_is_lost(
    org: LocalOrg, outcome: str, left: list[str] | None
) -> None:
    async with failing(org, outcome) as mcp:
        made = await call(mcp, "create_appointment", data=WEEKLY)
        wanted = {"event_id": made["first_ids"][1], "scope": "following", "data": ROOM}
        if left:
            error = await refusal(mcp, "update_appointment", **wanted)
            assert error["code"] == "OUTCOME_UNKNOWN"
            assert f"If {made['first_ids'][1]} is still there, delete it with scope following." in error["hint"]
        else:
            await call(mcp, "update_appointment", **wanted)

    assert days(org) == (left or ["11-24", "12-01", "12-08", "12-15"])


async def test_a_room_that_a_change_only_names_is_said_to_be_free(org: LocalOrg, mcp: Client) -> None:
    made = await call(mcp, "create_appointment", data=WEEKLY)
    one = org.insert("Event", Subject="Visit", StartDateTime="2026-11-24T18:00:00Z", DurationInMinutes=30)
    named = {"data": {"Location": "Harbour Room"}}
    note = f"Harbour Room is not reserved: Location only names it. To reserve it, invite {room(org)}."

    assert (await call(mcp, "update_appointment", event_id=one, **named))["note"] == note
    rest = await call(mcp, "update_appointment", event_id=made["first_ids"][1], scope="following", **named)
    assert rest["note"].endswith(note)
    await call(mcp, "set_invitees", event_id=one, add=[room(org)])
    await call(mcp, "update_appointment", event_id=one, data={"Location": "Elsewhere"})
    assert "note" not in await call(mcp, "update_appointment", event_id=one, **named)
