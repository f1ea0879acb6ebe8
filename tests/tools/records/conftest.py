"""What the tests of the record tools share."""

from collections.abc import AsyncIterator, Iterator

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from tests.tools.records.clinic import client_of, clinic_org


@pytest.fixture
def clinic() -> Iterator[LocalOrg]:
    with clinic_org() as org:
        yield org


@pytest.fixture
async def clinic_mcp(clinic: LocalOrg) -> AsyncIterator[Client]:
    async with client_of(clinic) as client:
        yield client
