"""The APIs of models: what is sent of a conversation, and what a reply asks for.

OpenAI's Chat Completions and Responses, which many other servers of models speak too, and Anthropic's Messages.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from evals.runs import Offered

MOST_TOKENS = 16_000
"""Of one reply; Messages requires a number."""


class ModelError(Exception):
    """The model's API refused a request, or its reply cannot be used."""


@dataclass(frozen=True)
class Wanted:
    """A tool call that the model asks for; `arguments` are JSON as it wrote them, or what they mean."""

    id: str
    tool: str
    arguments: str | Mapping[str, Any]

    @property
    def meant(self) -> dict[str, Any] | None:
        """The arguments as an object; None if they are none."""
        try:
            value = json.loads(self.arguments or "{}") if isinstance(self.arguments, str) else self.arguments
        except ValueError:
            return None
        return dict(value) if isinstance(value, Mapping) else None


@dataclass(frozen=True)
class Turn:
    """A reply of the model: its text, the calls it asks for, and the tokens that the API says it took."""

    text: str
    wanted: Sequence[Wanted]
    tokens_in: int | None
    tokens_out: int | None


class Conversation(ABC):
    """One conversation through one API; it has the whole of it, since not every server keeps any."""

    name: ClassVar[str]
    path: ClassVar[str]
    key: ClassVar[str]
    """The variable of the environment that has the API's key."""
    base: ClassVar[tuple[str, str]]
    """The variable that has the API's address, and the address without it."""

    def __init__(self, model: str, offered: Offered, request: str) -> None:
        """Begin with what a model sees, and what the person asks for."""
        self.model, self.offered = model, offered
        self.said: list[Any] = [{"role": "user", "content": request}]

    @staticmethod
    def headers(key: str) -> dict[str, str]:
        """Return what authorizes a request."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    @abstractmethod
    def body(self) -> dict[str, Any]:
        """Return the next request."""

    @abstractmethod
    def take(self, reply: Mapping[str, Any]) -> Turn:
        """Add a reply to the conversation, and return it.

        Raises:
            ModelError: The reply was cut, or is a refusal.
        """

    @abstractmethod
    def give(self, answers: Sequence[tuple[Wanted, str, bool]]) -> None:
        """Add the answers of the calls; whether each is an error."""


class Chat(Conversation):
    """Chat Completions: https://platform.openai.com/docs/api-reference/chat."""

    name, path, key = "chat", "/chat/completions", "OPENAI_API_KEY"
    base = "OPENAI_BASE_URL", "https://api.openai.com/v1"

    def body(self) -> dict[str, Any]:
        tools = [
            {
                "type": "function",
                "function": {
                    "name": each["name"],
                    "description": each["description"],
                    "parameters": each["inputSchema"],
                },
            }
            for each in self.offered.tools
        ]
        told = self.offered.instructions
        system = [{"role": "system", "content": told}] if told else []
        return {"model": self.model, "messages": [*system, *self.said], "tools": tools}

    def take(self, reply: Mapping[str, Any]) -> Turn:
        choice = reply["choices"][0]
        message = choice["message"]
        if choice.get("finish_reason") in {"length", "content_filter"} or message.get("refusal"):
            raise ModelError(message.get("refusal") or f"The reply ended with {choice['finish_reason']}.")
        kept = {name: message[name] for name in ("content", "tool_calls") if message.get(name)}
        self.said.append({"role": "assistant", "content": None} | kept)
        wanted = [
            Wanted(each["id"], each["function"]["name"], each["function"]["arguments"])
            for each in message.get("tool_calls") or ()
        ]
        used = reply.get("usage") or {}
        return Turn(message.get("content") or "", wanted, used.get("prompt_tokens"), used.get("completion_tokens"))

    def give(self, answers: Sequence[tuple[Wanted, str, bool]]) -> None:
        self.said += [{"role": "tool", "tool_call_id": wanted.id, "content": answer} for wanted, answer, _ in answers]


