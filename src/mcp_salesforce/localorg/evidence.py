"""What the local org simulates, and how well each behaviour is known: the source of docs/localorg.md.

The mark stands beside the code that behaves so. Every module of the local org may use it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

Mark = Literal["recorded", "verified", "documented", "quoted", "simulated"]
"""recorded: seen on the wire of a real org, or verified there by a third party; verified: by a client in our tests;
documented: Salesforce's guides; quoted: real text in public code; simulated: without evidence."""

T = TypeVar("T")


@dataclass(frozen=True)
class Behaviour:
    """One thing the local org does as Salesforce does, or as we suppose it does.

    Attributes:
        area: The heading it belongs under: an object, an endpoint, "SOQL".
        statement: What it does, in one sentence.
        mark: How that is known.
        where: Module and function that do it.
    """

    area: str
    statement: str
    mark: Mark
    where: str


BEHAVIOURS: list[Behaviour] = []
"""Every marked behaviour of the modules imported so far, in the order of the code."""


def evidence(area: str, mark: Mark, statement: str) -> Callable[[T], T]:
    """Mark a function or class with what it simulates; the decorated thing is returned as it is."""

    def register(code: T) -> T:
        where = f"{getattr(code, '__module__', '')}.{getattr(code, '__qualname__', '')}"
        BEHAVIOURS.append(Behaviour(area, statement, mark, where))
        return code

    return register
