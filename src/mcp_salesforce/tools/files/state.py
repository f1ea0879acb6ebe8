"""Keep the state of an export next to its file, so that another process can continue it."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TypeAlias

import orjson
from filelock import FileLock, Timeout

from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.salesforce.errors import refused

State: TypeAlias = Literal["running", "interrupted", "done", "failed", "aborted"]
_VERSION: Final = 1


@dataclass(slots=True)
class ExportState:
    """One export.

    Attributes:
        soql: Its query, as it is sent.
        query_all: Whether deleted and archived records count.
        layout: How its file is written, by the names of `Layout`.
        overwrite: Whether it may replace a file.
        columns: The columns of its file.
        owner: Whose it is: org, user and policy.
        state: What is known of it.
        job_id: The bulk job that it reads; empty if there is no job (yet).
        locator: The page of the job's results that comes next; empty for the first.
        rows: How many rows are written.
        total: How many there are, once it is known.
        bytes: How long the file is with these rows.
        started: When this run of it began, in Unix seconds.
        rows_before: How many rows were written before this run.
        first: The first rows, for the answer.
        sha256: The hash of the whole file.
        error: Why it ended early.
        hint: What to do then.
    """

    soql: str
    query_all: bool
    layout: dict[str, Any]
    overwrite: bool
    columns: list[str]
    types: list[str]
    owner: list[str]
    state: State = "running"
    job_id: str = ""
    locator: str = ""
    rows: int = 0
    total: int | None = None
    bytes: int = 0
    started: float = field(default_factory=time.time)
    rows_before: int = 0
    first: list[list[str]] = field(default_factory=list)
    sha256: str = ""
    error: str = ""
    hint: str = ""

    @property
    def has_begun(self) -> bool:
        """Whether there are rows from which it can continue."""
        return bool(self.job_id and self.rows)

    def is_of(self, other: "ExportState") -> bool:
        """Tell whether both write the same rows in the same way, for the same user."""
        mine, its = (
            (each.soql, each.query_all, each.layout, each.columns, each.types, each.owner) for each in (self, other)
        )
        return mine == its


class ExportFiles:
    """The files of one export: the one to be, its rows so far, and its state."""

    def __init__(self, path: Path) -> None:
        """Keep what belongs to the export to `path` beside it, under hidden names."""
        self.path = path
        self.part = path.with_name(f".{path.name}.part")
        self._state = path.with_name(f".{path.name}.job")
        self._lock = path.with_name(f".{path.name}.lock")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from writing the file while the block runs.

        Raises:
            InvalidArgumentError: One is writing it.
        """
        lock = FileLock(self._lock, blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise refused(
                f"Another server is exporting to {self.path.name}.", code="IN_USE", hint="Choose another name, or wait."
            ) from None
        try:
            yield
        finally:
            lock.release()
            with suppress(OSError):
                self._lock.unlink()

    def is_locked(self) -> bool:
        """Tell whether a process is writing the file."""
        if not self._lock.exists():
            return False
        try:
            with FileLock(self._lock, blocking=False):
                return False
        except Timeout:
            return True

    def load(self) -> ExportState | None:
        """Return the state that is kept, if one is.

        Raises:
            InvalidArgumentError: It cannot be read.
        """
        try:
            kept = orjson.loads(self._state.read_bytes())
            return ExportState(**kept["export"]) if kept["version"] == _VERSION else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            raise refused(
                f"The stored state of the export to {self.path.name} cannot be read.",
                code="BROKEN_STATE",
                hint="Start the export again with overwrite set to true.",
            ) from None

    def save(self, state: ExportState) -> None:
        """Keep a state: the old one or the new one is there at any moment.

        Raises:
            InvalidArgumentError: The disk does not take it.
        """
        beside = self._state.with_name(f"{self._state.name}.new")
        with written(self.path.name):
            beside.write_bytes(orjson.dumps({"version": _VERSION, "export": asdict(state)}))
            beside.replace(self._state)

    @contextmanager
    def opened(self, state: ExportState) -> Iterator[BinaryIO]:
        """Open the rows so far, to write behind those that `state` counts.

        Raises:
            InvalidArgumentError: The disk does not take it.
        """
        with written(self.path.name):
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            with os.fdopen(os.open(self.part, flags, 0o600), "r+b") as file:
                file.truncate(state.bytes)
                file.seek(state.bytes)
                yield file

    def digest(self) -> str:
        """Return the SHA-256 of the rows, which are on the disk then.

        Raises:
            InvalidArgumentError: The disk does not take them.
        """
        with written(self.path.name), self.part.open("rb") as file:
            os.fsync(file.fileno())
            return hashlib.file_digest(file, "sha256").hexdigest()

    def finish(self, state: ExportState) -> None:
        """Let the file take its name.

        Raises:
            InvalidArgumentError: Somebody else has made a file of that name, or the disk does not take it.
        """
        with written(self.path.name):
            if self.path.exists() and not state.overwrite:
                raise refused(
                    f"Another program created {self.path.name} in the meantime.",
                    code="FILE_EXISTS",
                    hint="Export again with another name, or with overwrite.",
                )
            self.part.replace(self.path)

    def forget(self, *, rows: bool = True) -> None:
        """Remove the state and, with `rows`, what was written so far."""
        for file in (self._state, *([self.part] if rows else [])):
            file.unlink(missing_ok=True)


@contextmanager
def written(name: str) -> Iterator[None]:
    """Say in one sentence what the disk does not let be written.

    Raises:
        InvalidArgumentError: It does not let it.
    """
    try:
        yield
    except InvalidArgumentError:
        raise
    except OSError as error:
        raise refused(
            f"{name} cannot be written: {error.strerror or type(error).__name__}.",
            code="FILE_NOT_WRITTEN",
            hint="Free space or allow the write.",
        ) from None
