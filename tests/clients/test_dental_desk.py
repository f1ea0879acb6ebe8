"""A dental desk, one conversation through clients that others wrote: whatever it uses, somebody said or an answer had.

The script plays the model. It may repeat what the user says and what stands in earlier answers, word for word; it never
works out a date, a weekday or a length.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.clients.servers import ServerCommand
from tests.clients.test_mcp_typescript import TypeScriptClient, running
from tests.tools.calls import error_in

pytestmark = pytest.mark.clients

DENTIST, ZONE, ROOM = "Nora Quill", "America/New_York", "Harbour Room"
CONSTANTS = {"cancelled", "no_show", "Free", "Busy"}  # what tools' own schemas offer


class Conversation:
    """Calls whose every text was said by the user or stood in an answer before."""

    def __init__(self, client: TypeScriptClient) -> None:
        self._client = client
        self._known: list[str] = []

    def user_says(self, text: str) -> None:
        self._known.append(text)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return the structured content of a call that may use only what is known."""
        self._check(arguments)
        answer = self._client.call(f"salesforce_{tool}", arguments)
        assert not answer.get("isError"), answer
        self._known.append(answer["content"][0]["text"])
        structured: dict[str, Any] = answer["structuredContent"]
        self._known.append(json.dumps(structured, ensure_ascii=False))
        return structured

    def refused(self, tool: str, **arguments: Any) -> dict[str, Any]:
        self._check(arguments)
        answer = self._client.call(f"salesforce_{tool}", arguments)
        assert answer["isError"] is True, answer
        self._known.append(answer["content"][0]["text"])
        return error_in(answer["content"][0]["text"])

    def prompt(self, name: str, **arguments: str) -> list[dict[str, Any]]:
        self._check(arguments)
        messages: list[dict[str, Any]] = self._client.prompt(name, arguments)["messages"]
        return messages

    def _check(self, value: Any) -> None:
        if isinstance(value, Mapping):
            for each in value.values():
                self._check(each)
        elif isinstance(value, list | tuple):
            for each in value:
                self._check(each)
        elif not isinstance(value, bool) and str(value) not in CONSTANTS:
            assert any(str(value) in known for known in self._known), f"nobody said {value!r}"


@pytest.fixture(
    params=[("mcp_old.mjs", "@modelcontextprotocol/sdk"), ("mcp_new.mjs", "@modelcontextprotocol/client")],
    ids=["old era", "new era"],
)
def client(
    request: pytest.FixtureRequest, node: Path, installed: Callable[[str], Path], demo_server: ServerCommand
) -> Iterator[TypeScriptClient]:
    script, package = request.param
    installed(package)
    with running(node, script, demo_server) as connected:
        yield connected


def rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]


