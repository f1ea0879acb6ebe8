"""How long to wait between two looks at a bulk job."""

from collections.abc import Iterator
from typing import Final

_FIRST_S: Final = 0.1
_LONGEST_S: Final = 5.0
_GROWTH: Final = 1.25


def pauses() -> Iterator[float]:
    """Yield seconds without end: longer each time, five at most."""
    pause_s = _FIRST_S
    while True:
        yield pause_s
        pause_s = min(pause_s * _GROWTH, _LONGEST_S)
