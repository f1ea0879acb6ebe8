"""Times that cannot be misread: instants, zones, days and windows.

Salesforce stores instants in UTC and does not know an appointment's zone. Everything that a caller says becomes an
instant here, or is refused with the ways to say it; everything that is shown carries the weekday and the local time.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias

from mcp_salesforce.appointments.zone_words import MEANT, MISREAD
from mcp_salesforce.spelling import did_you_mean, nearest
from mcp_salesforce.zones import ZoneInfo, ZoneInfoNotFoundError, available_timezones, fixed_zone

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?")
_CLOCK = re.compile(
    r"T?(\d{1,2})(?:[:.h](\d\d)(?::(\d\d)(?:[.,](\d{1,3})\d*)?)?)?\s*([ap])?(?:(?<=[ap])\.?m\.?)?\s*(z|utc|[+-]00:?(?:00)?)?",
    re.ASCII | re.IGNORECASE,
)
_NOON = 12
_HOURS = re.compile(r"(\d{1,2})(?:[:.]?(\d\d))?\s*(?:h|hrs|hours|uhr)|(\d\d)(\d\d)", re.ASCII | re.IGNORECASE)
_NAMED_TIMES = dict.fromkeys(("noon", "12 noon", "midday"), "12:00") | dict.fromkeys(
    ("midnight", "12 midnight"), "00:00"
)
_OFFSET = re.compile(r"(?:utc|gmt)? ?([+-]) ?(\d{1,2})(?::?(\d\d))?", re.ASCII | re.IGNORECASE)
_SALESFORCES_LABEL = re.compile(r"\(GMT[+-]\d\d:\d\d\) [^()]*\(([A-Za-z_]+/[\w/+-]+)\)", re.ASCII)
_FARTHEST_MINUTES = 14 * 60
_NO_PLACES = ("Etc/", "SystemV/", "posix", "right/", "Factory", "localtime")
_SHORTEST_SLIP = 5  # letters of a place: fewer are likelier another place
_CANDIDATES = 3
_HOW_TO_NAME_ZONES = "Use an IANA name such as Europe/Berlin, or an offset such as UTC+01:00."
_FIRST_YEAR, _LAST_YEAR = 1700, 4000  # what a Salesforce date can hold


_Rules: TypeAlias = tuple[timedelta | None, ...]


class TimeError(ValueError):
    """A time that cannot be used as it was written; `hint` says how to write it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: `start` and `end` in UTC (`end` excluded), and the local days it touches, both included.

    An open side is `None`.
    """

    start: datetime | None
    end: datetime | None
    first_day: date | None
    last_day: date | None


@lru_cache(maxsize=64)
def zone_of(key: str) -> ZoneInfo:
    """Return the zone that Salesforce, or an answer of ours, calls `key`.

    Raises:
        TimeError: This machine has no such zone.
    """
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeError(f"{key!r} is not a time zone.", _HOW_TO_NAME_ZONES) from None


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo:
    """Return the zone that a caller calls `name`: by IANA's name, by Windows' name, or by an offset.

    `GMT+2` is two hours ahead, as people mean it; IANA's `Etc/GMT+2` is two hours behind.

    Raises:
        TimeError: It can be several zones; the hint asks for one of them.
    """
    plain = " ".join(name.replace("\u2212", "-").split())
    if label := _SALESFORCES_LABEL.fullmatch(plain):
        plain = label[1]
    folded = plain.casefold()
    if (minutes := _offset_minutes(plain)) is not None:
        return fixed_zone(minutes)
    if folded not in MISREAD:
        with suppress(TimeError):
            return zone_of(_windows().get(folded, plain) if folded.endswith(" time") else plain)
    meant: dict[_Rules, list[str]] = {}
    for words in _said_in(folded):
        meant |= {rules: zones for rules, zones in _by_rules(_zones_meant(words)).items() if rules not in meant}
    zones = [zone for alike in meant.values() for zone in alike]
    raise TimeError(f"{name!r} is not a time zone.", did_you_mean(zones[:_CANDIDATES]) or _HOW_TO_NAME_ZONES)


def _said_in(name: str) -> list[str]:
    """Return a folded name and its parts: `Paris, France`, `UTC+1 (Berlin)`, `(UTC+01:00) Amsterdam, Berlin`."""
    whole = name.replace(".", "").replace("'", "").replace("\u2019", "")
    parts = [part.strip() for part in re.split(r"[,()]", whole)]
    return [whole, *(part for part in parts if part and part != whole)]


def _offset_minutes(text: str) -> int | None:
    """Return how many minutes ahead of UTC a zone is that is named by its offset; None where it is not."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    hours, minutes = int(match[2]), int(match[3] or 0)
    ahead = (hours * 60 + minutes) * (1 if match[1] == "+" else -1)
    return ahead if minutes < 60 and abs(ahead) <= _FARTHEST_MINUTES else None  # noqa: PLR2004 - minutes of an hour


