"""Salesforce's side of a login: its page, its tokens, and its word on who somebody is."""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from mcp_salesforce.policy.roles import PERMISSION_SETS, PROFILE
from mcp_salesforce.salesforce import AuthenticationError, SalesforceError, Token, Transport
from mcp_salesforce.salesforce.consent import SCOPE, Consent, revoke
from mcp_salesforce.salesforce.errors import TransportError, UnreadableReplyError
from mcp_salesforce.salesforce.flows import ask_token
from mcp_salesforce.salesforce.ids import is_id, to_18
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.replies import read_reply
from mcp_salesforce.salesforce.wire import HttpRequest

ONLY_WHO: Final = "api"
"""The scope of a login that asks nothing but who somebody is; it brings no refresh token."""
_ANSWER_S: Final = 20.0
_VERSION: Final = "v60.0"
_PERMISSION_SETS: Final = (
    "SELECT PermissionSet.Name FROM PermissionSetAssignment WHERE AssigneeId = {} "
    "AND PermissionSet.IsOwnedByProfile = false AND (ExpirationDate = null OR ExpirationDate > TODAY)"
)
_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has logged in to Salesforce, and what it gave; the repr shows no secret and no claim."""

    org_id: str
    user_id: str
    username: str
    token: Token
    refresh_token: str = field(repr=False)
    claims: dict[str, Any] = field(repr=False)


class Org:
    """The org that everybody logs in to, by its login host and one app."""

    def __init__(self, transport: Transport, login_url: str, client_id: str, client_secret: str, callback: str) -> None:
        """Ask `login_url` as the app; people are sent back to `callback`."""
        self._transport = transport
        self.login_url = login_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._callback = callback

    def __repr__(self) -> str:
        return f"<Org at {self.login_url}>"

    def question(self, scope: str = SCOPE) -> Consent:
        """Return a new question for Salesforce's page, with a state and a proof key of its own."""
        return Consent.begin(self.login_url, self._client_id, self._callback, scope=scope)

    def question_of(self, state: str, verifier: str, scope: str) -> Consent:
        """Return a question that was asked before."""
        return Consent(self.login_url, self._client_id, self._callback, state, verifier, scope)

    async def signed_in(self, question: Consent, query: str) -> SignedIn:
        """Return who has logged in, by what the browser brought back.

        API: POST /services/oauth2/token, GET /services/oauth2/userinfo

        Raises:
            AuthenticationError: The person denied, or Salesforce refuses.
            SalesforceError: Salesforce cannot be reached.
        """
        code = question.code_of(query)
        redeeming = question.redeem(self._transport.exchange, code, self._client_secret)
        token, refresh_token = await _in_time(redeeming)
        claims = await self.claims(token)
        org_id, user_id = (str(claims.get(name, "")) for name in ("organization_id", "user_id"))
        if not is_id(org_id) or not is_id(user_id):
            raise UnreadableReplyError("Salesforce does not say who logged in", status=200)
        if claims.get("active") is False:
            raise AuthenticationError("The user is not active.", code="inactive_user")
        username = str(claims.get("preferred_username", ""))
        return SignedIn(to_18(org_id), to_18(user_id), username, token, refresh_token, claims)

    async def claims(self, token: Token) -> dict[str, Any]:
        """Return what Salesforce says of a user, by OpenID Connect's names.

        API: GET /services/oauth2/userinfo

        Raises:
            AuthenticationError: The token is no longer valid.
            SalesforceError: Salesforce cannot be reached, or answers something else.
        """
        headers = {"Authorization": f"Bearer {token.access_token}", "Accept": "application/json"}
        request = HttpRequest("GET", f"{token.instance_url}/services/oauth2/userinfo", headers)
        reply = await _in_time(self._transport.exchange(request))
        value = read_reply(reply, (token.access_token,))
        if not isinstance(value, dict):
            raise UnreadableReplyError("Salesforce does not say who the user is", status=reply.status)
        return value

    async def roles(self, token: Token, user_id: str) -> dict[str, Any]:
        """Return the profile of a user and the permission sets that are assigned to the user, as claims.

        API: GET /query

        Raises:
            SalesforceError: The user may not see them, or Salesforce cannot be reached.
        """
        profile = await self._rows(token, f"SELECT Profile.Name FROM User WHERE Id = {quote(user_id)}")  # noqa: S608
        sets = await self._rows(token, _PERMISSION_SETS.format(quote(user_id)))
        return {
            PROFILE: profile[0]["Profile"]["Name"] if profile else "",
            PERMISSION_SETS: [each["PermissionSet"]["Name"] for each in sets if each["PermissionSet"]],
        }

    async def _rows(self, token: Token, soql: str) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token.access_token}", "Accept": "application/json"}
        url = f"{token.instance_url}/services/data/{_VERSION}/query?{urlencode({'q': soql})}"
        reply = await _in_time(self._transport.exchange(HttpRequest("GET", url, headers)))
        value = read_reply(reply, (token.access_token,))
        rows = value.get("records") if isinstance(value, dict) else None
        if not isinstance(rows, list):
            raise UnreadableReplyError("Salesforce does not say which roles the user has", status=reply.status)
        return rows

    async def refresh(self, refresh_token: str) -> tuple[Token, str]:
        """Return a new access token, and the refresh token that replaces the one given; empty if it stays.

        API: POST /services/oauth2/token, grant_type=refresh_token

        Raises:
            AuthenticationError: Salesforce refuses; TokenBusyError while another refresh of it runs.
            SalesforceError: Salesforce cannot be reached.
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "refresh_token": refresh_token,
        }
        secrets = (self._client_secret, refresh_token)
        return await _in_time(ask_token(self._transport.exchange, self.login_url, form, secrets, {}))

    async def revoke(self, token: str) -> None:
        """End what a token stands for, as far as Salesforce can be reached.

        API: POST /services/oauth2/revoke
        """
        try:
            await _in_time(revoke(self._transport.exchange, self.login_url, token))
        except SalesforceError as error:
            _log.warning("A login could not be ended at Salesforce: %s", error.message)

    async def close(self) -> None:
        """Release the connections."""
        await self._transport.close()


async def _in_time(answer: Awaitable[_Result]) -> _Result:
    try:
        async with asyncio.timeout(_ANSWER_S):
            return await answer
    except TimeoutError:
        raise TransportError(f"Salesforce did not answer within {_ANSWER_S:g} seconds.", sent=True) from None
