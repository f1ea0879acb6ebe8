"""Fixtures of the client's tests."""

from collections.abc import AsyncIterator

import pytest

from mcp_salesforce.salesforce import SalesforceClient
from tests.salesforce.scripted import ScriptedOrg


@pytest.fixture
def scripted() -> ScriptedOrg:
    return ScriptedOrg()


@pytest.fixture
async def client(scripted: ScriptedOrg) -> AsyncIterator[SalesforceClient]:
    async with scripted.client() as client:
        yield client
