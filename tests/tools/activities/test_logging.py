"""Calls, e-mails, notes and tasks, saved with the fields that Salesforce's own pages give them."""

from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from tests.conftest import ERAS
from tests.tools.calls import call, called, refusal, rows_as_dicts

CONTACT = "003lo0000000001AAA"


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def task(org: LocalOrg, task_id: str) -> dict[str, Any]:
    return dict(org.store.rows("SELECT * FROM Task WHERE Id = ?", [task_id])[0])


@pytest.mark.parametrize(
    ("kind", "subtype"), [("call", "Call"), ("email", "Email"), ("note", "Task"), ("task", "Task")]
)
async def test_each_kind_has_its_subtype_and_what_took_place_is_done_today(
    org: LocalOrg, mcp: Client, kind: str, subtype: str
) -> None:
    made = await call(mcp, "log_activity", kind=kind, data={"Subject": "Quote", "WhoId": CONTACT})

    kept = task(org, made["Id"])
    assert kept["TaskSubtype"] == subtype
    if kind == "task":
        assert (kept["Status"], kept["ActivityDate"]) == ("Not Started", None)
    else:
        assert (kept["Status"], kept["ActivityDate"], kept["IsClosed"]) == ("Completed", "2026-11-22", 1)
    assert made["Who.Name"]


async def test_a_call_keeps_its_length_and_result_and_a_past_day_raises_no_question(org: LocalOrg, mcp: Client) -> None:
    made = await call(
        mcp,
        "log_activity",
        kind="call",
        data={
            "Subject": "Asked for a quote",
            "WhoId": CONTACT,
            "CallDisposition": "Wants 20",
            "CallType": "Inbound",
            "ActivityDate": "2026-11-13",
        },
        minutes=12,
    )

    assert "note" not in made
    kept = task(org, made["Id"])
    assert (kept["CallDurationInSeconds"], kept["CallDisposition"], kept["CallType"]) == (720, "Wants 20", "Inbound")
    assert kept["ActivityDate"] == "2026-11-13"


async def test_a_call_to_make_stays_open_and_one_about_nobody_says_so(org: LocalOrg, mcp: Client) -> None:
    made = await call(
        mcp, "log_activity", kind="call", to_do=True, data={"Subject": "Ring back", "ActivityDate": "2026-11-30"}
    )

    assert task(org, made["Id"])["IsClosed"] == 0
    assert "not linked to any record" in made["note"]


async def test_what_is_logged_can_be_seen_before_and_taken_back(org: LocalOrg, mcp: Client) -> None:
    arguments: dict[str, Any] = {"kind": "note", "data": {"Subject": "Likes tea", "WhoId": CONTACT}}
    planned = await call(mcp, "log_activity", **arguments, preview=True)
    assert not org.store.rows("SELECT Id FROM Task")
    made, change_id = await called(mcp, "log_activity", **arguments)
    await call(mcp, "undo", change_id=change_id)

    assert planned["preview"]
    assert task(org, made["Id"])["IsDeleted"] == 1


async def test_tasks_are_completed_and_put_off_together(org: LocalOrg, mcp: Client) -> None:
    ids = [org.insert("Task", Subject=f"Task {number}", ActivityDate="2026-11-20") for number in range(3)]

    put_off, change_id = await called(mcp, "update_tasks", task_ids=ids, due="2026-12-01")
    assert [row["ActivityDate"] for row in rows_as_dicts(put_off)] == ["2026-12-01"] * 3
    await call(mcp, "undo", change_id=change_id)
    assert {task(org, each)["ActivityDate"] for each in ids} == {"2026-11-20"}

    done = await call(mcp, "update_tasks", task_ids=ids[:2], done=True)
    assert [row["Status"] for row in rows_as_dicts(done)] == ["Completed"] * 2
    again = await call(mcp, "update_tasks", task_ids=ids, done=True)
    assert again["note"] == f"Done already and not changed: {ids[0]}, {ids[1]}."
    assert all(task(org, each)["IsClosed"] for each in ids)


async def test_where_one_task_cannot_be_changed_none_is(org: LocalOrg, mcp: Client) -> None:
    there, done = org.insert("Task", Subject="A"), org.insert("Task", Subject="B", Status="Completed")
    gone = "00Tlo0000000999EAA"

    missing = await refusal(mcp, "update_tasks", task_ids=[there, gone], done=True)
    closed = await refusal(mcp, "update_tasks", task_ids=[there, done], due="2026-12-01")
    neither = await refusal(mcp, "update_tasks", task_ids=[there])

    assert missing["code"] == "NOT_FOUND"
    assert closed["message"].startswith(f"These tasks are done already: {done}.")
    assert neither["hint"] == "Set done to true, due to the new day, or both."
    assert (task(org, there)["Status"], task(org, there)["ActivityDate"]) == ("Not Started", None)


