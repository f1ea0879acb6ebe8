"""Commands: as real processes where how they talk and end is what a test is about, else in this one."""

import subprocess
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from click.testing import CliRunner

from mcp_salesforce.cli import cli
from tests.warm import warm

END_S = 120
"""How long an ending process may take before it counts as hanging."""


def invoke(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in this process: half a second sooner."""
    with chdir(cwd):
        result = CliRunner().invoke(cli, arguments, prog_name="mcp-salesforce", catch_exceptions=False)
    return subprocess.CompletedProcess(arguments, result.exit_code, result.stdout, result.stderr)


def run(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        warm("mcp_salesforce", *arguments),
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
        warm("mcp_salesforce", *arguments),
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
