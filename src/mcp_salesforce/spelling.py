"""The names that a misspelt one may have meant: what is offered has the meaning of what was written."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

_BEGINNING: Final = 4  # characters that tell a name's beginning from an accident
_LONG: Final = 7  # letters of a name in which two slips are likely, or one in the first letter
_BEGUN, _SAYS_LESS = 3, 4  # ranks behind those of one slip and two
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_CUSTOM: Final = re.compile(r"__(c|r|mdt|e|x|b)$", re.IGNORECASE)
_NEGATIONS: Final = ("un", "in", "im", "non", "not", "no", "dis", "de")
_SAY_NOTHING: Final = frozenset({"id", "name", "address", "number", "date", "time", "field", "value", "values"})
_CONTRASTS: Final = tuple(
    frozenset(group.split())
    for group in (
        "first last middle", "start end", "begin end", "from to", "min max", "billing mailing shipping other",
        "open close", "opened closed", "before after", "create delete update upsert", "in out", "on off", "won lost",
    )
)  # fmt: skip


def in_words(items: Sequence[str], word: str = "and") -> str:
    """Return `items` as a sentence has them: `a, b and c`."""
    return f" {word} ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def nearest(wrong: str, names: Iterable[str], *, count: int = 2, slips_only: bool = False) -> list[str]:
    """Return the names that `wrong` may stand for, likeliest first: by a slip of the pen, or because it says less.

    A name that only looks similar is not offered: `Inactive` is not offered for `Active`, `Street2` not for `Street1`.
    """
    farthest = _BEGUN - 1 if slips_only else _SAYS_LESS
    ranked = [
        (rank, at, name)
        for at, name in enumerate(names)
        if (rank := _rank(wrong, name)) is not None and rank <= farthest
    ]
    return list(dict.fromkeys(name for _, _, name in sorted(ranked)))[:count]


def did_you_mean(names: Iterable[str]) -> str:
    """Return the question that names the nearest valid ones, or nothing where there are none."""
    listed = " or ".join(names)
    return f"Did you mean {listed}?" if listed else ""


def _rank(wrong: str, name: str) -> int | None:
    """Return how far `wrong` is from `name`, or None where they do not mean the same."""
    asked, known = _words(wrong), _words(name)
    one, other = "".join(asked), "".join(known)
    if one == other or sorted(asked) == sorted(known):
        return 0
    if not one or not other or _contradict(asked, known):
        return None
    if (slips := _slips(one, other)) is not None:
        return slips
    says_less = set(asked) < set(known) or (set(known) < set(asked) and set(asked) - set(known) <= _SAY_NOTHING)
    is_begun = len(one) >= _BEGINNING and other.startswith(one)
    return _BEGUN if is_begun else _SAYS_LESS if says_less else None


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    """Return the words of a name such as `Birth_Date__c`, `StartDateTime`, or a text, folded."""
    return tuple(word.casefold() for word in _WORD.findall(_CUSTOM.sub("", name)))


def _contradict(asked: tuple[str, ...], known: tuple[str, ...]) -> bool:
    """Tell whether two names say opposite things, or count differently."""
    mine, theirs = set(asked) - set(known), set(known) - set(asked)
    if {word for word in mine if word.isdigit()} != {word for word in theirs if word.isdigit()}:
        return True
    if any(mine & group and theirs & group for group in _CONTRASTS):
        return True
    one, other = sorted(("".join(asked), "".join(known)), key=len)
    return any(other == negation + one for negation in _NEGATIONS) or bool((mine | theirs) & set(_NEGATIONS))


def _slips(one: str, other: str) -> int | None:
    """Return how many letters are wrong, missing, too many or swapped (optimal string alignment), if they are few."""
    length = min(len(one), len(other))
    most = 2 if length >= _LONG else 1
    if abs(len(one) - len(other)) > most or (length < _LONG and one[0] != other[0] and one[:2] != other[1::-1]):
        return None
    slips = _distance(one, other)
    is_replaced = len(one) == len(other) and slips == 1 and not _is_swapped(one, other)
    return None if slips > most or (is_replaced and length < _BEGINNING) else slips


def _is_swapped(one: str, other: str) -> bool:
    return any(one[:at] + b + a + one[at + 2 :] == other for at, (a, b) in enumerate(pairwise(one)))


def _distance(one: str, other: str) -> int:
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, last, row = row, before, [at, *([0] * len(other))]
        for to, theirs in enumerate(other, 1):
            row[to] = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != theirs))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == theirs:
                row[to] = min(row[to], last[to - 2] + 1)
    return row[-1]
