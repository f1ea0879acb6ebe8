"""The registration lines start this server, whatever the folder is called."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from mcp_salesforce.cli.hosts import launch_command, registrations

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "register.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("launch", [AWKWARD, launch_command(demo=True)])
def test_each_registration_carries_the_whole_command(launch: tuple[str, ...]) -> None:
    entry = {"command": launch[0], "args": list(launch[1:])}
    lines = {line.host: line.text for line in registrations(launch)}

    assert shlex.split(lines["Claude Code"]) == ["claude", "mcp", "add", "salesforce", "--", *launch]
    visual_studio_code = shlex.split(lines["VS Code"])
    assert visual_studio_code[:2] == ["code", "--add-mcp"]
    assert json.loads(visual_studio_code[2]) == {"name": "salesforce", **entry}
    assert json.loads(lines["Cursor and Claude Desktop"]) == {"mcpServers": {"salesforce": entry}}


def test_the_page_about_hosts_shows_what_the_demo_prints() -> None:
    launch = ("uv", "run", "--directory", "/path/to/mcp-salesforce", "mcp-salesforce", "serve", "--demo")

    assert [line.host for line in registrations(launch) if line.text not in PAGE] == []
