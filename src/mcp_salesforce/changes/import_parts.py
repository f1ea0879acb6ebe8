"""What is kept of an import: its parts, and the outcome of its rows."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mcp_salesforce.salesforce.errors import SalesforceError, refused

PartState: TypeAlias = Literal["ready", "sent", "done"]


class ImportStoreError(SalesforceError):
    """The file of the imports cannot be read or written."""

    code = "IMPORTS_FILE"
    hint = "Tell the user: the person who runs this server must make the file writable. Then import again."


TABLES: Final = """
CREATE TABLE import (
    id TEXT PRIMARY KEY, at REAL NOT NULL, org TEXT NOT NULL, user TEXT NOT NULL, source BLOB NOT NULL,
    holder TEXT NOT NULL, sealed BLOB NOT NULL);
CREATE INDEX import_of ON import (source, at);
CREATE TABLE part (
    import TEXT NOT NULL REFERENCES import ON DELETE CASCADE, number INTEGER NOT NULL, rows INTEGER NOT NULL,
    state TEXT NOT NULL, job TEXT NOT NULL, at REAL NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (import, number)) WITHOUT ROWID;
CREATE TABLE failure (
    import TEXT NOT NULL REFERENCES import ON DELETE CASCADE, row INTEGER NOT NULL, is_checked INTEGER NOT NULL,
    sealed BLOB NOT NULL, PRIMARY KEY (import, row)) WITHOUT ROWID;
CREATE TABLE saved (
    source BLOB NOT NULL, mark BLOB NOT NULL, import TEXT NOT NULL REFERENCES import ON DELETE CASCADE,
    row INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (source, mark, import, row)) WITHOUT ROWID;
CREATE INDEX saved_by ON saved (import)
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are sent as one.

    Attributes:
        number: Its place among the parts of its import.
        rows: How many rows it has.
        state: Whether it was not sent, was sent and its outcome is unknown yet, or its outcomes are known.
        job: The bulk job that it was given to, if it was.
        at: When its state was kept, in Unix seconds.
    """

    number: int
    rows: int
    state: PartState
    job: str
    at: float


@dataclass(frozen=True, slots=True)
class Saved:
    """A row that was saved: its number, the mark of its values, and its record."""

    row: int
    mark: bytes
    record_id: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that is not saved: its number, and why; `is_checked` where the check found it, and not the org."""

    row: int
    code: str
    field: str
    words: str
    is_checked: bool


def no_such_import(import_id: str) -> SalesforceError:
    """Return the error for an Id that no import of the user has."""
    return refused(
        f"There is no import {import_id[:40]!r} of this user.",
        code="NO_SUCH_JOB",
        hint="Imports are kept for 15 days. Call salesforce_import with the path to check the file again.",
        fields=["job"],
    )
