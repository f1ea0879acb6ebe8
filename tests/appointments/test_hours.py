from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.appointments.busy import Calendar
from mcp_salesforce.appointments.hours import OFFICE_HOURS, hours_of
from mcp_salesforce.appointments.times import TimeError, zone_named

NINE_TO_FIVE = ((time(9), time(17)),)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        (OFFICE_HOURS, dict.fromkeys(range(5), NINE_TO_FIVE)),
        ("Tue 9-17", {1: NINE_TO_FIVE}),
        ("saturday 10:00\u201314:00;", {5: ((time(10), time(14)),)}),
        ("Mon, Wed 13:00-17:30, 9-12", dict.fromkeys((0, 2), ((time(9), time(12)), (time(13), time(17, 30))))),
        ("Sat-Mon 00:00-24:00", dict.fromkeys((0, 5, 6), ((time(0), time(0)),))),
        ("Fri 22-24\nSat 0-6", {4: ((time(22), time(0)),), 5: ((time(0), time(6)),)}),
        ("Mon 9-12; Mon 13-17", {0: ((time(9), time(12)), (time(13), time(17)))}),
    ],
)
def test_working_hours_are_read_as_people_write_them(text: str, spans: dict[int, object]) -> None:
    hours = hours_of(text)

    assert dict(hours.spans) == spans
    assert hours.zone is None


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5"])
def test_a_zone_at_the_end_holds_for_every_calendar(zone: str) -> None:
    hours = hours_of(f"Mon-Fri 09:00-17:00 {zone}")

    assert hours.of(zone_named("Asia/Tokyo")).zone.key == zone
    assert hours_of("Mon 9-17").of(zone_named("Asia/Tokyo")).zone.key == "Asia/Tokyo"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "Mon",
        "9-17",
        "Xyz 9-17",
        "Mon 9",
        "Mon 25-26",
        "Mon 9:60-10",
        "Mon 9-24:01",
        "M 9-17",
        "Mon-Fri-Sat 9-17",
    ],
)
def test_what_are_no_working_hours_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(TimeError) as refusal:
        hours_of(text)

    assert "Mon-Fri 09:00-12:00" in refusal.value.hint


@pytest.mark.parametrize("span", ["22:00-06:00", "9-9"])
def test_a_span_that_does_not_end_after_it_starts_is_refused_with_how_to_say_it(span: str) -> None:
    with pytest.raises(TimeError, match="does not end") as refusal:
        hours_of(f"Fri {span}")

    assert refusal.value.hint == "Split it at midnight: 22:00-24:00."


def test_an_unknown_zone_is_refused_with_the_nearest() -> None:
    with pytest.raises(TimeError) as refusal:
        hours_of("Mon 9-17 Europe/Berln")

    assert refusal.value.hint.startswith("Did you mean Europe/Berlin")


@given(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440))
def test_every_span_of_minutes_survives_being_written(day: int, opening: int, closing: int) -> None:
    opening, closing = min(opening, closing), max(opening + 1, closing)
    name = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day]

    hours = hours_of(f"{name} {opening // 60:02}:{opening % 60:02}-{closing // 60:02}:{closing % 60:02}")

    assert hours.spans == {day: ((time(opening // 60, opening % 60), time(closing // 60 % 24, closing % 60)),)}


def test_a_user_has_hours_of_their_own_by_user_name_name_or_id() -> None:
    hours = hours_of("Mon-Fri 09:00-17:00 | ada@acme.example: Mon 08:00-12:00 Europe/Paris | Bo Berg: Tue 10-11")
    tokyo = zone_named("Asia/Tokyo")
    ada = Calendar("005lo0000000001AAA", "Ada Ode", tokyo, username="Ada@Acme.example")
    bo, other = Calendar("005lo0000000002AAA", "Bo Berg", tokyo), Calendar("005lo0000000003AAA", "Cy Dee", tokyo)

    assert [list(hours.of_calendar(each).spans) for each in (ada, bo, other)] == [[0], [1], [0, 1, 2, 3, 4]]
    assert hours.of_calendar(ada).zone.key == "Europe/Paris"
    assert hours.of_calendar(bo).zone is tokyo


@pytest.mark.parametrize("own", ["Mon 8-12", ": Mon 8-12", "ada: noon", "ada: Mon 8-12 | ADA: Tue 8-12", ""])
def test_hours_of_a_user_that_cannot_be_read_are_refused(own: str) -> None:
    with pytest.raises(TimeError):
        hours_of(f"Mon-Fri 09:00-17:00 | {own}")
