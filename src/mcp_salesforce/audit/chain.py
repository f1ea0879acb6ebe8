"""The lines of an audit: each has the hash of the line before it, and a seal. No I/O.

The hash is SHA-256 of the whole line before (FIPS 180-4), which anybody can check. The seal is a keyed BLAKE2b (RFC
7693) of the line itself; only the holder of the key can make it.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Any, Final

import orjson

_SEAL_BYTES: Final = 16
_SEALED: Final = re.compile(rb'(\{.*),"seal":"([0-9a-f]{32})"\}', re.DOTALL)
_LINE, _HEAD = b"audit line", b"audit head"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a chain: the number of a line, and its hash in hexadecimal."""

    number: int = 0
    digest: str = "0" * 64


def line_of(record: Mapping[str, Any], after: Place, key: bytes) -> bytes:
    """Return `record` as the line that follows `after`, without its end of line."""
    body = orjson.dumps({"n": after.number + 1, **record, "prev": after.digest})
    return body[:-1] + b',"seal":"' + _mark(key, _LINE, body[:-1]).encode() + b'"}'


def place_of(line: bytes, number: int) -> Place:
    """Return the place in the chain after `line`, which has this number."""
    return Place(number, sha256(line).hexdigest())


def seal_of_head(head: Place, key: bytes) -> str:
    """Return the seal of the separate record of the last line."""
    return _mark(key, _HEAD, orjson.dumps([head.number, head.digest]))


def read_line(line: bytes, key: bytes | None) -> dict[str, Any] | None:
    """Return the content of a line if its seal is right; without a key, if it has the form of a line."""
    found = _SEALED.fullmatch(line)
    if found is None or (key and not hmac.compare_digest(_mark(key, _LINE, found[1]).encode(), found[2])):
        return None
    try:
        record = orjson.loads(line)
    except ValueError:
        return None
    is_whole = isinstance(record.get("n"), int) and isinstance(record.get("prev"), str)
    return record if is_whole else None


@dataclass(slots=True)
class Verifying:
    """Checks a chain line by line, over one or several files, up to the first line that does not fit.

    Attributes:
        key: The key of the seals; None checks the hashes alone.
        wanted: The hash of a line that must be in the chain, or nothing.
        place: The last line that fits; None before the first one.
        problem: What does not fit; empty if everything does.
        doubt: Why lines can be missing although all fit; empty if none can.
        notes: What a reader should know even if everything fits.
    """

    key: bytes | None
    wanted: str = ""
    place: Place | None = None
    problem: str = ""
    doubt: str = ""
    notes: list[str] = field(default_factory=list)
    _file: str = ""
    _unread: tuple[int, bytes] | None = None
    _is_found: bool = False

    def follow(self, file: str, lines: Iterable[bytes]) -> None:
        """Check the lines of a file (without their ends), which begins a chain or continues the file before it."""
        self._file = file
        number = 0
        for number, line in enumerate(lines, start=1):
            if self.problem:
                return
            self._check(number, line)
        if self._unread and not self.problem:
            self.problem = self._changed(self._unread[0])
        self._unread = None

    def end(self, head: Place) -> None:
        """Compare the last line with the separate record of it."""
        last = self.place or Place()
        if self.problem or last == head:
            return
        if last.number < head.number:
            self.problem = f"{self._file}: the end is missing: numbers {last.number + 1} to {head.number}."
        elif last.number == head.number:
            self.problem = f"{self._file}: number {last.number}, the last line, was changed."

    def require_wanted(self) -> None:
        """Report a problem if the wanted line is missing."""
        if self.wanted and not self._is_found and not self.problem:
            self.problem = f"No line has the hash {self.wanted}: the line was cut off, or all lines were rewritten."

    def _check(self, number: int, line: bytes) -> None:
        record = read_line(line, self.key)
        if self._unread:
            before, torn = self._unread
            if record is None or record.get("torn") != sha256(torn).hexdigest():
                self.problem = self._changed(before)
                return
            self.notes.append(f"{self._file}, line {before}: a process ended while it wrote it. The next line says so.")
            self._unread = None
        if record is None:
            self._unread = (number, line)
            return
        self._fit(number, record)
        if not self.problem:
            self.place = place_of(line, record["n"])
            self._note(number, record)
            if self.place.digest == self.wanted:
                self._is_found = True
                self.notes += [self.doubt] if self.doubt else []
                self.doubt = ""  # the user who noted the hash knew the lines before it

    def _fit(self, number: int, record: Mapping[str, Any]) -> None:
        n, at = record["n"], f"{self._file}, line {number}"
        if self.place is None:
            if not record.get("begins"):
                self.problem = f"{at}: the lines before number {n} are missing: the file does not begin with it."
                return
            if n > 1:
                self.notes.append(f"{self._file} begins with number {n}: earlier lines are in a file before it.")
            self.place = Place(n - 1, record["prev"])
        expected = self.place.number + 1
        if n > expected:
            missing = f"number {expected} is" if n == expected + 1 else f"numbers {expected} to {n - 1} are"
            self.problem = f"{at}: {missing} missing: number {n} follows number {expected - 1}."
        elif n < expected:
            self.problem = f"{at}: number {n} was inserted or moved: it follows number {expected - 1}."
        elif record["prev"] != self.place.digest:
            self.problem = f"{at}: number {n - 1}, the line before it, was changed: its hash is another one."

    def _note(self, number: int, record: Mapping[str, Any]) -> None:
        at = f"{self._file}, line {number}"
        if record.get("unrecorded"):
            self.notes.append(f"{at}: {record['unrecorded']} calls before it could not be recorded.")
        if record.get("head_lost"):
            self.doubt = f"{at}: the record of the last line was lost. Lines cut off before it cannot be noticed."

    def _changed(self, number: int) -> str:
        return f"{self._file}, line {number}: it was changed or inserted, or was sealed with another key."


def _mark(key: bytes, purpose: bytes, text: bytes) -> str:
    return blake2b(text, key=key, digest_size=_SEAL_BYTES, person=purpose).hexdigest()
