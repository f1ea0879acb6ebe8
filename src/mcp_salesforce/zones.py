"""Zones by the newest rules that this machine has: the system's zone files, or the package tzdata where it is newer.

`zoneinfo` takes the system's files first, however old they are. Who makes a zone imports `ZoneInfo` from here: the
import points the whole process to the newer source, once.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError, available_timezones, reset_tzpath

from tzdata import IANA_VERSION

__all__ = ["RELEASE", "Release", "ZoneInfo", "ZoneInfoNotFoundError", "available_timezones", "fixed_zone"]

_RELEASE: Final = re.compile(r"(?:# version )?(\d{4}[a-z]+)\s*")
_TOLD_IN: Final = ("tzdata.zi", "+VERSION")  # first lines; the second file is that of macOS and the BSDs
_QUARTER: Final = timedelta(days=91)
_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Release:
    """A release of IANA's zone data, such as 2026f, and where it is read from."""

    name: str
    source: str

    def is_older_than_a_year(self, today: date) -> bool:
        """Return whether newer releases certainly exist; the letter shows roughly the quarter."""
        year, nth = int(self.name[:4]), ord(self.name[4]) - ord("a") + 1
        return today > date(year, 1, 1) + min(nth, 4) * _QUARTER + _YEAR


def newest(path: Iterable[str], packaged: str) -> tuple[list[str], Release]:
    """Return the folders of `path` that are not older than the package's release, newest first, and what is used.

    Args:
        path: Folders with zone files, as `zoneinfo.TZPATH`. One that does not tell its release counts as older.
        packaged: The release of the package, which serves zones that no folder has.
    """
    told = {folder: release for folder in path if (release := _release_of(folder)) and release >= packaged}
    kept = sorted(told, key=lambda folder: told[folder], reverse=True)
    return kept, Release(told[kept[0]], kept[0]) if kept else Release(packaged, "package tzdata")


def _release_of(folder: str) -> str:
    """Return the release that a folder of zone files tells, or nothing."""
    for name in _TOLD_IN:
        with suppress(OSError, UnicodeDecodeError), (Path(folder) / name).open(encoding="ascii") as file:
            if match := _RELEASE.fullmatch(file.readline(40)):
                return match[1]
    return ""


def fixed_zone(minutes: int) -> ZoneInfo:
    """Return the zone that is always `minutes` ahead of UTC; its key says so: `UTC+05:30`."""
    sign, (hours, rest) = "+-"[minutes < 0], divmod(abs(minutes), 60)
    name = f"{sign}{hours:02d}{rest:02d}".encode()
    # A file (TZif, RFC 9636) of one type and no changes: counts, then offset, daylight saving, and name.
    counts = b"".join(count.to_bytes(4) for count in (0, 0, 0, 0, 1, len(name) + 1))
    one = b"TZif2" + bytes(15) + counts + (minutes * 60).to_bytes(4, signed=True) + bytes(2) + name + b"\0"
    rule = f"<{name.decode()}>{'-+'[minutes < 0]}{hours}:{rest:02d}".encode()
    return ZoneInfo.from_file(BytesIO(one + one + b"\n" + rule + b"\n"), key=f"UTC{sign}{hours:02d}:{rest:02d}")


_KEPT, RELEASE = newest(TZPATH, IANA_VERSION)
if list(TZPATH) != _KEPT:
    reset_tzpath(_KEPT)
    ZoneInfo.clear_cache()
