"""`mcp-salesforce doctor`: what a person and a script read, and how it ends."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcp_salesforce.cli import cli
from mcp_salesforce.cli.doctor import lines_of
from mcp_salesforce.config import Settings
from mcp_salesforce.doctor import examine
from mcp_salesforce.doctor.causes import STAGES
from mcp_salesforce.localorg import LocalOrg
from tests.doctor.answers import settings_on_port


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.upper().startswith("SALESFORCE_")]:
        monkeypatch.delenv(name)


def doctor(org: LocalOrg, *options: str, **changes: str) -> Result:
    own = org.credentials
    with settings_on_port(org) as settings:
        environment = {
            "SALESFORCE_CLIENT_ID": own.client_id,
            "SALESFORCE_CLIENT_SECRET": own.client_secret,
            "SALESFORCE_REFRESH_TOKEN": own.refresh_token,
            "SALESFORCE_INSTANCE_URL": settings.instance_url,
            "COLUMNS": "160",
        } | changes
        result = CliRunner().invoke(cli, ["doctor", *options], env=environment)
    assert not [
        secret for secret in (own.client_secret, own.refresh_token, own.access_token, *changes.values())
        if secret in result.output
    ]  # fmt: skip
    return result


def test_on_a_healthy_org_it_ends_with_0_and_every_stage_passed(org: LocalOrg) -> None:
    result = doctor(org)

    assert result.exit_code == 0, result.output
    assert result.output.count("passed") == len(STAGES)
    assert "Nora Quill" in result.output


def test_it_ends_with_1_and_names_cause_fix_and_place(org: LocalOrg) -> None:
    result = doctor(org, SALESFORCE_CLIENT_SECRET="a-secret-that-is-wrong")

    assert result.exit_code == 1
    assert "The client secret is not the app's." in result.output
    assert "Fix: Copy the Consumer Secret again" in result.output
    assert "Where: External Client App Manager" in result.output
    assert "Not reached: Identity, API version, Use of the API, " in result.output
    assert max(map(len, result.output.splitlines())) > 80  # for a program that reads it, each thing is one line


@pytest.mark.parametrize("width", [120, 80, 20])
async def test_a_person_reads_lines_no_longer_than_the_terminals(org: LocalOrg, width: int) -> None:
    with settings_on_port(org) as healthy, settings_on_port(org, client_secret="a-secret-that-is-wrong") as ill:
        reports = [await examine(lambda: healthy), await examine(lambda: ill), await examine(Settings.load)]

    for report in reports:
        lines = lines_of(report, width)
        words = " ".join(lines).split()
        assert max(map(len, lines)) <= max(width, 72)
        assert words == " ".join(lines_of(report)).split()
    (_command, first, *_) = lines_of(reports[2])
    assert first == "failed  Settings              SALESFORCE_CLIENT_ID is missing."
    assert lines_of(reports[2]).count("        SALESFORCE_REFRESH_TOKEN is missing.") == 1


def test_it_says_which_files_the_settings_come_from(org: LocalOrg) -> None:
    assert "Read from the environment." in doctor(org).output

    Path(".env").write_text("SALESFORCE_READ_ONLY=yes\n", encoding="utf-8")
    assert "Read from the environment and .env." in doctor(org).output


def test_json_is_for_scripts(org: LocalOrg) -> None:
    healthy = doctor(org, "--json")
    ill = doctor(org, "--json", SALESFORCE_CLIENT_SECRET="a-secret-that-is-wrong")

    assert (healthy.exit_code, json.loads(healthy.output)["passed"]) == (0, True)
    report = json.loads(ill.output)
    assert (ill.exit_code, report["passed"]) == (1, False)
    (failed,) = [stage for stage in report["stages"] if stage["status"] == "failed"]
    assert (failed["stage"], failed["name"]) == ("token", "wrong_secret")
    assert {"stage": "api_calls", "title": "API calls left", "status": "not reached"} in report["stages"]


def test_without_settings_it_says_which_are_missing() -> None:
    result = CliRunner().invoke(cli, ["doctor", "--json"])

    assert result.exit_code == 1
    _command, first, *_ = json.loads(result.output)["stages"]
    assert first["name"] == "settings_incomplete"
    assert "SALESFORCE_CLIENT_ID" in first["detail"]


def test_a_command_that_a_fix_names_is_printed_as_it_runs_here(tmp_path: Path) -> None:
    told = CliRunner().invoke(cli, ["doctor"], env={"XDG_DATA_HOME": str(tmp_path)}).output

    (line,) = [line.strip() for line in told.splitlines() if line.strip().startswith("Run: ")]
    shown = shlex.split(line.removeprefix("Run: "))
    assert shown[-1] == "login"
    assert subprocess.run([*shown, "--help"], capture_output=True, text=True, check=True).stdout.startswith("Usage: ")
