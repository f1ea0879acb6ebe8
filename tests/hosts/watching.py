"""What goes in and out of the processes of a server that a host starts."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def watched(folder: Path, command: Sequence[str]) -> list[str]:
    """The command of a server whose every process keeps what goes in and out; a shell adds no start-up to speak of."""
    return ["sh", "-c", f'tee "$0/sent.$$" | {shlex.join(command)} | tee "$0/answered.$$"', str(folder)]


def lines(folder: Path, kind: str, process: str = "*") -> list[dict[str, Any]]:
    """What was `sent` to the processes, or to one of them, or `answered`, oldest file first."""
    files = sorted(folder.glob(f"{kind}.{process}"), key=lambda file: file.stat().st_mtime_ns)
    written = [line for file in files for line in file.read_text(encoding="utf-8").splitlines(keepends=True)]
    return [json.loads(line) for line in written if line.endswith("\n")]  # a bridge may end a server as it writes


def calls(folder: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The calls of tools that were answered, each with its answer, in the order in which they were asked."""
    found = []
    for file in sorted(folder.glob("sent.*"), key=lambda file: file.stat().st_mtime_ns):
        process = file.suffix[1:]
        answers = {
            line["id"]: line for line in lines(folder, "answered", process) if "method" not in line and "id" in line
        }
        asked = [line for line in lines(folder, "sent", process) if line.get("method") == "tools/call"]
        found += [(each["params"], answers[each["id"]]) for each in asked if each["id"] in answers]
    return found
