"""The programs that ask for logins: what they say of themselves, and where people may be sent back to."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self
from urllib.parse import SplitResult, urlsplit

from mcp_salesforce.oauth.refusing import OAuthRefusedError

AUTH_METHODS: Final = ("none", "client_secret_post", "client_secret_basic")
GRANT_TYPES: Final = frozenset({"authorization_code", "refresh_token"})
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_MOST_REDIRECTS: Final = 20
_MOST_CHARACTERS: Final = 2000
_MOST_NAME: Final = 80
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[\x21-\x7e]+")
_OF_BROWSERS: Final = frozenset(
    {"about", "blob", "chrome", "data", "file", "filesystem", "ftp", "javascript", "mailto", "vbscript", "view-source",
     "ws", "wss"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Client:
    """A program that asks for logins.

    Attributes:
        client_id: How it names itself: an Id of ours, or the address of its document.
        name: What it is called, by its own word.
        redirect_uris: Where people may be sent back to.
        auth_method: How it proves at the token endpoint that it is itself; `none` for public clients.
        secret_hash: SHA-256 of its secret; empty for public clients.
    """

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    auth_method: str = "none"
    secret_hash: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """The host that vouches for its name; empty for a registered client, for which nobody does."""
        return (urlsplit(self.client_id).hostname or "") if "://" in self.client_id else ""

    def allows(self, redirect_uri: str) -> bool:
        """Tell whether people may be sent to `redirect_uri`: one of its own, on this machine on any port (RFC 8252)."""
        return any(redirect_uri == own or _is_same_loopback(redirect_uri, own) for own in self.redirect_uris)

    def knows(self, secret: str) -> bool:
        """Tell whether `secret` is the client's."""
        return is_secret(secret, self.secret_hash)

    def as_values(self) -> dict[str, Any]:
        """Return what is kept of it."""
        return asdict(self)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the client that was kept."""
        return cls(**{**values, "redirect_uris": tuple(values["redirect_uris"])})


def is_secret(secret: str, secret_hash: str) -> bool:
    """Tell whether a secret has a hash; an empty hash is that of none."""
    return bool(secret_hash) and hmac.compare_digest(hashed(secret), secret_hash)


def hashed(secret: str) -> str:
    """Return the SHA-256 of a random secret, which is enough to know it again."""
    return hashlib.sha256(secret.encode()).hexdigest()


def registered(metadata: object) -> tuple[Client, str]:
    """Return a new client for a registration request (RFC 7591), and its secret; empty for a public client.

    Raises:
        OAuthRefusedError: invalid_redirect_uri or invalid_client_metadata.
    """
    if not isinstance(metadata, dict):
        raise OAuthRefusedError("invalid_client_metadata", "The body must be a JSON object.")
    method = metadata.get("token_endpoint_auth_method") or "client_secret_basic"  # RFC 7591, section 2
    client = described(secrets.token_urlsafe(18), metadata, method)
    if method == "none":
        return client, ""
    secret = secrets.token_urlsafe(32)
    return Client(client.client_id, client.name, client.redirect_uris, method, hashed(secret)), secret


def described(client_id: str, metadata: Mapping[str, Any], auth_method: object) -> Client:
    """Return the client that says `metadata` of itself.

    Raises:
        OAuthRefusedError: invalid_redirect_uri or invalid_client_metadata.
    """
    if auth_method not in AUTH_METHODS:
        known = ", ".join(AUTH_METHODS)
        raise OAuthRefusedError("invalid_client_metadata", f"token_endpoint_auth_method must be one of {known}.")
    _check_names(metadata, "grant_types", GRANT_TYPES, needed="authorization_code")
    _check_names(metadata, "response_types", frozenset({"code"}), needed="code")
    name = metadata.get("client_name", "")
    if not isinstance(name, str) or not isinstance(metadata.get("scope", ""), str):
        raise OAuthRefusedError("invalid_client_metadata", "client_name and scope must be texts.")
    return Client(client_id, _shown(name), _redirect_uris(metadata.get("redirect_uris")), str(auth_method))


def _check_names(metadata: Mapping[str, Any], key: str, known: frozenset[str], *, needed: str) -> None:
    """Check a list of names; the unknown ones are cut, and what we need must be among them."""
    names = metadata.get(key)
    if names is None:
        return
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise OAuthRefusedError("invalid_client_metadata", f"{key} must be a list of texts.")
    if needed not in known.intersection(names):
        raise OAuthRefusedError("invalid_client_metadata", f"{key} must have {needed}.")


def _redirect_uris(given: object) -> tuple[str, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise OAuthRefusedError("invalid_redirect_uri", "redirect_uris must be a list of at least one address.")
    if len(given) > _MOST_REDIRECTS:
        raise OAuthRefusedError("invalid_redirect_uri", f"There are more than {_MOST_REDIRECTS} redirect_uris.")
    for each in given:
        if not isinstance(each, str) or not is_redirect(each):
            raise OAuthRefusedError(
                "invalid_redirect_uri",
                "A redirect_uri is an https address, an http address of this machine (127.0.0.1, [::1], localhost), or "
                "one with a scheme of the app; without a fragment.",
            )
    return tuple(given)


def is_redirect(uri: str) -> bool:
    """Tell whether people may be sent to an address at all."""
    if len(uri) > _MOST_CHARACTERS or not _PLAIN.fullmatch(uri) or "#" in uri or "\\" in uri:
        return False
    parts = _split(uri)
    if parts is None or not _SCHEME.fullmatch(parts.scheme) or parts.scheme in _OF_BROWSERS:
        return False
    if parts.scheme in {"https", "http"}:
        has_host = bool(parts.hostname) and parts.username is None
        return has_host and (parts.scheme == "https" or parts.hostname in LOOPBACK)
    return bool(parts.netloc or parts.path.strip("/"))


def _is_same_loopback(uri: str, own: str) -> bool:
    """Tell whether two addresses of this machine differ in nothing but their ports."""
    here, there = _split(uri), _split(own)
    return (
        here is not None
        and there is not None
        and here.scheme == there.scheme == "http"
        and here.hostname in LOOPBACK
        and here.hostname == there.hostname
        and is_redirect(uri)
        and (here.path or "/", here.query) == (there.path or "/", there.query)
    )


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    return None if port == 0 else parts


def _shown(name: str) -> str:
    """Return a name as people may see it: in one line, without characters that hide or turn others."""
    return " ".join("".join(each if each.isprintable() else " " for each in name).split())[:_MOST_NAME]
