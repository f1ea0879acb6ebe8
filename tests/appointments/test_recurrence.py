from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.appointments.recurrence import RecurrenceError, Rule

BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
NTH = st.sampled_from([1, 2, 3, 4, -1])


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Any rule that Salesforce allows, its parts in any order."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}"]
    if frequency == "WEEKLY":
        parts.append("BYDAY=" + ",".join(draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True))))
    if frequency in {"MONTHLY", "YEARLY"}:
        parts += draw(in_month())
    if frequency == "YEARLY":
        parts.append(f"BYMONTH={draw(st.integers(1, 12))}")
    else:
        parts += draw(st.sampled_from([[], [f"INTERVAL={draw(st.integers(1, 99))}"]]))
    end = draw(st.sampled_from(["", f"COUNT={draw(st.integers(1, 999))}", "UNTIL=20280101T000000Z"]))
    return ";".join(draw(st.permutations(parts + [end] * bool(end))))


@st.composite
def in_month(draw: st.DrawFn) -> list[str]:
    kind = draw(st.sampled_from(["day", "nth", "position"]))
    if kind == "day":
        return [f"BYMONTHDAY={draw(st.integers(1, 28))}"]
    if kind == "nth":
        return [f"BYDAY={draw(NTH)}{draw(st.sampled_from(WEEKDAYS))}"]
    days = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True))
    return [f"BYDAY={','.join(days)}", f"BYSETPOS={draw(NTH)}"]


@pytest.mark.parametrize("until", ["2026-03-29", "20260329"])
def test_an_end_may_be_a_day_of_the_zone_which_belongs_to_the_series(until: str) -> None:
    rule = Rule.parse(f"FREQ=DAILY;UNTIL={until}", BERLIN)

    assert str(rule) == "RRULE:FREQ=DAILY;INTERVAL=1;UNTIL=20260329T215959Z"  # a day of 23 hours
    with pytest.raises(RecurrenceError, match="UNTIL"):
        Rule.parse("FREQ=DAILY;UNTIL=2026-02-30", BERLIN)


@given(rules())
def test_a_rule_in_salesforces_form_is_the_same_rule(text: str) -> None:
    rule = Rule.parse(text)

    assert str(rule).startswith("RRULE:FREQ=")
    assert "INTERVAL=" in str(rule)
    assert Rule.parse(str(rule)) == rule
    assert rule.words().startswith("every ")


@given(rules(), st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001 - the clock of a zone
def test_occurrences_are_those_of_dateutil_on_the_clock(text: str, clock: datetime) -> None:
    start = clock.replace(second=0, microsecond=0, tzinfo=BERLIN)
    until = datetime(2028, 1, 1, tzinfo=UTC) if "UNTIL" in text else datetime.max.replace(tzinfo=UTC)
    plain = ";".join(part for part in text.split(";") if not part.startswith("UNTIL"))
    clocks = islice(rrulestr(plain, dtstart=start.replace(tzinfo=None)), 40)
    expected = [moment for moment in (c.replace(tzinfo=BERLIN).astimezone(UTC) for c in clocks) if moment <= until]

    assert list(islice(Rule.parse(text).occurrences(start.astimezone(UTC), BERLIN), 40)) == expected


def test_an_occurrence_at_the_end_of_a_series_belongs_to_it() -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)

    days = Rule.parse("FREQ=DAILY;UNTIL=20260107T090000Z").occurrences(start, ZoneInfo("UTC"))

    assert [moment.day for moment in days] == [5, 6, 7]


def test_a_weekly_nine_oclock_stays_nine_oclock_through_both_changes_of_the_clocks() -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=BERLIN).astimezone(UTC)

    year = list(Rule.parse("FREQ=WEEKLY;BYDAY=MO;COUNT=52").occurrences(start, BERLIN))

    assert {moment.astimezone(BERLIN).strftime("%A %H:%M") for moment in year} == {"Monday 09:00"}
    assert {moment.hour for moment in year} == {7, 8}