@lru_cache(maxsize=1)
def _windows() -> dict[str, str]:
    """Return IANA's names of zones by Windows' names of them, folded (CLDR's table); summer's names too."""
    from tzlocal.windows_tz import win_tz

    folded = {name.casefold(): zone for name, zone in win_tz.items()}
    return {name.replace("standard", "daylight"): zone for name, zone in folded.items()} | folded


def _zones_meant(name: str) -> list[str]:
    """Return the zones that may be meant by `name`, folded: a place, an abbreviation, or a slip of the pen."""
    region, _, place = name.replace("_", " ").rpartition("/")
    region, place = region.strip(), place.strip()
    if (minutes := _offset_minutes(name)) is not None:
        return [fixed_zone(minutes).key]
    words = place.removesuffix(" zone").removesuffix(" time").removesuffix(" standard").removesuffix(" daylight")
    if meant := MEANT.get(place) or MEANT.get(words):
        return [*meant]
    zones = sorted(zone for zone in available_timezones() if not zone.startswith(_NO_PLACES))
    places = {zone: zone.rpartition("/")[2].replace("_", " ").casefold() for zone in zones}
    inside = [zone for zone in zones if not region or zone.casefold().replace("_", " ").startswith(f"{region}/")]
    found = [zone for zone in inside or zones if places[zone] == words]
    if not found and len(words) >= _SHORTEST_SLIP:
        slips = nearest(words, [places[zone] for zone in inside], slips_only=True)
        found = [zone for zone in inside if places[zone] in slips]
    found.sort(key=lambda zone: ("/" not in zone, zone.count("/"), zone))
    return [alike[0] for alike in _by_rules(found).values()]


def _by_rules(zones: list[str]) -> dict[_Rules, list[str]]:
    """Return zones by the offsets that they have in winter and summer, in 1990 and 2026."""
    found: dict[_Rules, list[str]] = {}
    moments = [datetime(year, month, 1, tzinfo=UTC) for year in (1990, 2026) for month in (1, 7)]
    for zone in zones:
        found.setdefault(tuple(moment.astimezone(zone_named(zone)).utcoffset() for moment in moments), []).append(zone)
    return found


def instant_of(text: str, zone: ZoneInfo | None = None) -> datetime:
    """Return the instant, in UTC, that `text` names.

    Args:
        text: RFC 3339 with an offset, Salesforce's own form (`2026-02-20T18:00:00.000+0000`), or a local time.
        zone: The zone of a local time; an offset in `text` wins over it.

    Raises:
        TimeError: Not a time; or a local time without a zone, one that does not exist, or one that happens twice.
    """
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise TimeError(f"{text!r} is not a date and time.", "Write it like 2026-11-24T15:00:00+01:00.")
    day, clock, seconds, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{seconds or ':00'}.{(fraction or '0')[:6]:0<6}{_offset(offset)}")
    except ValueError as error:
        raise TimeError(f"{text!r} is not a date and time: {error}.", "Check day, month, hour and minute.") from None
    _check_year(moment.year, text)
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    if zone is None:
        raise TimeError(
            f"{text!r} has no time zone.",
            f"Add an offset ({day}T{clock}:00+01:00) or give time_zone (such as Europe/Berlin).",
        )
    return _local(moment, zone, text)


def day_of(text: str) -> date:
    """Return the day that `text` (`YYYY-MM-DD`, or a time whose date part is meant) names.

    Raises:
        TimeError: Not a day.
    """
    plain = text.strip()
    match = _MOMENT.fullmatch(plain)
    try:
        if match is None and not _DAY.fullmatch(plain):
            raise ValueError  # noqa: TRY301 - one way out for both kinds of bad text
        day = date.fromisoformat(plain[:10])
    except ValueError:
        raise TimeError(f"{text!r} is not a day.", "Write it like 2026-11-24.") from None
    _check_year(day.year, text)
    return day


