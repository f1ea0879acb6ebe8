"""`mcp-salesforce org`: ready means ready, loopback only, and over when told."""

import json
import signal
import socket
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mcp_salesforce.cli import cli
from tests.cli.processes import END_S, running

PROMISED = ["instance_url", "access_token", "client_id", "client_secret", "refresh_token", "username", "password"]


def get(url: str, token: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=END_S) as reply:  # noqa: S310 - as above
        return json.load(reply)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_org_prints_one_line_when_it_is_ready_and_ends_at_once(tmp_path: Path, end: signal.Signals) -> None:
    with running("org", "--port", "0", "--json", "--file", "org.sqlite", cwd=tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        contacts = get(
            f"{ready['instance_url']}/services/data/v60.0/query?q=SELECT+COUNT()+FROM+Contact", ready["access_token"]
        )
        process.send_signal(end)
        rest, errors = process.communicate(timeout=END_S)

    assert list(ready) == PROMISED
    assert ready["instance_url"].startswith("http://127.0.0.1:")
    assert contacts["totalSize"] == 200
    assert (process.returncode, rest, errors) == (0, "", "")


def test_the_org_in_a_file_stays_until_it_is_started_fresh(tmp_path: Path) -> None:
    def contacts(*options: str) -> int:
        with running("org", "--port", "0", "--json", "--file", "org.sqlite", *options, cwd=tmp_path) as process:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            url = f"{ready['instance_url']}/services/data/v60.0"
            create = urllib.request.Request(  # noqa: S310 - loopback
                f"{url}/sobjects/Contact",
                data=json.dumps({"LastName": "Kept"}).encode(),
                headers={"Authorization": f"Bearer {ready['access_token']}", "Content-Type": "application/json"},
            )
            found = get(f"{url}/query?q=SELECT+COUNT()+FROM+Contact", ready["access_token"])
            with urllib.request.urlopen(create, timeout=END_S) as reply:  # noqa: S310 - as above
                assert reply.status == 201
            return int(found["totalSize"])

    assert [contacts(), contacts(), contacts("--fresh")] == [200, 201, 200]


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(cli, ["org", "--port", str(port)])

    assert result.exit_code == 1
    assert f"Port {port} cannot be used" in result.output
    assert "--port 0" in result.output


def test_a_file_that_is_no_org_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not an org" * 100)

    result = CliRunner().invoke(cli, ["org", "--port", "0", "--file", str(file)])

    assert result.exit_code == 1
    assert str(file) in result.output
    assert file.read_text() == "not an org" * 100


def test_fresh_without_a_file_is_a_wrong_call() -> None:
    assert CliRunner().invoke(cli, ["org", "--fresh"]).exit_code == 2


def test_people_get_the_same_values_with_lines_to_copy(tmp_path: Path) -> None:
    with running("org", "--port", "0", cwd=tmp_path) as process:
        assert process.stdout is not None
        shown = ""
        while "SALESFORCE_REFRESH_TOKEN" not in shown:
            shown += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        shown += process.communicate(timeout=END_S)[0]

    assert [name for name in PROMISED if f"  {name} " not in shown] == []
    assert "  curl -H 'Authorization: Bearer 00D" in shown
