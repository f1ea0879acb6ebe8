"""Commands as forks of a process that has imported all that they use: a tenth of the time that a start takes.

For tests of what a command does once it runs. How it starts is tested in `tests/front/test_start`.
"""

import atexit
import gc
import marshal
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
import warnings
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

RELAY = Path(__file__).with_name("relay.py")
PRELOADED = ("mcp_salesforce.localorg", "mcp_salesforce.cli.org", "mcp_salesforce.cli.serve", "aiohttp")


def warm(module: str, *arguments: str) -> list[str]:
    """Return the command for `python -m module arguments`, as a fork where the system has forks."""
    if not hasattr(os, "fork"):
        return [sys.executable, "-m", module, *arguments]
    return [sys.executable, "-IS", str(RELAY), _address(), module, *arguments]


@cache
def _address() -> str:
    """Start the process that forks, once; it ends with this one. Return its socket."""
    folder = TemporaryDirectory(prefix="warm-")
    address = str(Path(folder.name, "socket"))
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm", address],
        cwd=RELAY.parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def end() -> None:
        server.communicate()
        folder.cleanup()

    atexit.register(end)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    return address


def main(address: str) -> None:
    """Load everything, and become in a fork whatever is asked for, until stdin ends."""
    import_module("mcp_salesforce.lean").load_server(is_demo=True)
    for module in PRELOADED:
        import_module(module)
    gc.collect()
    gc.freeze()
    if asking := _asked(address):
        module, arguments = _become(asking)
        sys.argv[1:] = arguments
        warnings.filterwarnings("ignore", module="runpy")  # that it is loaded already is why we are here
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def _asked(address: str) -> socket.socket | None:
    """Return, in a fork for each who asks, the connection to them; None at the end of stdin."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([0, listening.fileno()], [], [])
            if 0 in ready:
                _reap()
                return None
            asking, _ = listening.accept()
            if os.fork() == 0:
                return asking
            asking.close()
            _reap(os.WNOHANG)


def _reap(how: int = 0) -> None:
    """Take leave of the forks that have ended, or of all: their time is part of what the tests took."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, how)[0]:
            pass


def _become(asking: socket.socket) -> tuple[str, list[str]]:
    """Return what to run and its arguments, with the streams, the environment and the folder of who asks."""
    length, streams, _, _ = socket.recv_fds(asking, 4, 3)
    with asking.makefile("rb") as request:
        module, arguments, environment, folder = marshal.loads(request.read(int.from_bytes(length, "big")))  # noqa: S302 - from our own relay
    is_alive, lives = os.pipe()
    process = os.fork()
    if process:
        for descriptor in (0, 1, 2, lives, *streams):
            os.close(descriptor)
        _watch(process, is_alive, asking)
    asking.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    sys.path[:1] = [folder, *filter(None, os.fsdecode(environment.get(b"PYTHONPATH", b"")).split(os.pathsep))]
    os.environb.clear()
    os.environb.update(environment)
    time.tzset()
    return module, list(arguments)


def _watch(process: int, is_alive: int, asking: socket.socket) -> NoReturn:
    """Tell who asked how the process ends; end it where they end."""
    asking.sendall(process.to_bytes(4, "big"))
    ready, _, _ = select.select([is_alive, asking.fileno()], [], [])
    if is_alive not in ready:
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    with suppress(OSError):
        asking.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
