"""A person logs in with Salesforce, and a program works as this person."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.oauth.site import (
    ISSUER,
    ORG,
    Forms,
    Proof,
    Site,
    answer_in,
    asked,
    code,
    log_in,
    refresh,
    register,
    status,
    submit,
    to_the_end,
)

pytestmark = pytest.mark.anyio


async def exchange(site: Site, client_id: str, code: str, proof: Proof, **changes: str) -> Any:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client_id,
        "code_verifier": proof.verifier,
    }
    return await site.browser().post("/token", data=form | changes)


async def test_a_login_gives_a_token_that_is_the_persons_and_is_refreshed(site: Site) -> None:
    maria = str(site.org.oauth.users()[1]["Id"])
    first, second = await log_in(site), await log_in(site, maria)

    assert first["token_type"] == "Bearer"
    assert (first["expires_in"], first["scope"]) == (3600, "salesforce")
    one, other = [await site.logins.person_of(each["access_token"]) for each in (first, second)]
    assert one is not None
    assert other is not None
    assert (one.user_id, other.user_id) == (site.org.user_id, maria)
    assert one.id != other.id
    assert one.org_id == other.org_id == site.org.organization_id
    assert one.username == site.org.credentials.username
    new = await refresh(site, second)
    assert new.json()["refresh_token"] != second["refresh_token"]
    assert await site.logins.person_of(new.json()["access_token"]) == other


async def test_the_page_names_the_program_and_where_its_person_is_sent_back(site: Site) -> None:
    told = await register(site, client_name="<b>Evil\u202e & Co</b>", redirect_uris=["https://evil.example/back"])

    page = await site.browser().get(
        "/authorize", params=asked(site, told["client_id"], Proof(), redirect_uri="https://evil.example/back")
    )

    assert "&lt;b&gt;Evil &amp; Co&lt;/b&gt;" in page.text
    assert "evil.example" in page.text
    assert "nobody: the program gave this name itself" in page.text
    assert page.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text


async def test_an_answer_has_the_state_and_the_issuer(site: Site) -> None:
    client_id, browser = (await register(site))["client_id"], site.browser()
    page = await browser.get("/authorize", params=asked(site, client_id, Proof()))

    allowed = answer_in(await to_the_end(browser, await submit(browser, page, decision="allow")))
    denied = answer_in(await submit(browser, page, decision="deny"))

    assert allowed.pop("code")
    assert allowed == {"state": "a state & more", "iss": ISSUER}
    assert denied.pop("error_description")
    assert denied == {"error": "access_denied", "state": "a state & more", "iss": ISSUER}


async def test_who_denies_on_salesforces_page_is_sent_back_with_that(site: Site) -> None:
    client_id, browser = (await register(site))["client_id"], site.browser()
    page = await browser.get("/authorize", params=asked(site, client_id, Proof()))
    at_salesforce = await browser.get((await submit(browser, page, decision="allow")).headers["location"])
    action, fields = Forms(at_salesforce.text).found[0]

    back = await browser.post(f"{ORG}{action}", data=fields | {"decision": "deny"})
    answer = answer_in(await browser.get(back.headers["location"]))

    assert answer["error"] == "access_denied"
    assert answer["state"] == "a state & more"


async def test_looking_at_the_page_keeps_and_changes_nothing(site: Site, tmp_path: Path) -> None:
    client_id, browser = (await register(site))["client_id"], site.browser()

    def kept() -> list[Any]:
        with sqlite3.connect(tmp_path / "store.db") as database:
            rows = database.execute("SELECT kind, key, version FROM entry ORDER BY 1, 2").fetchall()
        database.close()
        return rows

    before = kept()
    for _ in range(3):
        assert (await browser.get("/authorize", params=asked(site, client_id, Proof()))).status_code == 200
    assert kept() == before


async def test_only_the_browser_that_saw_the_page_can_go_on(site: Site) -> None:
    client_id, browser, other = (await register(site))["client_id"], site.browser(), site.browser()
    page = await browser.get("/authorize", params=asked(site, client_id, Proof()))
    await other.get("/authorize", params=asked(site, client_id, Proof()))

    stolen = await submit(other, page, decision="allow")
    to_salesforce = await submit(browser, page, decision="allow")
    at_callback = await other.get(to_salesforce.headers["location"])
    action, fields = Forms(at_callback.text).found[0]
    back = await other.post(f"{ORG}{action}", data=fields | {"decision": "allow"})
    foreign = await other.get(back.headers["location"])
    own = await browser.get(back.headers["location"])
    twice = await browser.get(back.headers["location"])

    assert (stolen.status_code, foreign.status_code, twice.status_code) == (403, 403, 403)
    assert "code" in answer_in(own)


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
async def test_a_form_of_another_site_does_nothing(site: Site, headers: dict[str, str]) -> None:
    client_id, browser = (await register(site))["client_id"], site.browser()
    page = await browser.get("/authorize", params=asked(site, client_id, Proof()))
    browser.headers.update(headers)

    assert (await submit(browser, page, decision="allow")).status_code == 403


async def test_a_page_is_out_of_date_after_ten_minutes(site: Site) -> None:
    client_id, browser = (await register(site))["client_id"], site.browser()
    page = await browser.get("/authorize", params=asked(site, client_id, Proof()))
    site.time.now += 601

    late = await submit(browser, page, decision="allow")

    assert late.status_code == 400
    assert "out of date" in late.text


@pytest.mark.parametrize(
    ("registered", "asks", "is_sent"),
    [
        ("http://127.0.0.1/callback", "http://127.0.0.1:51234/callback", True),
        ("http://localhost:3000/callback", "http://localhost:60001/callback", True),
        ("http://[::1]/cb?x=1", "http://[::1]:8080/cb?x=1", True),
        ("http://localhost", "http://localhost:60001/", True),
        ("cursor://anysphere.cursor/callback", "cursor://anysphere.cursor/callback", True),
        ("http://127.0.0.1/callback", "http://127.0.0.1:51234/other", False),
        ("http://127.0.0.1/callback", "http://localhost:51234/callback", False),
        ("http://127.0.0.1/callback", "https://127.0.0.1:51234/callback", False),
        ("http://127.0.0.1/callback", "http://127.0.0.1:51234@evil.example/callback", False),
        ("http://127.0.0.1/callback", "http://127.0.0.1:51234/callback#x", False),
        ("https://app.example/callback", "https://app.example:8443/callback", False),
        ("https://app.example/callback", "https://app.example/callback/..", False),
        ("https://app.example/callback", "https://app.example.evil.example/callback", False),
    ],
)
async def test_a_person_is_sent_to_a_registered_address_on_this_machine_on_any_port(
    site: Site, registered: str, asks: str, is_sent: bool
) -> None:
    client_id, proof, browser = (await register(site, redirect_uris=[registered]))["client_id"], Proof(), site.browser()

    page = await browser.get("/authorize", params=asked(site, client_id, proof, redirect_uri=asks))

    assert page.status_code == (200 if is_sent else 400)
    if is_sent:
        answer = await submit(browser, page, decision="deny")
        assert answer.headers["location"].startswith(f"{asks}{'&' if '?' in asks else '?'}")
    else:
        assert "location" not in page.headers


async def test_a_code_works_once_and_its_second_use_ends_what_it_began(site: Site) -> None:
    client_id, proof = (await register(site))["client_id"], Proof()
    found = await code(site, client_id, proof)

    first = await exchange(site, client_id, found, proof)
    assert await status(site, first.json()) == 200
    second = await exchange(site, client_id, found, proof)
    site.time.now += 6

    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert await status(site, first.json()) == 401
    assert (await refresh(site, first.json() | {"client_id": client_id})).json()["error"] == "invalid_grant"


async def test_a_code_is_for_its_client_its_redirect_and_its_proof_alone_for_a_minute(site: Site) -> None:
    client_id, proof, other = (await register(site))["client_id"], Proof(), (await register(site))["client_id"]
    one, two, three, four = [await code(site, client_id, proof) for _ in range(4)]

    foreign = await exchange(site, other, one, proof)
    own = await exchange(site, client_id, one, proof)
    wrong_proof = await exchange(site, client_id, two, Proof())
    used_up = await exchange(site, client_id, two, proof)
    wrong_redirect = await exchange(site, client_id, three, proof, redirect_uri="http://127.0.0.1:7778/callback")
    site.time.now += 61
    late = await exchange(site, client_id, four, proof)

    assert own.status_code == 200, "what another client tried does not use the code up"
    for answer in (foreign, wrong_proof, used_up, wrong_redirect, late):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_client_with_a_secret_shows_it_in_either_way(site: Site) -> None:
    told = await register(site, token_endpoint_auth_method="client_secret_basic")
    client_id, secret, proof = told["client_id"], told["client_secret"], Proof()

    posted = await exchange(site, client_id, await code(site, client_id, proof), proof, client_secret=secret)
    form = {"grant_type": "authorization_code", "code": await code(site, client_id, proof)}
    by_basic = await site.browser().post(
        "/token", data=form | {"code_verifier": proof.verifier}, auth=(client_id, secret)
    )
    without = await exchange(site, client_id, await code(site, client_id, proof), proof)
    wrong = await site.browser().post("/token", data=form, auth=(client_id, "wrong"))

    assert (posted.status_code, by_basic.status_code) == (200, 200)
    assert (without.status_code, without.json()["error"]) == (401, "invalid_client")
    assert wrong.status_code in {400, 401}
    refreshed = await site.browser().post(
        "/token",
        data={"grant_type": "refresh_token", "refresh_token": by_basic.json()["refresh_token"]},
        auth=(client_id, secret),
    )
    unproved = await refresh(site, posted.json() | {"client_id": client_id})
    assert refreshed.status_code == 200
    assert (unproved.status_code, unproved.json()["error"]) == (401, "invalid_client")


async def test_unknown_scopes_are_cut_and_a_missing_resource_is_ours(site: Site) -> None:
    tokens = await log_in(site, scope="openid offline_access salesforce mcp:tools", resource="")

    assert tokens["scope"] == "salesforce"
    assert await status(site, tokens) == 200


async def test_a_client_without_a_token_is_told_where_to_begin(site: Site) -> None:
    browser = site.browser()

    for method in ("GET", "POST"):
        answer = await browser.request(method, "/mcp")
        assert answer.status_code == 401
        challenge = answer.headers["www-authenticate"]
        assert challenge == (
            f'Bearer resource_metadata="{ISSUER}/.well-known/oauth-protected-resource/mcp", scope="salesforce"'
        )
    resource = (await browser.get("/.well-known/oauth-protected-resource/mcp")).json()
    assert resource == (await browser.get("/.well-known/oauth-protected-resource")).json()
    assert resource["resource"] == f"{ISSUER}/mcp"
    assert resource["authorization_servers"] == [ISSUER]
    server = (await browser.get("/.well-known/oauth-authorization-server")).json()
    openid = (await browser.get("/.well-known/openid-configuration")).json()
    assert server["issuer"] == openid["issuer"] == ISSUER
    assert server.items() <= openid.items()
    assert "none" in server["token_endpoint_auth_methods_supported"]
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["authorization_response_iss_parameter_supported"] is True
    assert server["scopes_supported"] == resource["scopes_supported"] == ["salesforce"]


async def test_scripts_of_any_site_may_ask_for_tokens_but_get_no_cookie_to_count(site: Site) -> None:
    browser = site.browser()
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}

    for path in ("/token", "/register", "/revoke"):
        preflight = await browser.options(path, headers=headers | {"Access-Control-Request-Headers": "content-type"})
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in preflight.headers
    page = await browser.get("/connections", headers=headers)
    assert "access-control-allow-origin" not in page.headers
