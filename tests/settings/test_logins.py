"""What is kept of a login survives rotation, whoever rotates."""

import asyncio
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, AuthenticationError, SalesforceClient
from mcp_salesforce.settings.logins import Login, LoginError, Logins, LoginSource
from tests.file_keyring import FileKeyring


@pytest.fixture(params=[NoKeyring, FileKeyring], ids=["in a file", "in the keyring"])
def logins(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logins]:
    monkeypatch.setenv("TEST_KEYRING_FILE", str(tmp_path / "keyring.json"))
    before: KeyringBackend = keyring.get_keyring()
    keyring.set_keyring(request.param())
    yield Logins(tmp_path / "logins")
    keyring.set_keyring(before)


@pytest.fixture
def login(org: LocalOrg) -> Login:
    credentials = org.credentials
    return Login(
        alias="dev",
        client_id=credentials.client_id,
        login_url="http://127.0.0.1:1",
        instance_url="http://127.0.0.1:1",
        username=credentials.username,
        client_secret=credentials.client_secret,
        refresh_token=credentials.refresh_token,
    )


def client_of(org: LocalOrg, logins: Logins) -> SalesforceClient:
    return SalesforceClient(LoginSource(logins, "dev"), transport=AsgiTransport(org.app))


async def test_a_rotated_token_is_kept_and_the_next_start_works_with_it(
    org: LocalOrg, logins: Logins, login: Login
) -> None:
    org.oauth.rotate_refresh_tokens = True
    logins.write(login)
    seen = {login.refresh_token}
    for _ in range(3):
        async with client_of(org, logins) as client:
            await client.userinfo()
        seen.add(logins.read("dev").refresh_token)

    assert len(seen) == 4
    assert login.client_secret == logins.read("dev").client_secret


async def test_servers_that_rotate_at_the_same_time_lose_no_token(org: LocalOrg, logins: Logins, login: Login) -> None:
    org.oauth.rotate_refresh_tokens = True
    logins.write(login)
    clients = [client_of(org, logins) for _ in range(8)]
    for _ in range(3):
        org.expire_sessions()
        users = await asyncio.gather(*(client.userinfo() for client in clients))
        assert {user.user_id for user in users} == {org.user_id}
    for client in clients:
        await client.close()


async def test_a_new_token_that_cannot_be_kept_still_serves_this_process(
    org: LocalOrg, login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org.oauth.rotate_refresh_tokens = True
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    logins = Logins(tmp_path / "logins")
    logins.write(login)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    async with client_of(org, logins) as client:
        for _ in range(3):
            assert (await client.userinfo()).user_id == org.user_id
            org.expire_sessions()
        assert logins.read("dev").refresh_token == login.refresh_token
        monkeypatch.undo()
        await client.userinfo()
    assert [path.name for path in (tmp_path / "logins").glob(".*.new")] == []
    async with client_of(org, logins) as client:
        assert (await client.userinfo()).user_id == org.user_id


async def test_a_login_that_is_gone_or_dead_is_named(org: LocalOrg, logins: Logins, login: Login) -> None:
    async with client_of(org, logins) as client:
        with pytest.raises(AuthenticationError, match="There is no login 'dev'"):
            await client.userinfo()
        logins.write(login)
        org.oauth.revoke(login.refresh_token)
        with pytest.raises(AuthenticationError, match="expired access/refresh token"):
            await client.userinfo()


def test_no_repr_and_no_description_shows_a_secret(logins: Logins, login: Login) -> None:
    logins.write(login)

    shown = f"{login!r} {LoginSource(logins, 'dev')!r} {logins.describe('dev')}"

    assert login.refresh_token not in shown
    assert login.client_secret not in shown


@pytest.mark.parametrize("content", ["", "[]", '{"alias": "dev"}', "\x00"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "dev.json").write_text(content)

    with pytest.raises(LoginError, match=r"dev\.json is damaged"):
        Logins(tmp_path).read("dev")


def test_a_keyring_that_lost_the_login_is_named(login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEYRING_FILE", str(tmp_path / "keyring.json"))
    before = keyring.get_keyring()
    keyring.set_keyring(FileKeyring())  # type: ignore[no-untyped-call]
    try:
        logins = Logins(tmp_path / "logins")
        logins.write(login)
        (tmp_path / "keyring.json").unlink()
        with pytest.raises(LoginError, match="no longer has the login dev"):
            logins.read("dev")
        with pytest.raises(LoginError, match="cannot be removed"):
            logins.remove("dev")
        (tmp_path / "keyring.json").write_text("no json")
        with pytest.raises(LoginError, match="does not return the login dev"):
            logins.read("dev")
        logins.write(login)  # the keyring fails, so a file takes the secrets
        assert logins.read("dev") == login
    finally:
        keyring.set_keyring(before)
    file = tmp_path / "logins" / "dev.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["secrets"]["refresh_token"] == login.refresh_token
