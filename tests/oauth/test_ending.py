"""Ending a connection: by the program, by its person on the page, and what goes with the last one."""

import pytest

from tests.oauth.site import Forms, Site, Time, log_in, refresh, register, status, submit, to_the_end

pytestmark = pytest.mark.anyio


async def revoke(site: Site, token: str, **given: str) -> int:
    return (await site.browser().post("/revoke", data={"token": token, **given})).status_code


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("names_itself", [True, False])
async def test_a_public_client_ends_its_connection_with_either_token(site: Site, kind: str, names_itself: bool) -> None:
    ended, other = await log_in(site), await log_in(site)
    assert await status(site, ended) == 200
    given = {"client_id": ended["client_id"]} if names_itself else {}

    assert await revoke(site, ended[kind], token_type_hint=kind, **given) == 200
    site.time.now += 6

    assert await status(site, ended) == 401
    assert (await refresh(site, ended)).json()["error"] == "invalid_grant"
    assert await status(site, other) == 200
    assert await revoke(site, ended[kind]) == 200


async def test_another_client_ends_nothing(site: Site) -> None:
    tokens, other = await log_in(site), (await register(site))["client_id"]
    with_secret = await register(site, token_endpoint_auth_method="client_secret_post")

    assert await revoke(site, tokens["refresh_token"], client_id=other) == 401
    given = {"client_id": with_secret["client_id"], "client_secret": with_secret["client_secret"]}
    assert await revoke(site, tokens["access_token"], **given) == 401
    site.time.now += 6
    assert await status(site, tokens) == 200


async def test_the_last_connection_ends_the_login_at_salesforce(site: Site) -> None:
    first, second = await log_in(site), await log_in(site)
    person = await site.logins.person_of(first["access_token"])
    assert person is not None

    async def grants() -> int:
        await site.logins._people.close()
        return len(site.org.store.rows("SELECT 1 FROM _grant WHERE user_id = ?", [person.user_id]))

    before = await grants()
    await revoke(site, first["access_token"])
    assert await grants() == before
    await revoke(site, second["access_token"])
    assert await grants() == before - 1
    assert await site.logins._people.get(person.id) is None


async def test_a_person_sees_the_own_connections_alone_and_ends_each(site: Site) -> None:
    maria = str(site.org.oauth.users()[1]["Id"])
    tokens, kept, foreign = await log_in(site), await log_in(site), await log_in(site, maria)
    browser = site.browser()
    entrance = await browser.get("/connections")
    assert "A test" not in entrance.text

    page = await to_the_end(browser, await submit(browser, entrance, do="log_in"))
    assert page.text.count("<li>") == 2
    assert site.org.credentials.username in page.text
    mine = next(
        fields
        for _, fields in Forms(page.text).found
        if fields.get("connection") == tokens["refresh_token"].partition(".")[0]
    )
    assert foreign["refresh_token"].partition(".")[0] not in page.text
    page = await to_the_end(browser, await browser.post("/connections", data=mine))
    site.time.now += 6

    assert page.text.count("<li>") == 1
    assert [await status(site, each) for each in (tokens, kept, foreign)] == [401, 200, 200]
    await browser.post("/connections", data=mine | {"connection": foreign["refresh_token"].partition(".")[0]})
    site.time.now += 6
    assert await status(site, foreign) == 200, "nobody ends what is another's"
    await submit(browser, page, do="leave")
    assert "Log in with Salesforce" in (await browser.get("/connections")).text


async def test_all_connections_end_with_one_button(site: Site) -> None:
    tokens = [await log_in(site) for _ in range(3)]
    browser = site.browser()
    page = await to_the_end(browser, await submit(browser, await browser.get("/connections"), do="log_in"))

    page = await to_the_end(browser, await submit(browser, page, do="end_all"))
    site.time.now += 6

    assert "No program is connected as you" in page.text
    assert [await status(site, each) for each in tokens] == [401] * 3


async def test_a_button_counts_only_in_the_browser_and_page_that_showed_it(site: Site) -> None:
    tokens, browser, other = await log_in(site), site.browser(), site.browser()
    page = await to_the_end(browser, await submit(browser, await browser.get("/connections"), do="log_in"))
    await to_the_end(other, await submit(other, await other.get("/connections"), do="log_in"))
    form = next(fields for _, fields in Forms(page.text).found if fields["do"] == "end")

    refused = [
        await other.post("/connections", data=form),
        await site.browser().post("/connections", data=form),
        await browser.post("/connections", data=form | {"proof": "x"}),
        await browser.post("/connections", data=form, headers={"Origin": "https://evil.example"}),
        await browser.post("/connections", data=form, headers={"Sec-Fetch-Site": "cross-site"}),
        await site.browser().post("/connections", data={"do": "log_in"}),
    ]
    site.time.now += 6

    assert {each.status_code for each in refused} <= {400, 403}
    assert await status(site, tokens) == 200


async def test_who_logs_in_gets_a_new_cookie_and_half_an_hour(site: Site, time: Time) -> None:
    browser = site.browser()
    entrance = await browser.get("/connections")
    before = browser.cookies["mcp-salesforce"]
    await to_the_end(browser, await submit(browser, entrance, do="log_in"))

    assert browser.cookies["mcp-salesforce"] != before
    time.now += 1801
    assert "Log in with Salesforce" in (await browser.get("/connections")).text
