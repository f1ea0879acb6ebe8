"""Commands as real processes: what is on stdout, how they end."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

END_S = 120
"""How long an ending process may take before it counts as hanging."""


def run(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "mcp_salesforce", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=END_S,
    )


@contextmanager
def running(*arguments: str, cwd: Path, stdin: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """Start a command, and make sure that it is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mcp_salesforce", *arguments],
        cwd=cwd,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
