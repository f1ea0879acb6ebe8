"""The file of imports, used by several threads of one import."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mcp_salesforce.changes.import_store import ImportStore

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
