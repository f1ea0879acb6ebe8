"""Both stores, each by itself: what is tested of one is tested of the other."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mcp_salesforce.store.interface import Store
from mcp_salesforce.store.sqlite_file import SqliteStore
from mcp_salesforce.store.valkey import ValkeyStore
from tests.store.valkey_server import Server, running

Replica = Callable[[], Store]
STORES = ["sqlite", pytest.param("valkey", marks=pytest.mark.valkey)]


@pytest.fixture(scope="session")
def one_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests that only use it."""
    with running(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(params=STORES)
async def replica(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Replica]:
    """Opens the same empty store, as one more replica does."""
    async with store_of(request, tmp_path) as another:
        yield another


@asynccontextmanager
async def store_of(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Replica]:
    """Give what opens the same empty store, of the kind that a fixture is asked for."""
    opened: list[Store] = []

    def of_sqlite() -> Store:
        return SqliteStore(tmp_path / "store.db")

    async def emptied() -> Callable[[], Store]:
        url = request.getfixturevalue("one_valkey").url
        first = ValkeyStore(url)
        await first._client.flushall()
        await first.close()
        return lambda: ValkeyStore(url)

    make = of_sqlite if request.param == "sqlite" else await emptied()

    def another() -> Store:
        opened.append(make())
        return opened[-1]

    yield another
    for each in opened:
        await each.close()


@pytest.fixture
def store(replica: Replica) -> Store:
    return replica()
