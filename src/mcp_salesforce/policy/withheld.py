"""The names that a policy withholds from an answer, so that the answer can list them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_MOST_NAMES: Final = 12
_names: ContextVar[dict[str, None] | None] = ContextVar("withheld", default=None)


@contextmanager
def noting() -> Iterator[dict[str, None]]:
    """Collect, in their order, the names that are withheld while the block runs."""
    names: dict[str, None] = {}
    token = _names.set(names)
    try:
        yield names
    finally:
        _names.reset(token)


def withhold(name: str) -> None:
    """Note that the field `name`, such as `Account.Phone`, is left out of the answer."""
    names = _names.get()
    if names is not None:
        names[name] = None


def told(names: dict[str, None]) -> list[str]:
    """Return the names for an answer: the first ones, and how many more there are."""
    listed = list(names)
    more = len(listed) - _MOST_NAMES
    return listed if more <= 0 else [*listed[:_MOST_NAMES], f"and {more} more"]
