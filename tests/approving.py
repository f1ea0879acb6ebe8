"""People who are asked by a host: they answer as a test tells them."""

from collections.abc import Callable
from typing import Any

from mcp_types import ElicitRequestFormParams, ElicitResult


def choices(params: Any) -> tuple[str, str]:
    """The harmless choice of a question, and the other one."""
    assert isinstance(params, ElicitRequestFormParams)
    assert params.requested_schema.keys() == {"type", "properties", "required"}
    keep, do = params.requested_schema["properties"]["answer"]["enum"]
    return keep, do


async def approve(context: Any, params: Any) -> ElicitResult:  # noqa: ARG001 - the SDK's signature
    """Say yes to everything."""
    return ElicitResult(action="accept", content={"answer": choices(params)[1]})


class Person:
    """Somebody who is asked, and remembers the questions; `answers` says what to answer to one."""

    def __init__(self, answers: Callable[[str, str], ElicitResult | None] | None = None) -> None:
        self.questions: list[str] = []
        self.choices: list[tuple[str, str]] = []
        self._answers = answers or (lambda _keep, do: ElicitResult(action="accept", content={"answer": do}))

    async def __call__(self, context: Any, params: Any) -> ElicitResult:  # noqa: ARG002 - as `approve`
        self.questions.append(params.message)
        self.choices.append(choices(params))
        answer = self._answers(*self.choices[-1])
        if answer is None:
            raise RuntimeError("the host's dialog broke")
        return answer
