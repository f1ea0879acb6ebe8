"""A worker that is a model behind an API: a loop of requests to it and calls of the server's tools."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
from mcp import Client
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from evals.apis import Conversation, ModelError, Wanted
from evals.runs import Called, Desk, Offered, Worker, approve
from evals.servers import Server, connected, served

MOST_TURNS: Final = 40
REPLY_S: Final = 600
ATTEMPTS: Final = 5
_BUSY: Final = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


class _BusyError(ModelError):
    """The model's API may answer the same request later."""


def by_model(
    api: type[Conversation], model: str, server: Server, environment: Mapping[str, str], most_turns: int = MOST_TURNS
) -> Worker:
    """Return a worker that is `model`; address and key of its API are in the environment.

    It sees the instructions and tools of the server and the request, and approves what the server asks. It ends with
    the first reply without a call.
    """

    async def worker(desk: Desk) -> str:
        with TemporaryDirectory() as folder, served(desk.org) as connection:
            async with (
                connected(server, connection, Path(folder), approve) as client,
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(REPLY_S)) as http,
            ):
                desk.offered = await Offered.by(client)
                conversation = api(model, desk.offered, desk.task.request)
                for _ in range(most_turns):
                    turn = conversation.take(await _reply(http, conversation, environment))
                    desk.used(turn.tokens_in, turn.tokens_out)
                    if not turn.wanted:
                        return turn.text
                    conversation.give([(each, *await _answer(desk, client, each)) for each in turn.wanted])
        raise ModelError(f"There was no answer after {most_turns} turns.")

    return worker


async def _answer(desk: Desk, client: Client, wanted: Wanted) -> tuple[str, bool]:
    if wanted.meant is None:
        text = "The arguments are not a JSON object."
        desk.called.append(Called(wanted.tool, {}, text, is_error=True))
    else:
        await desk.call(client, wanted.tool, wanted.meant)
    return desk.called[-1].answer, desk.called[-1].is_error


async def _reply(
    http: aiohttp.ClientSession, conversation: Conversation, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Send the conversation; where the API is busy, again, later and later.

    Raises:
        ModelError: The API refuses, or is busy each time.
    """
    variable, usual = conversation.base
    url = (environment.get(variable) or usual).rstrip("/") + conversation.path
    key = environment.get(conversation.key, "")
    headers = conversation.headers(key)
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type((_BusyError, aiohttp.ClientConnectionError)),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(max=60),
        reraise=True,
    ):
        with attempt:
            async with http.post(url, json=conversation.body(), headers=headers) as answer:
                if answer.status in _BUSY:
                    raise _BusyError(f"The model's API answers with {answer.status}.")
                if not answer.ok:
                    said = _without(key, await answer.text())[:500]
                    raise ModelError(f"The model's API refuses with {answer.status}: {said}")
                reply: dict[str, Any] = await answer.json(content_type=None)
                return reply
    raise AssertionError


def _without(key: str, text: str) -> str:
    return text.replace(key, "…") if key else text
