"""What is known of a question that a person is asked before a change, and what keeps questions. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, Protocol, TypeAlias

Answer: TypeAlias = Literal["approved", "declined"]

LIFETIME: Final = timedelta(minutes=15)
"""How long a question can be answered, and its answer be used."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a change.

    Attributes:
        question_id: Its Id.
        digest: Tells the change from any other.
        at: When it was asked, in Unix seconds.
        org: The org's Id.
        user: The Id of the user who would make the change.
        tool: The tool that would make it.
        state: Whether it waits for an answer, was answered, or its answer was used.
        content: What the person is shown.
    """

    question_id: str
    digest: str
    at: float
    org: str
    user: str
    tool: str
    state: Literal["waiting", "approved", "declined", "used"]
    content: dict[str, Any]


class Questions(Protocol):
    """Keeps questions and their answers. Each method raises SalesforceError where they cannot be kept or read."""

    @property
    def command(self) -> str:
        """What a person runs to answer at a terminal; empty where nobody can."""
        ...

    async def ask(self, digest: str, owner: Sequence[str], tool: str, content: dict[str, Any]) -> str:
        """Keep a question, and return its Id."""
        ...

    async def answer(self, question_id: str, answer: Answer) -> bool:
        """Keep the answer to a question; return whether it still takes this answer."""
        ...

    async def end(self, question_id: str) -> None:
        """Take no answer to a question any more."""
        ...

    async def use(self, question_id: str) -> bool:
        """Use up the approval of a question; return whether it was there to be used: nobody uses it twice."""
        ...

    async def find(self, digest: str) -> Asked | None:
        """Return the last question about a change that is not too old, if its answer is not used up."""
        ...

    async def read(self, question_id: str) -> Asked | None:
        """Return a question that is not too old."""
        ...

    def close(self) -> None:
        """Release what it holds."""
        ...


def may_follow(answer: Answer, *, at_terminal: bool = False) -> tuple[str, ...]:
    """Return the states of a question that take this answer.

    A decline ends it in a host; at a terminal the person can change it.
    """
    former = ("waiting", "declined") if at_terminal else ("waiting",)
    return former if answer == "approved" else (*former, "approved")