async def test_tasks_are_done_with_a_day_and_a_follow_up_each_in_one_call(org: LocalOrg, mcp: Client) -> None:
    other = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    ids = [org.insert("Task", Subject=f"Task {number}", WhoId=CONTACT, OwnerId=other) for number in range(2)]
    closed = org.insert("Task", Subject="Done", Status="Completed")
    arguments = {"task_ids": [*ids, closed], "done": True, "due": "2026-11-21"}

    told, change_id = await called(mcp, "update_tasks", **arguments, follow_up={"ActivityDate": "2026-12-01"})

    rows = rows_as_dicts(told)
    assert [(row["Status"], row["ActivityDate"]) for row in rows[:2]] == [("Completed", "2026-11-21")] * 2
    made = [task(org, row["follow_up"]) for row in rows[:2]]
    assert [(each["Subject"], each["WhoId"], each["OwnerId"], each["ActivityDate"]) for each in made] == [
        (f"Follow up: Task {number}", CONTACT, other, "2026-12-01") for number in range(2)
    ]
    assert rows[2]["follow_up"] is None
    assert told["note"] == f"Done already and not changed, without a follow-up: {closed}."
    assert (await call(mcp, "undo", change_id=change_id))["undone"] == 4
    assert not any(task(org, each)["IsClosed"] for each in ids)


async def test_a_follow_up_that_cannot_be_made_leaves_all_tasks_as_they_are(org: LocalOrg, mcp: Client) -> None:
    ids = [org.insert("Task", Subject=f"Task {number}") for number in range(13)]
    follow_up = {"ActivityDate": "2026-12-01"}

    not_done = await refusal(mcp, "update_tasks", task_ids=ids[:1], due="2026-12-01", follow_up=follow_up)
    many = await refusal(mcp, "update_tasks", task_ids=ids, done=True, follow_up=follow_up)
    wrong = await refusal(mcp, "update_tasks", task_ids=ids[:1], done=True, follow_up={**follow_up, "WhoId": ids[0]})

    assert "follow_up goes with done" in not_done["message"]
    assert many["hint"] == "Nothing was changed. Call it for a part of them at a time."
    assert wrong["code"]
    assert not any(task(org, each)["IsClosed"] for each in ids)


@pytest.mark.parametrize(
    ("kind", "data", "minutes", "fields"),
    [
        ("note", {}, 5, ["minutes"]),
        ("task", {}, 5, ["minutes"]),
        ("email", {"CallType": "Inbound"}, 0, ["CallType"]),
        ("note", {"CallDisposition": "Reached", "callDurationInSeconds": 60}, 0, ["CallDisposition", "call"]),
        ("call", {"CallDurationInSeconds": 30}, 3, ["minutes", "CallDurationInSeconds"]),
        ("call", {"TaskSubtype": "Email"}, 0, ["TaskSubtype"]),
    ],
)
async def test_what_is_of_another_kind_is_refused_and_not_left_out(
    org: LocalOrg, mcp: Client, kind: str, data: dict[str, Any], minutes: int, fields: list[str]
) -> None:
    error = await refusal(mcp, "log_activity", kind=kind, data={"Subject": "Quote", **data}, minutes=minutes)

    assert error["code"] == "INVALID_ARGUMENT"
    assert all(found.startswith(field) for found, field in zip(error["fields"], fields, strict=True))
    assert error["hint"]
    assert not org.store.rows("SELECT Id FROM Task")


async def test_what_is_logged_as_done_before_its_day_says_so(mcp: Client) -> None:
    data = {"Subject": "Ring back", "WhoId": CONTACT, "ActivityDate": "2026-11-30"}

    early = await call(mcp, "log_activity", kind="call", data=data)
    tomorrow = await call(mcp, "log_activity", kind="call", data={**data, "ActivityDate": "2026-11-23"})
    planned = await call(mcp, "log_activity", kind="call", data=data, to_do=True)
    same = await call(mcp, "log_activity", kind="call", data={**data, "TaskSubtype": "Call"}, to_do=True)

    assert early["note"] == "It is saved as completed, but 2026-11-30 has not come; for a plan, set to_do."
    assert not any("note" in each for each in (tomorrow, planned, same))


async def test_every_note_about_what_was_logged_is_told(mcp: Client) -> None:
    made = await call(mcp, "log_activity", kind="task", data={"Subject": "Ring back", "Priority": "high"})

    assert "nearest: High" in made["note"]
    assert "not linked to any record" in made["note"]
