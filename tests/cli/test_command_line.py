"""What holds of every command."""

import subprocess
import sys
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from mcp_salesforce import DISTRIBUTION
from mcp_salesforce.cli import cli

COMMANDS = (
    "demo",
    "app",
    "login",
    "register",
    "doctor",
    "serve",
    "orgs",
    "logout",
    "org",
    "tools",
    "view",
    "export",
    "import",
    "approve",
    "journal",
    "audit",
    "keys",
    "upgrade-check",
)


@pytest.mark.parametrize(("wrong", "meant"), [("doctr", "doctor"), ("exports", "export"), ("log-in", "login")])
def test_a_misspelt_command_is_answered_with_the_nearest(wrong: str, meant: str) -> None:
    result = CliRunner().invoke(cli, [wrong])

    assert result.exit_code == 2
    assert f"'{meant}'" in result.output


def test_a_command_like_no_other_is_refused_without_a_guess() -> None:
    result = CliRunner().invoke(cli, ["zebra"])

    assert result.exit_code == 2
    assert result.output.endswith("Error: No such command 'zebra'.\n")


def test_help_lists_each_command_with_what_it_does() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).output

    assert [line.split()[0] for line in shown.partition("Commands:")[2].splitlines() if line.strip()] == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_and_refuses_an_unknown_option(command: str) -> None:
    helped = CliRunner().invoke(cli, [command, "-h"])
    refused = CliRunner().invoke(cli, [command, "--nonsense"])

    assert (helped.exit_code, refused.exit_code) == (0, 2)
    assert "Usage: " in helped.output
    assert "--nonsense" in refused.output


def test_an_unknown_command_is_a_wrong_call() -> None:
    result = CliRunner().invoke(cli, ["sreve"])

    assert result.exit_code == 2
    assert "sreve" in result.output


def test_the_version_is_the_packages() -> None:
    assert CliRunner().invoke(cli, ["--version"]).output == f"mcp-salesforce {version(DISTRIBUTION)}\n"


def test_help_runs_as_a_module_and_imports_none_of_the_heavy_libraries() -> None:
    script = (
        "import sys\n"
        "sys.argv = ['mcp-salesforce', '--help']\n"
        "from mcp_salesforce.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    status = end.code\n"
        "libraries = {'mcp', 'pydantic', 'aiohttp', 'starlette', 'uvicorn', 'rich', 'mcp_salesforce.localorg'}\n"
        "heavy = libraries & sys.modules.keys()\n"
        "sys.exit(status or sorted(heavy) or 0)\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
