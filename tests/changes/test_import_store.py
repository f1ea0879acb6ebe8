"""The file of imports, used by several threads of one import."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mcp_salesforce.changes.import_store import ImportStore
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.settings import connect
from tests.conftest import settings_of

OWNER = ("org", "user")
THREADS = 4
PARTS = 150


def test_threads_that_use_an_import_at_once_lose_nothing(tmp_path: Path) -> None:
    store = ImportStore(tmp_path / "imports.db", lambda: bytes(32), now=lambda: 0.0)
    import_id = store.add(OWNER, b"source", {})

    def work(first: int) -> list[list[int]]:
        numbers = range(first, THREADS * PARTS, THREADS)
        for number in numbers:
            store.add_part(import_id, number, [number])
            store.mark(import_id, number, "sent")
        return [store.rows_of(import_id, number) for number in numbers]

    with ThreadPoolExecutor(THREADS) as threads:
        read = [rows for found in threads.map(work, range(THREADS)) for rows in found]
    parts = store.parts(import_id)
    store.close()

    assert sorted(read) == [[number] for number in range(THREADS * PARTS)]
    assert [(part.number, part.state) for part in parts] == [(number, "sent") for number in range(THREADS * PARTS)]


def test_where_the_folder_cannot_be_written_to_imports_are_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, org: LocalOrg
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file" / "data"))
    places = []
    for settings in (settings_of(org, journal="", state_key="k" * 32), settings_of(org, journal="off")):
        store = connect.imports(settings, lambda: 0.0)
        import_id = store.add(OWNER, b"source", {})
        assert store.load(OWNER, import_id) == ({}, False)
        places.append(store.place)
        store.close()

    assert len({*places}) == 2, "no two memories are one place"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_processes_that_share_a_file_are_one_place(tmp_path: Path) -> None:
    stores = [ImportStore(tmp_path / name, lambda: bytes(32), now=lambda: 0.0) for name in ("a", "a", "b")]
    places = [each.place for each in stores]
    for each in stores:
        each.close()

    assert places[0] == places[1] != places[2]