def test_an_occurrence_in_a_gap_is_as_much_later() -> None:
    start = datetime(2026, 3, 28, 2, 30, tzinfo=BERLIN).astimezone(UTC)

    first, second, third = Rule.parse("FREQ=DAILY;COUNT=3").occurrences(start, BERLIN)

    assert [m.astimezone(BERLIN).strftime("%H:%M") for m in (first, second, third)] == ["02:30", "03:30", "02:30"]
    assert second - first == timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FREQ=DAILY", "every day"),
        (
            "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR;COUNT=9",
            "every 2 weeks on Monday, Wednesday and Friday, 9 times",
        ),
        ("FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20261231T000000Z", "every month on the last Friday, until 2026-12-31"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", "every month on the first weekday"),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=-1", "every month on the last weekend day"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-1", "every month on the last day"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=2", "every month on the second Monday or Tuesday"),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15", "every 3 months on day 15"),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1", "every year on day 1 of March"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "every year on the fourth Thursday of November"),
    ],
)
def test_a_rule_is_said_in_words(text: str, words: str) -> None:
    assert Rule.parse(text).words() == words


def test_a_rule_is_saved_in_salesforces_order() -> None:
    rule = Rule.parse("count=5;wkst=su;byday=MO,FR;freq=weekly")

    assert str(rule) == "RRULE:FREQ=WEEKLY;BYDAY=MO,FR;WKST=SU;INTERVAL=1;COUNT=5"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "not a part"),
        ("every monday", "not a part"),
        ("FREQ=HOURLY", "FREQ is HOURLY"),
        ("BYDAY=MO", "FREQ is missing"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("FREQ=DAILY;BYHOUR=3", "BYHOUR"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=1000", "INTERVAL=1000"),
        ("FREQ=WEEKLY;BYDAY=MO;INTERVAL=100", "INTERVAL=100"),
        ("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;INTERVAL=2", "INTERVAL=2"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=1000", "COUNT=1000"),
        ("FREQ=DAILY;COUNT=ten", "COUNT=TEN"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20261231T000000Z", "exclude"),
        ("FREQ=DAILY;UNTIL=20261231", "UNTIL=20261231"),
        ("FREQ=DAILY;UNTIL=20261331T000000Z", "UNTIL=20261331"),
        ("FREQ=DAILY;BYDAY=MO", "BYDAY"),
        ("FREQ=WEEKLY", "weekly"),
        ("FREQ=WEEKLY;BYDAY=1MO", "weekly"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=WEEKLY;BYDAY=MO;BYMONTHDAY=3", "BYMONTHDAY"),
        ("FREQ=WEEKLY;BYDAY=MO;WKST=XX", "WKST is XX"),
        ("FREQ=MONTHLY", "either"),
        ("FREQ=MONTHLY;BYMONTHDAY=3;BYDAY=1MO", "either"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"),
        ("FREQ=MONTHLY;BYDAY=5MO", "BYDAY=5MO"),
        ("FREQ=MONTHLY;BYDAY=MO", "need a number"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=1", "need a number"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=5", "BYSETPOS=5"),
        ("FREQ=MONTHLY;BYMONTH=3;BYMONTHDAY=1", "YEARLY"),
        ("FREQ=YEARLY;BYMONTHDAY=1", "BYMONTH can be used only with"),
        ("FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=1", "BYMONTH=13"),
    ],
)
def test_a_rule_that_salesforce_would_refuse_is_refused_with_a_way_out(text: str, named: str) -> None:
    with pytest.raises(RecurrenceError, match=named) as refusal:
        Rule.parse(text)

    assert refusal.value.hint


@given(st.text(alphabet="FREQ=DAILYWKMONTHBYUNCP;:,-0123456789", max_size=60))
def test_any_text_gives_a_rule_or_a_refusal(text: str) -> None:
    try:
        rule = Rule.parse(text)
    except RecurrenceError:
        return
    assert Rule.parse(str(rule)) == rule
