"""How hard the laws are tried: a quarter of the examples as a rule, and all of them where TESTS_IN_FULL is set."""

import os
from collections.abc import Sequence
from typing import TypeVar

Case = TypeVar("Case")

FULL = bool(os.environ.get("TESTS_IN_FULL"))


def examples(full: int, usual: int = 0) -> int:
    """Return how many examples to try where `full` are enough for CI, and `usual` as a rule: a quarter if not said."""
    return full if FULL else usual or max(10, full // 4)


def dealt(cases: Sequence[Case], worlds: Sequence[str], world: str) -> Sequence[Case]:
    """Return the cases to try in `world`: all of them in CI, and as a rule each case in one of `worlds`."""
    return cases if FULL else cases[list(worlds).index(world) :: len(worlds)]
