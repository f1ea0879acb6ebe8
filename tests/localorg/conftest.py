"""An org with nobody in it but its users, and clients of it over HTTP, in this process."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.orgs import new_org

BASE_URL = "http://127.0.0.1:8080"


class Clock:
    """The org's clock, which a test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **amount: float) -> None:
        self.time += timedelta(**amount)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def org(clock: Clock) -> Iterator[LocalOrg]:
    with new_org(clock, seed=False) as made:
        yield made


@pytest.fixture
async def anonymous(org: LocalOrg) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(org.app), base_url=BASE_URL) as client:
        yield client


@pytest.fixture
async def http(org: LocalOrg) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {org.credentials.access_token}"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(org.app), base_url=BASE_URL, headers=headers
    ) as client:
        yield client
