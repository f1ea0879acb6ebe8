"""A local org, and a client of it: in this process, and over a port."""

from collections.abc import AsyncIterator, Iterator

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening
from mcp_salesforce.salesforce import AiohttpTransport, AsgiTransport, RefreshTokenSource, SalesforceClient
from tests.orgs import new_org


@pytest.fixture
def org() -> Iterator[LocalOrg]:
    with new_org(contacts=450) as made:
        yield made


@pytest.fixture(params=["in this process", "over a port"])
async def client(request: pytest.FixtureRequest, org: LocalOrg) -> AsyncIterator[SalesforceClient]:
    if request.param == "in this process":
        async with client_of(org, "http://localhost", AsgiTransport(org.app)) as client:
            yield client
    else:
        with listening(org.app) as url:
            async with client_of(org, url, AiohttpTransport()) as client:
                yield client


def client_of(org: LocalOrg, url: str, transport: AiohttpTransport | AsgiTransport) -> SalesforceClient:
    given = org.credentials
    source = RefreshTokenSource(given.client_id, given.client_secret, given.refresh_token, url)
    return SalesforceClient(source, transport=transport)
