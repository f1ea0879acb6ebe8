"""Pictures of agendas and free times: everything of the answer is there, in its place, and nothing else."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.pictures import UndrawableError, agenda_picture, days_between, free_picture
from mcp_salesforce.zones import ZoneInfo
from tests.effort import examples
from tests.pictures.drawn import SVG, blocks, root_of, size, texts

PEOPLE = ("Nora Quill", "Room <4> & “Höhe”")
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")
CHANGES = (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
SUBJECTS = st.one_of(
    st.just(""), st.text(max_size=12), st.sampled_from(["<b>x</b>", "会議" * 9, "a" * 300, "\x07\u202e"])
)


def answer(rows: list[list[str]], zone: str = "America/New_York", **more: Any) -> dict[str, Any]:
    """An answer of salesforce_get_free_busy."""
    calendars = [{"Id": f"005{at}", "name": name, "visibility": "full"} for at, name in enumerate(PEOPLE)]
    columns = ["calendar", "weekday", "start", "end", "Subject"]
    return {"columns": columns, "rows": rows, "time_zone": zone, "calendars": calendars, **more}


def busy(who: str, start: str, end: str, subject: str = "Talk") -> list[str]:
    return [who, "", start, end, subject]


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    """Answers of a few days around a change of the clocks, as the server writes them."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    begin = draw(st.sampled_from(CHANGES))
    rows = []
    for _ in range(draw(st.integers(0, 8))):
        start = begin + timedelta(minutes=draw(st.integers(-600, 3000)))
        who, subject = draw(st.sampled_from(PEOPLE)), draw(SUBJECTS)
        if draw(st.booleans()):
            end = start + timedelta(minutes=draw(st.sampled_from([0, 1, 15, 30, 60, 90, 600, 1500])))
            times = [at.astimezone(zone).isoformat(timespec="seconds") for at in (start, end)]
        else:
            times = [(start + timedelta(days=day)).date().isoformat() for day in (0, draw(st.integers(0, 2)))]
        rows.append(busy(who, times[0], times[1], subject))
    return answer(rows, zone.key, begin=begin)


def parts(row: list[str]) -> int:
    """On how many days an entry takes time."""
    first, last = row[2][:10], row[3][:10]
    ends_at_midnight = last > first and row[3][11:16] == "00:00"
    return len(days_between(first, last)) - ends_at_midnight


@settings(max_examples=examples(200, 20), deadline=None)
@given(answers())
def test_every_appointment_is_in_its_column_and_none_hides_another(told: dict[str, Any]) -> None:
    picture = agenda_picture(told, now="2026-11-01T10:00:00-05:00")

    shown, (width, height) = blocks(picture), size(picture)
    assert len(shown) == sum(parts(row) for row in told["rows"])
    columns = column_edges(picture)
    for block in shown:
        assert 0 <= block.y <= block.y + block.height <= height
        at = [column for column in columns if column[0] <= block.x and block.x + block.width <= column[1] + 0.01]
        assert len(at) == 1, (block, columns)
        who = PEOPLE[columns.index(at[0]) % len(PEOPLE)]
        assert block.title.endswith(f", {who}")
    assert columns == [] or columns[-1][1] <= width
    assert [pair for pair in combinations(shown, 2) if pair[0].overlaps(pair[1])] == []


def column_edges(picture: str) -> list[tuple[float, float]]:
    """Where the columns are: between their upright lines."""
    lines = [each for each in root_of(picture).iter(f"{SVG}line") if each.get("class") == "line"]
    upright = sorted({float(each.get("x1") or 0) for each in lines if each.get("x1") == each.get("x2")})
    return list(pairwise(upright))


@settings(max_examples=examples(200, 20), deadline=None)
@given(answers(), st.lists(st.integers(0, 2900), max_size=5))
def test_free_times_are_in_the_picture_with_everything_busy(told: dict[str, Any], starts: list[int]) -> None:
    zone = ZoneInfo(told["time_zone"])
    slots = [(told["begin"] + timedelta(minutes=each)).astimezone(zone) for each in starts]
    rows = [["", s.isoformat(), (s + timedelta(minutes=30)).isoformat(), ""] for s in slots]
    free = {"columns": ["weekday", "start", "end", "start.utc"], "rows": rows, "time_zone": zone.key}

    picture = free_picture(free, told)

    shown, (width, height) = blocks(picture), size(picture)
    assert len(shown) == sum(parts(row) for row in told["rows"])
    assert len(blocks(picture, "slot")) == sum(parts(["", "", *row[1:3]]) for row in rows)
    for block in (*shown, *blocks(picture, "slot")):
        assert 0 <= block.x <= block.x + block.width <= width
        assert 0 <= block.y <= block.y + block.height <= height
    assert [pair for pair in combinations(shown, 2) if pair[0].overlaps(pair[1])] == []


def test_times_are_those_that_the_server_wrote() -> None:
    """New York's clock goes back at two o'clock: half past one comes twice, and the picture says which one."""
    twice = answer(
        [
            busy(PEOPLE[0], "2026-11-01T01:30:00-04:00", "2026-11-01T01:15:00-05:00", "Across"),
            busy(PEOPLE[0], "2026-11-01T01:20:00-05:00", "2026-11-01T01:50:00-05:00", "After"),
        ]
    )

    across, after = blocks(agenda_picture(twice))

    assert across.title == f"01:30 (-04:00)\u201301:15 (-05:00): Across, {PEOPLE[0]}"
    assert after.title == f"01:20\u201301:50: After, {PEOPLE[0]}"
    assert not across.overlaps(after)


