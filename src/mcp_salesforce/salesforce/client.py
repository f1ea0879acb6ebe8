"""The client: one `send` that signs, retries and decodes, and one attribute for each API family."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Final, Self, TypeAlias, TypeVar

from mcp_salesforce.salesforce.api.collections import CollectionsApi
from mcp_salesforce.salesforce.api.composite import (
    CompositeApi,
    EarlierId,
    has_reference,
    is_too_long,
    unwrapped,
    wrapped,
)
from mcp_salesforce.salesforce.api.describe import DescribeApi
from mcp_salesforce.salesforce.api.limits import LimitsApi
from mcp_salesforce.salesforce.api.queries import QueriesApi
from mcp_salesforce.salesforce.api.search import SearchApi
from mcp_salesforce.salesforce.api.soap import SoapApi
from mcp_salesforce.salesforce.api.sobjects import SObjectsApi, creating, record_from, retrieving
from mcp_salesforce.salesforce.auth import Session, Token, TokenSource
from mcp_salesforce.salesforce.budget import NO_RESERVE, Budget, Reserve
from mcp_salesforce.salesforce.envelopes import HEADERS as SOAP_HEADERS
from mcp_salesforce.salesforce.envelopes import envelope, read_envelope, token_refusal
from mcp_salesforce.salesforce.errors import (
    AuthenticationError,
    InvalidArgumentError,
    InvalidRequestError,
    NotFoundError,
    SalesforceError,
    TransportError,
)
from mcp_salesforce.salesforce.ids import is_id, to_18
from mcp_salesforce.salesforce.lost_creates import looked_for
from mcp_salesforce.salesforce.models import (
    ApiUsage,
    Identity,
    Organization,
    SaveResult,
    SObjectRecord,
    UserInfo,
    record_of,
)
from mcp_salesforce.salesforce.replies import INVALID_SESSION, read_reply
from mcp_salesforce.salesforce.retry import may_be_done, retrying
from mcp_salesforce.salesforce.time_limit import current_limit, time_limit
from mcp_salesforce.salesforce.transport import AiohttpTransport, Transport
from mcp_salesforce.salesforce.wire import Answer, HttpReply, HttpRequest, Request, json_body, url_of

_VERSION: Final = re.compile(r"v?(\d{2,3}\.0)")
_TOKEN_REQUEST: Final = Request("POST", "/services/oauth2/token", idempotent=True)
_ORGANIZATION: Final = "SELECT Name, OrganizationType, IsSandbox, TrialExpirationDate FROM Organization LIMIT 1"
_Answer = TypeVar("_Answer")
Exchange: TypeAlias = Callable[[Request], Awaitable[Answer]]
Guard: TypeAlias = Callable[[Exchange], Exchange]


class SalesforceClient:
    """Calls one org's REST API as one user.

    ```python
    async with SalesforceClient(RefreshTokenSource(client_id, client_secret, refresh_token, login_url)) as client:
        contact = await client.sobjects.retrieve("Contact", "003…")
    ```
    """

    def __init__(
        self,
        tokens: TokenSource,
        *,
        api_version: str = "v60.0",
        transport: Transport | None = None,
        timeout_s: float = 30.0,
        max_concurrency: int = 64,
        reserve: Reserve = NO_RESERVE,
        guard: Guard | None = None,
    ) -> None:
        """Prepare; the first call gets the first token.

        Args:
            tokens: Where access tokens come from.
            api_version: Such as `v60.0`; `60.0` is taken too.
            transport: How requests travel; HTTPS without one. It is closed with the client.
            timeout_s: How long a call may take in all, with its retries.
            max_concurrency: How many requests may be under way at once; more wait for their turn.
            reserve: API calls of the org's daily allowance to leave to others.
            guard: Wraps what sends a call: it can change the call or its answer, or refuse it. Every call passes it.

        Raises:
            InvalidArgumentError: `api_version` is not a version.
        """
        version = _VERSION.fullmatch(api_version)
        if version is None:
            raise InvalidArgumentError(f"{api_version[:20]!r} is not an API version such as v60.0.")
        self.api_version = f"v{version[1]}"
        self._tokens = tokens
        self._transport = transport or AiohttpTransport()
        self._timeout_s = timeout_s
        self._session = Session(self._renew)
        self._turns = asyncio.Semaphore(max_concurrency)
        self._budget = Budget(reserve)
        self._has_guard = guard is not None
        self._guarded = guard(self._exchange) if guard else self._exchange
        self.sobjects = SObjectsApi(self.send)
        self.collections = CollectionsApi(self.send)
        self.composite = CompositeApi(self.send, self.api_version)
        self.queries = QueriesApi(self.send)
        self.describe = DescribeApi(self.answer)
        self.search = SearchApi(self.send)
        self.limits = LimitsApi(self.send)
        self.soap = SoapApi(self.send, self.api_version)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End what is under way and release the transport's connections."""
        await self._session.close()
        await self._transport.close()

    @property
    def api_usage(self) -> ApiUsage | None:
        """API calls of the last 24 hours, as the latest reply told (Sforce-Limit-Info)."""
        return self._budget.usage

    async def send(self, request: Request) -> object:
        """Return the JSON value of the reply to `request`, or None where it has none; the results of a SOAP call.

        An expired session is renewed once, by one call for all. Locks and passing failures are waited
        out where a repetition is safe (see `retry`).

        Raises:
            SalesforceError: Of the class that says what went wrong.
        """
        if is_too_long(request):
            return unwrapped(await self.send(wrapped(request, self.api_version)))
        return (await self.answer(request)).value

    async def answer(self, request: Request) -> Answer:
        """Return what `send` does, with the headers of the reply.

        Raises:
            SalesforceError: As `send`; as the guard.
        """
        return await self._guarded(request)

    async def _exchange(self, request: Request) -> Answer:
        body = None if request.body is None or request.is_soap else json_body(request.body)
        token = await self._session.token()
        try:
            return await self._attempts(request, body, token)
        except AuthenticationError as error:
            if error.code != INVALID_SESSION:
                raise
        try:
            token = await self._session.token(refused=token)
        except AuthenticationError as error:
            raise (request.is_soap and token_refusal(token.access_token)) or error from None
        try:
            return await self._attempts(request, body, token)
        except AuthenticationError as error:
            if error.code != INVALID_SESSION:
                raise
            raise (request.is_soap and token_refusal(token.access_token)) or AuthenticationError(
                "The session is still invalid after it was renewed once; it is not renewed again.",
                hint="Check that the user may use the API and the connected app, and that the login URL is this org's.",
            ) from None

    async def create_and_read(
        self,
        sobject: str,
        values: Mapping[str, object],
        *,
        allow_duplicate: bool = False,
        parents: Sequence[str] = (),
    ) -> tuple[str, SObjectRecord | SalesforceError]:
        """Create one record as `sobjects.create` does; return its Id, and the record, or why it could not be read.

        One call does both, but where a guard judges records by their Ids, or a text would be taken for a reference.
        In that one call the names of `parents`, such as `Owner`, are read too: they are `Owner.Name` in the record.

        API: POST /composite (also GET /sobjects/{sobject}/{id}/{relationship}); else POST /sobjects/{sobject},
        GET /sobjects/{sobject}/{id}

        Raises:
            SalesforceError: As `sobjects.create`; nothing was created, or it says that this is unknown.
        """
        if self._has_guard or has_reference(values):
            made = (await self.sobjects.create(sobject, values, allow_duplicate=allow_duplicate)).id or ""
            reading = self.send(retrieving(sobject, made))
        else:
            creation = creating(sobject, values, allow_duplicate=allow_duplicate)
            async with looked_for(self.send, sobject, [values]):
                made_path = f"{creation.path}/{EarlierId.of(0)}"
                named = [Request("GET", f"{made_path}/{parent}", {"fields": "Name"}) for parent in parents]
                saved, read, *names = await self.composite.run_led([creation, Request("GET", made_path), *named])
                made = SaveResult.read(saved).id or ""
            reading = _given(read, dict(zip(parents, names, strict=True)))
        try:
            return made, record_from(await reading)
        except SalesforceError as error:
            return made, error

    async def identity(self) -> Identity:
        """Return whose session it is, from the token's own identity URL; without one it asks the org.

        API: GET /services/oauth2/userinfo (only without an identity URL)

        Raises:
            SalesforceError: As `send`.
        """
        token = await self._session.token()
        organization_id, _, user_id = token.identity_url.partition("/id/")[2].partition("/")
        if not is_id(organization_id) or not is_id(user_id):
            user = await self.userinfo()
            organization_id, user_id = user.organization_id, user.user_id
        return Identity(user_id=to_18(user_id), organization_id=to_18(organization_id), instance_url=token.instance_url)

    async def userinfo(self) -> UserInfo:
        """Return who the user is: names, e-mail address, time zone.

        API: GET /services/oauth2/userinfo

        Raises:
            SalesforceError: As `send`.
        """
        return UserInfo.read(await self.send(Request("GET", "/services/oauth2/userinfo")))

    async def organization(self) -> Organization | None:
        """Return what the org says of itself, or None where the user may not see its record.

        API: GET /query

        Raises:
            SalesforceError: As `send`.
        """
        try:
            found = await self.queries.query(_ORGANIZATION)
        except InvalidRequestError as error:
            if error.code != "INVALID_TYPE":
                raise
            return None
        return Organization.read(found.records[0]) if found.records else None

    async def _attempts(self, request: Request, body: bytes | None, token: Token) -> Answer:
        self._budget.check()
        signed = self._sign(request, body, token)

        async def once(attempt: int) -> Answer:
            reply = await self._transport.exchange(signed)
            try:
                value = self._read(request, reply, token)
                if request.is_led:
                    unwrapped(value)  # raises what its first call came to
                return Answer(value, reply.headers, is_unchanged=reply.status == HTTPStatus.NOT_MODIFIED)
            except NotFoundError as error:
                if attempt > 1 and request.method == "DELETE" and error.code == "ENTITY_IS_DELETED":
                    return Answer(None, reply.headers)  # an earlier attempt deleted it, and its answer was lost
                raise

        return await self._repeat(once, request)

    def _read(self, request: Request, reply: HttpReply, token: Token) -> object:
        self._budget.note(reply.headers.get("sforce-limit-info", ""))
        if not request.is_soap:
            return read_reply(reply, (token.access_token,))
        results = read_envelope(reply, (token.access_token,))
        self._budget.note(results.limit_info)
        return results.value

    def _sign(self, request: Request, body: bytes | None, token: Token) -> HttpRequest:
        url = url_of(token.instance_url, self.api_version, request)
        if request.is_soap:
            return HttpRequest(request.method, url, SOAP_HEADERS, envelope(request.body, token.access_token))
        headers = {"Authorization": f"Bearer {token.access_token}", "Accept": "application/json", **request.headers}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return HttpRequest(request.method, url, headers, body)

    async def _renew(self, refused: Token | None) -> Token:
        """Get a token, with the retries of any call; no answer means that the waiting calls were not sent."""
        try:
            with time_limit(None):  # other calls wait for it too
                return await self._repeat(
                    lambda _attempt: self._tokens.token(self._transport.exchange, refused=refused), _TOKEN_REQUEST
                )
        except TransportError as error:
            raise TransportError(f"No access token: {error.message}", sent=False) from None

    async def _repeat(self, once: Callable[[int], Awaitable[_Answer]], request: Request) -> _Answer:
        """Call `once` until it succeeds, may not be repeated, or the deadline is near.

        Raises:
            SalesforceError: The last failure; it tells whether a write may have been carried out.
        """
        now, limit = asyncio.get_running_loop().time(), current_limit()
        deadline = now + self._timeout_s if limit is None else min(now + self._timeout_s, limit.ends)
        if limit and deadline <= now:
            raise limit.error()
        try:
            try:
                return await self._in_turn(partial(once, 1), deadline)
            except SalesforceError as error:
                return await self._again(once, request, deadline, error)
        except SalesforceError as error:
            if request.is_write and may_be_done(error):
                error.leave_outcome_unknown()
            raise

    async def _again(
        self, once: Callable[[int], Awaitable[_Answer]], request: Request, deadline: float, failure: SalesforceError
    ) -> _Answer:
        """Repeat what failed at first, as the policy for it has it, of which a call that succeeds knows nothing."""
        left_s = deadline - asyncio.get_running_loop().time()
        async for attempt in retrying(idempotent=request.is_idempotent, deadline_s=left_s):
            with attempt:
                number = attempt.retry_state.attempt_number
                if number == 1:
                    raise failure
                return await self._in_turn(partial(once, number), deadline)
        raise AssertionError("the last attempt returns or raises")

    async def _in_turn(self, once: Callable[[], Awaitable[_Answer]], deadline: float) -> _Answer:
        is_waiting = True
        try:
            async with asyncio.timeout_at(deadline), self._turns:
                is_waiting = False
                return await once()
        except TimeoutError:
            limit = current_limit()
            if limit and limit.ends <= deadline:
                if is_waiting:
                    raise limit.error() from None
                raise TransportError(f"No answer before the call's {limit.seconds:g} s were over.", sent=True) from None
            what = "No turn to be sent" if is_waiting else "No answer"
            raise TransportError(f"{what} within {self._timeout_s:g} s.", sent=not is_waiting) from None


async def _given(read: object, parents: Mapping[str, object]) -> object:
    """Return the record of a composite call, with the names of parents that it has, or raise why there is none."""
    if isinstance(read, SalesforceError):
        raise read
    names = {f"{name}.Name": value.get("Name") for name, value in parents.items() if isinstance(value, dict)}
    return {**record_of(read), **{name: value for name, value in names.items() if value}}
