"""The four APIs through which hosts reach their models: what a request says, and how an answer is written."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.hosts.seat import SCRIPTED

JSON, EVENTS = "application/json", "text/event-stream"
USAGE = 1  # no host gets to its limits


@dataclass(frozen=True)
class Offered:
    """A tool as the model sees it."""

    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a host sent to its model."""

    tools: dict[str, Offered] = field(default_factory=dict)
    results: list[tuple[str, str]] = field(default_factory=list)
    """The calls that were answered, in order: the tool's name, and what the model reads."""
    said: str = ""
    """Every other text: instructions, and the messages of the user and the model."""


@dataclass(frozen=True)
class Call:
    """A call of a tool that the model wants."""

    tool: str
    arguments: Mapping[str, Any]


Answer = Call | str


class Api(Protocol):
    """One provider's API."""

    def read(self, body: Mapping[str, Any]) -> Asked:
        """Return what the host sent."""

    def write(self, answer: Answer, number: int) -> Any:
        """Return the answer as one JSON value; `number` makes its ids differ."""

    def stream(self, answer: Answer, number: int) -> Iterator[tuple[str, Any]]:
        """Yield the answer as server-sent events: name (may be empty) and data."""


def text_of(content: Any) -> str:
    """Return the texts of a message's content: a string, or a list of parts of any API."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return str(content.get("text") or json.dumps(content, ensure_ascii=False))
    return "\n".join(text_of(part) for part in content or ())


class Anthropic:
    """Messages: POST /v1/messages."""

    def read(self, body: Mapping[str, Any]) -> Asked:
        tools = {
            tool["name"]: Offered(tool.get("description", ""), tool.get("input_schema", {}))
            for tool in body.get("tools", ())
        }
        said, results, names = [text_of(body.get("system", ""))], [], {}
        for message in body["messages"]:
            content = message["content"]
            for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
                if block["type"] == "tool_use":
                    names[block["id"]] = block["name"]
                elif block["type"] == "tool_result":
                    results.append((names[block["tool_use_id"]], text_of(block.get("content", ""))))
                else:
                    said.append(text_of(block))
        return Asked(tools, results, "\n".join(said))

    def write(self, answer: Answer, number: int) -> Any:
        is_call = isinstance(answer, Call)
        return {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": SCRIPTED,
            "content": [self._block(answer, number)],
            "stop_reason": "tool_use" if is_call else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": USAGE, "output_tokens": USAGE},
        }

    def stream(self, answer: Answer, number: int) -> Iterator[tuple[str, Any]]:
        whole = self.write(answer, number)
        (block,) = whole["content"]
        if isinstance(answer, Call):
            start = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(answer.arguments)}
        else:
            start, delta = {**block, "text": ""}, {"type": "text_delta", "text": answer}
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
            {"type": "content_block_start", "index": 0, "content_block": start},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
                "usage": {"output_tokens": USAGE},
            },
            {"type": "message_stop"},
        ]
        for event in events:
            yield str(event["type"]), event

    @staticmethod
    def _block(answer: Answer, number: int) -> dict[str, Any]:
        if isinstance(answer, Call):
            return {"type": "tool_use", "id": f"toolu_{number}", "name": answer.tool, "input": answer.arguments}
        return {"type": "text", "text": answer}


class Chat:
    """OpenAI's Chat Completions: POST /v1/chat/completions."""

    def read(self, body: Mapping[str, Any]) -> Asked:
        functions = [tool["function"] for tool in body.get("tools") or ()]
        tools = {one["name"]: Offered(one.get("description", ""), one.get("parameters", {})) for one in functions}
        said: list[str] = []
        results: list[tuple[str, str]] = []
        names: dict[str, str] = {}
        for message in body["messages"]:
            for call in message.get("tool_calls") or ():
                names[call["id"]] = call["function"]["name"]
            if message["role"] == "tool":
                results.append((names[message["tool_call_id"]], text_of(message["content"])))
            else:
                said.append(text_of(message.get("content")))
        return Asked(tools, results, "\n".join(said))

    def write(self, answer: Answer, number: int) -> Any:
        message = {"role": "assistant", **self._content(answer, number)}
        choice = {"index": 0, "message": message, "finish_reason": self._reason(answer)}
        return {**self._head("chat.completion", number), "choices": [choice], "usage": self._usage()}

    def stream(self, answer: Answer, number: int) -> Iterator[tuple[str, Any]]:
        head = self._head("chat.completion.chunk", number)
        content = self._content(answer, number)
        for index, call in enumerate(content.get("tool_calls", ())):
            call["index"] = index
        for delta, reason in (({"role": "assistant", **content}, None), ({}, self._reason(answer))):
            yield "", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        yield "", {**head, "choices": [], "usage": self._usage()}
        yield "", "[DONE]"

    @staticmethod
    def _head(kind: str, number: int) -> dict[str, Any]:
        return {"id": f"chatcmpl-{number}", "object": kind, "created": 0, "model": SCRIPTED}

    @staticmethod
    def _usage() -> dict[str, int]:
        return {"prompt_tokens": USAGE, "completion_tokens": USAGE, "total_tokens": 2 * USAGE}

    @staticmethod
    def _reason(answer: Answer) -> str:
        return "tool_calls" if isinstance(answer, Call) else "stop"

    @staticmethod
    def _content(answer: Answer, number: int) -> dict[str, Any]:
        if not isinstance(answer, Call):
            return {"content": answer}
        function = {"name": answer.tool, "arguments": json.dumps(answer.arguments)}
        return {"content": None, "tool_calls": [{"id": f"call_{number}", "type": "function", "function": function}]}


