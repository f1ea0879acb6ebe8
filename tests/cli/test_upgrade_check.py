"""`mcp-salesforce upgrade-check`: what changed for the tools in use, by the changelog."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcp_salesforce.cli import cli, upgrade_check

CHANGELOG = """# Changelog
Text before.

## [Unreleased]
### Added
- A thing for everybody,
  on two lines.
### Removed
- `salesforce_query` is gone.

## [1.10.0] - 2027-02-01
### Changed
- `salesforce_get_file` says more, and `salesforce_query` less.
### Deprecated
- `salesforce_attach_file` will have another name.

## [1.2.0] - 2027-01-01
### Fixed
- `salesforce_query` is right.
"""


@pytest.fixture(autouse=True)
def changelog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    monkeypatch.setattr(upgrade_check, "_INSTALLED", tmp_path / "CHANGELOG.md")
    monkeypatch.chdir(tmp_path)


def check(*arguments: str, **settings: str) -> Result:
    environment = {f"SALESFORCE_{name.upper()}": value for name, value in settings.items()}
    return CliRunner().invoke(cli, ["upgrade-check", *arguments], env=environment)


def texts(*arguments: str, **settings: str) -> list[str]:
    return [entry["text"] for entry in json.loads(check(*arguments, "--json", **settings).output)]


def test_what_comes_after_one_version_up_to_another_is_shown() -> None:
    assert texts("1.2.0", "1.10.0", "--all") == [
        "`salesforce_get_file` says more, and `salesforce_query` less.",
        "`salesforce_attach_file` will have another name.",
    ]
    assert texts("1.10.0") == ["A thing for everybody, on two lines.", "`salesforce_query` is gone."]
    assert texts("1.10.0", "1.10.0") == []
    assert len(texts("0.1.0", "--all")) == 5


def test_what_is_only_about_tools_that_are_not_in_use_is_left_out() -> None:
    assert texts("1.2.0", "1.10.0") == ["`salesforce_get_file` says more, and `salesforce_query` less."]
    assert len(texts("1.2.0", "1.10.0", toolsets="default,files")) == 2
    assert texts("1.2.0", toolsets="contacts") == ["A thing for everybody, on two lines."]
    assert "1 more are about tools" in check("1.2.0", "1.10.0").output


def test_changes_to_look_at_come_first() -> None:
    shown = check("1.2.0").output

    assert shown.startswith("From 1.2.0 to the newest: 2 changes to look at, 1 additions and fixes.")
    assert re.findall(r"^- (\w+) \((\S+)\)", shown, re.MULTILINE) == [
        ("Removed", "Unreleased"),
        ("Changed", "1.10.0"),
        ("Added", "Unreleased"),
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["one"], "not a version"), (["1.2"], "not a version"), (["1.10.0", "1.2.0"], "older than"), ([], "SINCE")],
)
def test_a_wrong_call_says_what_to_do(arguments: list[str], says: str) -> None:
    done = check(*arguments)

    assert done.exit_code == 2
    assert says in done.output


def test_the_projects_own_changelog_is_read_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(upgrade_check, "_INSTALLED", tmp_path / "none")
    text = upgrade_check._OF_SOURCES.read_text(encoding="utf-8")

    found = list(upgrade_check.entries_of(text))

    assert len(found) == len(re.findall(r"^- ", text, re.MULTILINE))
    assert all(entry.version and entry.kind for entry in found)
    assert texts("0.0.1", "--all") == [entry.text for entry in found]
