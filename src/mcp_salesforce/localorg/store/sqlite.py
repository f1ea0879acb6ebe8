"""The connection: tables made from the schema, transactions, rows.

One table for each object, named like it, with one column for each stored field, named like that. `Id` is the
primary key (18 characters); booleans are 0 and 1, and every table has `IsDeleted`; datetimes are UTC in wire form
(`2026-02-20T18:00:00.000+0000`), so that text order is time order; dates are `2026-02-20`, times `10:00:00.000Z`.
Text compares without regard to the case of ASCII letters; `fold(text)` does so for every alphabet.
"""

import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError, query_too_complicated, unable_to_lock_row
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.standard.definitions import FIELD_TYPES, FieldDef, SObjectDef
from mcp_salesforce.localorg.store import last_activity
from mcp_salesforce.localorg.store.database_file import APPLICATION_ID
from mcp_salesforce.localorg.store.hashing import hash_secrets
from mcp_salesforce.localorg.store.ids import mint
from mcp_salesforce.localorg.store.schema import Schema

Row = sqlite3.Row
"""One row: values by position, by column name in any case, and `keys()`."""

_INDEXED_TYPES: Final = ("reference", "email")
_INDEXED_FIELDS: Final = (
    "Name", "LastName", "StartDateTime", "EndDateTime", "ActivityDate", "LastModifiedDate", "SystemModstamp",
    "CreatedDate", "Username",
)  # fmt: skip
_INDEXED_TOGETHER: Final = {
    "Event": (("OwnerId", "StartDateTime"),),
    "Contact": (("Name", "Email"), ("Name", "Phone"), ("Name", "MobilePhone"), ("Name", "AccountId", "Title")),
}
"""Where either index alone would find too much: a calendar by owner and window, one person among all of a name."""
_EXTRA_COLUMNS: Final = ("_deleted_with TEXT",)
"""Columns of every table beside its fields: the id of the record whose deletion put this one in the recycle bin."""
_BEYOND_LIMITS: Final = re.compile(
    "stack overflow|too large|too many (columns|SQL variables|terms)|tables in a join|too big|too complex"
)
"""SQLite's words for a query that has more of something than it takes."""
_MAX_SQL: Final = 1_000_000
"""Characters of a statement; SQLite's own default, which some builds raise to what would run for minutes."""


class Transaction:
    """A block of work that is still open."""

    is_taken_back = False

    def take_back(self) -> None:
        """Roll back the block's work when it ends."""
        self.is_taken_back = True


