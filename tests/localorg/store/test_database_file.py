"""The file of an org: another's is left as it is, a running org is not reset, and a bad disk ends in one sentence."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError


def foreign(path: Path, kind: str) -> bytes:
    if kind == "text":
        path.write_text("not an org" * 100)
    elif kind == "almost SQLite":
        path.write_bytes(b"SQLite format 3\0" + b"\1" * 4096)
    else:
        with closing(sqlite3.connect(path)) as database:
            if kind == "WAL":
                database.execute("PRAGMA journal_mode=WAL")
            if kind == "another application's":
                database.execute("PRAGMA application_id=252006673")
            database.execute("CREATE TABLE Contact (Id TEXT, LastName TEXT)")
            database.execute("INSERT INTO Contact VALUES ('1', 'Mine')")
            database.commit()
    return path.read_bytes()


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("kind", ["text", "almost SQLite", "database", "WAL", "another application's"])
def test_what_is_not_an_orgs_file_is_refused_and_left_byte_for_byte(tmp_path: Path, kind: str, fresh: bool) -> None:
    path = tmp_path / "mine.db"
    before = foreign(path, kind)
    beside = sorted(tmp_path.iterdir())

    with pytest.raises(OSError, match="not the file of a local org"):
        LocalOrg.open(path, fresh=fresh, seed=False)

    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == beside


def test_only_its_user_reads_the_file_of_an_org(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    path.touch(mode=0o644)
    with LocalOrg.open(path, seed=False) as org:
        org.insert("Contact", LastName="Ode")
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}

    assert len(modes) > 1
    assert set(modes.values()) == {0o600}


def test_a_running_org_is_not_reset_beneath_itself(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    with LocalOrg.open(path, seed=False) as running:
        kept = running.insert("Contact", LastName="Kept")
        with pytest.raises(OSError, match="an org is running on it"):
            LocalOrg.open(path, fresh=True, seed=False)
        assert running.store.row("SELECT LastName FROM Contact WHERE Id = ?", [kept])
        running.insert("Contact", LastName="Kept too")

    with LocalOrg.open(path, seed=False) as again:
        assert len(again.store.rows("SELECT Id FROM Contact")) == 2
    with LocalOrg.open(path, fresh=True, seed=False) as anew:
        assert not anew.store.rows("SELECT Id FROM Contact")


def test_a_file_from_before_the_mark_is_still_an_orgs(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    LocalOrg.open(path, seed=False).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA application_id=0")

    with LocalOrg.open(path, seed=False) as org:
        assert org.user_id
    LocalOrg.open(path, fresh=True, seed=False).close()


def fill(org: LocalOrg, acknowledged: list[str]) -> None:
    while True:
        acknowledged.append(org.insert("Contact", LastName="Ode", Description="x" * 2000))


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    acknowledged: list[str] = []
    with LocalOrg.open(path, seed=False) as org:
        pages = org.store.connection.execute("PRAGMA page_count").fetchone()[0]
        org.store.connection.execute(f"PRAGMA max_page_count={pages + 8}")
        with pytest.raises(OrgError, match="the disk is full; nothing was saved") as full:
            fill(org, acknowledged)
        assert full.value.error_code == "STORAGE_LIMIT_EXCEEDED"
        with pytest.raises(OrgError):
            org.insert("Contact", LastName="Ode", Description="x" * 20_000)
        assert len(org.store.rows("SELECT Id FROM Contact")) == len(acknowledged)
        org.store.connection.execute(f"PRAGMA max_page_count={pages + 1000}")
        acknowledged.append(org.insert("Contact", LastName="Ode", Description="x" * 2000))

    with LocalOrg.open(path, seed=False) as again:
        assert {row["Id"] for row in again.store.rows("SELECT Id FROM Contact")} == set(acknowledged)
    assert len(acknowledged) > 1


def test_a_file_that_became_read_only_says_so(tmp_path: Path) -> None:
    with LocalOrg.open(tmp_path / "org.db", seed=False) as org:
        org.store.connection.execute("PRAGMA query_only=1")
        with pytest.raises(OrgError, match="read-only; nothing was saved"):
            org.insert("Contact", LastName="Ode")
        org.store.connection.execute("PRAGMA query_only=0")
        org.insert("Contact", LastName="Ode")


def test_a_damaged_file_ends_in_one_sentence_and_can_be_started_fresh(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    LocalOrg.open(path).close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)

    with pytest.raises(OSError, match="malformed") as damaged:
        LocalOrg.open(path)

    assert "\n" not in str(damaged.value)
    with LocalOrg.open(path, fresh=True, seed=False) as anew:
        assert anew.user_id
