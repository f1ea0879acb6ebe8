"""The registration lines start this server, whatever the folder is called."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcp_salesforce.cli.hosts import HOSTS, Host, launch_command, registrations

ROOT = Path(__file__).parents[2]
AWKWARD = ("/opt/my tools/uv", "run", "--directory", "/home/o'neil/mcp salesforce", "mcp-salesforce", "serve")


def test_this_folder_is_served_by_the_uv_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", "/opt/my tools/uv")

    launch = launch_command(demo=True)

    assert launch == ("/opt/my tools/uv", "run", "--directory", str(ROOT), "mcp-salesforce", "serve", "--demo")
    assert ROOT.is_absolute()


def test_without_uv_the_installed_command_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV", raising=False)

    program, *arguments = launch_command(demo=False)

    assert arguments == ["serve"]
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("mcp-salesforce ")


def test_an_installation_without_its_project_is_not_started_through_uv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV", "/usr/bin/uv")

    assert Path(launch_command(demo=False, folder=tmp_path)[0]).is_relative_to(sys.prefix)


def test_the_line_for_the_own_org_differs_by_the_demo_option_only() -> None:
    assert (*launch_command(demo=False), "--demo") == launch_command(demo=True)


@pytest.mark.parametrize("settings", [{}, {"SALESFORCE_ORG": "sand box", "SALESFORCE_READ_ONLY": "true"}])
@pytest.mark.parametrize("launch", [AWKWARD, launch_command(demo=True)])
@pytest.mark.parametrize("host", HOSTS, ids=[host.name for host in HOSTS])
def test_each_registration_carries_the_whole_command_and_its_settings(
    host: Host, launch: tuple[str, ...], settings: dict[str, str]
) -> None:
    text = host.text(launch, settings)

    assert started_by(host, text) == (launch, settings)


def started_by(host: Host, text: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """What a host starts after a registration, and the settings that it gives: as its documentation says."""
    if host.language == "sh":
        _, _, *words = shlex.split(text)
        if words[0].startswith("{"):
            return entry_of(json.loads(words[0]))
        options, server = words[: words.index("--")], words[words.index("--") + 1 :]
        before = options[options.index("salesforce") + 1 :]
        program = [word for word in before[:1] if not word.startswith("-")]
        settings = dict(word.split("=", 1) for word in before if "=" in word)
        return (*program, *server), settings
    written = json.loads(text) if host.language == "json" else yaml.safe_load(text)
    (servers,) = written.values()
    return entry_of(servers["salesforce"])


def entry_of(entry: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, str]]:
    return (entry.get("command") or entry["cmd"], *entry["args"]), entry.get("env") or entry.get("envs") or {}


def test_hosts_that_take_the_same_text_share_it() -> None:
    together = [[host.name for host in each.hosts] for each in registrations(("uv",))]

    assert [name for names in together for name in names] == [host.name for host in HOSTS]
    assert ["Claude Desktop", "Cursor", "Windsurf", "JetBrains"] in together
