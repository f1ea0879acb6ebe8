"""A JSON-RPC client over a server's stdin and stdout, with as little in it as possible: it is not what is measured."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import psutil

LONGEST_LINE = 1 << 26
PATIENCE_S = 60
REVISION = "2025-11-25"


def code_of(result: Mapping[str, Any]) -> str:
    """Return the code of the error that a tool came to; empty where it succeeded."""
    found = re.search(r'"code":"(\w+)"', result["content"][0]["text"]) if result.get("isError") else None
    return found[1] if found else "no code" if result.get("isError") else ""


class StdioServer:
    """A server process, spoken to in lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process, started: float) -> None:
        """Speak to `process`, which was started at `started` (seconds of `time.perf_counter`)."""
        self._process = process
        self._pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._watched = psutil.Process(process.pid)
        self.started = started
        self.ending_s = 0.0
        """How long it took to end once its input had; known when it has."""

    @classmethod
    @asynccontextmanager
    async def run(cls, command: Sequence[str], env: Mapping[str, str]) -> AsyncIterator[Self]:
        """Start `command` with just `env`; end it by closing its input, and by force when it does not end."""
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command,
            env=env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LONGEST_LINE,
        )
        server = cls(process, started)
        reader = asyncio.create_task(server._read())
        try:
            yield server
        finally:
            reader.cancel()
            ending = time.perf_counter()
            if process.stdin:
                process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()
            server.ending_s = time.perf_counter() - ending

    async def initialize(self) -> dict[str, Any]:
        """Open the session; return what the server says of itself."""
        params = {
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1.0.0"},
        }
        answer = await self.request("initialize", params)
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer

    async def call_tool(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of one tool call, errors of the tool included."""
        return await self.request("tools/call", {"name": name, "arguments": dict(arguments)})

    async def request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of one request.

        Raises:
            RuntimeError: The server answered with a protocol error, or ended.
        """
        number = len(self._pending)
        answer = self._pending[number] = asyncio.get_running_loop().create_future()
        self._write({"jsonrpc": "2.0", "id": number, "method": method, "params": dict(params)})
        message = await asyncio.wait_for(answer, PATIENCE_S)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        result: dict[str, Any] = message["result"]
        return result

    def peak_mib(self) -> float:
        """The most memory that the process has held, in MiB; what it holds now, where the system keeps no peak."""
        status = Path(f"/proc/{self._process.pid}/status")
        peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return int(peak[1]) / 1024 if peak else float(self._watched.memory_info().rss) / (1 << 20)

    def memory_mib(self) -> float:
        """The memory that the process holds now, in MiB."""
        return float(self._watched.memory_info().rss) / (1 << 20)

    def open_files(self) -> int:
        """How many file descriptors the process has open."""
        return int(self._watched.num_fds())

    def cpu_s(self) -> float:
        """Processor time that the process has used so far, in seconds."""
        times = self._watched.cpu_times()
        return float(times.user + times.system)

    def _write(self, message: Mapping[str, Any]) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the server has no stdin")
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        if self._process.stdout is None:
            raise RuntimeError("the server has no stdout")
        async for line in self._process.stdout:
            message = json.loads(line)
            if "id" in message and "method" not in message:
                self._pending[message["id"]].set_result(message)
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(RuntimeError("the server ended"))
