"""Answers a host from a snapshot while the server loads in a thread, then leaves stdin and stdout to it."""

import gc
import os
import select
import signal
import sys
from collections.abc import Callable, Sequence

from mcp_salesforce.front import handover, snapshots
from mcp_salesforce.front.requests import INITIALIZE, acknowledged, answered, parsed, recognised
from mcp_salesforce.front.told import told

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_CHUNK_BYTES = 65_536
_SILENCE_S = 0.02
"""Seconds without a message from the host before the server is loaded; loading slows down each answer."""
_MOST_HELD = 1 << 20
"""How many bytes may wait here for the server before reading pauses."""
_DATABASE = b"SQLite format 3\0"
_LOADED = None
_LOADER = "mcp_salesforce.lean"


def begin(options: Sequence[str]) -> None:
    """Answer a host from a snapshot, if there is one, until the server is loaded; return when it must take over.

    `options` are those of `mcp-salesforce serve`.
    """
    gc.disable()  # until the server serves: loaded modules stay
    is_demo = "--demo" in options
    if sys.stdin is None or sys.stdin.isatty() or not _are_known(options):
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    told_of = told(demo=is_demo)
    answers = snapshots.find(told_of) if told_of else None
    if told_of and answers:
        # The server checks the names in a policy against the org when it runs, whatever the host asks.
        _Front(answers, is_demo=is_demo, leaves_at_end=not told_of.policy).run()
        return
    if told_of:
        handover.want(told_of)
    _load(lambda: None, is_demo=is_demo)


def _are_known(options: Sequence[str]) -> bool:
    """Return whether `serve` can start with these options."""
    left = list(options)
    if "--demo" not in left:
        return not left
    left.remove("--demo")
    if "--fresh" in left:
        left.remove("--fresh")
    if not left:
        return True
    return left[0] == "--file" and len(left) == 2 and _can_be_an_org(left[1])  # noqa: PLR2004 - the option and its value


def _can_be_an_org(path: str) -> bool:
    """Return whether a file is a database, or can be created."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_DATABASE)) == _DATABASE
    except FileNotFoundError:
        return os.access(os.path.dirname(path) or ".", os.W_OK)
    except OSError:
        return False


class _Front:
    """Reads lines, answers the requests that it knows, and keeps the other lines."""

    def __init__(self, answers: snapshots.Answers, *, is_demo: bool, leaves_at_end: bool) -> None:
        self._answers = answers
        self._is_demo = is_demo
        self._leaves_at_end = leaves_at_end
        self._revision = ""
        self._has_waiting = False
        self._held = 0
        self._is_loading = False
        self._left = handover.Handover(os.dup(_STDOUT))
        os.dup2(_STDERR, _STDOUT)  # a library may print while it loads, which is not protocol
        self._input = _Polled() if hasattr(select, "poll") else _Threaded()

    def run(self) -> None:
        """Return when the server is loaded."""
        while True:
            chunk = self._input.next(None if self._is_loading else _SILENCE_S)
            if chunk is _LOADED:
                if self._is_loading:
                    break
                self._load()
                continue
            self._feed(chunk)
            if not chunk:
                if self._leaves_at_end and not self._has_waiting:
                    os._exit(0)  # a thread that imports would delay the exit
                self._left.is_ended = True
                self._input.forget()
            elif self._held > _MOST_HELD:
                self._input.forget()  # the rest can wait in the pipe
            if self._has_waiting or self._left.rest or not chunk:
                self._load()
        self._left.chunks = self._input.chunks
        handover.leave(self._left)

    def _load(self) -> None:
        """Start to import the server in a thread."""
        if self._is_loading:
            return
        self._is_loading = True
        import threading

        load = threading.Thread(
            target=_load, args=(self._input.wake,), kwargs={"is_demo": self._is_demo}, name="loader", daemon=True
        )
        load.start()

    def _feed(self, chunk: bytes) -> None:
        """Take the lines that `chunk` completes; an empty one completes the last."""
        *ends, rest = chunk.split(b"\n") if chunk else (b"", b"")
        for end in ends:
            line = bytes(self._left.rest) + end
            self._left.rest.clear()
            self._take(line)
        self._left.rest += rest
        self._held += len(rest)

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        message = parsed(line)
        if opening := acknowledged(message):
            self._write(opening)
            self._left.lines.append(handover.Line(line, is_answered=True))
            return
        request = recognised(message, self._revision)
        answer = self._answers.get((request.revision, request.method)) if request else None
        if request is None or answer is None:
            self._has_waiting |= not _is_notification(message)
            self._left.lines.append(handover.Line(line))
            self._held += len(line)
            return
        self._write(answered(request, answer))
        if request.method == INITIALIZE:
            self._revision = request.revision
            self._left.lines.append(handover.Line(line, is_answered=True))

    def _write(self, answer: bytes) -> None:
        rest = memoryview(answer)
        while rest:
            try:
                rest = rest[os.write(self._left.wire, rest) :]
            except BlockingIOError:
                select.select((), (self._left.wire,), ())
            except OSError:
                sys.stderr.write("The host closed its end of stdout.\n")
                sys.stderr.flush()
                os._exit(0)


def _is_notification(message: object) -> bool:
    """Return whether no answer to `message` is expected."""
    return isinstance(message, dict) and "id" not in message and isinstance(message.get("method"), str)


def _load(wake: Callable[[], object], *, is_demo: bool) -> None:
    from importlib import import_module

    try:
        import_module(_LOADER).load_server(is_demo=is_demo)
    except Exception:  # noqa: BLE001, S110 - the next import reports what is wrong
        pass
    finally:
        wake()


class _Polled:
    """Waits for input on stdin, and for the signal that the server is loaded."""

    chunks = None

    def __init__(self) -> None:
        self._sign, self._signal = os.pipe()
        self._poll = select.poll()
        self._poll.register(_STDIN, select.POLLIN)
        self._poll.register(self._sign, select.POLLIN)

    def next(self, silence_s: float | None) -> bytes | None:
        """Return the next chunk, empty at the end of stdin; None after silence, or when the server is loaded."""
        ready = [descriptor for descriptor, _ in self._poll.poll(None if silence_s is None else silence_s * 1000)]
        if _STDIN not in ready:
            return _LOADED
        return os.read(_STDIN, _CHUNK_BYTES)

    def wake(self) -> None:
        """Say that the server is loaded."""
        os.write(self._signal, b".")

    def forget(self) -> None:
        """Stop reading stdin."""
        self._poll.unregister(_STDIN)


class _Threaded:
    """The same where the system has no `poll`: stdin is read by a thread."""

    def __init__(self) -> None:
        from mcp_salesforce.front.chunks import Chunks

        self.chunks = Chunks()

    def next(self, silence_s: float | None) -> bytes | None:
        """Return as `_Polled.next`."""
        from queue import Empty

        try:
            return self.chunks.queue.get(timeout=silence_s)
        except Empty:
            return None

    def wake(self) -> None:
        """Say that the server is loaded."""
        self.chunks.queue.put(_LOADED)

    def forget(self) -> None:
        """Do nothing: the thread has ended with stdin."""
