"""How fast long work goes, and how long it will take."""

import time
from typing import TypedDict


class Speed(TypedDict, total=False):
    """Rows a second, and the seconds that are left; nothing where nothing was done yet."""

    rows_per_s: int
    seconds_left: int


def speed(done: int, before: int, total: int | None, started: float) -> Speed:
    """Return how fast work goes that began at `started`, in Unix seconds, when `before` of `total` rows were done."""
    if not done or not total:
        return {}
    rate = max(done - before, 1) / max(time.time() - started, 0.001)
    return {"rows_per_s": round(rate), "seconds_left": round((total - done) / rate)}
