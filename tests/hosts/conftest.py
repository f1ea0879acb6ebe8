"""One session of each host, which every test of it looks at."""

import json
import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.cli.hosts import HOSTS as REGISTERED
from mcp_salesforce.cli.hosts import SERVER_NAME
from tests.cli.processes import running
from tests.hosts.hosts import AS_OF, HOSTS, Host, npm_program
from tests.hosts.model import Model, Wanted, serving
from tests.hosts.results import CHECKED, write
from tests.hosts.seat import Seat
from tests.hosts.watching import lines, watched

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
SESSION_S = 240
"""How long a session of a host may take before it counts as hanging."""

SCHEMA = """
objects:
  Visit__c:
    name: "V-{0000}"
    fields:
      Kind__c: {type: picklist, values: [First, Follow-up]}
      Cost__c: {type: currency, scale: 2}
  Contact:
    fields:
      Loyalty_Number__c: {type: string, length: 20}
"""
START = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=60)
SCRIPT = (
    Wanted("create_contact", {"data": {"LastName": "Zsigmondy", "Loyalty_Number__c": "L-77"}}),
    Wanted("create_records", {"sobject": "Visit__c", "records": [{"Kind__c": "Follow-up", "Cost__c": 12.5}]}),
    Wanted(
        "create_appointment",
        {"data": {"Subject": "Check-up", "StartDateTime": f"{START:%Y-%m-%dT%H:%M:%SZ}", "DurationInMinutes": 30}},
    ),
    Wanted("query", {"soql": "SELECT Nickname__c FROM Contact"}),
)


@dataclass
class Session:
    """What came of a session."""

    host: Host
    model: Model
    sent: list[dict[str, Any]]
    """What the server was sent."""
    answered: list[dict[str, Any]]
    """What the server answered."""
    org: Mapping[str, str]
    seen: dict[str, str] = field(default_factory=dict)
    """What tests saw, by column of the page about hosts."""

    def rows(self, soql: str) -> list[dict[str, Any]]:
        """Ask the org, past the server."""
        return rows(self.org, soql)

    def result_of(self, tool: str) -> str:
        """What the model was shown of a tool's answer."""
        return next(text for name, text in self.model.asked[-1].results if name.endswith(tool))

    @property
    def revision(self) -> str:
        """The protocol's revision that the host and the server settled for."""
        opened = [message.get("result", {}).get("protocolVersion") for message in self.answered]
        said = [(message.get("params") or {}).get("_meta", {}).get(VERSION_KEY) for message in self.sent]
        return str(next(version for version in opened + said if version))


@pytest.fixture(scope="module", params=HOSTS, ids=[host.name for host in HOSTS])
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    host: Host = request.param
    if missing := host.missing():
        pytest.skip(f"{', '.join(missing)} is not installed: .ci/hosts")
    home = tmp_path_factory.mktemp("home")
    (home / "work").mkdir()
    with ExitStack() as stack:
        org = stack.enter_context(running_org(home))
        model = stack.enter_context(serving(SCRIPT))
        seat = Seat(home, model.address, watched_server(home), connection(org))
        ended = _go(host, seat, stack)
        sent, answered = lines(home, "sent"), lines(home, "answered")
        assert sent, f"The server was not started. {ended}"
        assert ended.returncode == 0, ended
        session = Session(host, model, sent, answered, org)
        yield session
    if os.environ.get("HOSTS_RECORD"):
        known = {"version": host.version(), "date": AS_OF, "api": host.api, "revision": session.revision}
        write(host.name, {**known, **dict.fromkeys(CHECKED, "failed"), **session.seen})


def rows(org: Mapping[str, str], soql: str) -> list[dict[str, Any]]:
    """Query the org, past the server."""
    records: list[dict[str, Any]] = rest(org, f"query?q={urllib.parse.quote(soql)}")["records"]
    return records


def rest(org: Mapping[str, str], path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what the org answers to a GET, or to a POST of `body`."""
    headers = {"Authorization": f"Bearer {org['access_token']}", "Content-Type": "application/json"}
    url = f"{org['instance_url']}/services/data/v60.0/{path}"
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers)  # noqa: S310 - an address of this test
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        told: dict[str, Any] = json.loads(answer.read())
    return told


@contextmanager
def running_org(home: Path) -> Iterator[dict[str, str]]:
    """Serve an org, with the objects of SCHEMA, while the block runs."""
    (home / "schema.yaml").write_text(SCHEMA, encoding="utf-8")
    options = ("--port", "0", "--json", "--schema", str(home / "schema.yaml"))
    with running("org", *options, cwd=home, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())


def connection(org: Mapping[str, str]) -> dict[str, str]:
    """Return the server's settings for an org."""
    names = ("instance_url", "client_id", "client_secret", "refresh_token")
    return {f"SALESFORCE_{name.upper()}": org[name] for name in names}


def watched_server(home: Path) -> list[str]:
    """The command of this server, whose every process keeps in `home` what goes in and out."""
    return watched(home, [sys.executable, "-m", "mcp_salesforce", "serve"])


def _go(host: Host, seat: Seat, stack: ExitStack) -> subprocess.CompletedProcess[str]:
    """Run one session of `host` to its end."""
    prepare(host, seat)
    servers = {SERVER_NAME: seat.entry}
    if host.bridge:
        url = stack.enter_context(_bridged(host, seat))
        servers = {SERVER_NAME: {"url": url}}
        if host.name == "mcp-remote":
            servers = {SERVER_NAME: {"command": npm_program("mcp-remote", "mcp-remote"), "args": [url, "--allow-http"]}}
    return seat.run(host.words(seat.model), SESSION_S, servers)


def prepare(host: Host, seat: Seat) -> None:
    """Give `host` its files and the server."""
    for name, text in host.files.items():
        file = seat.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("MODEL", seat.model), encoding="utf-8")
    if host.is_registered:
        register(host, seat)


def register(host: Host, seat: Seat) -> None:
    """Run the line that the demo prints for `host`."""
    (entry,) = (each for each in REGISTERED if each.name == host.name)
    program, *words = shlex.split(entry.text(seat.launch, seat.settings))
    done = seat.run([npm_program(host.folder, program), *words], SESSION_S)
    assert done.returncode == 0, done.stdout + done.stderr
    assert SERVER_NAME in (seat.home / entry.keeps.removeprefix("~/")).read_text(encoding="utf-8")


@contextmanager
def _bridged(host: Host, seat: Seat) -> Iterator[str]:
    """Serve the server over HTTP while the block runs."""
    assert host.bridge is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = host.bridge(seat.launch, port)
    own = seat.environment() | dict(seat.settings)
    with subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SESSION_S
    while True:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, f"the bridge ended with {process.returncode}"
        assert time.monotonic() < deadline, "the bridge does not listen"
        time.sleep(0.05)