class Store:
    """One SQLite database, in a file (write-ahead log) or in memory, that threads may share."""

    def __init__(self, path: Path | None = None, *, lock_timeout_s: float = 10.0) -> None:
        """Open `path`, or a database in memory that nobody else sees.

        A transaction waits up to `lock_timeout_s` for other processes that write to the file.
        """
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = _opened(path, lock_timeout_s)
        self._connection.row_factory = sqlite3.Row
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _MAX_SQL)
        self._connection.create_function("fold", 1, _fold, deterministic=True)

    @property
    def connection(self) -> sqlite3.Connection:
        """Return the connection itself, for functions and collations that a query needs."""
        return self._connection

    def close(self) -> None:
        """Close the database; committed work stays."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Do everything inside the block or, if it raises or says so, nothing of it; blocks may be nested.

        The outermost block commits; an inner one that raises takes back only its own work.

        Raises:
            OrgError: UNABLE_TO_LOCK_ROW; another process has been writing for too long.
        """
        with self._lock:
            name = f"level_{self._depth}"
            try:
                self._connection.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {name}")
            except sqlite3.OperationalError as error:
                raise _failure_of_the_file(error) or unable_to_lock_row() from error
            self._depth += 1
            transaction = Transaction()
            try:
                yield transaction
            except BaseException:
                self._leave(name, commit=False)
                raise
            self._leave(name, commit=not transaction.is_taken_back)

    def _leave(self, name: str, *, commit: bool) -> None:
        self._depth -= 1
        if not commit and not self._connection.in_transaction:
            return  # SQLite has taken it back already, as it does where the disk is full
        if self._depth == 0:
            self._end(commit=commit)
            return
        if not commit:
            self._connection.execute(f"ROLLBACK TO {name}")
        self._connection.execute(f"RELEASE {name}")

    def _end(self, *, commit: bool) -> None:
        try:
            with _told():
                self._connection.execute("COMMIT" if commit else "ROLLBACK")
        except OrgError:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if commit:
                raise

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
        """Run one statement; return how many rows it changed."""
        with self._lock, _told():
            return self._connection.execute(sql, parameters).rowcount

    def execute_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each of `parameters`."""
        with self._lock, _told():
            self._connection.executemany(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Return every row of a query.

        Raises:
            OrgError: QUERY_TOO_COMPLICATED; the query is beyond SQLite's limits.
        """
        with self._lock, _within_limits():
            return self._connection.execute(sql, parameters).fetchall()

    def chunks(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = (), *, size: int) -> Iterator[list[Row]]:
        """Return the rows of a query in lists of `size`, read as they are asked for: memory does not grow with them.

        Raises:
            OrgError: QUERY_TOO_COMPLICATED; the query is beyond SQLite's limits.
        """
        with self._lock, _within_limits():
            cursor = self._connection.execute(sql, parameters)
            while rows := cursor.fetchmany(size):
                yield rows

    def row(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> Row | None:
        """Return the first row of a query, or None."""
        with self._lock, _told():
            first: Row | None = self._connection.execute(sql, parameters).fetchone()
            return first

    def new_id(self, sobject: SObjectDef) -> str:
        """Return an id that no record had before; call it inside the transaction that inserts."""
        return mint(sobject.key_prefix, self.reserve_ids(sobject, 1))

    def reserve_ids(self, sobject: SObjectDef, count: int) -> int:
        """Take `count` record numbers and return the first of them."""
        return self.reserve(sobject.key_prefix, count)

    def reserve(self, sequence: str, count: int) -> int:
        """Take `count` numbers of a sequence, which starts at 1, and return the first of them."""
        row = self.row(
            "INSERT INTO _sequence VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = last + excluded.last "
            "RETURNING last",
            (sequence, count),
        )
        assert row is not None  # noqa: S101 - RETURNING answers with the row it wrote
        return int(row["last"]) - count + 1

    def insert(self, sobject: SObjectDef, row: Mapping[str, Any]) -> None:
        """Insert one row; columns that it does not name are null."""
        self.insert_many(sobject, list(row), [list(row.values())])

    def insert_many(self, sobject: SObjectDef, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows of values for `columns`."""
        names = ", ".join(quote(name) for name in columns)
        marks = ", ".join("?" * len(columns))
        self.execute_many(f"INSERT INTO {quote(sobject.name)} ({names}) VALUES ({marks})", rows)  # noqa: S608 - names of the schema

    def update(self, sobject: SObjectDef, record_id: str, changes: Mapping[str, Any]) -> None:
        """Set columns of one row."""
        if changes:
            sets = ", ".join(f"{quote(name)} = ?" for name in changes)
            sql = f"UPDATE {quote(sobject.name)} SET {sets} WHERE Id = ?"  # noqa: S608 - names of the schema
            self.execute(sql, [*changes.values(), record_id])

    def find(self, sobject: SObjectDef, record_id: str) -> Row | None:
        """Return the row with this 18-character id, deleted or not."""
        return self.row(f"SELECT * FROM {quote(sobject.name)} WHERE Id = ?", [record_id])  # noqa: S608 - a name of the schema

    def apply(self, schema: Schema) -> None:
        """Make the tables, columns, indexes and triggers that `schema` has and the database has not yet."""
        with self.transaction():
            for sobject in schema:
                self._apply_sobject(sobject)
            known = {row["name"] for row in self.rows("SELECT name FROM sqlite_master")}
            for name, sql, fill in last_activity.statements(schema):
                if name not in known:
                    self.execute(sql)
                    if fill:
                        self.execute(fill)

    def _apply_sobject(self, sobject: SObjectDef) -> None:
        table = quote(sobject.name)
        stored = [field for field in sobject.fields if field.stored]
        known = {row["name"].lower() for row in self.rows(f"PRAGMA table_info({table})")}
        if not known:
            self.execute(
                f"CREATE TABLE {table} ({', '.join([*map(_column, stored), *_EXTRA_COLUMNS, *sobject.hidden_columns])})"
            )
            if sobject.field("IsDeleted") is None:
                self.execute(f"ALTER TABLE {table} ADD COLUMN IsDeleted INTEGER NOT NULL DEFAULT 0")
        else:
            for field in stored:
                if field.name.lower() not in known:
                    self.execute(f"ALTER TABLE {table} ADD COLUMN {_column(field)}")
        for name in ("_deleted_with", *sobject.hidden_columns):
            index = quote(f"{sobject.name}{name}")
            self.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({name}) WHERE {name} IS NOT NULL")
        for field in stored:
            if field.type in _INDEXED_TYPES or field.name in _INDEXED_FIELDS or field.external_id or field.unique:
                index = quote(f"{sobject.name}_{field.name}")
                self.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({quote(field.name)})")
        for names in _INDEXED_TOGETHER.get(sobject.name, ()):
            index, columns = quote(f"{sobject.name}_{'_'.join(names)}"), ", ".join(map(quote, names))
            self.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({columns}) WHERE {quote(names[-1])} NOT NULL")


def _opened(path: Path | None, lock_timeout_s: float) -> sqlite3.Connection:
    connection = None
    try:
        connection = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False, timeout=lock_timeout_s
        )
        # Before the log is on: it is to stand in the file itself, where `file` looks for it.
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        hash_secrets(connection)
        # A killed process loses nothing that was committed: the log is with the system by then.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE IF NOT EXISTS _sequence (name TEXT PRIMARY KEY, last INTEGER NOT NULL)")
        # References that were cleared when the record was deleted to which they led.
        connection.execute("CREATE TABLE IF NOT EXISTS _cleared (parent TEXT, sobject TEXT, record TEXT, field TEXT)")
        connection.execute("CREATE INDEX IF NOT EXISTS _cleared_parent ON _cleared (parent)")
    except sqlite3.Error as error:
        if connection:
            connection.close()
        raise OSError(f"{path}: {error}") from error
    return connection


@evidence("SOQL", "quoted", "A query with too many fields or conditions is QUERY_TOO_COMPLICATED")
@contextmanager
def _within_limits() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if told := _failure_of_the_file(error):
            raise told from None
        if not isinstance(error, sqlite3.OperationalError | sqlite3.DataError) or not _BEYOND_LIMITS.search(str(error)):
            raise
        raise query_too_complicated() from None


@contextmanager
def _told() -> Iterator[None]:
    """Say in one sentence what the file of the org does not let be done."""
    try:
        yield
    except sqlite3.Error as error:
        if told := _failure_of_the_file(error):
            raise told from None
        raise


def _failure_of_the_file(error: sqlite3.Error) -> OrgError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of an extended code says more than is needed
    match code:
        case sqlite3.SQLITE_FULL:
            return OrgError(403, "STORAGE_LIMIT_EXCEEDED", "the disk is full; nothing was saved")
        case sqlite3.SQLITE_READONLY:
            words = "the org's file is read-only; nothing was saved"
            return OrgError(403, "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", words)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN:
            return OrgError(500, "UNKNOWN_EXCEPTION", f"the org's file cannot be read or written: {error}")
    return None


def quote(name: str) -> str:
    """Return a table or column name as SQL takes it, whatever keyword it may be."""
    return '"' + name.replace('"', '""') + '"'


def _column(field: FieldDef) -> str:
    kind = FIELD_TYPES[field.type][2]
    if field.case_sensitive:
        kind = "TEXT"
    constraint = " PRIMARY KEY NOT NULL" if field.type == "id" else " DEFAULT 0" if field.type == "boolean" else ""
    return f"{quote(field.name)} {kind}{constraint}"


def _fold(text: Any) -> Any:  # noqa: ANN401 - any value of a column
    return text.casefold() if isinstance(text, str) else text
