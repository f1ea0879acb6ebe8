"""OAuth and OpenID Connect: tokens, the consent page, and who a token belongs to."""

import base64
import binascii
from html import escape
from urllib.parse import parse_qsl, unquote_plus

from mcp_salesforce.localorg.routes.call import Call, Family, Reply
from mcp_salesforce.localorg.services.consents import OAuthError
from mcp_salesforce.localorg.services.sessions import Session

oauth = Family("oauth")

_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


@oauth.route("POST", "/services/oauth2/token", "recorded", needs_session=False)
def token(call: Call) -> Reply:
    """Return an access token for a refresh token, code, password, JWT, or the app alone."""
    return Reply(body=call.org.oauth.token(_form(call), call.base_url))


@oauth.route("GET", "/services/oauth2/authorize", "simulated", needs_session=False)
def ask_consent(call: Call) -> Reply:
    """Show a plain page that asks a user to allow the app; redirect_uri must be a loopback address."""
    _require_loopback(call)
    ticket = call.org.oauth.consents.ask(call.params)
    choices = "".join(
        f'<option value="{escape(user["Id"])}">{escape(user["Name"])} ({escape(user["Username"])})</option>'
        for user in call.org.oauth.users()
    )
    page = (
        "<!DOCTYPE html><html lang=en><title>Allow access?</title><h1>Allow access?</h1>"
        f"<p>The app asks for: {escape(call.params.get('scope') or 'all')}. "
        f"The answer goes to {escape(call.params['redirect_uri'])}.</p>"
        '<form method=post action="/services/oauth2/authorize">'
        f'<input type=hidden name=ticket value="{ticket}"><p>As <select name=user_id>{choices}</select></p>'
        "<button name=decision value=allow>Allow</button> <button name=decision value=deny>Deny</button></form></html>"
    )
    return Reply(body=page, headers=_PAGE_HEADERS)


@oauth.route("POST", "/services/oauth2/authorize", "simulated", needs_session=False)
def take_consent(call: Call) -> Reply:
    """Take the answer of the consent page, and send the browser back to the app."""
    _require_loopback(call)
    form = _form(call)
    consents = call.org.oauth.consents
    ticket = form.get("ticket", "")
    if form.get("decision") != "allow":
        return Reply(302, headers={"Location": consents.deny(ticket)})
    if form.get("user_id") not in {user["Id"] for user in call.org.oauth.users()}:
        raise OAuthError("invalid_request", "choose a user")
    return Reply(302, headers={"Location": consents.allow(ticket, form["user_id"])})


@oauth.route("POST", "/services/oauth2/introspect", "documented", needs_session=False)
def introspect(call: Call) -> Reply:
    """Return what a token is good for."""
    return Reply(body=call.org.oauth.introspect(_form(call)))


@oauth.route("POST", "/services/oauth2/revoke", "documented", needs_session=False)
def revoke(call: Call) -> Reply:
    """End a session or a grant."""
    call.org.oauth.revoke(_form(call).get("token", ""))
    return Reply()


@oauth.route("GET", "/services/oauth2/revoke", "documented", needs_session=False)
def revoke_by_get(call: Call) -> Reply:
    """End a session or a grant."""
    return revoke(call)


@oauth.route("GET", "/services/oauth2/userinfo", "recorded", needs_session=False)
def userinfo(call: Call) -> Reply:
    """Return the OpenID Connect claims of the token's user."""
    session = _session(call)
    if session is None:
        return Reply(403, "Bad_OAuth_Token")
    return Reply(body=call.org.identities.userinfo(session.user_id, call.base_url))


@oauth.route("POST", "/services/oauth2/userinfo", "documented", needs_session=False)
def userinfo_by_post(call: Call) -> Reply:
    """Return the OpenID Connect claims of the token's user."""
    return userinfo(call)


@oauth.route("GET", "/id/{organization_id}/{user_id}", "documented", needs_session=False)
def identity(call: Call, organization_id: str, user_id: str) -> Reply:
    """Return who the user is; every token reply has this URL."""
    session = _session(call)
    if session is None:
        return Reply(403, "Bad_OAuth_Token")
    if organization_id[:15] != call.org.oauth.organization_id[:15] or user_id[:15] != session.user_id[:15]:
        return Reply(403, "Bad_Id")
    return Reply(body=call.org.identities.identity(session.user_id, call.base_url))


@oauth.route("GET", "/.well-known/openid-configuration", "documented", needs_session=False)
def openid_configuration(call: Call) -> Reply:
    """Return the addresses and abilities of the endpoints above."""
    endpoints = f"{call.base_url}/services/oauth2"
    return Reply(
        body={
            "issuer": call.base_url,
            "authorization_endpoint": f"{endpoints}/authorize",
            "token_endpoint": f"{endpoints}/token",
            "revocation_endpoint": f"{endpoints}/revoke",
            "userinfo_endpoint": f"{endpoints}/userinfo",
            "introspection_endpoint": f"{endpoints}/introspect",
            "scopes_supported": ["api", "web", "id", "refresh_token", "offline_access"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }
    )


def _session(call: Call) -> Session | None:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"bearer", "oauth"}:
        form = _form(call)
        token = form.get("access_token") or form.get("oauth_token") or ""
    return call.org.sessions.find(token.strip())


def _form(call: Call) -> dict[str, str]:
    """Return the parameters of query string and form, with the client's HTTP Basic credentials."""
    try:
        form = dict(call.params) | dict(parse_qsl(call.body.decode(), keep_blank_values=True))
        scheme, _, basic = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            client_id, _, client_secret = base64.b64decode(basic, validate=True).decode().partition(":")
            form |= {"client_id": unquote_plus(client_id), "client_secret": unquote_plus(client_secret)}
    except (UnicodeDecodeError, binascii.Error):
        raise OAuthError("invalid_request", "the request cannot be read") from None
    return form


def _require_loopback(call: Call) -> None:
    """Refuse a page that reached this port under another name: its scripts could press the buttons."""
    if not call.is_loopback:
        raise OAuthError("invalid_request", "the consent page is for loopback addresses only", status=403)