class Responses:
    """OpenAI's Responses: POST /v1/responses."""

    def read(self, body: Mapping[str, Any]) -> Asked:
        said, results, names = [text_of(body.get("instructions") or "")], [], {}
        items = body["input"]
        for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
            if item.get("type") == "function_call":
                names[item["call_id"]] = item["name"]
            elif item.get("type") == "function_call_output":
                results.append((names[item["call_id"]], text_of(item["output"])))
            else:
                said.append(text_of(item.get("content")))
        return Asked(dict(self._offered(body.get("tools") or ())), results, "\n".join(said))

    def _offered(self, tools: Sequence[Mapping[str, Any]], space: str = "") -> Iterator[tuple[str, Offered]]:
        for tool in tools:
            if tool["type"] == "namespace":
                yield from self._offered(tool["tools"], f"{tool['name']}/")
            elif tool["type"] == "function":
                yield space + tool["name"], Offered(tool.get("description", ""), tool.get("parameters", {}))

    def write(self, answer: Answer, number: int) -> Any:
        return self._response(number, [self._item(answer, number)])

    def stream(self, answer: Answer, number: int) -> Iterator[tuple[str, Any]]:
        item = self._item(answer, number)
        where = {"item_id": item["id"], "output_index": 0}
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": self._response(number, [])},
            {"type": "response.output_item.added", "output_index": 0, "item": self._begun(item)},
        ]
        if isinstance(answer, Call):
            arguments = item["arguments"]
            events += [
                {"type": "response.function_call_arguments.delta", **where, "delta": arguments},
                {"type": "response.function_call_arguments.done", **where, "arguments": arguments},
            ]
        else:
            where["content_index"] = 0
            (part,) = item["content"]
            events += [
                {"type": "response.content_part.added", **where, "part": {**part, "text": ""}},
                {"type": "response.output_text.delta", **where, "delta": answer, "logprobs": []},
                {"type": "response.output_text.done", **where, "text": answer, "logprobs": []},
                {"type": "response.content_part.done", **where, "part": part},
            ]
        events += [
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": self._response(number, [item])},
        ]
        for sequence, event in enumerate(events):
            yield event["type"], {**event, "sequence_number": sequence}

    @staticmethod
    def _begun(item: dict[str, Any]) -> dict[str, Any]:
        empty: dict[str, Any] = {"arguments": ""} if item["type"] == "function_call" else {"content": []}
        return {**item, **empty, "status": "in_progress"}

    @staticmethod
    def _item(answer: Answer, number: int) -> dict[str, Any]:
        if isinstance(answer, Call):
            space, _, name = answer.tool.rpartition("/")
            return {
                "type": "function_call",
                "id": f"fc_{number}",
                "call_id": f"call_{number}",
                "name": name,
                **({"namespace": space} if space else {}),
                "arguments": json.dumps(answer.arguments),
                "status": "completed",
            }
        content = [{"type": "output_text", "text": answer, "annotations": []}]
        return {
            "type": "message",
            "id": f"msg_{number}",
            "role": "assistant",
            "status": "completed",
            "content": content,
        }

    @staticmethod
    def _response(number: int, output: list[Any]) -> dict[str, Any]:
        return {
            "id": f"resp_{number}",
            "object": "response",
            "created_at": 0,
            "model": SCRIPTED,
            "status": "completed" if output else "in_progress",
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "output": output,
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [],
            "usage": {
                "input_tokens": USAGE,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": USAGE,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 2 * USAGE,
            },
        }


class Gemini:
    """generateContent and streamGenerateContent: POST /v1beta/models/…."""

    def read(self, body: Mapping[str, Any]) -> Asked:
        declared = [one for tool in body.get("tools") or () for one in tool.get("functionDeclarations", ())]
        tools = {
            one["name"]: Offered(
                one.get("description", ""), one.get("parametersJsonSchema") or one.get("parameters") or {}
            )
            for one in declared
        }
        system = body.get("systemInstruction") or body.get("system_instruction") or {}
        said, results = [text_of(system.get("parts"))], []
        for content in body["contents"]:
            for part in content["parts"]:
                if "functionResponse" in part:
                    response = part["functionResponse"]
                    results.append((response["name"], json.dumps(response["response"], ensure_ascii=False)))
                elif "functionCall" not in part:
                    said.append(text_of(part))
        return Asked(tools, results, "\n".join(said))

    def write(self, answer: Answer, number: int) -> Any:
        del number
        part = (
            {"functionCall": {"name": answer.tool, "args": answer.arguments}}
            if isinstance(answer, Call)
            else {"text": answer}
        )
        candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
        usage = {"promptTokenCount": USAGE, "candidatesTokenCount": USAGE, "totalTokenCount": 2 * USAGE}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": SCRIPTED}

    def stream(self, answer: Answer, number: int) -> Iterator[tuple[str, Any]]:
        yield "", self.write(answer, number)
