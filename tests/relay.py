"""Stands for a process that is a fork of a warm one: passes on its streams and signals, and ends as it ends.

Imports next to nothing, because tests start it many times: `python -IS relay.py SOCKET MODULE ARGUMENTS...`
"""

import _socket
import marshal
import os
import signal
import sys
from array import array

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(address: str, module: str, *arguments: str) -> None:
    """Ask for the process, and wait for its end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    server.connect(address)
    wanted = marshal.dumps((module, arguments, dict(os.environb), os.getcwd()))  # noqa: PTH109 - pathlib takes longer
    streams = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array("i", [0, 1, 2]))
    server.sendmsg([len(wanted).to_bytes(4, "big")], [streams])
    server.sendall(wanted)
    process = int.from_bytes(server.recv(4), "big")
    for number in PASSED_ON:
        signal.signal(number, lambda number, _: os.kill(process, number))
    for stream in (0, 1, 2):
        os.close(stream)  # their ends are seen when the process closes them
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    status = int.from_bytes(server.recv(4), "big", signed=True)
    if status >= 0:
        os._exit(status)
    if -status in PASSED_ON:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)


if __name__ == "__main__":
    main(*sys.argv[1:])
