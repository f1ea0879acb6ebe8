"""Sending: sign requests, wait for a turn, repeat them if that is safe, renew the session once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Final, TypeVar

from mcp_salesforce.salesforce.api.composite import is_too_long, unwrapped, wrapped
from mcp_salesforce.salesforce.auth import Session, Token, TokenSource
from mcp_salesforce.salesforce.bodies import with_file
from mcp_salesforce.salesforce.budget import Budget, Reserve
from mcp_salesforce.salesforce.envelopes import HEADERS as SOAP_HEADERS
from mcp_salesforce.salesforce.envelopes import envelope, read_envelope, token_refusal
from mcp_salesforce.salesforce.errors import AuthenticationError, NotFoundError, SalesforceError, TransportError
from mcp_salesforce.salesforce.models import ApiUsage
from mcp_salesforce.salesforce.replies import INVALID_SESSION, read_csv, read_reply
from mcp_salesforce.salesforce.retry import may_be_done, retrying
from mcp_salesforce.salesforce.time_limit import current_limit, time_limit
from mcp_salesforce.salesforce.tracing import traced
from mcp_salesforce.salesforce.transport import Transport
from mcp_salesforce.salesforce.wire import Answer, HttpReply, HttpRequest, Request, json_body, url_of

_TOKEN_REQUEST: Final = Request("POST", "/services/oauth2/token", idempotent=True)
_Answer = TypeVar("_Answer")


class Sender:
    """Sends the requests of one client."""

    def __init__(
        self,
        tokens: TokenSource,
        transport: Transport,
        *,
        api_version: str,
        timeout_s: float,
        max_concurrency: int,
        reserve: Reserve,
    ) -> None:
        """Send with tokens of `tokens` through `transport`; the rest is as for the client."""
        self._tokens = tokens
        self._transport = transport
        self._api_version = api_version
        self._timeout_s = timeout_s
        self._session = Session(self._renew)
        self._turns = asyncio.Semaphore(max_concurrency)
        self._budget = Budget(reserve)

    @property
    def api_usage(self) -> ApiUsage | None:
        """API calls of the last 24 hours, as of the latest reply (Sforce-Limit-Info)."""
        return self._budget.usage

    async def token(self) -> Token:
        """Return the session's access token."""
        return await self._session.token()

    async def close(self) -> None:
        """End running calls and release the transport's connections."""
        await self._session.close()
        await self._transport.close()

    async def exchange(self, request: Request) -> Answer:
        """Return the answer to `request`; an expired session is renewed once, by one call for all.

        A read that is too long for a URL goes in the body of a composite call.

        Raises:
            SalesforceError: The last failure; it tells whether a write may have been carried out.
        """
        if is_too_long(request):
            answer = await self.exchange(wrapped(request, self._api_version))
            return replace(answer, value=unwrapped(answer.value))
        body = request.upload if isinstance(request.upload, bytes) else None
        if request.body is not None and not request.is_soap:
            body = json_body(request.body)
        token = await self._session.token()
        for is_renewed in (False, True):
            self._budget.check()
            deadline = self._deadline(request.timeout_s)
            attempt = partial(self._attempt, request, self._sign(request, body, token), token, deadline)
            try:
                try:
                    return await attempt(1)
                except SalesforceError as failure:
                    return await _again(attempt, request, deadline, failure)
            except AuthenticationError as error:
                if error.code != INVALID_SESSION:
                    raise
            except SalesforceError as error:
                if request.is_write and may_be_done(error):
                    error.leave_outcome_unknown()
                raise
            if not is_renewed:
                token = await self._renewed(request, token)
        raise (request.is_soap and token_refusal(token.access_token)) or AuthenticationError(
            "The session is still invalid after one renewal.",
            hint="Check that the user may use the API and the connected app, and that the login URL is this org's.",
        )

    async def _attempt(
        self, request: Request, signed: HttpRequest, token: Token, deadline: float, number: int
    ) -> Answer:
        async with self._turn(deadline):
            with traced(signed) as answered:
                answered(reply := await self._transport.exchange(signed))
        try:
            value = self._read(request, reply, token)
            if request.is_led:
                unwrapped(value)  # raises the error of its first call
            return Answer(value, reply.headers, is_unchanged=reply.status == HTTPStatus.NOT_MODIFIED)
        except NotFoundError as error:
            if number > 1 and request.method == "DELETE" and error.code == "ENTITY_IS_DELETED":
                return Answer(None, reply.headers)  # an earlier attempt deleted it, and its answer was lost
            raise

    def _read(self, request: Request, reply: HttpReply, token: Token) -> object:
        self._budget.note(reply.headers.get("sforce-limit-info", ""))
        is_success = HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES
        if request.reads_bytes and is_success:
            return None
        if request.reads_csv and is_success:
            return read_csv(reply, (token.access_token,))
        if not request.is_soap:
            return read_reply(reply, (token.access_token,))
        results = read_envelope(reply, (token.access_token,))
        self._budget.note(results.limit_info)
        return results.value

    def _sign(self, request: Request, body: bytes | None, token: Token) -> HttpRequest:
        url = url_of(token.instance_url, self._api_version, request)
        if request.is_soap:
            return HttpRequest(request.method, url, SOAP_HEADERS, envelope(request.body, token.access_token))
        accepted = "*/*" if request.reads_bytes else "text/csv" if request.reads_csv else "application/json"
        headers = {"Authorization": f"Bearer {token.access_token}", "Accept": accepted, **request.headers}
        stream = request.upload if callable(request.upload) else None
        if body is not None and stream:
            headers["Content-Type"], stream = with_file(body, stream)
            return HttpRequest(request.method, url, headers, None, stream)
        if body is not None or stream:
            headers["Content-Type"] = "application/json" if request.upload is None else "text/csv"
        return HttpRequest(request.method, url, headers, body, stream, request.sink)

    async def _renewed(self, request: Request, refused: Token) -> Token:
        try:
            return await self._session.token(refused=refused)
        except AuthenticationError as error:
            raise (request.is_soap and token_refusal(refused.access_token)) or error from None

    async def _renew(self, refused: Token | None) -> Token:
        """Get a token, with retries; without an answer, the waiting calls were not sent."""
        with time_limit(None):  # other calls wait for it too
            deadline = self._deadline()

            async def once(_number: int) -> Token:
                async with self._turn(deadline):
                    return await self._tokens.token(self._traced, refused=refused)

            try:
                try:
                    return await once(1)
                except SalesforceError as failure:
                    return await _again(once, _TOKEN_REQUEST, deadline, failure)
            except TransportError as error:
                raise TransportError(f"No access token: {error.message}", sent=False) from None

    async def _traced(self, request: HttpRequest) -> HttpReply:
        with traced(request) as answered:
            answered(reply := await self._transport.exchange(request))
        return reply

    def _deadline(self, timeout_s: float | None = None) -> float:
        """Return when a request that begins now has to end, on the event loop's clock: within `timeout_s`, if given."""
        now, limit = asyncio.get_running_loop().time(), current_limit()
        ends = now + (timeout_s or self._timeout_s)
        deadline = ends if limit is None else min(ends, limit.ends)
        if limit and deadline <= now:
            raise limit.error()
        return deadline

    @asynccontextmanager
    async def _turn(self, deadline: float) -> AsyncIterator[None]:
        """Wait for a turn; end the block at `deadline`."""
        is_waiting = True
        try:
            async with asyncio.timeout_at(deadline), self._turns:
                is_waiting = False
                yield
        except TimeoutError:
            limit = current_limit()
            if limit and limit.ends <= deadline:
                if is_waiting:
                    raise limit.error() from None
                raise TransportError(f"No answer before the call's {limit.seconds:g} s were over.", sent=True) from None
            what = "The request was not sent" if is_waiting else "No answer"
            raise TransportError(f"{what} within {self._timeout_s:g} s.", sent=not is_waiting) from None


async def _again(
    attempt: Callable[[int], Awaitable[_Answer]], request: Request, deadline: float, failure: SalesforceError
) -> _Answer:
    """Repeat a call after its first failure, as the retry policy says."""
    left_s = deadline - asyncio.get_running_loop().time()
    async for each in retrying(idempotent=request.is_idempotent, deadline_s=left_s):
        with each:
            number = each.retry_state.attempt_number
            if number == 1:
                raise failure
            return await attempt(number)
    raise AssertionError("the last attempt returns or raises")
