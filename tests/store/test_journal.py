"""The journal of changes: the same holds in a user's own file and in what replicas share."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest

from mcp_salesforce.changes.change import Change, Step
from mcp_salesforce.changes.journal import KEPT_FOR, Entry, Journal
from mcp_salesforce.changes.journal_file import JournalFile
from mcp_salesforce.changes.writes import Outcome, Write
from mcp_salesforce.salesforce.errors import InvalidArgumentError
from mcp_salesforce.store.interface import Store, StoreError
from mcp_salesforce.store.shared_journal import SharedJournal
from mcp_salesforce.store.sqlite_file import SqliteStore
from tests.changes.conftest import OWNER, change_of
from tests.conftest import NOW
from tests.store.conftest import STORES, store_of

pytestmark = pytest.mark.anyio
Open = Callable[[timedelta], Journal]
AT_ONCE = timedelta()


@pytest.fixture(params=["file", *STORES])
async def another(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens the same journal at a time after the present, as one more process does."""
    opened: list[Journal] = []
    async with store_of(request, tmp_path) if request.param != "file" else nullcontext() as replica:

        def open_it(later: timedelta) -> Journal:
            now = (NOW + later).timestamp
            found: Journal = (
                SharedJournal(replica(), now=now)
                if replica
                else JournalFile(tmp_path / "journal.db", lambda: bytes(range(32)), now=now, is_wanted=True)
            )
            opened.append(found)
            return found

        yield open_it
        for each in opened:
            await each.close()


def step_of_create(name: str) -> Step:
    return Step((Write("create", "Contact", values={"LastName": name}),), (None,))


async def begun(journal: Journal, *names: str, undoes: str = "") -> Change:
    """A change of which each step was begun, and none has ended."""
    change = change_of(undoes=undoes)
    for name in names:
        change.steps.append(step_of_create(name))
        await journal.begin(change, change.steps[-1])
    return change


def outcomes_of(entry: Entry) -> list[tuple[Outcome, ...]]:
    return [step.outcomes for step in entry.steps]


async def made(journal: Journal, *names: str, undoes: str = "") -> str:
    """The Id of a change that was made."""
    change = await begun(journal, *names, undoes=undoes)
    for step in change.steps:
        step.outcomes = (Outcome("003000000000001AAA", is_done=True, created=True),)
        await journal.end(change, step)
    await journal.close_change(change)
    return change.change_id


async def test_a_change_of_one_is_known_to_another_before_it_is_sent_and_after(another: Open) -> None:
    one, two = another(AT_ONCE), another(AT_ONCE)
    change = await begun(one, "Sand")
    [entry] = await two.entries(*OWNER, change_id=change.change_id)
    assert (entry.state, entry.is_under_way, entry.steps[0].outcomes) == ("open", True, ())
    assert entry.steps[0].writes[0].values == {"LastName": "Sand"}

    change.steps[0].outcomes = (Outcome("003000000000001AAA", is_done=True, created=True),)
    await one.end(change, change.steps[0])
    await one.close_change(change)
    [entry] = await two.entries(*OWNER)
    assert (entry.state, entry.is_under_way, outcomes_of(entry)) == ("done", False, [change.steps[0].outcomes])


async def test_changes_are_their_owners_alone_and_the_newest_comes_first(another: Open) -> None:
    ids = [await made(another(timedelta(seconds=n)), "Sand", "Stein") for n in range(3)]
    journal = another(timedelta(seconds=3))
    assert [each.change_id for each in await journal.entries(*OWNER)] == ids[::-1]
    assert [len(each.steps) for each in await journal.entries(*OWNER, most=1)] == [2]
    others = (OWNER[0], "005000000000002AAA"), ("00D000000000002EAA", OWNER[1])
    assert [await journal.entries(*each, change_id=ids[0]) for each in others] == [[], []]
    assert await journal.entries(*OWNER, change_id=f"{ids[0]}/0") == []


async def test_of_all_who_undo_a_change_at_once_one_does_and_nobody_again(another: Open) -> None:
    journals = [another(AT_ONCE) for _ in range(3)]
    undone = await made(journals[0], "Sand")
    began = await asyncio.gather(*(begun(each, "back", undoes=undone) for each in journals), return_exceptions=True)
    [undo] = [each for each in began if isinstance(each, Change)]
    refused = [each for each in began if isinstance(each, InvalidArgumentError)]
    assert [each.message for each in refused] == [f"Change {undone} is being undone by another call."] * 2

    journal = journals[began.index(undo)]
    undo.steps[0].outcomes = (Outcome("003000000000001AAA", is_done=True),)
    await journal.end(undo, undo.steps[0])
    await journal.close_change(undo)
    await journal.mark(OWNER, undone, "undone")
    for each in journals:
        with pytest.raises(InvalidArgumentError, match="has been undone already"):
            await begun(each, "back", undoes=undone)
    assert [each.state for each in await journals[1].entries(*OWNER, change_id=undone)] == ["undone"]


