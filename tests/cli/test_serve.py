"""`mcp-salesforce serve` as a process: protocol on stdout and nothing else, and a clean end."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import platformdirs
import pytest
from click.testing import CliRunner

from mcp_salesforce.cli import cli
from mcp_salesforce.cli.serve import default_file
from mcp_salesforce.localorg import LocalOrg
from tests.cli.processes import END_S, invoke, run, running

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
LIST_CONTACTS = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "salesforce_list_contacts", "arguments": {"limit": 2}},
}


def tell(process: subprocess.Popen[str], *messages: object) -> None:
    assert process.stdin is not None
    process.stdin.writelines(json.dumps(message) + "\n" for message in messages)
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    message: dict[str, object] = json.loads(process.stdout.readline())
    return message


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("SALESFORCE_")]:
        monkeypatch.delenv(name)


def test_the_demo_org_answers_over_stdio_whatever_is_in_the_settings_until_input_ends(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SALESFORCE_API_VERSION=nonsense\nSALESFORCE_LOGIN_URL=https://example.com\n")
    with running("serve", "--demo", "--file", "org.sqlite", cwd=tmp_path) as process:
        tell(process, INITIALIZE)
        assert hear(process)["id"] == 1
        tell(process, INITIALIZED, LIST_CONTACTS)
        answer = json.loads(json.dumps(hear(process)))
        rest, errors = process.communicate(timeout=END_S)

    assert len(answer["result"]["structuredContent"]["rows"]) == 2
    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in errors
    assert (tmp_path / "org.sqlite").exists()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_though_stdin_is_open(tmp_path: Path, end: signal.Signals) -> None:
    with running("serve", "--demo", "--file", "org.sqlite", cwd=tmp_path) as process:
        tell(process, INITIALIZE)
        hear(process)
        process.send_signal(end)
        status = process.wait(timeout=END_S)
        assert process.stdout is not None
        assert process.stderr is not None
        rest, errors = process.stdout.read(), process.stderr.read()

    assert (status, rest, errors) == (0, "", "")


def test_without_settings_it_says_what_is_missing_and_exits_with_status_2(tmp_path: Path) -> None:
    done = run("serve", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "SALESFORCE_REFRESH_TOKEN is missing." in done.stderr
    assert "mcp-salesforce demo" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_server_module_says_the_same_about_missing_settings(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mcp_salesforce.server"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "SALESFORCE_REFRESH_TOKEN is missing." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_stdin_is_refused_in_a_sentence(tmp_path: Path) -> None:
    command = f"exec '{sys.executable}' -m mcp_salesforce serve --demo --file org.sqlite <&-"

    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: stdin is closed: start this command from an MCP client.\n"


def test_a_person_at_a_terminal_is_told_what_is_served(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty", reason="terminals of this kind are POSIX's")
    settings = {"CLIENT_ID": "a", "CLIENT_SECRET": "b", "REFRESH_TOKEN": "c", "INSTANCE_URL": "acme.my.salesforce.com"}
    (tmp_path / ".env").write_text("".join(f"SALESFORCE_{name}={value}\n" for name, value in settings.items()))
    ours, theirs = pty.openpty()
    with running("serve", cwd=tmp_path, stdin=theirs) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        process.terminate()
        process.wait(timeout=END_S)
    os.close(ours)
    os.close(theirs)

    assert told == "Serving https://acme.my.salesforce.com. An MCP client is expected on stdin; Ctrl-C ends.\n"


def test_a_file_that_is_no_org_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not an org" * 100)

    result = CliRunner().invoke(cli, ["serve", "--demo", "--file", str(file)])

    assert result.exit_code == 1
    assert f"The local org cannot be opened: {file}" in result.output


def test_a_schema_of_the_demo_org_that_cannot_be_used_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text('{"name": "Visit__c"}')
    options = ["--file", str(tmp_path / "org.sqlite"), "--schema", str(tmp_path / "own.json")]

    result = CliRunner().invoke(cli, ["serve", "--demo", *options])

    assert result.exit_code == 1
    assert "own.json: this is not a describe: write one with sf sobject describe" in result.output
    assert "Traceback" not in result.output


def test_the_demo_org_has_the_objects_of_a_schema(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("objects:\n  Visit__c:\n    fields:\n      Doctor__c: {length: 20}\n")
    with running("serve", "--demo", "--file", "org.sqlite", "--schema", "own.yaml", cwd=tmp_path) as process:
        tell(process, INITIALIZE)
        hear(process)
        params = {"name": "salesforce_describe", "arguments": {"sobject": "Visit__c"}}
        tell(process, INITIALIZED, {**LIST_CONTACTS, "params": params})
        told = hear(process)

    assert "Doctor__c" in str(told)


def test_the_demo_org_is_served_as_the_user_who_is_named(tmp_path: Path) -> None:
    with running("serve", "--demo", "--file", "org.sqlite", "--as", "Jonas", cwd=tmp_path) as process:
        tell(process, INITIALIZE)
        hear(process)
        params = {"name": "salesforce_query", "arguments": {"soql": "SELECT Name, Owner.Name FROM Account"}}
        tell(process, INITIALIZED, {**LIST_CONTACTS, "params": params})
        told = hear(process)

    assert "Jonas Brandt" in str(told)
    assert "Nora Quill" not in str(told)


def test_a_user_whom_the_local_org_does_not_have_is_refused_with_those_it_has(tmp_path: Path) -> None:
    for command in (["serve", "--demo"], ["org", "--port", "0"]):
        result = CliRunner().invoke(cli, [*command, "--file", str(tmp_path / "org.sqlite"), "--as", "nobody"])
        assert result.exit_code == 1
        assert "Jonas Brandt (jonas.brandt@local-org.example.com)" in result.output


@pytest.mark.parametrize("option", [["--fresh"], ["--file", "org.sqlite"], ["--schema", __file__], ["--as", "jonas"]])
def test_options_of_the_local_org_without_demo_are_a_wrong_call(option: list[str]) -> None:
    result = CliRunner().invoke(cli, ["serve", *option])

    assert result.exit_code == 2
    assert "--demo" in result.output


def test_the_demo_org_lives_under_the_users_data_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    file = default_file()

    assert file.parent == platformdirs.user_data_path("mcp-salesforce", appauthor=False)
    assert file.parent.is_dir()


def test_it_serves_over_http_on_this_machine_until_a_signal(tmp_path: Path) -> None:
    with running("serve", "--demo", "--http", "--port", "0", "--file", "org.sqlite", cwd=tmp_path) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        address = said.partition(" at ")[2].split()[0]
        body = json.dumps(LIST_CONTACTS).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        answer = httpx2.post(address, content=body, headers=headers, timeout=END_S).text
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=END_S)

    assert address.startswith("http://127.0.0.1:")
    assert len(json.loads(answer.partition("data: ")[2])["result"]["structuredContent"]["rows"]) == 2
    assert (process.returncode, rest, errors) == (0, "", "")


def test_a_port_needs_http(tmp_path: Path) -> None:
    ended = invoke("serve", "--demo", "--port", "9000", cwd=tmp_path)

    assert ended.returncode == 2
    assert "--port and --host need --http" in ended.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = invoke("serve", "--demo", "--http", "--port", port, "--file", "org.sqlite", cwd=tmp_path)

    assert ended.returncode == 1
    assert f"Port {port} cannot be used" in ended.stderr


def test_a_team_logs_in_where_the_server_has_a_public_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalOrg.open() as org, org.listening() as login_url:
        credentials = org.credentials
        given = {"CLIENT_ID": credentials.client_id, "CLIENT_SECRET": credentials.client_secret, "LOGIN_URL": login_url}
        for name, value in {**given, "PUBLIC_URL": "https://mcp.acme.com/sf"}.items():
            monkeypatch.setenv(f"SALESFORCE_{name}", value)
        with running("serve", "--http", "--port", "0", "--host", "0.0.0.0", cwd=tmp_path) as process:  # noqa: S104 - asked for
            assert process.stderr is not None
            said = process.stderr.readline()
            port = said.partition(" at http://0.0.0.0:")[2].partition("/")[0]
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=END_S) as http:
                ready = http.get("/readyz")
                http.headers["Host"] = "mcp.acme.com"
                refused = http.post("/sf/mcp", json={})
                metadata = http.get("/.well-known/oauth-protected-resource/sf/mcp").json()
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=END_S)

    assert "which people reach as https://mcp.acme.com/sf/mcp" in said
    assert ready.json() == {"ready": True, "org": "ok", "store": "ok"}
    assert refused.status_code == 401
    assert "https://mcp.acme.com" in refused.headers["www-authenticate"]
    assert metadata["resource"] == "https://mcp.acme.com/sf/mcp"
    assert (process.returncode, errors) == (0, "")


def test_without_logins_nobody_else_reaches_the_server(tmp_path: Path) -> None:
    ended = invoke("serve", "--demo", "--http", "--host", "0.0.0.0", "--file", "o.sqlite", cwd=tmp_path)  # noqa: S104 - refused

    assert ended.returncode == 2
    assert "--host needs SALESFORCE_PUBLIC_URL" in ended.stderr


def test_what_a_team_server_lacks_is_in_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFORCE_PUBLIC_URL", "http://mcp.acme.com")
    ended = invoke("serve", "--http", cwd=tmp_path)

    assert ended.returncode == 2
    for name in ("PUBLIC_URL must begin with https", "CLIENT_ID is missing", "CLIENT_SECRET is missing"):
        assert name in ended.stderr
