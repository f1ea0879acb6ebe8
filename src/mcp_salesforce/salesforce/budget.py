"""The org's API calls of a day: how many are used, and how many are reserved for others."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, Self

from mcp_salesforce.salesforce.errors import ApiReserveError, InvalidArgumentError
from mcp_salesforce.salesforce.models import ApiUsage

LOOK_AGAIN_S: Final = 60.0
_USAGE: Final = re.compile(r"\bapi-usage=(\d+)/(\d+)")
_RESERVE: Final = re.compile(r"(\d{1,9})\s*(%?)")
_WHOLE: Final = 100


@dataclass(frozen=True, slots=True)
class Reserve:
    """API calls to keep for others: a number, or a percentage of the org's limit."""

    amount: int
    is_percent: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the reserve for a text such as `500` or `10%`."""
        found = _RESERVE.fullmatch(text.strip())
        if found is None or (found[2] and int(found[1]) >= _WHOLE):
            raise InvalidArgumentError("A reserve is a number of API calls, such as 500, or a share, such as 10%.")
        return cls(int(found[1]), bool(found[2]))

    def of(self, limit: int) -> int:
        """Return how many calls of `limit` to keep for others."""
        return limit * self.amount // _WHOLE if self.is_percent else self.amount


NO_RESERVE: Final = Reserve(0)


class Budget:
    """The org's API calls by the latest reply (`Sforce-Limit-Info`), and whether one more is allowed."""

    def __init__(self, reserve: Reserve, clock: Callable[[], float] = monotonic) -> None:
        """Leave `reserve` to others; `clock` counts seconds."""
        self._reserve = reserve
        self._clock = clock
        self._told_at = -LOOK_AGAIN_S
        self.usage: ApiUsage | None = None

    def note(self, limit_info: str) -> None:
        """Store the usage that a reply reports."""
        if found := _USAGE.search(limit_info):
            self.usage = ApiUsage(used=int(found[1]), limit=int(found[2]))
            self._told_at = self._clock()

    def check(self) -> None:
        """Refuse a call that would use the reserve. One call a minute is allowed, to see whether others are free again.

        Raises:
            ApiReserveError: What is left is reserved.
        """
        if self.usage is None:
            return
        reserved = self._reserve.of(self.usage.limit)
        if not reserved or self.usage.limit - self.usage.used > reserved:
            return
        if not self.looks_again():
            raise ApiReserveError(self.usage.used, self.usage.limit, reserved)

    def looks_again(self) -> bool:
        """Tell whether to allow a call that has to be refused: once a minute without a reply."""
        if self._clock() - self._told_at < LOOK_AGAIN_S:
            return False
        self._told_at = self._clock()
        return True

    @property
    def left(self) -> int:
        """How many calls may still be made, by the latest reply."""
        return max(0, self.usage.limit - self.usage.used - self._reserve.of(self.usage.limit)) if self.usage else 0
