"""The file of an org: whether it is one, that only its user reads it, and how it is thrown away."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

APPLICATION_ID: Final = 0x53464F52  # "SFOR", in the header of every file that we make (PRAGMA application_id)
_MAGIC: Final = b"SQLite format 3\0"
_ID_AT: Final = slice(68, 72)
_OURS: Final = frozenset({"_sequence", "_consumer", "_grant"})  # tables of files from before they had the id
_COMPANIONS: Final = ("", "-journal", "-wal", "-shm")


def claim(path: Path) -> None:
    """Make `path` for the user's eyes only, or check that it is an org's file; another's is not touched."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    _require_org(path)
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)


def discard(path: Path) -> None:
    """Remove an org's file, if there is one."""
    if not path.exists():
        return
    _require_org(path)
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")  # takes the whole file, so nobody else may have it open
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise OSError(f"{path}: an org is running on it. End it first, or give another file.") from None
    except sqlite3.Error:
        pass  # it is damaged, which is why it is thrown away
    for suffix in _COMPANIONS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _require_org(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(_ID_AT.stop)
    if header and not (header.startswith(_MAGIC) and (_is_marked(header) or _has_our_tables(path))):
        raise OSError(f"{path}: it is not the file of a local org, and is left as it is. Give another file.")


def _is_marked(header: bytes) -> bool:
    return int.from_bytes(header[_ID_AT]) == APPLICATION_ID


def _has_our_tables(path: Path) -> bool:
    """Look without a trace: immutable makes SQLite write nothing, no lock and no log either."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as connection:
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        return False
    return names >= _OURS
