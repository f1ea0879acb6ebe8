"""What SOQL's date literals mean on the running user's calendar.

Evidence: SOQL and SOSL Reference, "Date Formats and Date Literals in WHERE".
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from mcp_salesforce.localorg.evidence import evidence

SUNDAY: Final = 6
MONDAY: Final = 0
MONTHS_IN_YEAR: Final = 12
_LAST_VALID_YEAR: Final = 4000

_RELATIVE: Final = re.compile(
    r"(?P<which>LAST|THIS|NEXT)_(?P<unit>WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR)"
    r"|(?P<near>LAST|NEXT)_N_(?P<units>DAY|WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR)S"
    r"|N_(?P<ago>DAY|WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR)S_AGO"
)
_DAYS: Final = {
    "YESTERDAY": (-1, 0),
    "TODAY": (0, 1),
    "TOMORROW": (1, 2),
    "LAST_90_DAYS": (-90, 1),
    "NEXT_90_DAYS": (1, 91),
}
_WHICH: Final = {"LAST": (-1, 0), "THIS": (0, 1), "NEXT": (1, 2)}
# Territories whose week begins on Sunday (Unicode CLDR, supplemental weekData; the larger ones).
_SUNDAY_TERRITORIES: Final = (
    "AG AS BD BR BS BT BW BZ CA CO DM DO ET GT GU HK HN ID IL IN JM JP KE KH KR LA MH MM MO MT MX MZ NI "
    "NP PA PE PH PK PR PT PY SA SG SV TH TT TW UM US VE VI WS YE ZA ZW"
)


@dataclass(frozen=True, slots=True)
class Days:
    """The days from `first` up to but not including `after`; with `to_now` they end at the current second."""

    first: date
    after: date
    to_now: bool = False


@evidence(
    "SOQL",
    "documented",
    "The 44 date literals, in the running user's time zone and week; LAST_N_DAYS ends at the current second",
)
@dataclass(frozen=True, slots=True)
class Calendar:
    """The running user's calendar: the clock, the zone, the locale, the first month of the fiscal year."""

    now: datetime
    zone: ZoneInfo
    locale: str = "en_US"
    fiscal_year_starts_in: int = 1

    @property
    def today(self) -> date:
        """The date on the user's wall at this moment."""
        return self.now.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """Return the instant at which `day` begins for the user, in UTC."""
        return datetime.combine(day, time.min, tzinfo=self.zone).astimezone(UTC)

    def span(self, literal: str, n: int | None = None) -> Days:
        """Return the days a date literal stands for; `n` is the number after the colon."""
        unit, begin, end = _offsets(literal.upper(), n or 0)
        try:
            first, after = self._shift(unit, begin), self._shift(unit, end)
        except OverflowError as error:
            raise ValueError(f"{literal} reaches beyond the dates Salesforce knows") from error
        if after.year > _LAST_VALID_YEAR:
            raise ValueError(f"{literal} reaches beyond the dates Salesforce knows")
        return Days(first, after, to_now=unit == "DAY" and begin < 0 and end == 1)

    def _shift(self, unit: str, count: int) -> date:
        """Return the first day of the unit that lies `count` units from the current one."""
        today = self.today
        if unit == "DAY":
            return today + timedelta(days=count)
        if unit == "WEEK":
            return today - timedelta(days=(today.weekday() - first_weekday(self.locale)) % 7) + timedelta(weeks=count)
        months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit.removeprefix("FISCAL_")]
        offset = self.fiscal_year_starts_in - 1 if unit.startswith("FISCAL_") else 0
        ordinal = today.year * MONTHS_IN_YEAR + today.month - 1 - offset
        year, month = divmod((ordinal // months + count) * months + offset, MONTHS_IN_YEAR)
        if not date.min.year <= year <= date.max.year:
            raise OverflowError
        return date(year, month + 1, 1)


def first_weekday(locale: str) -> int:
    """Return the first day of the week, Monday 0, of a Salesforce locale key such as `en_US`."""
    territory = locale.partition("_")[2][:2].upper()
    return SUNDAY if territory in _SUNDAY_TERRITORIES.split() else MONDAY


def _offsets(literal: str, n: int) -> tuple[str, int, int]:
    """Return the unit of a literal and the two offsets, in units from the current one, between which it lies."""
    if literal in _DAYS:
        return "DAY", *_DAYS[literal]
    match = _RELATIVE.fullmatch(literal)
    if match is None:
        raise ValueError(f"{literal} is not a date literal")
    if match["unit"]:
        return match["unit"], *_WHICH[match["which"]]
    if match["ago"]:
        return match["ago"], -n, 1 - n
    if match["near"] == "NEXT":
        return match["units"], 1, n + 1
    return match["units"], -n, 1 if match["units"] == "DAY" else 0
