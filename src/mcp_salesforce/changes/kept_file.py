"""A SQLite file that only its owner can read, values in it that are encrypted, and the processes that use it."""

import os
import secrets
import sqlite3
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from filelock import FileLock

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_BUSY_S: Final = 5.0
_PAUSE_S: Final = 0.01
_HOLDER_BYTES: Final = 4


def connect(file: Path | None) -> sqlite3.Connection:
    """Return a connection to `file`, which is made with its folder if it is not there; to memory without one.

    Raises:
        OSError: The file cannot be made.
        sqlite3.Error: It cannot be opened.
    """
    if file is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    return sqlite3.connect(file or ":memory:", timeout=_BUSY_S, check_same_thread=False)


def opened(file: Path | None, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """Return a connection, as `connect`, that `prepare` has made ready; it is closed if that fails."""
    database = connect(file)
    try:
        prepare(database)
    except BaseException:
        database.close()
        raise
    return database


def make_tables(
    database: sqlite3.Connection, application_id: int, tables: str, foreign: Exception, *, page_bytes: int = 0
) -> None:
    """Make the tables of a new file, once among all processes, and mark the file as ours; one of ours stays as it is.

    Args:
        database: A connection to the file.
        application_id: The mark, in the file's header.
        tables: The statements that make the tables, with `;` between them.
        foreign: What is raised where the file is another program's.
        page_bytes: The size of a page of a new file; SQLite's own without it.
    """
    if _is_made(database, application_id, foreign):
        return
    if page_bytes:
        database.execute(f"PRAGMA page_size = {page_bytes}")
    with database:
        database.execute("BEGIN IMMEDIATE")
        if _is_made(database, application_id, foreign):
            return
        for table in tables.split(";"):
            database.execute(table)
        database.execute(f"PRAGMA application_id = {application_id}")
    _log_ahead(database)


def _log_ahead(database: sqlite3.Connection) -> None:
    """Let others read while one writes. SQLite does not wait with this for those who just look at the new file."""
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

    for attempt in Retrying(
        retry=retry_if_exception_type(sqlite3.OperationalError),
        stop=stop_after_delay(_BUSY_S),
        wait=wait_fixed(_PAUSE_S),
        reraise=True,
    ):
        with attempt:
            database.execute("PRAGMA journal_mode = WAL")


def _is_made(database: sqlite3.Connection, application_id: int, foreign: Exception) -> bool:
    """Tell whether the file is one of ours, or new; one statement, so that no other process makes a table between."""
    query = "SELECT application_id, (SELECT count(*) FROM sqlite_master) FROM pragma_application_id"
    mark, tables = database.execute(query).fetchone()
    if mark != application_id and (mark or tables):
        raise foreign
    return bool(mark == application_id)


def reason_of(error: OSError | sqlite3.Error) -> str:
    """Return in words why a file cannot be used."""
    return str(error.strerror if isinstance(error, OSError) else error)


class Seal:
    """Encrypts JSON values (AES-GCM), each for the place where it is kept; the cipher is loaded with the first one."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        """Use the 32 bytes that `key` gives, asked for once."""
        self._key = key

    def __repr__(self) -> str:
        return "<Seal>"

    def seal(self, value: object, place: str) -> bytes:
        """Return `value` encrypted for `place`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed: bytes = self._cipher.encrypt(nonce, orjson.dumps(value), place.encode())
        return nonce + sealed

    def unseal(self, sealed: bytes, place: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value that was sealed for `place`.

        Raises:
            cryptography.exceptions.InvalidTag: It was sealed with another key, or for another place, or is damaged.
        """
        from cryptography.exceptions import InvalidTag

        try:
            return orjson.loads(self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode()))
        except ValueError:  # too short for a nonce
            raise InvalidTag from None

    @cached_property
    def _cipher(self) -> Any:  # noqa: ANN401 - the class is loaded when it is used
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key())


class Holders:
    """The processes that use a file: each holds a lock beside it as long as it lives, so that others know."""

    def __init__(self, file: Path) -> None:
        """Be one of them, by a name of its own."""
        self._file = file
        self.own = secrets.token_hex(_HOLDER_BYTES)

    def hold(self) -> None:
        """Begin to live.

        Raises:
            OSError: The lock cannot be made.
        """
        self._alive.acquire(timeout=0)

    def release(self) -> None:
        """End, and leave nothing behind."""
        self._alive.release()
        self._lock_of(self.own).unlink(missing_ok=True)

    def is_alive(self, holder: str) -> bool:
        """Tell whether the process that names itself `holder` is there."""
        if holder == self.own:
            return True
        file = self._lock_of(holder)
        if not file.exists():
            return False
        from filelock import Timeout

        lock = self._lock(holder)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        file.unlink(missing_ok=True)
        return False

    @cached_property
    def _alive(self) -> "FileLock":
        return self._lock(self.own)

    def _lock(self, holder: str) -> "FileLock":
        from filelock import FileLock

        return FileLock(self._lock_of(holder), mode=0o600)

    def _lock_of(self, holder: str) -> Path:
        return self._file.with_name(f"{self._file.name}.{holder}.lock")
