"""Every command that speaks HTTP goes through the proxy and trusts the authority of the settings."""

import json
import os
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening
from tests.cli.processes import END_S, run, running
from tests.cli.test_login import answer
from tests.cli.test_serve import INITIALIZE, INITIALIZED, LIST_CONTACTS, hear, tell
from tests.proxied import HOST, URL, Behind, org_behind_a_proxy

PASSWORD = "proxy-password-4711"
BASIC = "Basic YW5hOnByb3h5LXBhc3N3b3JkLTQ3MTE="
CONNECT = (f"CONNECT {HOST}:443 HTTP/1.1", BASIC)


@pytest.fixture
def behind(org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Behind]:
    """An org that is reached only through a proxy with a password, and the environment of its user."""
    for name in [name for name in os.environ if name.upper().startswith("SALESFORCE_") or "_PROXY" in name.upper()]:
        monkeypatch.delenv(name)
    with org_behind_a_proxy(org, tmp_path, authorization=BASIC) as behind:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ana:{PASSWORD}@{behind.tunnels.address}")
        monkeypatch.setenv("SALESFORCE_CA_FILE", str(behind.ca_file))
        monkeypatch.setenv("SALESFORCE_CLIENT_ID", org.credentials.client_id)
        monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", org.credentials.client_secret)
        monkeypatch.setenv("SALESFORCE_INSTANCE_URL", URL)
        monkeypatch.setenv("SALESFORCE_LOG_LEVEL", "DEBUG")
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        yield behind


def test_login_doctor_serve_and_logout_go_through_the_proxy(org: LocalOrg, behind: Behind, tmp_path: Path) -> None:
    asked = behind.tunnels.asked
    with (
        listening(org.app) as browsers_address,  # a browser has a way of its own
        running("login", "--port", "0", "--no-browser", "--org", "dev", cwd=tmp_path) as process,
    ):
        assert process.stderr is not None
        process.stderr.readline()
        answer(process.stderr.readline().strip().replace(URL, browsers_address))
        output, errors = process.communicate(timeout=END_S)
    assert f"Logged in to {URL} as {org.credentials.username}." in output, errors
    written = output + errors
    assert set(asked) == {CONNECT}

    asked.clear()
    (tmp_path / ".env").write_text("SALESFORCE_ORG=dev\nSALESFORCE_CLIENT_SECRET=\n")
    examined = run("doctor", "--json", cwd=tmp_path)
    written += examined.stdout + examined.stderr
    assert json.loads(examined.stdout)["passed"], examined.stdout
    assert f"through the proxy http://{behind.tunnels.address}" in examined.stdout
    assert set(asked) == {CONNECT}

    asked.clear()
    with running("serve", cwd=tmp_path) as process:
        tell(process, INITIALIZE)
        hear(process)
        tell(process, INITIALIZED, LIST_CONTACTS)
        contacts = json.loads(json.dumps(hear(process)))
        _, errors = process.communicate(timeout=END_S)
    assert len(contacts["result"]["structuredContent"]["rows"]) == 2
    assert "GET" in errors
    written += errors
    assert set(asked) == {CONNECT}

    asked.clear()
    left = run("logout", "--org", "dev", cwd=tmp_path)
    written += left.stdout + left.stderr
    assert left.stdout == "Revoked at Salesforce; the login dev was removed from this machine.\n"
    assert set(asked) == {CONNECT}

    assert PASSWORD not in written
    assert BASIC.removeprefix("Basic ") not in written


def test_a_proxy_that_refuses_is_an_error_of_the_call_without_its_password(
    org: LocalOrg, behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESFORCE_REFRESH_TOKEN", org.credentials.refresh_token)
    behind.tunnels.refusal = HTTPStatus.FORBIDDEN
    with running("serve", cwd=tmp_path) as process:
        tell(process, INITIALIZE)
        hear(process)
        tell(process, INITIALIZED, LIST_CONTACTS)
        refused = json.dumps(hear(process))
        _, errors = process.communicate(timeout=END_S)

    assert f"The proxy http://{behind.tunnels.address} blocks connections to {HOST}: HTTP 403." in refused
    assert PASSWORD not in refused + errors
    assert BASIC.removeprefix("Basic ") not in refused + errors


def test_logout_says_what_is_wrong_with_the_network(
    behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del behind
    monkeypatch.setenv("SALESFORCE_PROXY", "socks5://localhost")
    refused = run("logout", cwd=tmp_path)

    assert refused.returncode == 2
    assert "SALESFORCE_PROXY is a SOCKS proxy" in refused.stderr
