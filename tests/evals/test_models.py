"""Models behind each API do a task: they see what the server offers, and their calls and tokens are counted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from evals.apis import APIS, ModelError, Wanted
from evals.models import by_model
from evals.runs import Offered, Result, run
from evals.servers import own
from evals.tasks import TASKS

from mcp_salesforce.localorg import utcnow
from tests.evals.scripts import wishes_of_the_script
from tests.hosts import model

pytestmark = pytest.mark.anyio
NOBODY = "http://127.0.0.1:9"
KEY = "sk-made-up-key"
BOOKING = 2

each_api = pytest.mark.parametrize("api", APIS.values(), ids=APIS)


def environment(address: str) -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": f"{address}/v1",
        "ANTHROPIC_BASE_URL": address,
        "OPENAI_API_KEY": KEY,
        "ANTHROPIC_API_KEY": KEY,
    }


@each_api
async def test_a_model_does_a_task_through_its_api(api: Any) -> None:
    moment = utcnow()
    wishes, answer = await wishes_of_the_script(BOOKING, moment)
    with model.serving(wishes, answer) as served:
        worker = by_model(api, "scripted", own(), environment(served.address))
        result = await run(TASKS[BOOKING - 1], worker, lambda: moment)

    turns = len(wishes) + 1
    assert result.success, result
    assert (result.calls, result.errors, result.answer) == (len(wishes), 0, answer)
    assert (result.tokens_in, result.tokens_out) == (turns, turns)  # the scripted model counts one a reply
    assert result.read > result.calls
    assert result.written > result.calls
    assert len(served.asked) == turns
    assert "Book Marta Oliveira with Jonas Brandt" in served.asked[0].said
    assert "salesforce_whoami returns the user" in served.asked[0].said
    assert served.asked[0].tools["salesforce_create_appointment"].schema["properties"]["data"]
    assert [name for name, _ in served.asked[-1].results] == [f"salesforce_{each.tool}" for each in wishes]


@each_api
async def test_a_model_that_only_talks_has_done_nothing(api: Any) -> None:
    with model.serving([], "It is done.") as served:
        result = await run(TASKS[BOOKING - 1], by_model(api, "scripted", own(), environment(served.address)))

    assert not result.success
    assert not result.failure
    assert result.missing
    assert (result.calls, result.answer) == (0, "It is done.")


async def test_a_model_that_never_ends_is_stopped() -> None:
    wishes = [model.Wanted("whoami", {})] * 5
    with model.serving(wishes) as served:
        worker = by_model(APIS["chat"], "scripted", own(), environment(served.address), most_turns=3)
        result = await run(TASKS[BOOKING - 1], worker)

    assert result.failure == "ModelError: There was no answer after 3 turns."
    assert result.calls == 3


async def test_a_refused_call_is_an_error_that_the_model_reads() -> None:
    with model.serving([model.Wanted("whoami", {"nonsense": 1})]) as served:
        worker = by_model(APIS["messages"], "scripted", own(), environment(served.address))
        result = await run(TASKS[BOOKING - 1], worker)

    [read] = served.bodies[-1][1]["messages"][-1]["content"]
    assert (result.calls, result.errors) == (1, 1)
    assert read["is_error"]
    assert "nonsense" in read["content"]


@contextmanager
def answering(*replies: tuple[int, str]) -> Iterator[tuple[str, list[str]]]:
    """Serve these replies, one a request; gives the address, and what each request had for authorization."""
    left, seen = list(replies), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.headers.get("Authorization", ""))
            status, text = left.pop(0)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", seen
        finally:
            server.shutdown()
            thread.join()


async def done_by(address: str) -> Result:
    return await run(TASKS[BOOKING - 1], by_model(APIS["chat"], "scripted", own(), environment(address)))


async def test_a_refusal_of_the_api_ends_the_task_and_shows_no_key() -> None:
    with answering((401, f"Incorrect API key provided: {KEY}")) as (address, seen):
        result = await done_by(address)

    assert result.failure == "ModelError: The model's API refuses with 401: Incorrect API key provided: …"
    assert seen == [f"Bearer {KEY}"]


async def test_a_busy_api_is_asked_again() -> None:
    done = """{"choices": [{"message": {"content": "Done."}, "finish_reason": "stop"}]}"""
    with answering((529, "busy"), (200, done)) as (address, seen):
        result = await done_by(address)

    assert result.answer == "Done."
    assert (result.tokens_in, result.tokens_out) == (None, None)
    assert len(seen) == 2


CUT: Mapping[str, Mapping[str, Any]] = {
    "chat": {"choices": [{"message": {"content": "I will"}, "finish_reason": "length"}]},
    "responses": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []},
    "messages": {"content": [{"type": "text", "text": "I will"}], "stop_reason": "max_tokens"},
}


@each_api
def test_a_reply_that_was_cut_is_no_answer(api: Any) -> None:
    with pytest.raises(ModelError, match=r"is incomplete: max_output_tokens|ended with (length|max_tokens)"):
        api("scripted", Offered("", []), "Do it.").take(CUT[api.name])


@pytest.mark.parametrize(
    ("arguments", "meant"), [("", {}), ('{"a": 1}', {"a": 1}), ({"a": 1}, {"a": 1}), ("[1]", None), ('{"a": ', None)]
)
def test_arguments_are_an_object_or_none(arguments: Any, meant: Any) -> None:
    assert Wanted("1", "tool", arguments).meant == meant


async def test_arguments_that_are_no_json_are_an_error_of_the_call() -> None:
    call = """{"id": "1", "type": "function", "function": {"name": "salesforce_whoami", "arguments": "{"}}"""
    wish = f"""{{"choices": [{{"message": {{"tool_calls": [{call}]}}, "finish_reason": "tool_calls"}}]}}"""
    done = """{"choices": [{"message": {"content": "Done."}, "finish_reason": "stop"}]}"""
    with answering((200, wish), (200, done)) as (address, _):
        result = await done_by(address)

    assert (result.calls, result.errors, result.answer) == (1, 1, "Done.")
