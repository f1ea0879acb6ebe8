"""What the tests of the record tools share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from tests.tools.records.clinic import client_of, clinic_in


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[LocalOrg]:
    yield from clinic_in(tmp_path)


@pytest.fixture
async def clinic_mcp(clinic: LocalOrg) -> AsyncIterator[Client]:
    async with client_of(clinic) as client:
        yield client
