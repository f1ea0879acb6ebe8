"""The terminal of the person who runs a command."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO


class NoTerminalError(Exception):
    """The command runs without a terminal that a person uses."""


class Terminal:
    """The terminal itself: what is redirected or piped is not shown, and is not an answer."""

    def __init__(self, reading: BinaryIO, writing: BinaryIO) -> None:
        """Use what is open, without buffers: a thread that waits for an answer then holds no lock."""
        self._reading = reading
        self._writing = writing

    def say(self, text: str) -> None:
        """Show a line."""
        self._write(f"{text}\n")

    def ask(self, prompt: str) -> str:
        """Return what the person types."""
        self._write(prompt)
        return self._reading.readline().decode("utf-8", "replace")

    def _write(self, text: str) -> None:
        rest = text.encode("utf-8", "replace")
        while rest:
            rest = rest[self._writing.write(rest) :]


@contextmanager
def terminal() -> Iterator[Terminal]:
    """Give the terminal.

    Raises:
        NoTerminalError: There is none.
    """
    keyboard, screen = ("CONIN$", "CONOUT$") if os.name == "nt" else ("/dev/tty", "/dev/tty")
    with ExitStack() as opened:
        try:
            reading = opened.enter_context(Path(keyboard).open("rb", buffering=0))
            writing = opened.enter_context(Path(screen).open("wb", buffering=0))
        except OSError:
            raise NoTerminalError from None
        yield Terminal(reading, writing)
