"""Which token source the settings lead to, and that it works on the local org."""

import os
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.config import ConfigurationError, Settings
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.certificates import loopback_certificate
from mcp_salesforce.salesforce import AiohttpTransport, AsgiTransport, AuthenticationError, SalesforceClient
from mcp_salesforce.settings.connect import token_source
from tests.salesforce.test_sf_cli import program

URL = "http://127.0.0.1:1"


def values(org: LocalOrg, *names: str) -> dict[str, Any]:
    known: dict[str, Any] = {"instance_url": URL, "client_credentials": True}
    known |= {name: getattr(org.credentials, name) for name in ("client_id", "client_secret")}
    known |= {name: getattr(org.credentials, name) for name in ("refresh_token", "access_token", "username")}
    return {name: known[name] for name in names}


@pytest.mark.parametrize(
    ("names", "source"),
    [
        (("client_id", "client_secret", "refresh_token", "instance_url"), "RefreshTokenSource"),
        (("client_id", "client_secret", "instance_url", "client_credentials"), "ClientCredentialsSource"),
        (("access_token", "instance_url"), "StaticTokenSource"),
    ],
)
async def test_the_settings_that_are_there_choose_the_source_and_it_works(
    org: LocalOrg, names: tuple[str, ...], source: str
) -> None:
    tokens = token_source(Settings(**values(org, *names)))
    async with SalesforceClient(tokens, transport=AsgiTransport(org.app)) as client:
        user = await client.userinfo()

    assert type(tokens).__name__ == source
    assert user.user_id == org.user_id


async def test_a_key_file_and_a_username_choose_the_jwt_bearer_flow(tmp_path: Path) -> None:
    key = tmp_path / "the server.key"
    with LocalOrg.open(seed=False) as org:
        key.write_text(org.oauth.jwt_private_key(), encoding="utf-8")
        settings = Settings(jwt_key_file=str(key), **values(org, "client_id", "username", "instance_url"))
        async with SalesforceClient(token_source(settings), transport=AsgiTransport(org.app)) as client:
            user = await client.userinfo()

    assert user.user_id == org.user_id
    assert "PRIVATE KEY" not in repr(settings)


def test_an_alias_chooses_the_sf_cli() -> None:
    assert repr(token_source(Settings(sf_org="dev"))) == "<SfCliSource of dev>"


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for sf is a shell script")
async def test_the_sf_cli_is_told_of_the_proxy_and_the_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    program(tmp_path, f"env >{told}")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    authority = loopback_certificate(tmp_path).authority
    settings = Settings(sf_org="dev", proxy="http://ana:x@own:8080", ca_file=authority)

    with pytest.raises(AuthenticationError):
        await token_source(settings).token(AiohttpTransport().exchange, refused=None)

    assert {"HTTPS_PROXY=http://ana:x@own:8080", f"NODE_EXTRA_CA_CERTS={authority}"} <= set(told.read_text().split())


@pytest.mark.parametrize(("content", "says"), [(b"no key", "not an RSA private key"), (b"\xff\xfe", "cannot be read")])
def test_a_key_file_without_a_key_is_a_wrong_setting(tmp_path: Path, content: bytes, says: str) -> None:
    key = tmp_path / "server.key"
    key.write_bytes(content)

    with pytest.raises(ConfigurationError, match=says):
        token_source(Settings(client_id="consumer", jwt_key_file=key, username="ana@example.com"))


def test_client_credentials_at_a_login_host_are_a_wrong_setting() -> None:
    settings = Settings(
        client_id="consumer",
        client_secret="secret",
        instance_url="https://eu1.salesforce.com",
        client_credentials=True,
    )
    with pytest.raises(ConfigurationError, match=r"client credentials.*My Domain"):
        token_source(settings)


async def test_a_token_of_the_environment_that_is_replaced_is_told_once_and_not_shown(
    org: LocalOrg, caplog: pytest.LogCaptureFixture
) -> None:
    org.oauth.rotate_refresh_tokens = True
    given = values(org, "client_id", "client_secret", "refresh_token", "instance_url")
    async with SalesforceClient(token_source(Settings(**given)), transport=AsgiTransport(org.app)) as client:
        for _ in range(3):
            org.expire_sessions()
            await client.userinfo()

    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "the one in SALESFORCE_REFRESH_TOKEN is no longer valid" in warning.getMessage()
    assert "mcp-salesforce login" in warning.getMessage()
    assert given["refresh_token"] not in caplog.text
    assert "5Aep" not in caplog.text


async def test_nothing_is_told_where_no_token_is_replaced(org: LocalOrg, caplog: pytest.LogCaptureFixture) -> None:
    given = values(org, "client_id", "client_secret", "refresh_token", "instance_url")
    async with SalesforceClient(token_source(Settings(**given)), transport=AsgiTransport(org.app)) as client:
        await client.userinfo()

    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


@pytest.mark.parametrize(
    ("instance_url", "login_url"),
    [
        ("https://acme.my.salesforce.mil", "https://login.salesforce.com"),
        ("https://acme.my.sfcrmproducts.cn", "https://login.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://other.my.salesforce.mil"),
        ("https://acme.my.salesforce.com", "https://acme.my.sfcrmproducts.cn"),
        ("https://acme.my.sfcrmproducts.cn", "https://acme.my.salesforce.mil"),
        ("https://acme--uat.sandbox.my.salesforce.mil", "https://test.salesforce.com"),
    ],
)
def test_a_token_is_never_asked_for_at_a_host_of_another_cloud(instance_url: str, login_url: str) -> None:
    given = {"client_id": "key", "client_secret": "secret", "refresh_token": "token"}
    with pytest.raises(ConfigurationError, match=f"use {instance_url}"):
        token_source(Settings(**given, instance_url=instance_url, login_url=login_url))

    assert instance_url in repr(token_source(Settings(**given, instance_url=instance_url)))


@pytest.mark.parametrize(("version", "is_warned"), [("v40.0", True), ("v41.0", False), ("v60.0", False)])
def test_versions_that_end_soon_are_warned_of(version: str, is_warned: bool, caplog: pytest.LogCaptureFixture) -> None:
    token_source(Settings(access_token="00D000000000001!AQ", instance_url=URL, api_version=version))

    assert ("end in Summer '28" in caplog.text) is is_warned
