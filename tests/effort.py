"""How hard the laws are tried: a quarter of the examples as a rule, and all of them where TESTS_IN_FULL is set."""

import os

FULL = bool(os.environ.get("TESTS_IN_FULL"))


def examples(full: int, usual: int = 0) -> int:
    """Return how many examples to try where `full` are enough for CI, and `usual` as a rule: a quarter if not said."""
    return full if FULL else usual or max(10, full // 4)
