"""A server for a team, with its store in a file of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.oauth.site import Site, Time, site_of, sqlite


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def site(org: LocalOrg, tmp_path: Path, time: Time) -> AsyncIterator[Site]:
    async with site_of(org, sqlite(tmp_path, time), time) as site:
        yield site
