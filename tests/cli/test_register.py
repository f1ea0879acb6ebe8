"""`mcp-salesforce register` changes the settings of a host as shown, keeps the rest, and takes it back."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_salesforce.cli import cli
from mcp_salesforce.cli.hosts import HOSTS, launch_command
from mcp_salesforce.settings.logins import Login, Logins
from tests.effort import examples

FILES = {
    "cursor": (".cursor/mcp.json", "mcpServers"),
    "windsurf": (".codeium/windsurf/mcp_config.json", "mcpServers"),
    "claude-desktop": (".config/Claude/claude_desktop_config.json", "mcpServers"),
    "zed": (".config/zed/settings.json", "context_servers"),
    "goose": (".config/goose/config.yaml", "extensions"),
}
THEIRS = {"theme": "dark", "mcpServers": {"other": {"command": "x", "args": []}}}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    if sys.platform != "linux":
        pytest.skip("The places of the files are those of Linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / ".local" / "share"))
    return tmp_path


def registered(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["register", *arguments], input=answer)


def read(file: Path) -> dict[str, Any]:
    text = file.read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text) if file.suffix == ".yaml" else json.loads(text)
    return found


def written(home: Path, text: str) -> Path:
    file = home / FILES["cursor"][0]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8", newline="")
    return file


@pytest.mark.parametrize("host", FILES)
def test_a_host_gets_the_whole_command_and_loses_it_again(home: Path, host: str) -> None:
    place, group = FILES[host]

    made = registered(host, "--demo", "--yes")
    entry = read(home / place)[group]["salesforce"]

    assert made.exit_code == 0, made.output
    assert (entry.get("command") or entry["cmd"], *entry["args"]) == launch_command(demo=True)
    assert registered(host, "--demo", "--yes").output == f"Nothing to change in {home / place}.\n"
    assert registered(host, "--undo", "--yes").exit_code == 0
    assert read(home / place)[group] == {}
    assert registered(host, "--undo", "--yes").output.startswith("Nothing to change")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


@settings(
    max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # each input writes the file anew
@given(
    theirs=st.dictionaries(st.text().filter(lambda name: name != "mcpServers"), _JSON),
    servers=st.dictionaries(st.text().filter(lambda name: name != "salesforce"), _JSON),
    indent=st.sampled_from([None, 2, 4, "\t"]),
)
def test_whatever_else_is_in_the_file_stays(
    home: Path, theirs: dict[str, Any], servers: dict[str, Any], indent: int | str | None
) -> None:
    before = {**theirs, "mcpServers": servers}
    file = written(home, json.dumps(before, indent=indent))

    assert registered("cursor", "--yes").exit_code == 0
    during = read(file)
    assert registered("cursor", "--undo", "--yes").exit_code == 0

    assert read(file) == before
    assert during.pop("mcpServers").keys() == {*servers, "salesforce"}
    assert during == theirs


def test_nothing_changes_before_the_change_is_seen_and_confirmed(home: Path) -> None:
    file = written(home, json.dumps(THEIRS))

    declined = registered("cursor", answer="\n")

    assert declined.exit_code == 1
    assert '+      "command":' in declined.output
    assert json.loads(file.read_text("utf-8")) == THEIRS
    assert registered("cursor", answer="y\n").exit_code == 0
    assert read(file)["mcpServers"].keys() == {"other", "salesforce"}


@pytest.mark.parametrize("text", ['{\n  // mine\n  "mcpServers": {}\n}', "[]", '{"mcpServers": ', '"text"'])
def test_a_file_that_would_lose_something_is_left_alone_with_what_to_add(home: Path, text: str) -> None:
    file = written(home, text)

    refused = registered("cursor", "--yes")

    assert refused.exit_code == 2
    assert "Nothing was changed. Add this to it yourself" in refused.output
    assert json.loads(refused.output.rpartition("\n\n")[2])["mcpServers"]["salesforce"]["command"]
    assert file.read_text("utf-8") == text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("indent", [2, 4, "\t"])
def test_the_file_keeps_its_form_and_its_rights(home: Path, indent: int | str, end: str) -> None:
    file = written(home, json.dumps(THEIRS, indent=indent).replace("\n", end))
    file.chmod(0o600)

    registered("cursor", "--yes")
    registered("cursor", "--undo", "--yes")

    assert file.read_bytes().decode() == (json.dumps(THEIRS, indent=indent) + "\n").replace("\n", end)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_link_stays_a_link(home: Path) -> None:
    kept = home / "dotfiles.json"
    kept.write_text("{}", "utf-8")
    (home / ".cursor").mkdir()
    (home / ".cursor" / "mcp.json").symlink_to(kept)

    assert registered("cursor", "--yes").exit_code == 0
    assert (home / ".cursor" / "mcp.json").is_symlink()
    assert "salesforce" in read(kept)["mcpServers"]


def test_a_stored_login_is_named_in_the_entry_and_an_unknown_one_refused(home: Path) -> None:
    Logins().write(
        Login(
            "sandbox",
            "ada@acme.example",
            "https://acme.my.salesforce.com",
            "https://login.salesforce.com",
            "k",
            "s",
            "r",
        )
    )

    assert registered("cursor", "--org", "sandbox", "--yes").exit_code == 0
    assert read(home / FILES["cursor"][0])["mcpServers"]["salesforce"]["env"] == {"SALESFORCE_ORG": "sandbox"}
    assert registered("cursor", "--org", "absent", "--yes").exit_code == 2
    assert registered("cursor", "--org", "sandbox", "--demo").exit_code == 2


def _program(folder: Path, name: str, status: int = 0) -> Path:
    """Put a program in place of a host's, which keeps what it was called with."""
    called = folder / "called.json"
    program = folder / name
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\nfrom pathlib import Path\n"
        f"Path({str(called)!r}).write_text(json.dumps(sys.argv[1:]))\nsys.exit({status})\n"
    )
    program.chmod(0o755)
    return called


@pytest.mark.parametrize("host", [host for host in HOSTS if host.removal], ids=lambda host: host.slug)
def test_a_host_with_a_command_is_asked_by_it(monkeypatch: pytest.MonkeyPatch, home: Path, host: Any) -> None:
    called = _program(home, host.removal[0])
    monkeypatch.setenv("PATH", str(home))

    assert registered(host.slug, "--demo", answer="n\n").exit_code == 1
    assert not called.exists()
    assert registered(host.slug, "--demo", "--yes").exit_code == 0
    assert json.loads(called.read_text()) == host.entry(launch_command(demo=True), {})[1:]
    assert registered(host.slug, "--undo", "--yes").exit_code == 0
    assert json.loads(called.read_text()) == list(host.removal[1:])


def test_a_host_that_is_absent_or_fails_is_said(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("PATH", str(home))
    absent = registered("codex", "--yes")
    _program(home, "codex", status=3)
    failed = registered("codex", "--yes")

    assert (absent.exit_code, failed.exit_code) == (2, 2)
    assert "codex is not on PATH" in absent.output
    assert "codex ended with status 3" in failed.output
    assert "has no command that removes" in registered("opencode", "--undo", "--yes").output
