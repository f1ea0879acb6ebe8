"""Each token source gets a token of the local org with which the client works, and says why when it gets none."""

from datetime import datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import (
    AsgiTransport,
    AuthenticationError,
    ClientCredentialsSource,
    InvalidArgumentError,
    JwtBearerSource,
    SalesforceClient,
    TokenSource,
)
from tests.conftest import NOW

URL = "http://127.0.0.1:1"


def jwt_source(org: LocalOrg, *, username: str = "", now: datetime = NOW, key: str = "") -> JwtBearerSource:
    credentials = org.credentials
    return JwtBearerSource(
        credentials.client_id,
        username or credentials.username,
        key or org.oauth.jwt_private_key(),
        URL,
        now=now.timestamp,
    )


def client_of(org: LocalOrg, source: TokenSource) -> SalesforceClient:
    return SalesforceClient(source, transport=AsgiTransport(org.app))


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> str:
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection).decode()


async def test_client_credentials_act_as_the_user_of_the_app_and_renew(org: LocalOrg) -> None:
    source = ClientCredentialsSource(org.credentials.client_id, org.credentials.client_secret, URL)
    async with client_of(org, source) as client:
        before = await client.queries.query("SELECT Id FROM Contact LIMIT 1")
        org.expire_sessions()
        after = await client.queries.query("SELECT Id FROM Contact LIMIT 1")
        identity = await client.identity()

    assert before.records == after.records
    assert identity.user_id == org.user_id


async def test_a_wrong_secret_is_named_without_being_shown(org: LocalOrg) -> None:
    source = ClientCredentialsSource(org.credentials.client_id, "wrong-secret-0815", URL)
    async with client_of(org, source) as client:
        with pytest.raises(AuthenticationError, match="invalid client credentials") as refused:
            await client.userinfo()

    assert refused.value.code == "invalid_client"
    assert "client secret" in refused.value.hint
    assert "0815" not in f"{refused.value!r} {source!r}"


@pytest.mark.parametrize("host", ["https://login.salesforce.com", "https://test.salesforce.com/"])
def test_a_shared_login_host_is_refused_for_client_credentials(host: str) -> None:
    with pytest.raises(InvalidArgumentError, match="the org's own My Domain does"):
        ClientCredentialsSource("key", "secret", host)


async def test_a_signed_assertion_acts_as_the_user_it_names_and_renews(org: LocalOrg) -> None:
    username = org.oauth.users()[1]["Username"]
    async with client_of(org, jwt_source(org, username=username)) as client:
        assert (await client.userinfo()).preferred_username == username
        org.expire_sessions()
        assert (await client.userinfo()).preferred_username == username


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"username": "nobody@example.com"}, "hasn't approved this consumer"),
        ({"key": pem(rsa.generate_private_key(65537, 2048))}, "invalid assertion"),
        ({"now": NOW.replace(hour=8)}, "expired authorization code"),
    ],
    ids=["an unknown user", "another key", "a clock an hour slow"],
)
async def test_a_refused_assertion_is_explained(org: LocalOrg, changes: dict[str, object], says: str) -> None:
    async with client_of(org, jwt_source(org, **changes)) as client:  # type: ignore[arg-type]
        with pytest.raises(AuthenticationError, match=says) as refused:
            await client.userinfo()

    assert refused.value.code == "invalid_grant"
    assert ("clock" in refused.value.hint) != ("approved" in refused.value.hint)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("not a key", "not an RSA private key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "not an RSA private key"),
        (pem(rsa.generate_private_key(65537, 2048), b"passphrase"), "has a passphrase"),
    ],
    ids=["text", "another kind of key", "a passphrase"],
)
def test_what_is_no_key_for_assertions_is_refused_without_showing_it(key: str, says: str) -> None:
    with pytest.raises(InvalidArgumentError, match=says) as refused:
        JwtBearerSource("consumer", "ana@example.com", key, URL)

    assert key not in str(refused.value)


def test_the_key_is_not_in_the_repr(org: LocalOrg) -> None:
    assert repr(jwt_source(org)) == f"<JwtBearerSource at {URL}>"
