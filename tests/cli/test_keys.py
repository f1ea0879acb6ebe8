"""`mcp-salesforce keys`: keys of the store are replaced without a logout."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

from mcp_salesforce.cli import cli
from mcp_salesforce.store.sealing import KeyRing, SealedStore
from mcp_salesforce.store.sqlite_file import SqliteStore


def _run(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(cli, ["keys", *arguments])
    return found.exit_code, found.output


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SALESFORCE_STORE", str(tmp_path / "store.db"))
    return tmp_path / "store.db"


def _kept(file: Path, keys: list[str], *, put: bool = False) -> bytes:
    async def use() -> bytes:
        store = SealedStore(SqliteStore(file), KeyRing(keys))
        try:
            if put:
                await store.put("a", b"kept", 600)
            found = await store.get("a")
            assert found is not None
            return found.value
        finally:
            await store.close()

    return asyncio.run(use())


def test_a_key_is_replaced_and_what_was_kept_is_still_there(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (_, old), (_, new) = (_run("new") for _ in range(2))
    old, new = old.strip(), new.strip()
    _kept(store, [old], put=True)
    monkeypatch.setenv("SALESFORCE_STORE_KEYS", f"{new},{old}")

    assert _run("rotate") == (0, "1 values are encrypted with the new key now.\n")
    assert _run("rotate") == (0, "0 values are encrypted with the new key now.\n")
    assert _kept(store, [new]) == b"kept"


def test_what_no_key_reads_is_reported(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _kept(store, [Fernet.generate_key().decode()], put=True)
    monkeypatch.setenv("SALESFORCE_STORE_KEYS", Fernet.generate_key().decode())

    code, text = _run("rotate")

    assert code == 1
    assert "1 values are encrypted with a key that SALESFORCE_STORE_KEYS does not have" in text


def test_without_a_setting_the_key_is_beside_the_file(store: Path) -> None:
    assert _run("rotate")[0] == 0
    assert store.with_suffix(".key").stat().st_mode & 0o077 == 0


def test_a_key_that_is_none_is_refused_and_not_shown(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFORCE_STORE_KEYS", "not-a-key-of-mine")

    code, text = _run("rotate")

    assert code == 2
    assert "SALESFORCE_STORE_KEYS" in text
    assert "not-a-key-of-mine" not in text
    assert not store.exists()
