"""A store that cannot be used is an error that says so, and never an empty store."""

import sqlite3
from pathlib import Path

import pytest

from mcp_salesforce.store.interface import StoreError
from mcp_salesforce.store.sqlite_file import SqliteStore
from mcp_salesforce.store.valkey import ValkeyStore
from tests.store.valkey_server import running

pytestmark = pytest.mark.anyio


@pytest.mark.valkey
async def test_a_server_that_is_gone_is_an_error_until_it_is_back_with_what_it_had(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        store = ValkeyStore(server.url)
        await store.put("a", b"kept", 60)
        await store.lock("l", "me", 60)

        server.stop()
        for use in (store.get("a"), store.take("a"), store.swap("a", b"", 60, version=None), store.count("c", 60)):
            with pytest.raises(StoreError, match="cannot be used"):
                await use
        server.start()

        found = await store.get("a")
        assert found is not None
        assert found.value == b"kept"
        assert not await store.lock("l", "another", 60)
        await store.close()


async def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "garbage.db").write_bytes(b"not a database, " * 1000)
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE anything (a)")
    other.close()
    for file in (tmp_path, tmp_path / "garbage.db", tmp_path / "other.db", tmp_path / "garbage.db" / "below.db"):
        store = SqliteStore(file)
        with pytest.raises(StoreError, match="cannot be used"):
            await store.get("a")
        await store.close()


async def test_a_file_is_for_its_owner_alone_and_keeps_what_was_put(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "new" / "store.db")
    await store.put("a", b"kept", 60)
    await store.close()

    again = SqliteStore(tmp_path / "new" / "store.db")
    found = await again.get("a")
    assert found is not None
    assert found.value == b"kept"
    assert (tmp_path / "new" / "store.db").stat().st_mode & 0o077 == 0
    await again.close()


async def test_what_has_ended_leaves_the_file(tmp_path: Path) -> None:
    now = [1000.0]
    store = SqliteStore(tmp_path / "store.db", now=lambda: now[0])
    for number in range(30):
        await store.put(f"old {number}", b"x", 10)
    now[0] += 11
    for _ in range(3):
        await store.put("new", b"x", 10)

    with sqlite3.connect(tmp_path / "store.db") as database:
        assert database.execute("SELECT key FROM entry").fetchall() == [("new",)]
    database.close()
    await store.close()
