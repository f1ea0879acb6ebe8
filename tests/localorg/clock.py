"""A clock that tests set."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Says what it is set to; a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **time: int) -> None:
        """Let `timedelta(**time)` pass."""
        self.moment += timedelta(**time)
