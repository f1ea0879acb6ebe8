"""The client: one `send` that signs, retries and decodes, and one attribute for each API family."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Self, TypeAlias

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.api.bulk import BulkApi
from mcp_salesforce.salesforce.api.collections import CollectionsApi
from mcp_salesforce.salesforce.api.composite import CompositeApi, EarlierId, has_reference
from mcp_salesforce.salesforce.api.describe import DescribeApi
from mcp_salesforce.salesforce.api.files import FilesApi
from mcp_salesforce.salesforce.api.limits import LimitsApi
from mcp_salesforce.salesforce.api.queries import QueriesApi
from mcp_salesforce.salesforce.api.search import SearchApi
from mcp_salesforce.salesforce.api.soap import SoapApi
from mcp_salesforce.salesforce.api.sobjects import SObjectsApi, creating, record_from, retrieving
from mcp_salesforce.salesforce.auth import TokenSource
from mcp_salesforce.salesforce.budget import NO_RESERVE, Reserve
from mcp_salesforce.salesforce.errors import InvalidArgumentError, InvalidRequestError, SalesforceError
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
from mcp_salesforce.salesforce.sending import Sender
from mcp_salesforce.salesforce.transport import AiohttpTransport, Transport
from mcp_salesforce.salesforce.wire import Request

_VERSION: Final = re.compile(r"v?(\d{2,3}\.0)")
_ORGANIZATION: Final = "SELECT Name, OrganizationType, IsSandbox, TrialExpirationDate FROM Organization LIMIT 1"
RequestSender: TypeAlias = Send
Guard: TypeAlias = Callable[[RequestSender], RequestSender]


class SalesforceClient:
    """Calls one org's REST API as one user.

    ```python
    async with SalesforceClient(RefreshTokenSource(client_id, client_secret, refresh_token, login_url)) as client:
        contact = await client.sobjects.retrieve("Contact", "003…")
    ```
    """

    def __init__(  # noqa: PLR0913 - what a client is made of
        self,
        tokens: TokenSource,
        *,
        api_version: str = "v60.0",
        transport: Transport | None = None,
        timeout_s: float = 30.0,
        max_concurrency: int = 64,
        reserve: Reserve = NO_RESERVE,
        guard: Guard | None = None,
        gate: Guard | None = None,
        watch: Guard | None = None,
    ) -> None:
        """Prepare; the first call gets the first token.

        Args:
            tokens: Where access tokens come from.
            api_version: Such as `v60.0`; `60.0` is taken too.
            transport: How requests travel; HTTPS without one. It is closed with the client.
            timeout_s: How long a call may take in all, with its retries.
            max_concurrency: How many requests can run at once; more wait for their turn.
            reserve: API calls of the org's daily allowance to leave to others.
            guard: Wraps what sends a call: it can change the call or its answer, or refuse it. Every call passes it.
            gate: Wraps what sends a call as the guard has it: it sees what really goes out.
            watch: Wraps what sends a call as it was made: it sees what the guard refuses too.

        Raises:
            InvalidArgumentError: `api_version` is not a version.
        """
        version = _VERSION.fullmatch(api_version)
        if version is None:
            raise InvalidArgumentError(f"{api_version[:20]!r} is not an API version such as v60.0.")
        self.api_version = f"v{version[1]}"
        self._sender = Sender(
            tokens,
            transport or AiohttpTransport(),
            api_version=self.api_version,
            timeout_s=timeout_s,
            max_concurrency=max_concurrency,
            reserve=reserve,
        )
        self._has_guard = guard is not None
        exchange = gate(self._sender.exchange) if gate else self._sender.exchange
        guarded = guard(exchange) if guard else exchange
        self.answer: RequestSender = watch(guarded) if watch else guarded
        """Sends a request as `send` does, and returns the headers of the reply too."""
        self.sobjects = SObjectsApi(self.answer)
        self.collections = CollectionsApi(self.answer)
        self.composite = CompositeApi(self.answer, self.api_version)
        self.queries = QueriesApi(self.answer)
        self.describe = DescribeApi(self.answer)
        self.search = SearchApi(self.answer)
        self.limits = LimitsApi(self.answer)
        self.soap = SoapApi(self.answer, self.api_version)
        self.bulk = BulkApi(self.answer)
        self.files = FilesApi(self.answer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End running calls and release the transport's connections."""
        await self._sender.close()

    @property
    def api_usage(self) -> ApiUsage | None:
        """API calls of the last 24 hours, as of the latest reply (Sforce-Limit-Info)."""
        return self._sender.api_usage

    async def send(self, request: Request) -> object:
        """Return the JSON value of the reply to `request`, or None where it has none; the results of a SOAP call.

        An expired session is renewed once, by one call for all. Locks and passing failures are waited
        out where a repetition is safe (see `retry`).

        Raises:
            SalesforceError: Of the class that says what went wrong.
        """
        return (await self.answer(request)).value

    async def create_and_read(
        self, sobject: str, values: Mapping[str, object], *, allow_duplicate: bool = False, parents: Sequence[str] = ()
    ) -> tuple[str, SObjectRecord | SalesforceError]:
        """Create one record as `sobjects.create` does; return its Id, and the record, or why it could not be read.

        One call does both, unless a guard judges records by their Ids, or Salesforce would read a text as a reference.
        In that one call the names of `parents`, such as `Owner`, are read too: they are `Owner.Name` in the record.

        API: POST /composite (also GET /sobjects/{sobject}/{id}/{relationship}); else POST /sobjects/{sobject},
        GET /sobjects/{sobject}/{id}
        """
        if self._has_guard or has_reference(values):
            made = (await self.sobjects.create(sobject, values, allow_duplicate=allow_duplicate)).id or ""
            reading = self.send(retrieving(sobject, made))
        else:
            creation = creating(sobject, values, allow_duplicate=allow_duplicate)
            async with looked_for(self.answer, sobject, [values]):
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
        """Return the Ids of user and org, from the token's identity URL or, without one, from the org.

        API: GET /services/oauth2/userinfo (only without an identity URL)
        """
        token = await self._sender.token()
        organization_id, _, user_id = token.identity_url.partition("/id/")[2].partition("/")
        if not is_id(organization_id) or not is_id(user_id):
            user = await self.userinfo()
            organization_id, user_id = user.organization_id, user.user_id
        return Identity(user_id=to_18(user_id), organization_id=to_18(organization_id), instance_url=token.instance_url)

    async def userinfo(self) -> UserInfo:
        """Return who the user is: names, e-mail address, time zone.

        API: GET /services/oauth2/userinfo
        """
        return UserInfo.read(await self.send(Request("GET", "/services/oauth2/userinfo")))

    async def organization(self) -> Organization | None:
        """Return the org's own record, or None if the user cannot see it.

        API: GET /query
        """
        try:
            found = await self.queries.query(_ORGANIZATION)
        except InvalidRequestError as error:
            if error.code != "INVALID_TYPE":
                raise
            return None
        return Organization.read(found.records[0]) if found.records else None


async def _given(read: object, parents: Mapping[str, object]) -> object:
    """Return the record of a composite call, with the names of parents that it has, or raise why there is none."""
    if isinstance(read, SalesforceError):
        raise read
    names = {f"{name}.Name": value.get("Name") for name, value in parents.items() if isinstance(value, dict)}
    return {**record_of(read), **{name: value for name, value in names.items() if value}}