def test_text_of_records_is_text_and_private_ones_are_blocks() -> None:
    rows = [
        busy(PEOPLE[1], "2026-12-01T09:00:00-05:00", "2026-12-01T10:00:00-05:00", "<script>alert(1)</script>"),
        busy(PEOPLE[1], "2026-12-01T11:00:00-05:00", "2026-12-01T12:00:00-05:00", ""),
    ]

    picture = agenda_picture(answer(rows))

    assert "<script" not in picture
    assert PEOPLE[1] in texts(picture)
    hostile, private = blocks(picture)
    assert "<script>alert(1)</script>" in hostile.title
    assert ("Busy" in private.title, private.kind) == (True, "block private")


def test_the_picture_is_told_to_those_who_do_not_see_it() -> None:
    root = root_of(agenda_picture(answer([busy(PEOPLE[0], "2026-12-01", "2026-12-02", "Fair")]), theme="light"))

    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "title desc")
    assert root.findtext(f"{SVG}title") == f"Agenda of {PEOPLE[0]} and {PEOPLE[1]}"
    told = (root.findtext(f"{SVG}desc") or "").split("\n")
    assert told[0] == "Tuesday 2026-12-01: 2026-12-01 to 2026-12-02: Fair, Nora Quill."
    assert told[1].startswith("Wednesday 2026-12-02: ")


def test_the_present_is_a_line_only_where_a_clock_is_given_and_the_day_is_shown() -> None:
    days = days_between("2026-11-30", "2026-12-01")

    def lines(now: str) -> int:
        picture = agenda_picture(answer([]), days, now=now)
        return sum(1 for each in root_of(picture).iter(f"{SVG}line") if each.get("class") == "now")

    assert lines("") == 0
    assert lines("2026-12-01T10:12:00-05:00") == len(PEOPLE)
    assert lines("2026-12-02T10:12:00-05:00") == 0
    assert lines("2026-12-01T22:12:00-05:00") == 0


def test_only_the_days_that_are_wanted_are_drawn_and_the_rest_is_told() -> None:
    rows = [
        busy(PEOPLE[0], "2026-01-01", "2026-12-31", "Leave"),
        busy(PEOPLE[0], "2026-12-07T09:00:00-05:00", "2026-12-07T10:00:00-05:00", "Later"),
    ]

    picture = agenda_picture(answer(rows), ["2026-12-01"])

    assert [block.title.partition(",")[0] for block in blocks(picture)] == ["2026-01-01 to 2026-12-31: Leave"]
    assert "1 more in the answer are on other days." in texts(picture)


def test_what_cannot_be_seen_is_marked_and_warnings_are_told() -> None:
    told = answer([], warning="You cannot see the calendar of Nora Quill.")
    told["calendars"][0]["visibility"] = "unknown"
    free = {"columns": ["weekday", "start", "end", "start.utc"], "rows": [], "time_zone": told["time_zone"]}
    days = ["2026-12-01"]

    for picture in (agenda_picture(told, days), free_picture(free | {"next_opening": "Friday"}, told, days)):
        assert any("not visible" in each for each in texts(picture))
        assert told["warning"] in texts(picture)
    assert "The next free time: Friday" in texts(picture)
    assert "No time to offer" in texts(picture)


def test_a_list_of_appointments_is_an_agenda_too() -> None:
    columns = ["Id", "Subject", "start.weekday", "start.local", "end.local", "Owner.Name", "outcome"]
    row = [
        "00U1",
        "Visit",
        "Tuesday",
        "2026-12-01T09:00:00-05:00",
        "2026-12-01T09:30:00-05:00",
        "Nora Quill",
        "no_show",
    ]

    [block] = blocks(agenda_picture({"columns": columns, "rows": [row], "time_zone": "America/New_York"}))

    assert block.title == "09:00\u201309:30: Visit (no-show), Nora Quill"


@pytest.mark.parametrize(("theme", "switches"), [("auto", True), ("light", False), ("dark", False)])
def test_the_colours_follow_the_reader_or_are_those_asked_for(theme: Any, switches: bool) -> None:
    picture = agenda_picture(answer([]), ["2026-12-01"], theme=theme)

    assert ("prefers-color-scheme:dark" in picture) is switches
    assert ("--back:#161616" in picture) is (theme != "light")


def test_other_answers_and_other_zones_are_refused() -> None:
    with pytest.raises(UndrawableError, match="no appointments: its columns are Id, Name"):
        agenda_picture({"columns": ["Id", "Name"], "rows": []})
    with pytest.raises(UndrawableError, match="no free times"):
        free_picture(answer([]), answer([]))
    with pytest.raises(UndrawableError, match="two zones: Europe/Berlin and America/New_York"):
        free_picture({"columns": ["start.utc"], "rows": [], "time_zone": "Europe/Berlin"}, answer([]))
    with pytest.raises(UndrawableError, match="1 to 92 days"):
        agenda_picture(answer([busy("a", "2026-01-01", "2026-12-31")]))
