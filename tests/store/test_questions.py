"""Questions to people: the same holds in a user's own file and in what replicas share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest

from mcp_salesforce.changes.approval_store import ApprovalStore
from mcp_salesforce.changes.asked import LIFETIME, Questions
from mcp_salesforce.store.interface import StoreError
from mcp_salesforce.store.shared_questions import SharedQuestions
from mcp_salesforce.store.sqlite_file import SqliteStore
from tests.conftest import NOW
from tests.store.conftest import STORES, store_of

pytestmark = pytest.mark.anyio
OWNER = ("00D000000000001EAA", "005000000000001AAA", "policy")
TOOL = "salesforce_delete_records"
CONTENT = {"text": "Delete 2 contacts?", "do": "Delete 2 contacts", "keep": "Keep everything", "details": []}
Open = Callable[[timedelta], Questions]


@pytest.fixture(params=["file", *STORES])
async def another(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens the same questions at a time after the present, as one more process does."""
    opened: list[Questions] = []
    async with store_of(request, tmp_path) if request.param != "file" else nullcontext() as replica:

        def open_them(later: timedelta) -> Questions:
            now = (NOW + later).timestamp
            found = SharedQuestions(replica(), now=now) if replica else ApprovalStore(tmp_path / "q.db", _key, now=now)
            opened.append(found)
            return found

        yield open_them
        for each in opened:
            each.close()


def _key() -> bytes:
    return bytes(range(32))


async def test_an_approval_of_one_counts_once_on_all(another: Open) -> None:
    one, two = (another(timedelta()) for _ in range(2))
    question_id = await one.ask("digest", OWNER, TOOL, CONTENT)
    found = await two.find("digest")
    assert found
    assert (found.question_id, found.org, found.user, found.content) == (question_id, *OWNER[:2], CONTENT)
    assert not await two.use(question_id)

    approved = [await each.answer(question_id, "approved") for each in (two, one)]
    used = await asyncio.gather(*(each.use(question_id) for each in (one, two, one, two)))

    assert approved == [True, False]
    assert sorted(used) == [False, False, False, True]
    assert await one.find("digest") is None
    assert not await two.answer(question_id, "approved")


async def test_an_approval_does_not_end_with_the_call_that_asked(another: Open) -> None:
    one, two = (another(timedelta()) for _ in range(2))
    question_id = await one.ask("digest", OWNER, TOOL, CONTENT)
    await two.answer(question_id, "approved")
    await one.end(question_id)
    assert await two.use(question_id)


async def test_what_is_declined_or_ended_at_one_is_not_approved_at_another(another: Open) -> None:
    one, two = (another(timedelta()) for _ in range(2))
    declined = await one.ask("a", OWNER, TOOL, CONTENT)
    ended = await one.ask("b", OWNER, TOOL, CONTENT)
    await one.answer(declined, "declined")
    await one.end(ended)

    assert [await two.answer(each, "approved") for each in (declined, ended)] == [False, False]
    assert [await two.use(each) for each in (declined, ended)] == [False, False]
    found = await two.find("a")
    assert found
    assert found.state == "declined"


async def test_the_last_question_about_a_change_counts_and_not_for_long(another: Open) -> None:
    first, late = another(timedelta()), another(LIFETIME + timedelta(seconds=1))
    await first.ask("digest", OWNER, TOOL, CONTENT)
    question_id = await another(timedelta(seconds=1)).ask("digest", OWNER, TOOL, CONTENT)
    await first.answer(question_id, "approved")

    found = await another(timedelta(seconds=2)).find("digest")
    assert found
    assert found.question_id == question_id
    await late.ask("other", OWNER, TOOL, CONTENT)
    very_late = another(LIFETIME + timedelta(seconds=2))
    assert await very_late.find("digest") is None
    assert await very_late.read(question_id) is None
    assert not await very_late.use(question_id)


async def test_without_the_store_nothing_is_asked_and_nothing_is_approved(tmp_path: Path) -> None:
    away = SqliteStore(tmp_path)  # a folder
    questions = SharedQuestions(away, now=NOW.timestamp)
    for asking in (questions.find("a"), questions.ask("a", OWNER, TOOL, CONTENT), questions.use("b")):
        with pytest.raises(StoreError, match="cannot be used"):
            await asking
    await away.close()
