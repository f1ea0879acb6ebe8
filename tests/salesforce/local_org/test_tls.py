"""HTTPS to the local org: its certificate counts only for those who trust the authority that made it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.certificates import Certificate, loopback_certificate
from mcp_salesforce.localorg.listener import listening
from mcp_salesforce.salesforce import AiohttpTransport, SalesforceClient, StaticTokenSource, TransportError

SCRIPT = """
import asyncio, json, sys
from mcp_salesforce.salesforce import SalesforceClient, StaticTokenSource

async def main(url, token):
    async with SalesforceClient(StaticTokenSource(token, url)) as client:
        return (await client.userinfo()).organization_id

print(asyncio.run(main(*json.load(sys.stdin))))
"""


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return loopback_certificate(tmp_path)


@pytest.fixture
def url(org: LocalOrg, certificate: Certificate) -> Iterator[str]:
    with listening(org.app, certificate=certificate) as url:
        yield url


async def test_an_authority_that_nobody_trusts_is_refused_before_a_token_is_sent(org: LocalOrg, url: str) -> None:
    source = StaticTokenSource(org.credentials.access_token, url)
    async with SalesforceClient(source, transport=AiohttpTransport()) as client:
        with pytest.raises(TransportError, match="certificate is not trusted") as caught:
            await client.userinfo()

    assert not caught.value.sent


def test_an_authority_that_the_environment_trusts_is_taken(org: LocalOrg, url: str, certificate: Certificate) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps([url, org.credentials.access_token]),
        env=os.environ | {"SSL_CERT_FILE": str(certificate.authority)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.stdout.strip(), done.stderr) == (org.organization_id, "")
