"""The monotonic clock, put forward by a test: deadlines pass without a wait, however slow the machine is."""

import time


class Clock:
    """What `time.monotonic` gives, and asyncio and the retries go by."""

    def __init__(self) -> None:
        self._really = time.monotonic
        self._ahead_s = 0.0

    def __call__(self) -> float:
        return self._really() + self._ahead_s

    def put_forward(self, seconds: float) -> None:
        self._ahead_s += seconds
