"""Date literals on the running user's calendar, against the ranges that Salesforce documents."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg.store.dates import MONDAY, SUNDAY, Calendar, first_weekday

# A Sunday, 23:30 in New York and already Monday in London.
NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
NEW_YORK = Calendar(NOW, ZoneInfo("America/New_York"))
LONDON = Calendar(NOW, ZoneInfo("Europe/London"), locale="en_GB")
JULY_FISCAL = Calendar(NOW, ZoneInfo("Europe/London"), fiscal_year_starts_in=7)

calendars = st.builds(
    Calendar,
    st.datetimes(datetime(1980, 1, 1), datetime(2080, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),  # noqa: DTZ001 - the zone is added in the same expression
    st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Apia"]).map(ZoneInfo),
    st.sampled_from(["en_US", "de_DE"]),
    st.integers(1, 12),
)
units = st.sampled_from(["DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"])


@pytest.mark.parametrize(
    ("literal", "n", "first", "last"),
    [
        ("TODAY", None, "2026-11-22", "2026-11-22"),
        ("yesterday", None, "2026-11-21", "2026-11-21"),
        ("TOMORROW", None, "2026-11-23", "2026-11-23"),
        ("THIS_WEEK", None, "2026-11-22", "2026-11-28"),
        ("LAST_WEEK", None, "2026-11-15", "2026-11-21"),
        ("NEXT_WEEK", None, "2026-11-29", "2026-12-05"),
        ("THIS_MONTH", None, "2026-11-01", "2026-11-30"),
        ("NEXT_MONTH", None, "2026-12-01", "2026-12-31"),
        ("LAST_MONTH", None, "2026-10-01", "2026-10-31"),
        ("THIS_QUARTER", None, "2026-10-01", "2026-12-31"),
        ("NEXT_QUARTER", None, "2027-01-01", "2027-03-31"),
        ("LAST_YEAR", None, "2025-01-01", "2025-12-31"),
        ("LAST_90_DAYS", None, "2026-08-24", "2026-11-22"),
        ("NEXT_90_DAYS", None, "2026-11-23", "2027-02-20"),
        ("LAST_N_DAYS", 1, "2026-11-21", "2026-11-22"),
        ("NEXT_N_DAYS", 2, "2026-11-23", "2026-11-24"),
        ("N_DAYS_AGO", 25, "2026-10-28", "2026-10-28"),
        ("LAST_N_WEEKS", 1, "2026-11-15", "2026-11-21"),
        ("NEXT_N_WEEKS", 2, "2026-11-29", "2026-12-12"),
        ("N_MONTHS_AGO", 6, "2026-05-01", "2026-05-31"),
        ("LAST_N_MONTHS", 12, "2025-11-01", "2026-10-31"),
        ("NEXT_N_QUARTERS", 2, "2027-01-01", "2027-06-30"),
        ("LAST_N_YEARS", 5, "2021-01-01", "2025-12-31"),
    ],
)
def test_a_literal_covers_the_documented_days(literal: str, n: int | None, first: str, last: str) -> None:
    span = NEW_YORK.span(literal, n)

    assert (span.first, span.after) == (date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1))


def test_the_day_is_the_users_not_the_servers() -> None:
    assert NEW_YORK.today == date(2026, 11, 22)
    assert LONDON.today == date(2026, 11, 23)
    assert LONDON.span("THIS_WEEK").first == date(2026, 11, 23)


def test_midnight_is_the_users_also_where_clocks_change() -> None:
    assert NEW_YORK.midnight(date(2026, 11, 1)) == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert NEW_YORK.midnight(date(2026, 11, 2)) == datetime(2026, 11, 2, 5, tzinfo=UTC)


def test_a_fiscal_year_starts_in_the_organizations_month() -> None:
    assert JULY_FISCAL.span("THIS_FISCAL_YEAR").first == date(2026, 7, 1)
    assert JULY_FISCAL.span("LAST_FISCAL_QUARTER").first == date(2026, 7, 1)
    assert JULY_FISCAL.span("THIS_FISCAL_QUARTER").first == date(2026, 10, 1)


def test_ranges_of_past_days_end_at_the_current_second() -> None:
    assert NEW_YORK.span("LAST_N_DAYS", 3).to_now
    assert NEW_YORK.span("LAST_90_DAYS").to_now
    assert not NEW_YORK.span("TODAY").to_now
    assert not NEW_YORK.span("YESTERDAY").to_now


@pytest.mark.parametrize(("literal", "n"), [("SOMEDAY", None), ("LAST_N_DAYS", 10**12), ("NEXT_N_YEARS", 2000)])
def test_what_is_no_date_is_refused(literal: str, n: int | None) -> None:
    with pytest.raises(ValueError, match=literal):
        NEW_YORK.span(literal, n)


@given(calendars, units, st.integers(1, 60))
def test_units_follow_each_other_without_gap_or_overlap(calendar: Calendar, unit: str, n: int) -> None:
    ago = calendar.span(f"N_{unit}S_AGO", n)
    upcoming = calendar.span(f"NEXT_N_{unit}S", n)
    past = calendar.span(f"LAST_N_{unit}S", n)

    assert ago.after == calendar.span(f"N_{unit}S_AGO", n - 1).first
    assert past.first == ago.first
    assert past.after == (upcoming.first if unit == "DAY" else calendar.span(f"N_{unit}S_AGO", 0).first)
    assert calendar.span(f"N_{unit}S_AGO", 0).first <= calendar.today < upcoming.first < upcoming.after


@pytest.mark.parametrize(("locale", "day"), [("en_US", SUNDAY), ("de_DE", MONDAY), ("en_GB", MONDAY)])
def test_the_week_begins_as_the_locale_has_it(locale: str, day: int) -> None:
    assert first_weekday(locale) == day
