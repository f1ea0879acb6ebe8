"""A terminal of its own for one program, which a test reads and types into: by tmux."""

import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

SHOWN_S = 120
"""How long something may take to appear before it counts as missing."""
LOOK_S = 0.2


class Terminal:
    """What a program shows, and keys for it."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ("tmux", "-S", str(socket), "-f", "/dev/null")

    def start(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        """Run a command; what it showed stays when it has ended."""
        words = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *command]
        size = ("-x", "160", "-y", "50")
        self._run("new-session", "-d", *size, "-c", str(folder), f"{shlex.join(words)}; cat")

    def screen(self) -> str:
        """Return what is shown; lines that were too long for it are whole."""
        return self._run("capture-pane", "-p", "-J")

    def press(self, keys: Iterable[tuple[str, str]]) -> None:
        """Press keys, by tmux's names, each once a text is shown."""
        for text, key in keys:
            self.shows(text)
            time.sleep(LOOK_S)  # a program that draws may not read yet
            self._run("send-keys", key)

    def shows(self, *texts: str) -> str:
        """Return the screen once it shows all of `texts`."""
        self.wait(lambda: all(text in self.screen() for text in texts), texts)
        return self.screen()

    def wait(self, until: Callable[[], bool], what: object) -> None:
        """Wait for `until`, which is about `what`."""
        deadline = time.monotonic() + SHOWN_S
        while not until():
            assert time.monotonic() < deadline, f"{what}: not in {SHOWN_S} s. Shown is:\n{self.screen()}"
            time.sleep(LOOK_S)

    def end(self) -> None:
        """End the program, if one was started."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True, timeout=30)

    def _run(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], check=True, capture_output=True, text=True, timeout=30).stdout


@contextmanager
def terminal() -> Iterator[Terminal]:
    """Give a terminal, whose program ends with the block."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    with TemporaryDirectory() as folder:  # a short path: that of a socket has a limit
        opened = Terminal(Path(folder) / "socket")
        try:
            yield opened
        finally:
            opened.end()
