"""Deletes the files that tools have written for people, when no link to them works any more."""

import asyncio
import logging
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from mcp_salesforce.file_links import LIFETIME_S

KEPT_S: Final = 2 * LIFETIME_S
"""How long a file is kept after its last link was made: an hour in which it works, and one to ask for another."""
UNFINISHED_KEPT_S: Final = 7 * 86_400
"""How long an export that stopped can be continued: as long as Salesforce keeps its bulk job."""
EVERY_S: Final = 600.0
_OF_A_PERSON: Final = re.compile("[0-9a-f]{32}")
_log = logging.getLogger(__name__)


class OldFiles:
    """Looks through the folders of all people, at its start and from time to time; it is the context in which it does.

    Replicas may share the folder: each deletes what is old.
    """

    def __init__(self, root: Path, now: Callable[[], float]) -> None:
        """Delete below the folders of people in `root`; `now` is the time in Unix seconds."""
        self._root = root
        self._now = now

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._again_and_again())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop looking."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _again_and_again(self) -> None:
        while True:
            if deleted := await asyncio.to_thread(self._delete):
                _log.info("Deleted %d files whose links have expired", deleted)
            await asyncio.sleep(EVERY_S)

    def _delete(self) -> int:
        """Delete what is old; return how many files that were. What cannot be deleted stays for the next time."""
        deleted, now = 0, self._now()
        for entry in _entries(self._root):
            if _OF_A_PERSON.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                deleted += _delete_below(Path(entry), now)
        return deleted


def _delete_below(folder: Path, now: float) -> int:
    deleted = 0
    for entry in _entries(folder):
        with suppress(OSError):
            told = entry.stat(follow_symlinks=False)
            kept_s = UNFINISHED_KEPT_S if entry.name.startswith(".") else KEPT_S
            is_old = told.st_mtime <= now - kept_s
            if stat.S_ISDIR(told.st_mode):
                deleted += _delete_below(Path(entry), now)
                if is_old:
                    Path(entry).rmdir()  # only an empty one
            elif is_old:
                Path(entry).unlink()
                deleted += 1
    return deleted


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as entries:
        yield from list(entries)
