"""How far an import is: what was asked, what the check found, what was sent."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

import orjson

from mcp_salesforce.changes.import_store import ImportStore
from mcp_salesforce.changes.ingest import MOST_KEPT
from mcp_salesforce.changes.writes import Action, Write
from mcp_salesforce.tools.files.mapping import Operation

State: TypeAlias = Literal["checked", "running", "paused", "interrupted", "done", "failed", "aborted"]

ACTIONS: Mapping[Operation, Action] = {
    "insert": "create", "update": "update", "upsert": "upsert", "delete": "delete",
}  # fmt: skip


@dataclass(slots=True)
class ImportState:
    """One import.

    Attributes:
        path: The file, as the caller names it; empty where the rows came with the call.
        place: The whole path of the file.
        columns: Of rows of the call: their columns.
        rows: Of rows of the call: these.
        encoding: The encoding of the file, if it is not UTF-8.
        sobject: The object that its rows are of.
        operation: What is done with them.
        key: The field that tells which record a row means; empty where all are new.
        mapping: What the caller maps, by header.
        fixes: Other cells of rows, by row and header; None leaves a row out.
        allow_duplicate: Whether records may be like others.
        digest: The SHA-256 of the file when it was checked.
        header: Its header.
        targets: Where its columns go, by header.
        left_out: The headers that are not imported.
        fields: The fields that its rows have values for.
        total: How many rows it has.
        ready: How many of them can be sent.
        already: How many became records in an earlier import of this file.
        skipped: How many the caller left out.
        bad: How many the check refused.
        samples: The cells that are wrong of the first bad rows, by row.
        saved: How many are saved.
        failed: How many the org refused.
        bulk: Whether they go by bulk jobs.
        is_approved: Whether it may be sent.
        state: What is known of it.
        started: When this run of it began, in Unix seconds.
        before: How many rows were done before this run.
        bad_file: The file of the rows that are not saved.
        change_id: The last change of it in the journal.
        earlier: The changes before that: of a run that was paused or cut short, or of other jobs.
        error: Why it ended early.
        hint: What to do then.
        is_elsewhere: Whether its rows are on another server.
    """

    path: str
    sobject: str
    operation: Operation
    key: str
    place: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    encoding: str = ""
    mapping: dict[str, str] = field(default_factory=dict)
    fixes: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    allow_duplicate: bool = False
    digest: str = ""
    header: list[str] = field(default_factory=list)
    targets: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    total: int = 0
    ready: int = 0
    already: int = 0
    skipped: int = 0
    bad: int = 0
    samples: dict[str, str] = field(default_factory=dict)
    saved: int = 0
    failed: int = 0
    bulk: bool = False
    is_approved: bool = False
    state: State = "checked"
    started: float = field(default_factory=time.time)
    before: int = 0
    bad_file: str = ""
    change_id: str = ""
    earlier: list[str] = field(default_factory=list)
    error: str = ""
    hint: str = ""
    is_elsewhere: bool = False

    @property
    def done(self) -> int:
        """How many rows were sent, and have an outcome."""
        return self.saved + self.failed

    @property
    def is_kept(self) -> bool:
        """Whether the journal keeps each of its rows, so that they can be undone; not those of the largest jobs."""
        return not self.bulk or self.ready <= MOST_KEPT

    def note_change(self, change_id: str) -> None:
        """Note the change that rows were saved by."""
        if self.change_id not in {"", change_id}:
            self.earlier.append(self.change_id)
        self.change_id = change_id

    @property
    def undo_note(self) -> str:
        """What to know before an undo; empty if `change_id` is all there is to undo."""
        if self.change_id and not self.is_kept:
            return "It cannot be undone: of so many rows in bulk jobs, only the number is recorded."
        return f"To undo all of it, undo these changes too: {', '.join(self.earlier[::-1])}." if self.earlier else ""

    def source(self, store: ImportStore, owner: tuple[str, ...]) -> bytes:
        """Return what tells the rows to be imported from others: where they are, and what they are to become."""
        return store.digest_of([owner[:2], self.sobject, self.operation, self.place or self.digest])

    def work(self, count: int) -> Write:
        """Return what sending `count` of its rows does, as one write, for a person to approve."""
        table = self.path or "the rows"
        values = {target.partition(".")[0]: f"{header} of {table}" for header, target in self.targets.items()}
        fixes = hashlib.sha256(orjson.dumps(self.fixes, option=orjson.OPT_SORT_KEYS)).hexdigest()
        facts = f"{self.digest} {self.key} {fixes}"
        return Write(
            ACTIONS[self.operation], self.sobject, values=values, key_value=facts, rows=count, is_kept=self.is_kept
        )

    def saved_form(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self) | {"is_elsewhere": False}
