"""The questions that people were asked, or will be asked, and their answers: each counts once, and not for long."""

import logging
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from mcp_salesforce.changes.asked import LIFETIME, Answer, Asked, may_follow
from mcp_salesforce.changes.kept_file import KEY_BYTES, Seal, opened
from mcp_salesforce.salesforce.errors import SalesforceError

_ID_BYTES: Final = 8
_log = logging.getLogger(__name__)
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS question (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, at REAL NOT NULL, org TEXT NOT NULL, user TEXT NOT NULL,
    tool TEXT NOT NULL, state TEXT NOT NULL, sealed BLOB NOT NULL)
"""


class ApprovalStore:
    """The questions of one user's processes, in a file that only the user can read, or in memory."""

    def __init__(
        self, file: Path | None, key: Callable[[], bytes], *, now: Callable[[], float], command: str = ""
    ) -> None:
        """Use `file`, made at the first question; without one, memory, which ends with the process.

        Args:
            file: The file.
            key: Gives 32 bytes, by which the contents are encrypted (AES-GCM).
            now: The time in Unix seconds.
            command: What a person runs to answer; nothing if there is no file.
        """
        self._file = file
        self._command = command
        self._key = key
        self._seal = Seal(self._usable_key)
        self._now = now

    def __repr__(self) -> str:
        return "<ApprovalStore>"

    @property
    def command(self) -> str:
        """What a person runs to answer its questions; nothing where no other process can."""
        return self._command if self._file is not None else ""

    def close(self) -> None:
        """Release the file."""
        if "_database" in self.__dict__:
            self._database.close()
            del self._database

    async def ask(self, digest: str, owner: Sequence[str], tool: str, content: dict[str, Any]) -> str:
        """Keep a question, and return its Id."""
        question_id = secrets.token_hex(_ID_BYTES)
        row = (question_id, digest, self._now(), *owner[:2], tool, "waiting", self._seal.seal(content, question_id))
        with self._database:
            self._database.execute("DELETE FROM question WHERE at < ?", (self._now() - LIFETIME.total_seconds(),))
            self._database.execute("INSERT INTO question VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return question_id

    async def answer(self, question_id: str, answer: Answer, *, at_terminal: bool = False) -> bool:
        """Keep the answer to a question; return whether it still takes this answer."""
        return self._change(question_id, answer, may_follow(answer, at_terminal=at_terminal))

    async def end(self, question_id: str) -> None:
        """Take no answer to a question any more."""
        self._change(question_id, "used", ("waiting",))

    async def use(self, question_id: str) -> bool:
        """Use up the approval of a question; return whether it was there to be used: nobody uses it twice."""
        return self._change(question_id, "used", ("approved",))

    async def find(self, digest: str) -> Asked | None:
        """Return the last question about a change that is not too old, if its answer is not used up."""
        return next((each for each in self._read("digest = ?", digest) if each.state != "used"), None)

    async def read(self, question_id: str) -> Asked | None:
        """Return a question that is not too old."""
        return next(iter(self._read("id = ?", question_id)), None)

    def to_answer(self) -> list[Asked]:
        """Return the questions that a person at a terminal can answer, the oldest first: declined ones too."""
        return self._read("state IN (?, ?)", "waiting", "declined")[::-1]

    def _read(self, where: str, *values: str) -> list[Asked]:
        since = self._now() - LIFETIME.total_seconds()
        columns = "id, digest, at, org, user, tool, state, sealed"
        rows = self._database.execute(
            f"SELECT {columns} FROM question WHERE {where} AND at >= ? ORDER BY at DESC, rowid DESC",  # noqa: S608 - ours
            (*values, since),
        ).fetchall()
        return [each for row in rows if (each := self._unsealed(row))]

    def _unsealed(self, row: Sequence[Any]) -> Asked | None:
        """Return a question; None if it was encrypted with another key: nobody can answer that one."""
        from cryptography.exceptions import InvalidTag

        try:
            return Asked(*(*row[:-1], self._seal.unseal(row[-1], row[0])))
        except InvalidTag:
            return None

    def _change(self, question_id: str, state: str, former: Sequence[str]) -> bool:
        since = self._now() - LIFETIME.total_seconds()
        marks = ", ".join("?" for _ in former)
        with self._database:
            changed = self._database.execute(
                f"UPDATE question SET state = ? WHERE id = ? AND at >= ? AND state IN ({marks})",  # noqa: S608 - marks
                (state, question_id, since, *former),
            )
        return changed.rowcount == 1

    @cached_property
    def _database(self) -> sqlite3.Connection:
        try:
            return opened(self._file, _prepare)
        except (OSError, sqlite3.Error) as error:
            _log.warning("Questions to the user are kept in memory only: %s cannot be used: %s", self._file, error)
            self._file = None
            return opened(None, _prepare)

    def _usable_key(self) -> bytes:
        """Return the key, or one of this process where the questions are in its memory only."""
        try:
            return self._key()
        except (OSError, SalesforceError):
            if self._file is not None:
                raise
            return secrets.token_bytes(KEY_BYTES)


def _prepare(database: sqlite3.Connection) -> None:
    with database:
        database.execute(_TABLE)