class Responses(Conversation):
    """Responses: https://platform.openai.com/docs/api-reference/responses."""

    name, path, key, base = "responses", "/responses", Chat.key, Chat.base

    def body(self) -> dict[str, Any]:
        tools = [
            {
                "type": "function",
                "name": each["name"],
                "description": each["description"],
                "parameters": each["inputSchema"],
                "strict": False,
            }
            for each in self.offered.tools
        ]
        return {"model": self.model, "instructions": self.offered.instructions, "input": self.said, "tools": tools}

    def take(self, reply: Mapping[str, Any]) -> Turn:
        if reply.get("status") not in {None, "completed"}:
            reason = reply.get("error") or reply.get("incomplete_details") or {}
            raise ModelError(f"The reply is {reply['status']}: {reason.get('message') or reason.get('reason')}.")
        items = reply["output"]
        self.said += items
        parts = [part for item in items if item["type"] == "message" for part in item["content"]]
        refusals = [part["refusal"] for part in parts if part["type"] == "refusal"]
        if refusals:
            raise ModelError(refusals[0])
        wanted = [
            Wanted(item["call_id"], item["name"], item["arguments"])
            for item in items
            if item["type"] == "function_call"
        ]
        text = "".join(part["text"] for part in parts if part["type"] == "output_text")
        used = reply.get("usage") or {}
        return Turn(text, wanted, used.get("input_tokens"), used.get("output_tokens"))

    def give(self, answers: Sequence[tuple[Wanted, str, bool]]) -> None:
        self.said += [
            {"type": "function_call_output", "call_id": wanted.id, "output": answer} for wanted, answer, _ in answers
        ]


class Messages(Conversation):
    """Messages: https://docs.anthropic.com/en/api/messages."""

    name, path, key = "messages", "/v1/messages", "ANTHROPIC_API_KEY"
    base = "ANTHROPIC_BASE_URL", "https://api.anthropic.com"

    @staticmethod
    def headers(key: str) -> dict[str, str]:
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}

    def body(self) -> dict[str, Any]:
        tools = [
            {"name": each["name"], "description": each["description"], "input_schema": each["inputSchema"]}
            for each in self.offered.tools
        ]
        # What does not change from turn to turn, tools and instructions, is read from a cache after the first one.
        system = [{"type": "text", "text": self.offered.instructions, "cache_control": {"type": "ephemeral"}}]
        shown = {"system": system} if self.offered.instructions else {}
        return {"model": self.model, "max_tokens": MOST_TOKENS, "messages": self.said, "tools": tools} | shown

    def take(self, reply: Mapping[str, Any]) -> Turn:
        if reply.get("stop_reason") in {"max_tokens", "refusal", "model_context_window_exceeded"}:
            raise ModelError(f"The reply ended with {reply['stop_reason']}.")
        blocks = reply["content"]
        self.said.append({"role": "assistant", "content": blocks})
        wanted = [Wanted(each["id"], each["name"], each["input"]) for each in blocks if each["type"] == "tool_use"]
        text = "".join(each["text"] for each in blocks if each["type"] == "text")
        used = reply.get("usage") or {}
        return Turn(text, wanted, _sum(self._read(used)), used.get("output_tokens"))

    def give(self, answers: Sequence[tuple[Wanted, str, bool]]) -> None:
        results = [
            {"type": "tool_result", "tool_use_id": wanted.id, "content": answer, "is_error": is_error}
            for wanted, answer, is_error in answers
        ]
        self.said.append({"role": "user", "content": results})

    @staticmethod
    def _read(used: Mapping[str, Any]) -> Iterator[int | None]:
        for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"):
            yield used.get(name)


def _sum(numbers: Iterator[int | None]) -> int | None:
    known = [each for each in numbers if each is not None]
    return sum(known) if known else None


APIS: Mapping[str, type[Conversation]] = {api.name: api for api in (Chat, Responses, Messages)}
