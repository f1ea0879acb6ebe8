"""The store: transactions, tables that follow the schema, threads and processes that share a file."""

import dataclasses
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Protocol

import pytest

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.standard import STANDARD_OBJECTS
from mcp_salesforce.localorg.standard.account import ACCOUNT
from mcp_salesforce.localorg.standard.contact import CONTACT
from mcp_salesforce.localorg.standard.definitions import string
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.sqlite import Store


class Opener(Protocol):
    """Opens a store, in memory or in a file, that the end of the test closes."""

    def __call__(self, path: Path | None = None, **options: float) -> Store: ...


@pytest.fixture
def opened() -> Iterator[Opener]:
    with ExitStack() as stores:

        def open_store(path: Path | None = None, **options: float) -> Store:
            store = stores.enter_context(closing(Store(path, **options)))
            store.apply(Schema(STANDARD_OBJECTS))
            return store

        yield open_store


def names(store: Store) -> list[str]:
    return [row["Name"] for row in store.rows("SELECT Name FROM Account ORDER BY Id")]


def add(store: Store, name: str) -> None:
    with store.transaction():
        store.insert(ACCOUNT, {"Id": store.new_id(ACCOUNT), "Name": name})


def lose(store: Store) -> None:
    with store.transaction():
        add(store, "lost")
        raise ZeroDivisionError


def test_an_inner_transaction_that_raises_takes_back_only_its_own_work(opened: Opener) -> None:
    store = opened()

    with store.transaction():
        add(store, "kept")
        with pytest.raises(ZeroDivisionError):
            lose(store)
        add(store, "kept too")

    assert names(store) == ["kept", "kept too"]


def test_an_outer_transaction_that_raises_takes_back_everything(opened: Opener) -> None:
    store = opened()

    with pytest.raises(ZeroDivisionError):
        lose(store)

    assert names(store) == []
    add(store, "usable")
    assert names(store) == ["usable"]


def test_threads_that_write_at_once_lose_nothing(tmp_path: Path, opened: Opener) -> None:
    store = opened(tmp_path / "org.db")

    def write(number: int) -> None:
        for each in range(25):
            add(store, f"{number}-{each}")

    threads = [threading.Thread(target=write, args=[number]) for number in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(names(store))) == 200


def test_two_connections_to_one_file_never_mint_the_same_id(tmp_path: Path, opened: Opener) -> None:
    one, other = opened(tmp_path / "org.db"), opened(tmp_path / "org.db")

    for store in (one, other, one, other):
        add(store, "Acme")

    assert len(one.rows("SELECT DISTINCT Id FROM Account")) == 4


def test_a_writer_that_waits_too_long_is_told_that_the_row_is_locked(tmp_path: Path, opened: Opener) -> None:
    one, other = opened(tmp_path / "org.db"), opened(tmp_path / "org.db", lock_timeout_s=0.01)

    with one.transaction(), pytest.raises(OrgError) as caught:
        add(other, "Acme")

    assert caught.value.error_code == "UNABLE_TO_LOCK_ROW"
    add(other, "Acme")
    assert names(one) == ["Acme"]


def test_text_compares_without_regard_to_case_and_ids_with_it(opened: Opener) -> None:
    store = opened()
    add(store, "Ünlü Acme")

    assert store.row("SELECT 1 FROM Account WHERE Name = 'Ünlü ACME'")
    assert store.row("SELECT 1 FROM Account WHERE fold(Name) = fold('ÜNLÜ ACME')")
    assert not store.row("SELECT 1 FROM Account WHERE Id = (SELECT upper(Id) FROM Account)")


def test_a_file_of_an_older_schema_gets_the_columns_it_lacks(tmp_path: Path) -> None:
    wider = dataclasses.replace(CONTACT, fields=(*CONTACT.fields, string("Nickname__c", "Nickname", 40)))
    with closing(Store(tmp_path / "org.db")) as older:
        older.apply(Schema([CONTACT]))

        older.apply(Schema([wider]))
        older.apply(Schema([wider]))

        with older.transaction():
            older.insert(CONTACT, {"Id": older.new_id(CONTACT), "Nickname__c": "Bo"})
        assert [row["Nickname__c"] for row in older.rows("SELECT * FROM Contact")] == ["Bo"]


def test_references_and_start_times_are_looked_up_by_index(opened: Opener) -> None:
    store = opened()

    for condition in ("AccountId = '001'", "Email = 'a@example.com'", "LastModifiedDate > '2026'"):
        plan = " ".join(
            row["detail"] for row in store.rows(f"EXPLAIN QUERY PLAN SELECT Id FROM Contact WHERE {condition}")
        )
        assert "USING" in plan
        assert "INDEX" in plan
    overlap = "SELECT Id FROM Event WHERE StartDateTime < '2026' AND EndDateTime > '2025'"
    assert "INDEX" in store.rows(f"EXPLAIN QUERY PLAN {overlap}")[0]["detail"]


def test_a_file_that_is_no_database_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be read as the head of one" * 20)

    with pytest.raises(OSError, match=r"notes\.txt"):
        Store(path)


def test_a_closed_store_has_written_everything(tmp_path: Path, opened: Opener) -> None:
    path = tmp_path / "org.db"
    store = opened(path)
    add(store, "Acme")
    store.close()

    with pytest.raises(sqlite3.ProgrammingError):
        names(store)
    assert names(opened(path)) == ["Acme"]
