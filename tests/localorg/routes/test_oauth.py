"""How a client gets in, and who it is then."""

import base64
import hashlib
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.localorg.conftest import BASE_URL, Clock

TOKEN = "/services/oauth2/token"
REDIRECT = "http://localhost:1717/OauthRedirect"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Form(HTMLParser):
    """The hidden fields of a page's form, and its options."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.options: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "input":
            self.fields[values["name"] or ""] = values["value"] or ""
        if tag == "option":
            self.options.append(values["value"] or "")


def secrets(org: LocalOrg) -> dict[str, str]:
    return {"client_id": org.credentials.client_id, "client_secret": org.credentials.client_secret}


def refresh(org: LocalOrg, **changes: str) -> dict[str, str]:
    form = {"grant_type": "refresh_token", "refresh_token": org.credentials.refresh_token}
    return form | secrets(org) | changes


def authorization(org: LocalOrg, **changes: str) -> dict[str, str]:
    query = {
        "response_type": "code",
        "client_id": org.credentials.client_id,
        "redirect_uri": REDIRECT,
        "state": "a b&c",
    }
    return query | {"code_challenge": CHALLENGE, "code_challenge_method": "S256"} | changes


async def code(org: LocalOrg, client: httpx2.AsyncClient, **changes: str) -> str:
    page = Form((await client.get("/services/oauth2/authorize", params=authorization(org, **changes))).text)
    form = page.fields | {"user_id": page.options[0], "decision": "allow"}
    location = (await client.post("/services/oauth2/authorize", data=form)).headers["location"]
    return parse_qs(urlsplit(location).query)["code"][0]


def exchange(org: LocalOrg, code: str, **changes: str) -> dict[str, str]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return form | {"client_id": org.credentials.client_id} | changes


async def works(client: httpx2.AsyncClient, token: dict[str, Any]) -> bool:
    headers = {"Authorization": f"{token['token_type']} {token['access_token']}"}
    return (await client.get("/services/data/v60.0/limits", headers=headers)).status_code == 200


async def test_a_refresh_token_brings_a_token_reply_of_salesforces_shape(
    org: LocalOrg, anonymous: httpx2.AsyncClient, clock: Clock
) -> None:
    reply = await anonymous.post(TOKEN, data=refresh(org))

    token = reply.json()
    assert reply.status_code == 200
    assert set(token) == {"access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"}
    assert token["access_token"].startswith(f"{org.organization_id[:15]}!")
    assert token["instance_url"] == BASE_URL
    assert token["id"] == f"{BASE_URL}/id/{org.organization_id}/{org.user_id}"
    assert token["issued_at"] == str(int(clock.time.timestamp() * 1000))
    assert await works(anonymous, token)


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"refresh_token": "wrong"}, "invalid_grant", "expired access/refresh token"),
        ({"client_secret": "wrong"}, "invalid_client", "invalid client credentials"),
        ({"client_secret": ""}, "invalid_client", "invalid client credentials"),
        ({"client_id": "wrong"}, "invalid_client_id", "client identifier invalid"),
        ({"grant_type": "magic"}, "unsupported_grant_type", "grant type not supported"),
    ],
)
async def test_a_token_request_is_refused_with_one_object(
    org: LocalOrg, anonymous: httpx2.AsyncClient, changes: dict[str, str], error: str, description: str
) -> None:
    reply = await anonymous.post(TOKEN, data=refresh(org, **changes))

    assert reply.status_code == 400
    assert reply.json() == {"error": error, "error_description": description}


async def test_the_client_may_authenticate_by_http_basic(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": org.credentials.refresh_token}
    basic = (org.credentials.client_id, org.credentials.client_secret)

    reply = await anonymous.post(TOKEN, data=form, auth=basic)
    broken = await anonymous.post(TOKEN, data=form, headers={"Authorization": "Basic ***"})

    assert await works(anonymous, reply.json())
    assert broken.json()["error"] == "invalid_request"


async def test_with_rotation_a_refresh_token_works_once(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    org.oauth.rotate_refresh_tokens = True

    first = await anonymous.post(TOKEN, data=refresh(org))
    again = await anonymous.post(TOKEN, data=refresh(org))
    second = await anonymous.post(TOKEN, data=refresh(org, refresh_token=first.json()["refresh_token"]))

    assert again.json()["error"] == "invalid_grant"
    assert await works(anonymous, second.json())


async def test_client_credentials_act_as_the_orgs_first_user(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    token = (await anonymous.post(TOKEN, data=secrets(org) | {"grant_type": "client_credentials"})).json()

    assert token["id"].endswith(org.user_id)
    assert "refresh_token" not in token
    assert await works(anonymous, token)


async def test_a_users_name_and_password_bring_a_token(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    form = secrets(org) | {"grant_type": "password", "username": org.credentials.username}

    right = await anonymous.post(TOKEN, data=form | {"password": org.credentials.password})
    wrong = await anonymous.post(TOKEN, data=form | {"password": "wrong"})
    nobody = await anonymous.post(TOKEN, data=form | {"username": "x", "password": org.credentials.password})

    assert await works(anonymous, right.json())
    for reply in (wrong, nobody):
        assert reply.json() == {"error": "invalid_grant", "error_description": "authentication failure"}


def assertion(org: LocalOrg, clock: Clock, key: str | None = None, **changes: object) -> dict[str, str]:
    claims = {
        "iss": org.credentials.client_id,
        "sub": org.credentials.username,
        "aud": "https://login.salesforce.com",
        "exp": clock.time + timedelta(minutes=3),
    }
    signed = jwt.encode(claims | changes, key or org.oauth.jwt_private_key(), algorithm="RS256")
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}


async def test_a_signed_assertion_brings_a_token(org: LocalOrg, anonymous: httpx2.AsyncClient, clock: Clock) -> None:
    for audience in ("https://login.salesforce.com", "https://test.salesforce.com", BASE_URL):
        token = (await anonymous.post(TOKEN, data=assertion(org, clock, aud=audience))).json()

        assert token["id"].endswith(org.user_id)
        assert await works(anonymous, token)


async def test_an_assertion_that_is_not_right_is_refused(
    org: LocalOrg, anonymous: httpx2.AsyncClient, clock: Clock
) -> None:
    with LocalOrg.open(seed=False) as other:
        forged = assertion(org, clock, key=other.oauth.jwt_private_key())
    cases = {
        "Audience validation failed": assertion(org, clock, aud="https://example.com"),
        "client identifier invalid": assertion(org, clock, iss="wrong"),
        "user hasn't approved this consumer": assertion(org, clock, sub="nobody@example.com"),
        "expired authorization code": assertion(org, clock, exp=clock.time - timedelta(seconds=1)),
        "invalid assertion": forged,
    }
    for description, form in cases.items():
        reply = await anonymous.post(TOKEN, data=form)

        assert (reply.status_code, reply.json()["error_description"]) == (400, description)
    too_long = await anonymous.post(TOKEN, data=assertion(org, clock, exp=clock.time + timedelta(minutes=6)))
    unsigned = jwt.encode({"iss": org.credentials.client_id}, "", algorithm="none")
    none = await anonymous.post(TOKEN, data=assertion(org, clock) | {"assertion": unsigned})
    assert (too_long.json()["error"], none.json()["error"]) == ("invalid_grant", "invalid_grant")


async def test_the_code_flow_with_pkce_needs_no_secret_then_or_later(
    org: LocalOrg, anonymous: httpx2.AsyncClient
) -> None:
    token = (await anonymous.post(TOKEN, data=exchange(org, await code(org, anonymous)))).json()
    form = {"grant_type": "refresh_token", "client_id": org.credentials.client_id}
    refreshed = await anonymous.post(TOKEN, data=form | {"refresh_token": token["refresh_token"]})

    assert await works(anonymous, token)
    assert await works(anonymous, refreshed.json())


async def test_the_code_flow_without_pkce_needs_the_secret(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    first = await code(org, anonymous, code_challenge="", scope="api")
    refused = await anonymous.post(TOKEN, data=exchange(org, first))
    second = await code(org, anonymous, code_challenge="", scope="api")
    token = await anonymous.post(TOKEN, data=exchange(org, second, client_secret=org.credentials.client_secret))

    assert refused.json()["error"] == "invalid_client"
    assert token.json()["scope"] == "api"
    assert "refresh_token" not in token.json()


async def test_a_code_works_once_for_ten_minutes_with_its_redirect_and_verifier(
    org: LocalOrg, anonymous: httpx2.AsyncClient, clock: Clock
) -> None:
    used = exchange(org, await code(org, anonymous))
    assert (await anonymous.post(TOKEN, data=used)).status_code == 200
    wrong = [
        used,
        exchange(org, await code(org, anonymous), code_verifier="x" * 64),
        exchange(org, await code(org, anonymous), code_verifier=""),
        exchange(org, await code(org, anonymous), redirect_uri="http://localhost:9/"),
        exchange(org, await code(org, anonymous), client_id="wrong"),
        exchange(org, "never"),
    ]
    for form in wrong:
        reply = await anonymous.post(TOKEN, data=form)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")
    late = exchange(org, await code(org, anonymous))
    clock.forward(minutes=11)
    assert (await anonymous.post(TOKEN, data=late)).json()["error_description"] == "expired authorization code"


async def test_the_consent_page_escapes_what_the_app_sent_and_cannot_be_framed(
    org: LocalOrg, anonymous: httpx2.AsyncClient
) -> None:
    query = authorization(org, scope="<script>alert(1)</script>", redirect_uri=f'{REDIRECT}?"><script>')

    page = await anonymous.get("/services/oauth2/authorize", params=query)

    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example.com/"},
        {"redirect_uri": "http://localhost.evil.example.com/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://[broken"},
        {"redirect_uri": ""},
        {"client_id": "wrong"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
    ],
)
async def test_an_authorization_request_that_is_not_right_goes_nowhere(
    org: LocalOrg, anonymous: httpx2.AsyncClient, changes: dict[str, str]
) -> None:
    reply = await anonymous.get("/services/oauth2/authorize", params=authorization(org, **changes))

    assert reply.status_code == 400
    assert "location" not in reply.headers
    assert reply.json()["error"]


async def test_no_means_no_and_the_app_is_told_so(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    page = Form((await anonymous.get("/services/oauth2/authorize", params=authorization(org))).text)

    answer = await anonymous.post("/services/oauth2/authorize", data=page.fields | {"decision": "deny"})
    again = await anonymous.post("/services/oauth2/authorize", data=page.fields | {"decision": "allow"})

    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.headers["location"].startswith(REDIRECT)
    assert query == {
        "error": ["access_denied"],
        "error_description": ["end-user denied authorization"],
        "state": ["a b&c"],
    }
    assert again.status_code == 400


async def test_a_page_that_a_hundred_others_followed_is_out_of_date(
    org: LocalOrg, anonymous: httpx2.AsyncClient
) -> None:
    pages = [
        Form((await anonymous.get("/services/oauth2/authorize", params=authorization(org))).text) for _ in range(101)
    ]

    first, second = [
        await anonymous.post("/services/oauth2/authorize", data=page.fields | {"decision": "deny"})
        for page in pages[:2]
    ]

    assert (first.status_code, second.status_code) == (400, 302)


async def test_consent_needs_the_pages_ticket_a_known_user_and_a_loopback_address(
    org: LocalOrg, anonymous: httpx2.AsyncClient
) -> None:
    page = Form((await anonymous.get("/services/oauth2/authorize", params=authorization(org))).text)
    allow = page.fields | {"user_id": page.options[0], "decision": "allow"}

    forged = await anonymous.post("/services/oauth2/authorize", data=allow | {"ticket": "guess"})
    stranger = await anonymous.post("/services/oauth2/authorize", data=allow | {"user_id": "005000000000000AAA"})
    rebound = await anonymous.post("/services/oauth2/authorize", data=allow, headers={"Host": "evil.example.com:8080"})

    assert [reply.status_code for reply in (forged, stranger, rebound)] == [400, 400, 403]


async def test_the_device_flow_is_refused_by_name(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    reply = await anonymous.post(TOKEN, data=secrets(org) | {"response_type": "device_code"})

    assert reply.status_code == 501
    assert reply.json()["error_description"] == "device flow: not implemented by the local org"


async def test_introspection_tells_a_live_token_from_a_dead_one(
    org: LocalOrg, http: httpx2.AsyncClient, clock: Clock
) -> None:
    async def introspect(token: str, **changes: str) -> Any:
        return (await http.post("/services/oauth2/introspect", data=secrets(org) | {"token": token} | changes)).json()

    live = await introspect(org.credentials.access_token)
    refresh_token = await introspect(org.credentials.refresh_token)

    assert live["active"] is True
    assert live["username"] == org.credentials.username
    assert live["exp"] - live["iat"] == 7200
    assert refresh_token["token_type"] == "refresh_token"
    clock.forward(hours=3)
    assert await introspect(org.credentials.access_token) == {"active": False}
    assert (await introspect("x", client_secret="wrong"))["error"] == "invalid_client"


async def test_revoking_a_refresh_token_ends_the_sessions_too(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    reply = await http.post("/services/oauth2/revoke", data={"token": org.credentials.refresh_token})

    assert (reply.status_code, reply.content) == (200, b"")
    assert (await http.get("/services/data/v60.0/limits")).status_code == 401
    assert (await http.post(TOKEN, data=refresh(org))).json()["error"] == "invalid_grant"


async def test_revoking_an_access_token_leaves_the_others(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    other = (await http.post(TOKEN, data=refresh(org))).json()

    await http.get("/services/oauth2/revoke", params={"token": org.credentials.access_token})

    assert (await http.get("/services/data/v60.0/limits")).status_code == 401
    assert await works(http, other)


async def test_userinfo_and_identity_say_who_the_token_is(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    claims = (await http.get("/services/oauth2/userinfo")).json()
    by_post = (await http.post("/services/oauth2/userinfo")).json()
    assert claims["urls"]["partner"].endswith(f"/services/Soap/u/{{version}}/{claims['organization_id'][:15]}")
    identity = (await http.get(urlsplit(claims["sub"]).path)).json()

    assert claims["user_id"] == org.user_id
    assert claims["organization_id"] == org.organization_id
    assert claims["preferred_username"] == org.credentials.username
    assert claims["urls"]["rest"] == f"{BASE_URL}/services/data/v{{version}}/"
    assert "is_app_installed" not in claims
    assert by_post == claims
    assert identity["username"] == org.credentials.username
    assert identity["utcOffset"] == claims["utcOffset"]


async def test_identity_takes_its_token_from_the_query_too(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    path = f"/id/{org.organization_id}/{org.user_id}"
    query = {"format": "json", "oauth_token": org.credentials.access_token}

    assert (await anonymous.get(path, params=query)).json()["user_id"] == org.user_id


async def test_userinfo_and_identity_refuse_other_tokens_and_other_people(
    org: LocalOrg, http: httpx2.AsyncClient, anonymous: httpx2.AsyncClient
) -> None:
    own = f"/id/{org.organization_id}/{org.user_id}"

    assert (await anonymous.get("/services/oauth2/userinfo")).text == "Bad_OAuth_Token"
    for reply in (
        await anonymous.get(own),
        await http.get(f"/id/{org.organization_id}/005000000000000AAA"),
        await http.get(f"/id/00D000000000000AAA/{org.user_id}"),
    ):
        assert reply.status_code == 403


async def test_openid_configuration_points_at_the_endpoints(anonymous: httpx2.AsyncClient) -> None:
    known = (await anonymous.get("/.well-known/openid-configuration")).json()

    assert known["issuer"] == BASE_URL
    assert known["token_endpoint"] == f"{BASE_URL}{TOKEN}"
    assert known["code_challenge_methods_supported"] == ["S256"]


async def test_openid_is_left_out_of_what_is_granted(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    token = await anonymous.post(TOKEN, data=exchange(org, await code(org, anonymous, scope="api openid")))

    assert token.json()["scope"] == "api"
    assert "id_token" not in token.json()


def test_secrets_do_not_show_in_reprs(org: LocalOrg) -> None:
    credentials = org.credentials
    shown = repr(credentials) + repr(org.sessions.find(credentials.access_token)) + repr(vars(org))
    for secret in (
        credentials.client_secret,
        credentials.refresh_token,
        credentials.password,
        credentials.access_token,
    ):
        assert secret not in shown


async def use(org: LocalOrg, clock: Clock) -> list[str]:
    """Log in every way, rotate a refresh token often, revoke one; return every secret that was given out."""
    own = org.credentials
    given = [own.client_secret, own.password, own.access_token, own.refresh_token, org.oauth.jwt_private_key()]
    org.oauth.rotate_refresh_tokens = True
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(org.app), base_url=BASE_URL) as client:
        codes = [await code(org, client), await code(org, client)]

        async def token(form: dict[str, str]) -> dict[str, str]:
            reply = await client.post(TOKEN, data=form)
            assert reply.status_code == 200, reply.text
            brought: dict[str, str] = reply.json()
            given.extend(brought[name] for name in ("access_token", "refresh_token") if name in brought)
            return brought

        await token(exchange(org, codes[0]))
        revoked = await token(exchange(org, codes[1], client_secret=own.client_secret))
        await token(secrets(org) | {"grant_type": "password", "username": own.username, "password": own.password})
        await token(secrets(org) | {"grant_type": "client_credentials"})
        await token(assertion(org, clock))
        brought = await token(refresh(org))
        for _ in range(40):
            brought = await token(refresh(org, refresh_token=brought["refresh_token"]))
        await client.post("/services/oauth2/revoke", data={"token": revoked["refresh_token"]})
    return given + codes


async def test_a_file_holds_no_secret_that_was_ever_given_out(tmp_path: Path, clock: Clock) -> None:
    given: list[str] = []

    def found(*, is_open: bool) -> list[str]:
        files = list(tmp_path.iterdir())
        assert (tmp_path / "org.db-wal" in files) == is_open
        content = b"".join(each.read_bytes() for each in files)
        assert org.credentials.client_id.encode() in content
        return [secret for secret in given if secret.encode() in content]

    for _ in range(2):
        with LocalOrg.open(tmp_path / "org.db", seed=False, now=clock) as org:
            given += await use(org, clock)
            assert found(is_open=True) == []
        assert found(is_open=False) == []
    assert len(set(given)) == len(given) > 160


async def test_a_user_who_was_deactivated_is_out_at_once(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    user_id = str(org.oauth.users()[1]["Id"])
    form = refresh(org, refresh_token=org.oauth.credentials(user_id).refresh_token)
    token = (await anonymous.post(TOKEN, data=form)).json()
    assert await works(anonymous, token)

    org.records.update("User", user_id, {"IsActive": False}, org.user_id)

    again = await anonymous.post(TOKEN, data=form)
    assert not await works(anonymous, token)
    assert (again.status_code, again.json()["error"]) == (400, "inactive_user")
