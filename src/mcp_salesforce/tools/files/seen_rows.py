"""Remember of many rows which was the first that says something, in a few bytes for each."""

from array import array
from collections.abc import Hashable
from typing import Final

_SMALLEST: Final = 2**10


class SeenRows:
    """A hash table with open addressing: a dict takes six times the memory, which counts with a million rows."""

    def __init__(self) -> None:
        """Know none."""
        self._count = 0
        self._make(_SMALLEST)

    def _make(self, size: int) -> None:
        self._hashes, self._rows = array("q", bytes(8 * size)), array("q", bytes(8 * size))

    def first(self, what: Hashable, row: int) -> int:
        """Return the row, counted from 1, that was first given with `what`; `row` if it is the first.

        Two things with one hash, of 64 bits, are taken for the same: give texts, not numbers (-1 and -2 have one hash).
        """
        hashed = hash(what)
        place = self._place(hashed)
        if self._rows[place]:
            return self._rows[place]
        self._hashes[place], self._rows[place] = hashed, row
        self._count += 1
        if self._count * 3 > len(self._rows) * 2:
            self._grow()
        return row

    def _place(self, hashed: int) -> int:
        """Return the place of a hash, or the free one where it belongs."""
        last = len(self._rows) - 1
        place = hashed & last
        while self._rows[place] and self._hashes[place] != hashed:
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        hashes, rows = self._hashes, self._rows
        self._make(2 * len(rows))
        for hashed, row in zip(hashes, rows, strict=True):
            if row:
                place = self._place(hashed)
                self._hashes[place], self._rows[place] = hashed, row
