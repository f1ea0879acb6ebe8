"""Values as SOQL literals, so that no value can change what a query means."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite

from mcp_salesforce.salesforce.errors import InvalidArgumentError

Literal = str | bool | int | float | Decimal | date | datetime | None

_ESCAPES = str.maketrans(
    {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"}
    | {chr(code): f"\\u{code:04x}" for code in (*range(8), 0x0B, *range(0x0E, 0x20), 0x7F)}
)
_WILDCARDS = str.maketrans({"%": r"\%", "_": r"\_"})


def quote(value: Literal) -> str:
    """Return `value` as a literal: text in quotes and escaped, numbers, `true`, `null`, dates and instants bare.

    Raises:
        InvalidArgumentError: SOQL has no literal for it: NaN, or a datetime without a time zone.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value.translate(_ESCAPES)}'"
    if isinstance(value, datetime):
        return datetime_literal(value)
    if isinstance(value, date):
        return value.isoformat()
    if not isfinite(value):
        raise InvalidArgumentError("NaN and infinity cannot be used in a query.")
    return f"{Decimal(str(value)):f}"


def quote_list(values: Iterable[Literal]) -> str:
    """Return `values` for IN and NOT IN: `('a','b')`.

    Raises:
        InvalidArgumentError: There are no values; SOQL has no empty list.
    """
    literals = ",".join(map(quote, values))
    if not literals:
        raise InvalidArgumentError("IN needs at least one value.")
    return f"({literals})"


def like_literal(text: str, *, starts_with: bool = False) -> str:
    """Return the pattern for LIKE that finds `text` anywhere, or only at the start; its own % and _ are plain."""
    escaped = text.translate(_ESCAPES).translate(_WILDCARDS)
    return f"'{escaped}%'" if starts_with else f"'%{escaped}%'"


def datetime_literal(instant: datetime) -> str:
    """Return an instant in UTC, such as `2026-02-20T18:00:00Z`; milliseconds only where it has some.

    Raises:
        InvalidArgumentError: `instant` has no time zone.
    """
    if instant.tzinfo is None:
        raise InvalidArgumentError("The datetime has no time zone; give its offset.")
    utc = instant.astimezone(UTC).replace(tzinfo=None)
    has_milliseconds = utc.microsecond >= 1000  # noqa: PLR2004 - microseconds in one
    return utc.isoformat(timespec="milliseconds" if has_milliseconds else "seconds") + "Z"
