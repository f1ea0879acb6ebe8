"""A model that asks for tool calls by a script, on a port of this machine, through any provider's API."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.hosts.apis import EVENTS, JSON, Answer, Anthropic, Api, Asked, Call, Chat, Gemini, Responses

DONE = "That is all."
NOTED = "Noted."
SEARCHES = ("ToolSearch", "tool_search", "search_tools")
"""Tools of hosts that find those which they do not offer from the start."""


@dataclass(frozen=True)
class Wanted:
    """A call in the script: the tool by our own name, whatever the host makes of it."""

    tool: str
    arguments: Mapping[str, Any]
    before: Callable[[], object] = lambda: None
    """What happens before the model asks for it."""


@dataclass
class Model:
    """Goes through the script, one call a request; keeps what it was sent."""

    script: Sequence[Wanted]
    done: str = DONE
    """What it says after the script."""
    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    bodies: list[tuple[str, Any]] = field(default_factory=list)

    def answer(self, asked: Asked) -> Answer:
        """Return the next call: as many were answered as the request has results of our tools."""
        self.asked.append(asked)
        answered = sum(any(is_named(tool, wanted.tool) for wanted in self.script) for tool, _ in asked.results)
        if not asked.tools:
            return NOTED  # a title for the conversation, and the like
        if answered >= len(self.script):
            return self.done
        wanted = self.script[answered]
        for name, offered in asked.tools.items():
            if is_named(name, wanted.tool):
                wanted.before()
                return Call(name, obedient(wanted.arguments, offered.schema))
        return self._search(asked, wanted)

    def _search(self, asked: Asked, wanted: Wanted) -> Answer:
        search = next((name for name in SEARCHES if name in asked.tools), None)
        if search is None or (asked.results[-1:] and asked.results[-1][0] == search):
            return f"There is no {wanted.tool}."
        return Call(search, {"query": "salesforce", "max_results": 50})


def is_named(name: str, tool: str) -> bool:
    """Say whether a host calls our `tool` that: with a prefix of its own."""
    return name.endswith(tool)


def obedient(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return `value` as a model writes it that keeps to `schema`: nothing unknown to it, nothing required left out."""
    if isinstance(value, list):
        return [obedient(item, schema.get("items", {})) for item in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    is_open = schema.get("additionalProperties") is not False
    kept = {name: obedient(one, known.get(name, {})) for name, one in value.items() if name in known or is_open}
    return kept | {name: _nothing(known.get(name, {})) for name in schema.get("required", ()) if name not in kept}


def _nothing(schema: Mapping[str, Any]) -> Any:
    """Return what a model writes for what it does not know."""
    choices = schema.get("anyOf") or [schema]
    return None if any("null" in str(choice.get("type")) for choice in choices) else ""


API_OF_PATH: dict[str, Api] = {
    "/messages": Anthropic(),
    "/chat/completions": Chat(),
    "/responses": Responses(),
    "ontent": Gemini(),
}


@contextmanager
def serving(script: Sequence[Wanted], done: str = DONE) -> Iterator[Model]:
    """Serve a model on a free port until the block ends."""
    model = Model(script, done)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(JSON, json.dumps({"object": "list", "data": [], "models": []}).encode())

        def do_HEAD(self) -> None:
            self._send(JSON, b"")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            path = urlsplit(self.path).path
            model.bodies.append((self.path, body))
            api = next((api for end, api in API_OF_PATH.items() if path.endswith(end)), None)
            if api is None:  # counting tokens, telemetry
                self._send(JSON, json.dumps({"input_tokens": 1, "totalTokens": 1}).encode())
                return
            answer, number = model.answer(api.read(body)), len(model.bodies)
            if body.get("stream") or "streamGenerateContent" in path:
                events = b"".join(_event(*event) for event in api.stream(answer, number))
                self._send(EVENTS, events)
            else:
                self._send(JSON, json.dumps(api.write(answer, number)).encode())

        def _send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        model.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield model
        finally:
            server.shutdown()
            thread.join()


def _event(name: str, data: Any) -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()
