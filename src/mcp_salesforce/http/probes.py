"""What those who operate the server ask it: whether it is alive, whether it can serve, and its measures."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mcp_salesforce.http.draining import Drain
from mcp_salesforce.http.measures import CONTENT_TYPE, Measures

ALIVE: Final = "/healthz"
READY: Final = "/readyz"
METRICS: Final = "/metrics"
_WITHIN_S: Final = 5.0
_LASTS_S: Final = 5.0

Check = Callable[[], Awaitable[object]]


class Readiness:
    """Whether requests can be served: what they need is reachable, and the server does not end."""

    def __init__(self, drain: Drain, checks: Mapping[str, Check]) -> None:
        """Ask `checks`, each of which raises an error if what it names cannot be reached."""
        self._drain = drain
        self._checks = checks
        self._found: dict[str, str] = {}
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def state(self) -> dict[str, str]:
        """Return for each thing `ok` or what is wrong; asked once in a few seconds, however often it is called."""
        if self._drain.has_begun:
            return {"server": "ending"}
        async with self._lock:
            if time.monotonic() >= self._until:
                found = await asyncio.gather(*(_checked(check) for check in self._checks.values()))
                self._found = dict(zip(self._checks, found, strict=True))
                self._until = time.monotonic() + _LASTS_S
        return self._found


async def _checked(check: Check) -> str:
    try:
        async with asyncio.timeout(_WITHIN_S):
            await check()
    except TimeoutError:
        return f"no answer within {_WITHIN_S:g} s"
    except Exception as error:  # noqa: BLE001 - whatever keeps it from being reached
        return getattr(error, "code", "") or type(error).__name__
    return "ok"


def probes(readiness: Readiness, measures: Measures) -> list[Route]:
    """Return the routes of the probes; they name nobody and hold no secret."""

    async def alive(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        state = await readiness.state()
        is_ready = all(each == "ok" for each in state.values())
        body = orjson.dumps({"ready": is_ready, **state})
        status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return Response(body, status, media_type="application/json")

    async def metrics(_: Request) -> Response:
        return Response(measures.as_text(), headers={"content-type": CONTENT_TYPE})

    return [Route(ALIVE, alive), Route(READY, ready), Route(METRICS, metrics)]
