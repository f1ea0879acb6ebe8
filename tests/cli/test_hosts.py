"""The registration lines start this server, whatever the folder is called."""

import json
import re
import shlex
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcp_salesforce import DISTRIBUTION
from mcp_salesforce.cli.hosts import HOSTS, Host, launch_command, registrations, source

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


@pytest.fixture
def in_cache(tmp_path: Path) -> Path:
    """An environment where `uvx` makes them."""
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
    return tmp_path / "uv" / "archive-v0" / "xpk6eYJuz"


@pytest.mark.parametrize("demo", [False, True])
def test_in_uvs_cache_uv_is_asked_to_make_the_environment_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_cache: Path, demo: bool
) -> None:
    monkeypatch.setenv("UV", "/opt/my tools/uv")

    launch = launch_command(demo=demo, folder=tmp_path, prefix=in_cache)

    came_from = source(distribution(DISTRIBUTION))
    options = ("serve", "--demo") if demo else ("serve",)
    assert launch == ("/opt/my tools/uv", "tool", "run", "--from", came_from, "mcp-salesforce", *options)
    assert not any(str(in_cache) in word for word in launch)


def test_in_pipxs_cache_pipx_is_asked_to_make_the_environment_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pipx = tmp_path / "pipx"
    pipx.write_text("#!/bin/sh\n")
    pipx.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("UV", raising=False)

    launch = launch_command(demo=False, folder=tmp_path, prefix=tmp_path / "share" / "pipx" / ".cache" / "89ab")

    assert launch[:3] == (str(pipx), "run", "--spec")
    assert launch[4:] == ("mcp-salesforce", "serve")


@pytest.mark.parametrize("place", ["share/uv/tools/mcp-salesforce", "share/pipx/venvs/mcp-salesforce", "project/.venv"])
def test_an_environment_that_stays_is_started_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    monkeypatch.setenv("UV", "/usr/bin/uv")
    environment = tmp_path / place
    environment.mkdir(parents=True)
    (environment / "CACHEDIR.TAG").touch()  # uv marks environments themselves, so that backups leave them out

    assert launch_command(demo=False, folder=tmp_path, prefix=environment)[1:] == ("serve",)


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        (None, "mcp-for-salesforce==1.2"),
        ({"url": "file:///opt/my%20tools/src", "dir_info": {}}, "/opt/my tools/src"),
        ({"url": "file:///opt/mcp_salesforce-1.2-py3-none-any.whl", "archive_info": {}},
         "/opt/mcp_salesforce-1.2-py3-none-any.whl"),
        ({"url": "https://example.com/a.tar.gz", "archive_info": {}}, "https://example.com/a.tar.gz"),
        ({"url": "https://example.com/a.git", "vcs_info": {"vcs": "git", "commit_id": "4cf3a"}},
         "git+https://example.com/a.git@4cf3a"),
        ({"url": "ssh://git@example.com/a", "vcs_info": {"vcs": "git", "commit_id": "4cf3a"}, "subdirectory": "py"},
         "git+ssh://git@example.com/a@4cf3a#subdirectory=py"),
    ],
)  # fmt: skip
def test_the_source_is_what_the_installer_noted(tmp_path: Path, noted: object, expected: str) -> None:
    (tmp_path / "METADATA").write_text("Metadata-Version: 2.1\nName: mcp-for-salesforce\nVersion: 1.2\n")
    if noted:
        (tmp_path / "direct_url.json").write_text(json.dumps(noted))

    assert source(Distribution.at(tmp_path)) == expected


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


@pytest.mark.skipif(
    sys.platform not in {"linux", "darwin"}, reason="the pages write Windows' places with its variables"
)
@pytest.mark.parametrize("host", [host for host in HOSTS if host.file], ids=lambda host: host.slug)
def test_the_page_of_a_host_names_the_file_that_is_written(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    page = (ROOT / "docs" / "hosts" / f"{host.slug}.md").read_text(encoding="utf-8")
    system = "macOS" if sys.platform == "darwin" else "Linux"
    (named,) = re.findall(rf"^\| {system} \| `(.+)` \|$", page, re.MULTILINE)

    assert host.file is not None
    assert Path(named).expanduser() == host.file()
