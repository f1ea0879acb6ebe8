"""Secrets at rest: their hashes, and the files of earlier builds, which have them in clear."""

import sqlite3
from hashlib import sha256
from typing import Final

_LAYOUT: Final = 1  # PRAGMA user_version: since 1, a file has hashes alone
_STATEMENTS: Final = (
    "CREATE TABLE _secret (hash TEXT PRIMARY KEY, kind TEXT)",
    "INSERT INTO _secret SELECT digest(client_secret), 'client_secret' FROM _consumer",
    "INSERT INTO _secret SELECT digest(password), 'password' FROM _consumer",
    "ALTER TABLE _consumer DROP COLUMN client_secret",
    "ALTER TABLE _consumer DROP COLUMN password",
    "ALTER TABLE _consumer DROP COLUMN private_key",
    "ALTER TABLE _grant RENAME COLUMN refresh_token TO hash",
    "UPDATE _grant SET hash = digest(hash)",
)


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret in hex."""
    return sha256(secret.encode()).hexdigest()


def hash_secrets(connection: sqlite3.Connection) -> None:
    """Hash what an earlier build stored as plain text, and rewrite the file, so that free pages hold none of it.

    Clients keep what they were given. What is interrupted is done again at the next opening.

    Raises:
        sqlite3.Error: The file cannot be written, or an org is running on it.
    """
    # Read before the version: another process that makes the file writes them after it.
    columns = [row[1] for row in connection.execute("PRAGMA table_info(_consumer)")]
    if connection.execute("PRAGMA user_version").fetchone()[0] >= _LAYOUT:
        return
    if columns:
        _take(connection)
        if "client_secret" in columns:
            _replace(connection)
        connection.execute("VACUUM")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE '\\_search\\_%' ESCAPE '\\' AND sql LIKE 'CREATE VIRTUAL%'"
        ).fetchall():  # a full-text index refers to rowids, and VACUUM may change them
            connection.execute(f'INSERT INTO "{name}" ("{name}") VALUES (\'rebuild\')')  # noqa: S608 - a table's name
    connection.execute(f"PRAGMA user_version={_LAYOUT}")


def _take(connection: sqlite3.Connection) -> None:
    """Take the whole file, and leave no log beside it."""
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise sqlite3.OperationalError("an earlier build is running on it. End it first.") from None


def _replace(connection: sqlite3.Connection) -> None:
    connection.create_function("digest", 1, digest, deterministic=True)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        for statement in _STATEMENTS:
            connection.execute(statement)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
