"""TLS to the store: only with an authority that is trusted, and only for the host that the certificate names."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from mcp_salesforce.localorg.certificates import Certificate, loopback_certificate
from mcp_salesforce.settings.team import StoreSettings
from mcp_salesforce.store.interface import StoreError
from mcp_salesforce.store.sealing import SealedStore
from tests.store.valkey_server import PASSWORD, Server, running

pytestmark = [pytest.mark.anyio, pytest.mark.valkey]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return loopback_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("valkey"), certificate) as server:
        yield server


def store_at(address: str, authority: Path | None) -> SealedStore:
    """The store that the settings lead to."""
    return StoreSettings(store=address, store_keys=Fernet.generate_key().decode(), ca_file=authority).opened()


@pytest.mark.parametrize("scheme", ["valkeys", "rediss"])
async def test_a_store_whose_authority_is_trusted_is_used(
    server: Server, certificate: Certificate, scheme: str
) -> None:
    store = store_at(server.url.replace("valkeys", scheme), certificate.authority)
    try:
        await store.put(scheme, b"kept", 60)
        found = await store.get(scheme)
    finally:
        await store.close()

    assert found is not None
    assert found.value == b"kept"


@pytest.mark.parametrize(
    ("change", "is_trusted", "cause"),
    [
        (("", ""), False, "certificate verify failed"),
        (("127.0.0.1", "127.0.0.2"), True, "certificate is not valid for '127.0.0.2'"),
        (("valkeys", "valkey"), True, "cannot be used"),
    ],
    ids=["authority", "host", "plain"],
)
async def test_a_store_that_is_not_the_one_that_was_named_is_an_error_that_says_why(
    server: Server, certificate: Certificate, change: tuple[str, str], is_trusted: bool, cause: str
) -> None:
    store = store_at(server.url.replace(*change), certificate.authority if is_trusted else None)
    try:
        with pytest.raises(StoreError, match=cause) as caught:
            await store.get("a")
    finally:
        await store.close()

    assert PASSWORD not in str(caught.value)
