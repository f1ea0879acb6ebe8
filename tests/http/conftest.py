"""The server for one person, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from mcp_salesforce import logs
from mcp_salesforce.http.application import create_app
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from tests.conftest import NOW, settings_of
from tests.http.served import served


@pytest.fixture
async def url(org: LocalOrg, tmp_path: Path) -> AsyncIterator[str]:
    logs.set_up()
    settings = settings_of(org, journal=str(tmp_path / "journal.db"), toolsets="default,activities")
    async with served(create_app(settings, transport=AsgiTransport(org.app), now=lambda: NOW)) as address:
        yield address


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient() as client:
        yield client
