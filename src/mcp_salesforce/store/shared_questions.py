"""The questions that people are asked before a change, where every replica finds them."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final, Literal

import orjson

from mcp_salesforce.changes.asked import LIFETIME, Answer, Asked, may_follow
from mcp_salesforce.store.interface import Entry, Store

_ID_BYTES: Final = 8


class SharedQuestions:
    """Questions in the store; each counts once on all replicas together. StoreError: nothing can be approved now."""

    command: Final = ""
    """Nobody answers at a terminal: the people are elsewhere."""

    def __init__(self, store: Store, *, now: Callable[[], float]) -> None:
        """Keep them in `store`, which must encrypt them; `now` is the time in Unix seconds."""
        self._store = store
        self._now = now

    def __repr__(self) -> str:
        return "<SharedQuestions>"

    def close(self) -> None:
        """Leave the store as it is: it is another one's."""

    async def ask(self, digest: str, owner: Sequence[str], tool: str, content: dict[str, Any]) -> str:
        """Keep a question, and return its Id."""
        org, user = owner[:2]
        asked = Asked(secrets.token_hex(_ID_BYTES), digest, self._now(), org, user, tool, "waiting", content)
        lifetime_s = LIFETIME.total_seconds()
        await self._store.put(_place(asked.question_id), orjson.dumps(asdict(asked)), lifetime_s)
        await self._store.put(_last(digest), asked.question_id.encode(), lifetime_s)
        return asked.question_id

    async def answer(self, question_id: str, answer: Answer) -> bool:
        """Keep the answer to a question; return whether it still takes this answer."""
        return await self._change(question_id, answer, may_follow(answer))

    async def end(self, question_id: str) -> None:
        """Take no answer to a question any more."""
        await self._change(question_id, "used", ("waiting",))

    async def use(self, question_id: str) -> bool:
        """Use up the approval of a question; return whether it was there to be used."""
        return await self._change(question_id, "used", ("approved",))

    async def find(self, digest: str) -> Asked | None:
        """Return the last question about a change that is not too old, if its answer is not used up."""
        last = await self._store.get(_last(digest))
        asked = await self.read(last.value.decode()) if last else None
        return asked if asked and asked.state != "used" else None

    async def read(self, question_id: str) -> Asked | None:
        """Return a question that is not too old."""
        return self._asked(await self._store.get(_place(question_id)))

    def _asked(self, found: Entry | None) -> Asked | None:
        asked = Asked(**orjson.loads(found.value)) if found else None
        return asked if asked and asked.at >= self._now() - LIFETIME.total_seconds() else None

    async def _change(
        self, question_id: str, state: Literal["approved", "declined", "used"], former: Sequence[str]
    ) -> bool:
        """Give a question another state, if its present one is among `former`; of all who do, one succeeds."""
        place = _place(question_id)
        while True:
            found = await self._store.get(place)
            asked = self._asked(found)
            if found is None or asked is None or asked.state not in former:
                return False
            value = orjson.dumps(asdict(replace(asked, state=state)))
            if await self._store.swap(place, value, found.lifetime_s, version=found.version):
                return True


def _place(question_id: str) -> str:
    return f"question/{question_id}"


def _last(digest: str) -> str:
    return f"question-of/{digest}"
