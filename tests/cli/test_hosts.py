"""The registration lines start this server, whatever the folder is called."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcp_salesforce.cli.hosts import HOSTS, Host, launch_command, registrations

ROOT = Path(__file__).parents[2]
AWKWARD = ("/opt/my tools/uv", "run", "--directory", "/home/o'neil/mcp salesforce", "mcp-salesforce", "serve")


def test_this_folder_is_served_through_uv_from_its_absolute_path() -> None:
    program, *arguments = launch_command(demo=True)

    assert Path(program).name == "uv"
    assert arguments == ["run", "--directory", str(ROOT), "mcp-salesforce", "serve", "--demo"]
    assert ROOT.is_absolute()


def test_an_installation_without_its_project_is_started_by_its_interpreter(tmp_path: Path) -> None:
    launch = launch_command(demo=False, folder=tmp_path)

    assert launch == (sys.executable, "-m", "mcp_salesforce", "serve")


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
