"""The names that a misspelt one may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_BEGINNING = 4  # characters that tell a name's beginning from an accident


def nearest(wrong: str, names: Iterable[str], *, count: int = 2) -> list[str]:
    """Return the names most like `wrong`, best first, whatever their case; a beginning of one counts as like it."""
    by_folded = {name.casefold(): name for name in names}
    folded = wrong.casefold()
    begun = [known for known in by_folded if len(folded) >= _BEGINNING and known.startswith(folded)]
    like = dict.fromkeys([*get_close_matches(folded, by_folded, n=count, cutoff=0.6), *begun])
    return [by_folded[known] for known in like][:count]


def did_you_mean(names: Iterable[str]) -> str:
    """Return the question that names the nearest valid ones, or nothing where there are none."""
    listed = " or ".join(names)
    return f"Did you mean {listed}?" if listed else ""
