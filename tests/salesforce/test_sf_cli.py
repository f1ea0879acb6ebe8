"""The sf command as a token source: a stand-in program prints what the real one prints (tests/clients runs that)."""

import asyncio
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import (
    AsgiTransport,
    AuthenticationError,
    InvalidArgumentError,
    SalesforceClient,
    SfCliSource,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a shell script")

TOKEN = "00D000000000001!AQEAQsecret-4711"


def program(folder: Path, script: str) -> dict[str, str]:
    """Put an `sf` of these lines on the PATH that is returned."""
    sf = folder / "sf"
    sf.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    sf.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def prints(answer: Any) -> str:
    return f"echo {shlex.quote(answer if isinstance(answer, str) else json.dumps(answer))}"


def display(**result: Any) -> dict[str, Any]:
    return {"status": 0, "result": {"accessToken": TOKEN, "instanceUrl": "http://127.0.0.1:1", **result}}


async def refusal(folder: Path, script: str) -> AuthenticationError:
    client = SalesforceClient(SfCliSource("dev", program(folder, script)), transport=AsgiTransport(LocalOrgless()))
    async with client:
        with pytest.raises(AuthenticationError) as refused:
            await client.userinfo()
    return refused.value


class LocalOrgless:
    async def __call__(self, *_: Any) -> None:
        raise AssertionError("nothing is sent without a token")


async def test_the_client_works_with_the_login_of_the_command_and_asks_it_again_when_it_expires(
    org: LocalOrg, tmp_path: Path
) -> None:
    tokens = [org.sessions.start(org.user_id, org.credentials.client_id, "api").access_token for _ in range(2)]
    for number, token in enumerate(tokens):
        (tmp_path / f"{number}.json").write_text(json.dumps(display(accessToken=token)), encoding="utf-8")
    script = (
        f'echo "$@" >> {tmp_path}/calls\n'
        f'[ "$SF_TEMP_SHOW_SECRETS" = true ] && cat {tmp_path}/$(( $(wc -l < {tmp_path}/calls) - 1 )).json'
    )
    async with SalesforceClient(
        SfCliSource("dev", program(tmp_path, script)), transport=AsgiTransport(org.app)
    ) as client:
        first = await client.userinfo()
        org.sessions.end(access_token=tokens[0])
        second = await client.userinfo()

    assert first.user_id == second.user_id == org.user_id
    assert (tmp_path / "calls").read_text().splitlines() == ["org display --json --target-org dev"] * 2


async def test_a_token_that_the_command_cannot_renew_ends_the_call(org: LocalOrg, tmp_path: Path) -> None:
    source = SfCliSource("dev", program(tmp_path, prints(display())))
    async with SalesforceClient(source, transport=AsgiTransport(org.app)) as client:
        with pytest.raises(AuthenticationError, match="still gives the access token") as refused:
            await client.userinfo()

    assert refused.value.hint == "Log in again: sf org login web --alias dev"
    assert TOKEN not in f"{refused.value!r} {source!r}"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"status": 1, "name": "NamedOrgNotFoundError", "message": "…"}, "has no login for dev: NamedOrgNotFoundError"),
        (display(accessToken="[REDACTED] Use 'sf org auth show-access-token'"), "shows no access token"),
        (display(accessToken=None), "shows no access token"),
        (display(instanceUrl="http://example.com"), "cannot be used"),
        ("Error: node is too old", "did not print the documented JSON"),
        ("[1, 2]", "did not print the documented JSON"),
    ],
)
async def test_what_the_command_says_instead_of_a_token_is_explained(tmp_path: Path, answer: Any, says: str) -> None:
    refused = await refusal(tmp_path, prints(answer))

    assert says in refused.message
    assert TOKEN not in str(refused)


async def test_a_missing_command_is_named(tmp_path: Path) -> None:
    source = SfCliSource("dev", {"PATH": str(tmp_path)})
    async with SalesforceClient(source, transport=AsgiTransport(LocalOrgless())) as client:
        with pytest.raises(AuthenticationError, match="not on the PATH"):
            await client.userinfo()