def practice(client: TypeScriptClient) -> dict[str, str]:
    """What is in the org when the desk opens: two patients of one name, and one who did not come, but is to come."""

    def create(tool: str, data: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        answer = client.call(f"salesforce_create_{tool}", {"data": data, **more})
        assert not answer.get("isError"), answer
        structured: dict[str, Any] = answer["structuredContent"]
        return structured

    for email, phone in (("m.keller@example.com", "+49 30 5550101"), ("maria.k@example.net", "+49 30 5550102")):
        create("contact", {"FirstName": "Maria", "LastName": "Keller", "Email": email, "Phone": phone})
    late = create("contact", {"FirstName": "Otto", "LastName": "Brandt"})["Id"]
    today = datetime.now(UTC).date()
    for ahead in (-7, 0, 1, 2):  # some of these days is tomorrow where the dentist is, whatever the hour
        start = f"{today + timedelta(days=ahead)}T12:00"
        data = {"Subject": "missed" if ahead < 0 else "next", "StartDateTime": start, "DurationInMinutes": 30}
        create("appointment", {**data, "time_zone": ZONE, "WhoId": late}, allow_conflict=True)
    return {"from": (today + timedelta(days=3)).isoformat(), "to": (today + timedelta(days=16)).isoformat()}


def test_the_desk_books_moves_cancels_marks_a_no_show_and_prints_the_day_sheet(client: TypeScriptClient) -> None:
    days = practice(client)
    desk = Conversation(client)

    # The patient among namesakes.
    desk.user_says("Maria Keller wants a check-up of 30 minutes; her address is maria.k@example.net.")
    found = rows(desk.call("list_contacts", name="Maria Keller"))
    assert len(found) == 2
    (patient,) = [row for row in found if row["Email"] == "maria.k@example.net"]

    # Three times for dentist and room.
    desk.user_says(f"With {DENTIST}, in {ROOM}, between {days['from']} and {days['to']}. Offer her 3 times.")
    offered = desk.call(
        "find_free_times",
        calendars=[DENTIST, ROOM],
        duration_minutes=30,
        start=days["from"],
        end=days["to"],
        limit=3,
    )
    times = rows(offered)
    assert len(times) == 3
    dentist, room = (each["Id"] for each in offered["calendars"])

    # Booked: what the answer reads back is what was offered.
    data = {"Subject": "check-up", "StartDateTime": times[0]["start"], "EndDateTime": times[0]["end"]}
    who = {"WhoId": patient["Id"], "OwnerId": dentist, "Location": ROOM}
    booked = desk.call("create_appointment", data={**data, **who}, invitees=[room])
    assert (booked["start"]["local"], booked["start"]["weekday"]) == (times[0]["start"], times[0]["weekday"])
    assert booked["end"]["local"] == times[0]["end"]
    assert [row["Id"] for row in rows(booked["invitees"])] == [room]

    # The same time is taken now, for the other patient as well.
    (other,) = [row for row in found if row["Email"] != "maria.k@example.net"]
    taken = desk.refused("create_appointment", data={**data, **who, "WhoId": other["Id"]}, invitees=[room])
    assert taken["code"] == "APPOINTMENT_CONFLICT"

    # Moved to the second time that was offered; it keeps its length.
    moved = desk.call("update_appointment", event_id=booked["Id"], data={"StartDateTime": times[1]["start"]})
    assert moved["changed"]["start"]["after"]["local"] == times[1]["start"]
    assert moved["changed"]["start"]["after"]["weekday"] == times[1]["weekday"]
    assert moved["changed"]["end"]["after"]["local"] == times[1]["end"]

    # Cancelled with a reason: the record stays and the time is free again.
    desk.user_says("She is ill and cancels.")
    closed = desk.call("close_appointment", event_id=booked["Id"], outcome="cancelled", reason="She is ill")
    assert closed["changed"]["Subject"]["after"] == "Cancelled: check-up"
    again = desk.call(
        "find_free_times",
        calendars=[DENTIST, ROOM],
        duration_minutes=30,
        start=times[1]["start"],
        end=times[1]["end"],
        limit=3,
    )
    assert [row["start"] for row in rows(again)] == [times[1]["start"]]

    # One who did not come, and somebody who asks him why on a day that an answer named.
    desk.user_says("Otto Brandt missed his appointment. Call him when the third time was that I was offered.")
    (otto,) = rows(desk.call("list_contacts", name="Otto Brandt"))
    (missed,) = [
        row for row in rows(desk.call("list_appointments", contact_id=otto["Id"])) if row["Subject"] == "missed"
    ]
    due = times[2]["start"].partition("T")[0]
    absent = desk.call("close_appointment", event_id=missed["Id"], outcome="no_show", follow_up={"ActivityDate": due})
    assert absent["follow_up"]["due"] == {"local": due, "weekday": times[2]["weekday"]}

    # Tomorrow's day sheet.
    desk.user_says("Write the day sheet for tomorrow.")
    (message,) = desk.prompt("day_sheet", date="tomorrow")
    order, _, sheet = message["content"]["text"].partition("\n\nday: ")
    assert "Write the day sheet" in order
    weekday, day = sheet.splitlines()[0].split()
    assert datetime.fromisoformat(day).strftime("%A") == weekday
    lines = [line for line in sheet.splitlines() if "next" in line]
    assert len(lines) == 1
    assert f"{weekday},{day}T12:00:00" in lines[0]
    assert "Otto Brandt" in lines[0]
