"""A login outlives lost answers, refreshes at once and restarts, and ends where a token was stolen."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.oauth.site import Site, Time, log_in, refresh, register, site_of, sqlite, status

pytestmark = pytest.mark.anyio


def next_of(answer: Any, tokens: dict[str, Any]) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {**answer.json(), "client_id": tokens["client_id"]}


async def test_refreshes_at_once_all_get_the_same_successor(site: Site) -> None:
    tokens = await log_in(site)

    answers = await asyncio.gather(*(refresh(site, tokens) for _ in range(8)))

    new = [next_of(each, tokens) for each in answers]
    assert len({each["refresh_token"] for each in new}) == 1
    assert new[0]["refresh_token"] != tokens["refresh_token"]
    assert {await status(site, each) for each in new} == {200}


async def test_the_last_rotation_is_repeated_until_its_token_is_used(site: Site) -> None:
    first = await log_in(site)
    second = next_of(await refresh(site, first), first)
    site.time.now += 7200  # the answer was lost, and the client sleeps for two hours

    again = next_of(await refresh(site, first), first)

    assert again["refresh_token"] == second["refresh_token"]
    assert await status(site, again) == 200


async def test_a_used_up_token_is_good_for_a_minute_and_then_ends_the_connection(site: Site) -> None:
    first = await log_in(site)
    second = next_of(await refresh(site, first), first)
    third = next_of(await refresh(site, second), first)
    site.time.now += 59

    assert next_of(await refresh(site, first), first)["refresh_token"] == third["refresh_token"]
    site.time.now += 2
    stolen = await refresh(site, first)
    site.time.now += 6

    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert await status(site, third) == 401
    assert (await refresh(site, third)).json()["error"] == "invalid_grant"


async def test_a_token_of_long_ago_ends_the_connection_too(site: Site) -> None:
    first = newest = await log_in(site)
    for _ in range(20):
        site.time.now += 3600
        newest = next_of(await refresh(site, newest), first)

    assert (await refresh(site, first)).json()["error"] == "invalid_grant"
    assert (await refresh(site, newest)).json()["error"] == "invalid_grant"


async def test_another_client_spends_nothing(site: Site) -> None:
    tokens, other = await log_in(site), await register(site)

    foreign = await refresh(site, tokens, client_id=other["client_id"])
    unknown = await refresh(site, tokens, client_id="nobody")

    assert (foreign.status_code, foreign.json()["error"]) == (400, "invalid_grant")
    assert (unknown.status_code, unknown.json()["error"]) == (401, "invalid_client")
    assert (await refresh(site, tokens)).status_code == 200


async def test_what_was_guessed_or_changed_is_no_token_and_ends_nothing(site: Site) -> None:
    tokens = await log_in(site)
    connection, number, proof = tokens["refresh_token"].split(".")

    changed = f"{'B' if proof.startswith('A') else 'A'}{proof[1:]}"
    guesses = [f"{connection}.1.{proof}", f"{connection}.{number}.{changed}", f"{connection}.0", connection]
    guesses += [f"{connection}.-1.x", f"{connection}.{number}.{proof}.x", "x.0.y", "é.0.y"]
    for guess in guesses:
        answer = await refresh(site, tokens, refresh_token=guess)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert await status(site, tokens) == 200
    assert (await refresh(site, tokens)).status_code == 200


async def test_a_login_lives_for_30_days_after_its_latest_refresh(site: Site) -> None:
    tokens = await log_in(site)
    for _ in range(4):
        site.time.now += 29 * 86_400
        tokens = next_of(await refresh(site, tokens), tokens)
        assert await status(site, tokens) == 200
    site.time.now += 31 * 86_400

    assert (await refresh(site, tokens)).json()["error"] == "invalid_grant"


async def test_an_access_token_lives_for_an_hour_and_through_a_restart(
    org: LocalOrg, tmp_path: Path, time: Time
) -> None:
    async with site_of(org, sqlite(tmp_path, time), time) as site:
        tokens = await log_in(site)
    async with site_of(org, sqlite(tmp_path, time), time) as restarted:
        time.now += 3599
        assert await status(restarted, tokens) == 200
        time.now += 1
        assert await status(restarted, tokens) == 401
        assert await status(restarted, next_of(await refresh(restarted, tokens), tokens)) == 200


async def test_a_token_is_for_one_server_alone(org: LocalOrg, tmp_path: Path, time: Time) -> None:
    async with site_of(org, sqlite(tmp_path, time), time) as site:
        tokens = await log_in(site)
        async with site_of(org, sqlite(tmp_path, time), time, issuer="http://127.0.0.1:9009") as other:
            assert await status(other, tokens) == 401
        assert await status(site, tokens) == 200