async def test_what_was_found_out_is_kept_for_all(another: Open) -> None:
    one, two = another(AT_ONCE), another(AT_ONCE)
    change = await begun(one, "Sand")
    found = Step(change.steps[0].writes, (None,), (Outcome("003000000000001AAA", is_done=True),))
    await two.settle(OWNER, change.change_id, [found])
    [entry] = await one.entries(*OWNER)
    assert (entry.state, outcomes_of(entry)) == ("done", [found.outcomes])


async def test_what_is_older_than_the_recycle_bin_is_forgotten(another: Open) -> None:
    change_id = await made(another(AT_ONCE), "Sand")
    assert await another(KEPT_FOR).entries(*OWNER, change_id=change_id)
    assert await another(KEPT_FOR + timedelta(seconds=1)).entries(*OWNER, change_id=change_id) == []


class Line:
    """A line to a store, which is away while `is_away`; `asked` has what was asked of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_away = False
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> object:
        self.asked.append(name)
        if self.is_away:
            raise StoreError("The store is away.")
        return getattr(self._store, name)


async def test_without_the_store_no_change_begins_and_one_that_has_begun_is_closed_later(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    line = Line(store)
    journal, other = SharedJournal(line, now=NOW.timestamp), SharedJournal(store, now=NOW.timestamp)  # type: ignore[arg-type]  # a line to it
    change = await begun(journal, "Sand")
    line.is_away = True
    with pytest.raises(StoreError, match="The write was not sent"):
        await begun(journal, "Stein")
    change.steps[0].outcomes = (Outcome("003000000000001AAA", is_done=True),)
    await journal.end(change, change.steps[0])
    await journal.close_change(change)
    assert [each.state for each in await other.entries(*OWNER)] == ["open"]

    line.is_away = False
    async with asyncio.timeout(20):
        while (await other.entries(*OWNER))[0].state == "open":  # noqa: ASYNC110 - until the replica tries again
            await asyncio.sleep(0.05)
    [entry] = await other.entries(*OWNER)
    assert (entry.state, outcomes_of(entry)) == ("done", [change.steps[0].outcomes])
    await journal.close()
    await store.close()


async def test_a_change_asks_little_of_the_store(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    line = Line(store)
    journal = SharedJournal(line, now=NOW.timestamp)  # type: ignore[arg-type]  # a line to it
    await made(journal, "Sand")
    assert sorted(line.asked) == ["get", "put", "put", "swap", "swap", "swap"]
    line.asked.clear()
    await made(journal, "Stein")
    assert sorted(line.asked) == ["get", "put", "swap", "swap", "swap"], "its lease still holds"
    await journal.close()
    await store.close()


async def test_what_another_has_undone_meanwhile_stays_undone(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    journal, other = (SharedJournal(store, now=NOW.timestamp) for _ in range(2))
    change = await begun(journal, "Sand")
    await other.mark(OWNER, change.change_id, "undone")
    change.steps[0].outcomes = (Outcome("003000000000001AAA", is_done=True),)
    await journal.end(change, change.steps[0])
    await journal.close_change(change)
    [entry] = await other.entries(*OWNER)
    assert (entry.state, outcomes_of(entry)) == ("undone", [change.steps[0].outcomes])
    await journal.close()
    await store.close()


async def test_an_outcome_that_the_file_did_not_take_is_kept_when_the_change_is_closed_or_later(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    journal = JournalFile(file, lambda: bytes(range(32)), now=NOW.timestamp, is_wanted=True)
    with closing(sqlite3.connect(file)) as beside:

        def fill(*kinds: str) -> None:
            beside.execute("DROP TRIGGER IF EXISTS full_INSERT")
            beside.execute("DROP TRIGGER IF EXISTS full_UPDATE")
            for kind, table in zip(kinds, ("step", "change"), strict=False):
                beside.execute(
                    f"CREATE TRIGGER full_{kind} BEFORE {kind} ON {table} BEGIN SELECT RAISE(ABORT, 'x'); END"
                )

        for fails, is_known in ((("INSERT",), True), (("INSERT", "UPDATE"), False)):
            change = await begun(journal, "Sand")
            fill(*fails)
            change.steps[0].outcomes = (Outcome("003000000000001AAA", is_done=True),)
            await journal.end(change, change.steps[0])
            await journal.close_change(change)
            if not is_known:
                [entry, _] = await journal.entries(*OWNER)
                assert (entry.state, outcomes_of(entry)) == ("open", [()])
            fill()
            entry = (await journal.entries(*OWNER))[0]
            assert (entry.state, outcomes_of(entry)) == ("done", [change.steps[0].outcomes])
    await journal.close()


async def test_a_change_of_a_replica_that_ended_is_left_behind_when_its_lease_ends(tmp_path: Path) -> None:
    at = [1.8e9]
    store = SqliteStore(tmp_path / "store.db", now=lambda: at[0])
    journal, other = (SharedJournal(store, now=NOW.timestamp) for _ in range(2))
    change = await begun(journal, "Sand")
    await journal.close()
    assert [each.is_under_way for each in await other.entries(*OWNER)] == [True]
    at[0] += 5
    [entry] = await other.entries(*OWNER)
    assert (entry.change_id, entry.state, entry.is_under_way) == (change.change_id, "open", False)
    await begun(other, "back", undoes=change.change_id)
    await other.close()
    await store.close()
