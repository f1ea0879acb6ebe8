"""People who log in through a browser, and then call the server as themselves."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.http.application import Team, create_app
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.oauth.addresses import Addresses
from mcp_salesforce.oauth.front_desk import TeamLogins
from mcp_salesforce.oauth.org import Org
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.store.sealing import KeyRing, SealedStore
from tests.conftest import settings_of
from tests.http.served import HEADERS, answer_in, request_of, served
from tests.oauth.site import ISSUER, KEY, ORG, Site, Time, log_in, sqlite, submit, to_the_end

WHOAMI = request_of("tools/call", {"name": "salesforce_whoami", "arguments": {}})


@pytest.fixture
async def site(org: LocalOrg, tmp_path: Path) -> AsyncIterator[Site]:
    """The whole server, at the address that people know it by."""
    time, ring, addresses = Time(), KeyRing((KEY,)), Addresses(ISSUER)
    store = SealedStore(sqlite(tmp_path, time), ring)
    carrying = AsgiTransport(org.app)
    upstream = Org(carrying, ORG, org.credentials.client_id, org.credentials.client_secret, addresses.of("callback"))
    logins = TeamLogins(addresses, store, ring, upstream, now=time)
    (tmp_path / "files").mkdir()
    settings = settings_of(org, journal="off", instance_url=ORG, toolsets="default,files", files=tmp_path / "files")
    app = create_app(settings, team=Team(ISSUER, ORG, logins, sqlite(tmp_path, time)), transport=carrying)
    async with served(app):
        site = Site(logins, org, time, app, store)  # type: ignore[arg-type]  # any ASGI application does
        try:
            yield site
        finally:
            for browser in site.browsers:
                await browser.aclose()


EXPORT = request_of(
    "tools/call", {"name": "salesforce_export", "arguments": {"path": "a.csv", "soql": "SELECT Id, Name FROM Contact"}}
)


async def called(site: Site, tokens: dict[str, Any], request: dict[str, Any] = WHOAMI) -> tuple[int, Any]:
    headers = {**HEADERS, "Authorization": f"Bearer {tokens['access_token']}"}
    answer = await site.browser().post("/mcp", json=request, headers=headers)
    return answer.status_code, answer_in(answer).get("result", {}).get("structuredContent")


async def test_two_people_log_in_and_each_acts_as_themselves_until_one_logs_out(site: Site) -> None:
    ids = {name: site.org.user(name) for name in ("jonas", "aiko")}
    tokens = {name: await log_in(site, user_id) for name, user_id in ids.items()}
    answers = {name: await called(site, each) for name, each in tokens.items()}
    revoked = await site.browser().post(
        "/revoke", data={"token": tokens["jonas"]["refresh_token"], "client_id": tokens["jonas"]["client_id"]}
    )
    site.time.now += 6
    after = {name: await called(site, each) for name, each in tokens.items()}

    assert {name: said["user"]["Id"] for name, (_, said) in answers.items()} == ids
    assert revoked.status_code == 200
    assert (after["jonas"][0], after["aiko"][0]) == (401, 200)


async def test_the_challenge_leads_to_the_metadata_of_this_server(site: Site) -> None:
    browser = site.browser()
    refused = await browser.get("/mcp")
    where = refused.headers["www-authenticate"].partition('resource_metadata="')[2].partition('"')[0]
    metadata = (await browser.get(where)).json()

    assert refused.status_code == 401
    assert metadata["resource"] == f"{ISSUER}/mcp"


async def test_another_host_is_refused_on_each_page(site: Site) -> None:
    browser = site.browser()
    for path in ("/mcp", "/authorize", "/token", "/.well-known/oauth-protected-resource"):
        assert (await browser.get(path, headers={"Host": "evil.example"})).status_code == 421


async def test_a_browser_gets_a_file_after_a_login_of_the_person_whose_file_it_is(site: Site) -> None:
    jonas = site.org.user("jonas")
    tokens = await log_in(site), await log_in(site, jonas)
    links = [(await called(site, each, EXPORT))[1]["link"].removeprefix(ISSUER) for each in tokens]
    browser = site.browser()

    before = await browser.get(links[0])
    await to_the_end(browser, await submit(browser, await browser.get("/connections"), do="log_in"))
    own, of_another = [await browser.get(link) for link in links]

    assert (before.status_code, own.status_code, of_another.status_code) == (401, 200, 404)
    assert f'href="{ISSUER}/connections"' in before.text
    assert own.text.startswith('"Id","Name"')
