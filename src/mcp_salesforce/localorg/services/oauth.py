"""Run the OAuth flows: an app proves who it is, and gets a token."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.consents import SCOPES, Consents, OAuthError
from mcp_salesforce.localorg.services.sessions import SESSION_TIMEOUT, Session, Sessions
from mcp_salesforce.localorg.store.grants import Grants
from mcp_salesforce.localorg.store.sqlite import Row

LOGIN_AUDIENCES: Final = ("https://login.salesforce.com", "https://test.salesforce.com")
JWT_LIFETIME_S: Final = 300
_JWT_OPTIONS: Final[Any] = {
    "require": ["iss", "sub", "aud", "exp"],
    "verify_exp": False,  # against the org's own clock
    "verify_nbf": False,
    "verify_iat": False,
}

Form = Mapping[str, str]
TokenReply = dict[str, str]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything that a client needs to use the org; its repr does not show the secrets."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    username: str
    password: str = field(repr=False)
    access_token: str = field(repr=False)
    organization_id: str
    user_id: str


class OAuth:
    """The org's one connected app; the store knows its secrets and refresh tokens by their hashes."""

    def __init__(
        self,
        grants: Grants,
        sessions: Sessions,
        organization_id: str,
        now: Callable[[], datetime],
        *,
        rotate_refresh_tokens: bool = False,
    ) -> None:
        """Authorize apps; with `rotate_refresh_tokens`, each refresh replaces the refresh token."""
        self._grants = grants
        self._sessions = sessions
        self._now = now
        self.organization_id = organization_id
        self.rotate_refresh_tokens = rotate_refresh_tokens
        self.consents = Consents(grants.consumer.client_id, now)

    def credentials(self, user_id: str) -> Credentials:
        """Return what a client needs to call as a user: a new session, and a new refresh token of the user."""
        consumer = self._grants.consumer
        return Credentials(
            client_id=consumer.client_id,
            client_secret=consumer.client_secret,
            refresh_token=self._grants.add(consumer.client_id, user_id, SCOPES),
            username=self._grants.username(user_id),
            password=consumer.password,
            access_token=self._sessions.start(user_id, consumer.client_id, SCOPES).access_token,
            organization_id=self.organization_id,
            user_id=user_id,
        )

    def users(self) -> list[Row]:
        """Return Id, Username and Name of the users who can allow an app."""
        return self._grants.users()

    def jwt_private_key(self) -> str:
        """Return the key, as PEM, that signs assertions of the JWT bearer flow; each start of the org has its own."""
        return self._keys[0]

    def jwt_public_key(self) -> str:
        """Return the key, as PEM, that proves these assertions."""
        return self._keys[1]

    @cached_property
    def _keys(self) -> tuple[str, str]:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = made.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return private.decode(), public.decode()

    @evidence("OAuth", "documented", "An unknown grant type is unsupported_grant_type")
    def token(self, form: Form, base_url: str) -> TokenReply:
        """Answer a token request.

        Raises:
            OAuthError: invalid_client, invalid_grant, unsupported_grant_type …, as from Salesforce.
        """
        if form.get("response_type") == "device_code" or form.get("grant_type") == "device":
            raise OAuthError("unsupported_grant_type", "device flow: not implemented by the local org", status=501)
        flow = _FLOWS.get(form.get("grant_type", ""))
        if flow is None:
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        return flow(self, form, base_url)

    def login(self, username: str, password: str) -> Session:
        """Return a session for a user's name and password; the security token can follow the password.

        Raises:
            OAuthError: invalid_grant; the user or the password is wrong.
        """
        user = self._grants.user(username)
        if user is None or not self._grants.knows("password", password) or not user["IsActive"]:
            raise OAuthError("invalid_grant", "authentication failure")
        return self._sessions.start(user["Id"], self._grants.consumer.client_id, SCOPES)

    @evidence("OAuth", "documented", "Introspection knows access and refresh tokens; any other is not active")
    def introspect(self, form: Form) -> dict[str, Any]:
        """Return the introspection of a token."""
        self._check_client(form)
        token = form.get("token", "")
        session = self._sessions.find(token)
        grant = self._grants.find(token)
        whose = session or grant
        if whose is None:
            return {"active": False}
        known = {
            "active": True,
            "scope": whose.scope,
            "client_id": whose.client_id,
            "username": self._grants.username(whose.user_id),
            "sub": f"{LOGIN_AUDIENCES[0]}/id/{self.organization_id}/{whose.user_id}",
            "token_type": "access_token" if session else "refresh_token",
        }
        if session:
            issued, used = int(session.issued_at.timestamp()), int(session.last_used.timestamp())
            known |= {"iat": issued, "nbf": issued, "exp": used + int(SESSION_TIMEOUT.total_seconds())}
        return known

    @evidence(
        "OAuth", "documented", ("Revoking a refresh token ends its user's sessions; an unknown token is not an error")
    )
    def revoke(self, token: str) -> None:
        """End a session, or a grant and its user's sessions."""
        grant = self._grants.find(token)
        if grant is not None:
            self._grants.revoke(grant)
            self._sessions.end(user_id=grant.user_id)
        self._sessions.end(access_token=token)

    # Flows

    @evidence("OAuth", "documented", "A refresh for a user who was deactivated is inactive_user")
    @evidence("OAuth", "recorded", "A dead refresh token is invalid_grant, 'expired access/refresh token'")
    def refresh(self, form: Form, base_url: str) -> TokenReply:
        """Return an access token for a refresh token."""
        grant = self._grants.find(form.get("refresh_token", ""))
        if grant is None or not grant.public:
            self._check_client(form)
        if grant is None or grant.client_id != form.get("client_id"):
            raise OAuthError("invalid_grant", "expired access/refresh token")
        if not self._grants.is_active(grant.user_id):
            raise OAuthError("inactive_user", "user is inactive")
        reply = self._token_reply(form, grant.user_id, grant.scope, base_url)
        if self.rotate_refresh_tokens:
            reply["refresh_token"] = self._grants.rotate(grant)
        return reply

    def password(self, form: Form, base_url: str) -> TokenReply:
        """Return an access token for a user's name and password."""
        self._check_client(form)
        session = self.login(form.get("username", ""), form.get("password", ""))
        return self._token_reply(form, session.user_id, session.scope, base_url)

    @evidence("OAuth", "documented", "Client credentials act as the org's first user, and give no refresh token")
    def client_credentials(self, form: Form, base_url: str) -> TokenReply:
        """Return an access token for the app alone."""
        self._check_client(form)
        return self._token_reply(form, self._grants.users()[0]["Id"], "api", base_url)

    @evidence("OAuth", "documented", "A code works once, for ten minutes, with its redirect_uri and PKCE verifier")
    def authorization_code(self, form: Form, base_url: str) -> TokenReply:
        """Return an access token for the code of a consent."""
        granted = self.consents.redeem(form)
        public = bool(granted.ask.code_challenge) and "client_secret" not in form
        if not public:
            self._check_client(form)
        reply = self._token_reply(form, granted.user_id, granted.ask.scope, base_url)
        if "refresh_token" in granted.ask.scope.split():
            ask = granted.ask
            reply["refresh_token"] = self._grants.add(ask.client_id, granted.user_id, ask.scope, public=public)
        return reply

    @evidence("OAuth", "documented", "A JWT is RS256, for login, test or this org, and expires within five minutes")
    def jwt_bearer(self, form: Form, base_url: str) -> TokenReply:
        """Return an access token for an assertion that the app signed."""
        import jwt

        try:
            claims = jwt.decode(
                form.get("assertion", ""),
                self.jwt_public_key(),
                algorithms=["RS256"],
                audience=[*LOGIN_AUDIENCES, base_url, f"{base_url}/services/oauth2/token"],
                options={
                    "require": ["iss", "sub", "aud", "exp"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidAudienceError:
            raise OAuthError("invalid_grant", "Audience validation failed") from None
        except jwt.InvalidTokenError:
            raise OAuthError("invalid_grant", "invalid assertion") from None
        if claims["iss"] != self._grants.consumer.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not 0 < claims["exp"] - self._now().timestamp() <= JWT_LIFETIME_S:
            raise OAuthError("invalid_grant", "expired authorization code")
        user = self._grants.user(claims["sub"])
        if user is None:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        return self._token_reply(form, user["Id"], "web api id", base_url)

    @evidence("OAuth", "recorded", "A wrong client secret, or none, is invalid_client")
    def _check_client(self, form: Form) -> None:
        if form.get("client_id") != self._grants.consumer.client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not self._grants.knows("client_secret", form.get("client_secret", "")):
            raise OAuthError("invalid_client", "invalid client credentials")

    @evidence("OAuth", "recorded", "A token reply has no expires_in; issued_at is in milliseconds, as text")
    def _token_reply(self, form: Form, user_id: str, scope: str, base_url: str) -> TokenReply:
        """Return a new session as a token reply, signed with the app's secret, if it has one."""
        consumer = self._grants.consumer
        session = self._sessions.start(user_id, consumer.client_id, scope)
        identity_url = f"{base_url}/id/{self.organization_id}/{user_id}"
        issued_at = str(int(session.issued_at.timestamp() * 1000))
        secret = form.get("client_secret") or consumer.client_secret
        signed = hmac.digest(secret.encode(), f"{identity_url}{issued_at}".encode(), hashlib.sha256)
        return {
            "access_token": session.access_token,
            "signature": base64.b64encode(signed).decode(),
            "scope": scope,
            "instance_url": base_url,
            "id": identity_url,
            "token_type": "Bearer",
            "issued_at": issued_at,
        }


_FLOWS: Final[Mapping[str, Callable[[OAuth, Form, str], TokenReply]]] = {
    "refresh_token": OAuth.refresh,
    "password": OAuth.password,
    "client_credentials": OAuth.client_credentials,
    "authorization_code": OAuth.authorization_code,
    "urn:ietf:params:oauth:grant-type:jwt-bearer": OAuth.jwt_bearer,
}
