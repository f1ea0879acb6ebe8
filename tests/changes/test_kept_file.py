"""A file of ours is made once, whoever comes first."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from mcp_salesforce.changes.kept_file import make_tables, opened
from tests.effort import examples

MARK = 0x54455354
TABLES = "CREATE TABLE one (a); CREATE TABLE two (b)"
AT_ONCE = 6


def prepare(database: sqlite3.Connection) -> None:
    make_tables(database, MARK, TABLES, sqlite3.DatabaseError("another program's"))


def seen_in(file: Path, query: str) -> object:
    database = sqlite3.connect(file)
    try:
        return database.execute(query).fetchone()[0]
    finally:
        database.close()


def test_all_who_open_a_new_file_at_once_have_its_tables(tmp_path: Path) -> None:
    together = Barrier(AT_ONCE)

    def use(file: Path) -> None:
        together.wait(30)
        database = opened(file, prepare)
        try:
            with database:
                database.execute("INSERT INTO two VALUES (1)")
        finally:
            database.close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for number in range(examples(150, 30)):
            file = tmp_path / f"{number}.db"
            assert [*threads.map(use, [file] * AT_ONCE)] == [None] * AT_ONCE
            assert seen_in(file, "SELECT count(*) FROM two") == AT_ONCE
            assert seen_in(file, "PRAGMA journal_mode") == "wal"


def test_a_file_of_another_program_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    before = file.read_bytes()

    with pytest.raises(sqlite3.DatabaseError, match="another program's"):
        opened(file, prepare)

    assert file.read_bytes() == before