async def test_a_command_that_does_not_start_is_named(tmp_path: Path) -> None:
    (tmp_path / "sf").write_text("#!/nowhere/node\n", encoding="utf-8")
    (tmp_path / "sf").chmod(0o755)
    source = SfCliSource("dev", {"PATH": str(tmp_path)})
    async with SalesforceClient(source, transport=AsgiTransport(LocalOrgless())) as client:
        with pytest.raises(AuthenticationError, match="does not start"):
            await client.userinfo()


async def test_a_command_that_hangs_is_ended_with_the_call_that_waits(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    source = SfCliSource(
        "dev", program(tmp_path, f"echo $$ > {pid}\nexec {sys.executable} -c 'import time; time.sleep(600)'")
    )
    async with SalesforceClient(source, transport=AsgiTransport(LocalOrgless())) as client:
        waiting = asyncio.create_task(client.userinfo())
        while not pid.exists() or not pid.read_text():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize("name", ["--json", "-u", "", "a\nb", "x" * 300])
def test_what_is_no_alias_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="is not an alias or a username"):
        SfCliSource(name, {})


NOISE = "Successfully installed @salesforce/plugin-packaging v1.27.0"
COLOURED = json.dumps(display(), indent=2).replace('"status"', '\x1b[94m"status"\x1b[39m')


@pytest.mark.parametrize("alias", ["Ana's org", "my org", "ana+uat@acme.example", 'the "big" one', "Büro", "dev; rm x"])
async def test_an_alias_reaches_the_command_as_it_is(tmp_path: Path, alias: str) -> None:
    script = f'[ "$5" = {shlex.quote(alias)} ] && {prints(display())}'

    token = await SfCliSource(alias, program(tmp_path, script)).token(nothing, refused=None)

    assert token.access_token == TOKEN


@pytest.mark.parametrize(
    "printed",
    [
        f"{NOISE}\n{json.dumps(display())}",
        f"{NOISE}\n{json.dumps(display(), indent=2)}\n",
        f"Warning: {{not: json}}\n{{ neither\n{json.dumps(display(), indent=4)}\nDone.",
        json.dumps({"notice": 1}) + "\n" + json.dumps(display()),
        COLOURED,
        "\ufeff" + json.dumps(display()),
    ],
)
async def test_lines_before_the_json_and_colours_in_it_do_not_hide_it(tmp_path: Path, printed: str) -> None:
    (tmp_path / "printed").write_text(printed, encoding="utf-8")

    token = await SfCliSource("dev", program(tmp_path, f"cat {tmp_path}/printed")).token(nothing, refused=None)

    assert token.access_token == TOKEN


async def test_colours_that_the_environment_forces_are_not_forced_on_the_command(tmp_path: Path) -> None:
    environment = program(tmp_path, f'[ -z "$FORCE_COLOR$CLICOLOR_FORCE" ] && {prints(display())}')

    source = SfCliSource("dev", {**environment, "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"})

    assert (await source.token(nothing, refused=None)).access_token == TOKEN


async def test_a_token_that_is_hidden_is_asked_for_by_the_command_that_shows_it(tmp_path: Path) -> None:
    hidden = display(accessToken="[REDACTED] Use 'sf org auth show-access-token' to view")
    shown = {"status": 0, "result": {"accessToken": TOKEN}, "warnings": ["This exposes a secret."]}
    script = f'case "$*" in *show-access-token*--no-prompt*) {prints(shown)};; *) {prints(hidden)};; esac'

    token = await SfCliSource("dev", program(tmp_path, script)).token(nothing, refused=None)

    assert (token.access_token, token.instance_url) == (TOKEN, "http://127.0.0.1:1")


async def nothing(_request: Any) -> Any:
    raise AssertionError("sf calls Salesforce itself")
