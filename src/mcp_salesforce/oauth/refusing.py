"""How the OAuth endpoints refuse: with the error that the specification names, and a sentence."""

import functools
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mcp_salesforce.markup import element, joined
from mcp_salesforce.pages import page
from mcp_salesforce.store.interface import StoreError

NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_UNSAYABLE: Final = re.compile(r"[^\x20-\x21\x23-\x5B\x5D-\x7E]")
_log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


class OAuthRefusedError(Exception):
    """A request is refused; `error` is a code of RFC 6749, 7009, 7591 or 8707."""

    def __init__(
        self, error: str, description: str, *, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        """Say `description`, in the characters that a description may have."""
        self.error = error
        self.description = sayable(description)
        self.status = status
        self.headers = {**NO_STORE, **(headers or {})}
        super().__init__(f"{error}: {self.description}")


def sayable(text: str) -> str:
    """Return a text in the characters that an error_description may have (RFC 6749, section 4.1.2.1)."""
    return _UNSAYABLE.sub("'", text)[:500]


def _unavailable(error: StoreError) -> OAuthRefusedError:
    """Return the refusal while the store cannot be used."""
    _log.error("The store cannot be used: %s", error.message)
    description = "The server cannot reach its store now. Try again in a few seconds."
    return OAuthRefusedError("temporarily_unavailable", description, status=503, headers={"Retry-After": "2"})


def refusing(endpoint: Endpoint, shown: Callable[[OAuthRefusedError], Response]) -> Endpoint:
    """Return `endpoint`, whose refusals are answered as `shown` has them; so is a store that cannot be used."""

    @functools.wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except OAuthRefusedError as error:
            return shown(error)
        except StoreError as error:
            return shown(_unavailable(error))

    return answered


def answering(endpoint: Endpoint) -> Endpoint:
    """Return `endpoint`, whose refusals are JSON objects."""
    return refusing(endpoint, _as_json)


def _as_json(refused: OAuthRefusedError) -> Response:
    body = {"error": refused.error, "error_description": refused.description}
    return JSONResponse(body, refused.status, refused.headers)


def showing(endpoint: Endpoint) -> Endpoint:
    """Return `endpoint`, whose refusals are pages for people."""
    return refusing(endpoint, _as_page)


def _as_page(refused: OAuthRefusedError) -> Response:
    advice = element("p", "Go back to the program that sent you here, and start again from there.")
    body = joined(element("p", refused.description), advice, element("p", refused.error))
    answer = page("This does not work", body, refused.status)
    if again := refused.headers.get("Retry-After"):
        answer.headers["Retry-After"] = again
    return answer
