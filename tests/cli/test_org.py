"""`mcp-salesforce org`: ready means ready, loopback only, and over when told."""

import json
import signal
import socket
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mcp_salesforce.cli import cli
from tests.cli.processes import END_S, running

PROMISED = ["instance_url", "access_token", "client_id", "client_secret", "refresh_token", "username", "password"]


def get(url: str, token: str, trusted: ssl.SSLContext | None = None) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=END_S, context=trusted) as reply:  # noqa: S310 - as above
        return json.load(reply)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_org_prints_one_line_when_it_is_ready_and_ends_at_once(tmp_path: Path, end: signal.Signals) -> None:
    with running("org", "--port", "0", "--json", "--file", "org.sqlite", cwd=tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        contacts = get(
            f"{ready['instance_url']}/services/data/v60.0/query?q=SELECT+COUNT()+FROM+Contact", ready["access_token"]
        )
        with urllib.request.urlopen(f"{ready['instance_url']}/", timeout=END_S) as reply:  # noqa: S310 - loopback
            pages = reply.read().decode()
        process.send_signal(end)
        rest, errors = process.communicate(timeout=END_S)

    assert "SELECT COUNT() FROM Contact" in pages
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


def test_a_tls_org_with_custom_fields_many_contacts_and_faults_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "schema.yaml").write_text("objects:\n  Contact:\n    fields:\n      Loyalty__c: {length: 20}\n")
    options = ("--tls", "--faults", "--contacts", "300", "--schema", "schema.yaml")
    with running("org", "--port", "0", "--json", *options, cwd=tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        trusted = ssl.create_default_context(cafile=ready["ca_file"])
        query = f"{ready['instance_url']}/services/data/v60.0/query?q=SELECT+Loyalty__c+FROM+Contact"
        fault = json.dumps({"kind": "request_limit", "path": "*/query"}).encode()
        headers = {"Authorization": f"Bearer {ready['access_token']}", "Content-Type": "application/json"}
        found = get(query, ready["access_token"], trusted)
        ask = urllib.request.Request(ready["faults_url"], data=fault, headers=headers)  # noqa: S310 - loopback
        urllib.request.urlopen(ask, timeout=END_S, context=trusted).close()  # noqa: S310 - as above
        with pytest.raises(urllib.error.HTTPError, match="403") as refused:
            get(query, ready["access_token"], trusted)
        refused.value.close()

    assert ready["instance_url"].startswith("https://127.0.0.1:")
    assert found["totalSize"] == 300


def test_without_the_option_nobody_can_ask_for_faults(tmp_path: Path) -> None:
    with running("org", "--port", "0", "--json", cwd=tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            get(f"{ready['instance_url']}/_local/faults", ready["access_token"])
        refused.value.close()

    assert list(ready) == PROMISED


def test_a_number_of_contacts_for_an_org_that_has_some_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "org.sqlite").touch()

    result = CliRunner().invoke(cli, ["org", "--file", str(tmp_path / "org.sqlite"), "--contacts", "5"])

    assert result.exit_code == 2
    assert "--fresh" in result.output


def test_a_schema_file_that_cannot_be_used_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "schema.yaml").write_text("objects: 7")

    result = CliRunner().invoke(cli, ["org", "--port", "0", "--schema", str(tmp_path / "schema.yaml")])

    assert result.exit_code == 1
    assert "schema.yaml" in result.output
    assert "Traceback" not in result.output


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
