"""Read stdin in a thread, on systems that cannot wait for stdin and something else at once."""

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

STDIN = 0
CHUNK_BYTES = 65_536
Sink = Callable[[bytes], object]


class Chunks:
    """Reads stdin in a thread, into a queue at first; an empty chunk is the end."""

    def __init__(self) -> None:
        """Start to read."""
        self.queue: SimpleQueue[bytes | None] = SimpleQueue()
        self._sink: Sink = self.queue.put
        self._lock = threading.Lock()
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def redirect(self, sink: Sink) -> None:
        """Pass the chunks read so far, and all later ones, to `sink`, from the reading thread."""
        with self._lock:
            while not self.queue.empty():
                if (chunk := self.queue.get()) is not None:
                    sink(chunk)
            self._sink = sink

    def _read(self) -> None:
        chunk = b"-"
        while chunk:
            try:
                chunk = os.read(STDIN, CHUNK_BYTES)
            except OSError:
                chunk = b""
            with self._lock:
                try:
                    self._sink(chunk)
                except RuntimeError:
                    return  # the loop is closed: stop reading