def clock_of(text: str) -> str:
    """Return the time of day that `text` names as Salesforce takes it: `09:00:00.000Z`.

    It may be `9:00`, `0900`, `09:00:30`, `2:30 pm`, `14 Uhr` or `noon`. A time of day has no zone; the Z says none.

    Raises:
        TimeError: Not a time of day, or one with an offset.
    """
    plain = text.strip()
    if hours := _HOURS.fullmatch(plain):
        plain = f"{hours[1] or hours[3]}:{hours[2] or hours[4] or '00'}"
    match = _CLOCK.fullmatch(_NAMED_TIMES.get(plain.casefold(), plain))
    wrong = TimeError(f"{text!r} is not a time of day.", "Write it like 15:00:00.000Z, or 15:00; it has no zone.")
    if match is None or (match[2] is None and match[5] is None):
        raise wrong
    hour, half = int(match[1]), (match[5] or "").casefold()
    if half and not 1 <= hour <= _NOON:
        raise wrong
    hour = hour % _NOON + (_NOON if half == "p" else 0) if half else hour
    try:
        clock = time(hour, int(match[2] or 0), int(match[3] or 0), int(f"{match[4] or 0:0<3}") * 1000)
    except ValueError:
        raise wrong from None
    return f"{clock.isoformat('milliseconds')}Z"


def is_day(text: str) -> bool:
    """Tell whether `text` is written as a day without a time."""
    return _DAY.fullmatch(text.strip()) is not None


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of `day` in `zone`, in UTC; days that begin at 01:00 after a clock change included."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def start_of(text: str, zone: ZoneInfo, *, local: ZoneInfo | None) -> datetime:
    """Return the instant, in UTC, from which `text` counts: the start of a day of `zone`, or a time.

    A time without an offset is in the zone `local`, and refused where that is None.

    Raises:
        TimeError: It is neither, or a time without a zone.
    """
    return start_of_day(day_of(text), zone) if is_day(text) else instant_of(text, local)


def window_of(start: str, end: str, zone: ZoneInfo, *, local: ZoneInfo | None) -> Window:
    """Return the window from `start` to `end`, each a day, a time, or empty for an open side.

    A day means all of it, in `zone`: from its first instant as `start`, to its last as `end`. A time without an offset
    is in the zone `local`, and refused where that is None.

    Raises:
        TimeError: A side cannot be read, or the window ends before it starts.
    """
    low = high = None
    if start:
        low = start_of(start, zone, local=local)
    if end:
        high = start_of_day(day_of(end) + timedelta(days=1), zone) if is_day(end) else instant_of(end, local)
    if low and high and high <= low:
        raise TimeError(f"end {end!r} is not after start {start!r}.", "Swap them, or give a later end.")
    return Window(
        low,
        high,
        low.astimezone(zone).date() if low else None,
        (high - timedelta(microseconds=1)).astimezone(zone).date() if high else None,
    )


def wire(moment: datetime) -> str:
    """Return an instant in the form that Salesforce reads: `2026-02-20T18:00:00.000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def utc_text(moment: datetime) -> str:
    """Return an instant as shown to a model: `2026-02-20T18:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """Return an instant as the clock in `zone` shows it, with its offset: `2026-02-20T19:00:00+01:00`."""
    return moment.astimezone(zone).isoformat(timespec="seconds")


def dated(moment: datetime, zone: ZoneInfo, *, all_day: bool = False) -> str:
    """Return an instant with its weekday, as the clock in `zone` shows it; of an all-day one the day alone."""
    if all_day:
        return f"{weekday(moment.date())} {moment.date().isoformat()}"
    return f"{weekday(moment.astimezone(zone).date())} {local_text(moment, zone)}"


def weekday(day: date) -> str:
    """Return the English name of the day's weekday, whatever the locale of the process."""
    return ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[day.weekday()]


def _offset(text: str | None) -> str:
    if not text:
        return ""
    if text in "Zz":
        return "+00:00"
    digits = text[1:].replace(":", "")
    return f"{text[0]}{digits[:2]}:{digits[2:] or '00'}"


def _check_year(year: int, text: str) -> None:
    if not _FIRST_YEAR <= year < _LAST_YEAR:
        raise TimeError(f"{text!r} is outside the years {_FIRST_YEAR} to {_LAST_YEAR}.", "Check the year.")


def _local(clock: datetime, zone: ZoneInfo, text: str) -> datetime:
    """Return the one instant at which the clock in `zone` shows `clock`."""
    first = clock.replace(tzinfo=zone, fold=0)
    second = clock.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    early, late = sorted((first.astimezone(UTC), second.astimezone(UTC)))
    choices = f"{local_text(early, zone)} or {local_text(late, zone)}"
    if early.astimezone(zone).replace(tzinfo=None) == clock:
        raise TimeError(f"{text!r} occurs twice in {zone.key}: the clocks go back.", f"Give one of them: {choices}.")
    raise TimeError(f"{text!r} does not exist in {zone.key}: the clocks go forward.", f"Nearest: {choices}.")
