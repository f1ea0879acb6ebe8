"""Every malformed request of OAuth gets the error that its specification names, and none an error of the server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.oauth.clients import is_redirect
from tests.oauth.site import ISSUER, REDIRECT, Proof, Site, Time, answer_in, asked, log_in, register, site_of, sqlite

pytestmark = pytest.mark.anyio
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LONG = "x" * 70_000


@pytest.fixture
async def client_id(site: Site) -> str:
    return str((await register(site))["client_id"])


# /authorize: what is wrong with the client or its address is for the person to read; all else is for the client.


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"client_id": "unknown"},
        {"client_id": "é"},
        {"client_id": "https://"},
        {"client_id": "http://app.example/client.json"},
        {"client_id": "https://app.example"},
        {"client_id": "https://app.example/a/../client.json"},
        {"client_id": "https://user:password@app.example/client.json"},
        {"client_id": "https://app.example:0/client.json"},
        {"client_id": "https://app.example/client.json#x"},
        {"client_id": "https://[::1/client.json"},
        {"client_id": "https://127.0.0.1/client.json"},
        {"client_id": "https://10.0.0.1/client.json"},
        {"client_id": "https://169.254.169.254/latest/meta-data"},
        {"client_id": "https://localhost/client.json"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": f"{REDIRECT}/../x"},
        {"redirect_uri": f"{REDIRECT}#fragment"},
        {"redirect_uri": "http://["},
        {"redirect_uri": "http://127.0.0.1:99999/callback"},
        {"state": "s" * 5000},
        {"state": "a\0b"},
    ],
)
async def test_without_a_client_or_its_address_a_person_reads_why_and_is_sent_nowhere(
    site: Site, client_id: str, changes: dict[str, str]
) -> None:
    answer = await site.browser().get("/authorize", params=asked(site, client_id, Proof(), **changes))

    assert answer.status_code in {400, 401}
    assert "location" not in answer.headers
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "query", ["client_id=a&client_id=a", "%ff%fe=1", "client_id=%ED%A0%80", "&".join(["a=b"] * 200)]
)
async def test_a_query_that_cannot_be_read_is_a_page_too(site: Site, query: str) -> None:
    answer = await site.browser().get(f"/authorize?{query}")

    assert answer.status_code == 400
    assert "invalid_request" in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "=" * 43}, "invalid_request"),
        ({"code_challenge": "a" * 44}, "invalid_request"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"resource": f"{ISSUER}/mcp https://other.example"}, "invalid_target"),
        ({"resource": f"{ISSUER}/mcp/deeper"}, "invalid_target"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "urn:example:x"}, "request_uri_not_supported"),
        ({"prompt": "none"}, "interaction_required"),
    ],
)
async def test_what_else_is_wrong_with_a_request_is_told_to_the_client(
    site: Site, client_id: str, changes: dict[str, str], error: str
) -> None:
    answer = await site.browser().get("/authorize", params=asked(site, client_id, Proof(), **changes))

    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{REDIRECT}?")
    told = answer_in(answer)
    assert (told["error"], told["state"], told["iss"]) == (error, "a state & more", ISSUER)


@pytest.mark.parametrize("form", [{}, {"request": "x"}, {"request": "é", "decision": "allow"}, {"decision": "allow"}])
async def test_an_answer_to_no_page_of_ours_is_refused(site: Site, form: dict[str, str]) -> None:
    answer = await site.browser().post("/authorize", data=form, headers=FORM)

    assert answer.status_code == 400
    assert "invalid_request" in answer.text


@pytest.mark.parametrize("query", ["", "code=x", "state=unknown&code=x", "state=x&state=y", "error=access_denied"])
async def test_who_comes_back_from_nowhere_is_sent_nowhere(site: Site, query: str) -> None:
    answer = await site.browser().get(f"/callback?{query}")

    assert answer.status_code in {400, 403}
    assert "location" not in answer.headers


# /token


TOKEN_CASES: list[tuple[dict[str, str], int, str]] = [
    ({"grant_type": ""}, 400, "invalid_request"),
    ({"grant_type": "password", "username": "a", "password": "b"}, 400, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, 400, "unsupported_grant_type"),
    ({"client_id": ""}, 400, "invalid_request"),
    ({"client_id": "unknown"}, 401, "invalid_client"),
    ({"client_id": "https://app.example/\x7f"}, 401, "invalid_client"),
    ({"client_secret": "of a public client"}, 401, "invalid_client"),
    ({"code": ""}, 400, "invalid_request"),
    ({"code": "unknown"}, 400, "invalid_grant"),
    ({"code": "é" * 100}, 400, "invalid_grant"),
    ({"code_verifier": ""}, 400, "invalid_request"),
    ({"code_verifier": "short"}, 400, "invalid_request"),
    ({"code_verifier": "v" * 129}, 400, "invalid_request"),
    ({"code_verifier": "é" * 50}, 400, "invalid_request"),
    ({"grant_type": "refresh_token"}, 400, "invalid_request"),
    ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
    ({"grant_type": "refresh_token", "refresh_token": "a.0.b"}, 400, "invalid_grant"),
    ({"grant_type": "refresh_token", "refresh_token": "a.99999999999999999999.b"}, 400, "invalid_grant"),
    ({"grant_type": "refresh_token", "refresh_token": "a.0.b\0"}, 400, "invalid_request"),
    ({"grant_type": "refresh_token", "refresh_token": "a.0.b", "client_id": "unknown"}, 401, "invalid_client"),
]


@pytest.mark.parametrize(("changes", "status", "error"), TOKEN_CASES)
async def test_a_token_request_is_refused_with_its_error(
    site: Site, client_id: str, changes: dict[str, str], status: int, error: str
) -> None:
    usual = {"grant_type": "authorization_code", "code": "x", "client_id": client_id, "code_verifier": "v" * 43}

    answer = await site.browser().post("/token", data=usual | changes)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"].isascii()
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("content", "headers", "status", "error"),
    [
        (b"", FORM, 400, "invalid_request"),
        (b"{}", {"Content-Type": "application/json"}, 400, "invalid_request"),
        (b"grant_type=refresh_token", {}, 400, "invalid_request"),
        (b"grant_type=refresh_token", {"Content-Type": "multipart/form-data; boundary=x"}, 400, "invalid_request"),
        (b"grant_type=refresh_token&grant_type=refresh_token", FORM, 400, "invalid_request"),
        (b"\xff\xfe", FORM, 400, "invalid_request"),
        (b"grant_type=%ff", FORM, 400, "invalid_request"),
        (b"code=" + LONG.encode(), FORM, 413, "invalid_request"),
        (b"grant_type=refresh_token&refresh_token=a.0.b", FORM | {"Authorization": "Basic ***"}, 401, "invalid_client"),
        (
            b"grant_type=refresh_token&refresh_token=a.0.b",
            FORM | {"Authorization": "Basic /w=="},
            401,
            "invalid_client",
        ),
        (
            b"grant_type=refresh_token&refresh_token=a.0.b",
            FORM | {"Authorization": "Basic eA=="},
            401,
            "invalid_client",
        ),
        (b"grant_type=refresh_token&refresh_token=a.0.b", FORM | {"Authorization": "Bearer x"}, 401, "invalid_client"),
        (b"client_id=y", FORM | {"Authorization": "Basic eDp5"}, 400, "invalid_request"),
        (b"client_secret=y", FORM | {"Authorization": "Basic eDp5"}, 400, "invalid_request"),
    ],
)
async def test_a_body_or_an_authorization_that_cannot_be_read_is_refused_with_its_error(
    site: Site, content: bytes, headers: dict[str, str], status: int, error: str
) -> None:
    answer = await site.browser().post("/token", content=content, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("resource", ["https://other.example/mcp", "x", f"{ISSUER}/mcp/x"])
async def test_a_token_for_another_resource_is_invalid_target_and_spends_nothing(site: Site, resource: str) -> None:
    tokens = await log_in(site)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": tokens["client_id"]}

    refused = await site.browser().post("/token", data=form | {"resource": resource})

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")
    assert (await site.browser().post("/token", data=form | {"resource": f"{ISSUER}/mcp/"})).status_code == 200


# /register


REGISTER_CASES: list[tuple[Any, str]] = [
    ([], "invalid_client_metadata"),
    ("text", "invalid_client_metadata"),
    (None, "invalid_client_metadata"),
    ({}, "invalid_redirect_uri"),
    ({"redirect_uris": []}, "invalid_redirect_uri"),
    ({"redirect_uris": "https://app.example"}, "invalid_redirect_uri"),
    ({"redirect_uris": [1]}, "invalid_redirect_uri"),
    ({"redirect_uris": [""]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["/callback"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["https://"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["http://app.example/callback"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["https://app.example/#x"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["https://user@app.example/"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["file:///etc/passwd"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["https://app.example/\n"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["https://app.example/é"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["https://app.example/" + "x" * 2000]}, "invalid_redirect_uri"),
    ({"redirect_uris": [REDIRECT] * 21}, "invalid_redirect_uri"),
    ({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
    ({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": ["none"]}, "invalid_client_metadata"),
    ({"redirect_uris": [REDIRECT], "grant_types": ["implicit"]}, "invalid_client_metadata"),
    ({"redirect_uris": [REDIRECT], "grant_types": "authorization_code"}, "invalid_client_metadata"),
    ({"redirect_uris": [REDIRECT], "response_types": ["token"]}, "invalid_client_metadata"),
    ({"redirect_uris": [REDIRECT], "client_name": 7}, "invalid_client_metadata"),
    ({"redirect_uris": [REDIRECT], "scope": ["a"]}, "invalid_client_metadata"),
]


@pytest.mark.parametrize(("described", "error"), REGISTER_CASES)
async def test_a_registration_is_refused_with_its_error(site: Site, described: Any, error: str) -> None:
    answer = await site.browser().post("/register", json=described)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 10_000, b'{"redirect_uris": [NaN]}', LONG.encode()])
async def test_a_registration_that_is_no_json_is_refused(site: Site, content: bytes) -> None:
    answer = await site.browser().post("/register", content=content)

    assert answer.status_code in {400, 413}
    assert answer.json()["error"] in {"invalid_client_metadata", "invalid_request"}


async def test_only_so_many_register_at_once(site: Site) -> None:
    answers = [await site.browser().post("/register", json={"redirect_uris": [REDIRECT]}) for _ in range(601)]

    assert {each.status_code for each in answers[:600]} == {201}
    assert (answers[600].status_code, answers[600].json()["error"]) == (429, "temporarily_unavailable")
    assert answers[600].headers["retry-after"] == "600"


# /revoke, and methods


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"token_type_hint": "access_token"}, 400, "invalid_request"),
        ({"token": ""}, 400, "invalid_request"),
    ],
)
async def test_a_revocation_of_nothing_is_refused(site: Site, form: dict[str, str], status: int, error: str) -> None:
    answer = await site.browser().post("/revoke", data=form, headers=FORM)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize("token", ["x", "a.0.b", "é", "eyJhbGciOiJub25lIn0.e30.", LONG[:60_000]])
async def test_a_token_that_is_none_is_revoked_already(site: Site, token: str) -> None:
    assert (await site.browser().post("/revoke", data={"token": token})).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/token"),
        ("PUT", "/token"),
        ("GET", "/register"),
        ("GET", "/revoke"),
        ("DELETE", "/authorize"),
        ("POST", "/callback"),
        ("PUT", "/connections"),
        ("POST", "/.well-known/oauth-authorization-server"),
    ],
)
async def test_another_method_is_not_allowed(site: Site, method: str, path: str) -> None:
    answer = await site.browser().request(method, path)

    assert answer.status_code == 405
    assert answer.headers["allow"]


# Tokens


@pytest.mark.parametrize(
    "bearer",
    [
        "",
        "x",
        "a.b.c",
        "é",
        LONG,
        "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJ4In0.",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6bnVsbH0.e30.x",
        "W10.W10.W10",
        "..",
    ],
)
async def test_what_is_no_token_of_ours_is_nobodys(site: Site, bearer: str) -> None:
    assert await site.logins.person_of(bearer) is None


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_a_token_that_was_changed_is_nobodys(site: Site, part: int) -> None:
    tokens = await log_in(site)
    parts = tokens["access_token"].split(".")
    middle = len(parts[part]) // 2
    parts[part] = parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]

    assert await site.logins.person_of(".".join(parts)) is None


@given(st.text(max_size=80))
def test_any_text_is_an_address_to_send_people_to_or_none(text: str) -> None:
    assert is_redirect(text) in {True, False}


# The store is away


def _put_in_the_way(file: Path) -> None:
    """Let a folder be where the store was."""
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    file.mkdir()


@pytest.fixture
async def broken(org: LocalOrg, tmp_path: Path, time: Time) -> AsyncIterator[tuple[Site, dict[str, Any]]]:
    store = sqlite(tmp_path, time)
    async with site_of(org, store, time) as site:
        tokens = await log_in(site)
        site.time.now += 6
        file = tmp_path / "store.db"
        await store.close()
        store._thread = type(store._thread)(1)  # type: ignore[attr-defined]  # its file is opened again
        _put_in_the_way(file)
        yield site, tokens


async def test_without_the_store_nobody_gets_in_and_all_are_told_to_try_again(
    broken: tuple[Site, dict[str, Any]],
) -> None:
    site, tokens = broken
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": tokens["client_id"]}
    answers: list[httpx2.Response] = [
        await site.browser().post("/token", data=form),
        await site.browser().post("/register", json={"redirect_uris": [REDIRECT]}),
        await site.browser().post("/revoke", data={"token": tokens["refresh_token"]}),
        await site.browser().get("/authorize", params=asked(site, tokens["client_id"], Proof())),
        await site.browser().get("/callback?state=x"),
    ]

    for answer in answers:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "store" in answer.text
