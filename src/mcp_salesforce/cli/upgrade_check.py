"""`mcp-salesforce upgrade-check`: what changed between two versions for the tools in use."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click

from mcp_salesforce.cli.tools import access_now

_UNRELEASED: Final = "Unreleased"
_NEWEST: Final = (10**9,)
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+")
_HEADING: Final = re.compile(rf"## \[({_UNRELEASED}|\d+\.\d+\.\d+)\]")
_KIND: Final = re.compile(r"### (\w+)")
_TOOL: Final = re.compile(r"salesforce_[a-z_]+[a-z]")
_BREAKING: Final = ("Removed", "Changed", "Deprecated", "Security")
_INSTALLED: Final = Path(__file__).parents[1] / "CHANGELOG.md"
_OF_SOURCES: Final = Path(__file__).parents[3] / "CHANGELOG.md"


@dataclass(frozen=True, slots=True)
class Entry:
    """A change: the version that has it, its kind as in Keep a Changelog, its text, and the tools that it names."""

    version: str
    kind: str
    text: str
    tools: tuple[str, ...]


@click.command(name="upgrade-check")
@click.argument("since")
@click.argument("until", default=_UNRELEASED)
@click.option("--all", "everything", is_flag=True, help="Also what is about tools that the settings do not allow.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def command(*, since: str, until: str, everything: bool, as_json: bool) -> None:
    """Say what changed after version SINCE, up to version UNTIL, for the tools in use.

    It reads the changelog of the installed version, without what is only about tools that SALESFORCE_* settings do
    not allow.
    """
    start, end = _ordered(since, "SINCE"), _ordered(until, "UNTIL")
    if end < start:
        raise click.BadParameter(f"{until} is older than {since}: give the older version first.", param_hint="UNTIL")
    file = _INSTALLED if _INSTALLED.is_file() else _OF_SOURCES
    try:
        entries = list(entries_of(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise click.ClickException(f"The changelog {file} cannot be read: {error.strerror}.") from None
    between = [entry for entry in entries if start < _ordered(entry.version, "SINCE") <= end]
    unused = set() if everything else _unused_tools()
    shown = [entry for entry in between if not entry.tools or set(entry.tools) - unused]
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in shown], ensure_ascii=False, indent=2))
        return
    _print(shown, f"{since} to {'the newest' if until == _UNRELEASED else until}", len(between) - len(shown))


def entries_of(changelog: str) -> Iterator[Entry]:
    """Yield each change of a changelog in the form of Keep a Changelog."""
    version = kind = ""
    lines: list[str] = []
    for line in [*changelog.splitlines(), "## end"]:
        if lines and not line.startswith("  "):
            text = " ".join(lines)
            yield Entry(version, kind, text, tuple(dict.fromkeys(_TOOL.findall(text))))
            lines = []
        if heading := _HEADING.match(line):
            version, kind = heading[1], ""
        elif of_kind := _KIND.match(line):
            kind = of_kind[1]
        elif version and line.startswith("- "):
            lines = [line[2:].strip()]
        elif lines:
            lines.append(line.strip())


def _ordered(version: str, argument: str) -> tuple[int, ...]:
    if version == _UNRELEASED:
        return _NEWEST
    if not _VERSION.fullmatch(version):
        raise click.BadParameter(f"{version!r} is not a version: give one such as 1.2.0.", param_hint=argument)
    return tuple(map(int, version.split(".")))


def _unused_tools() -> set[str]:
    """Return the tools that the settings do not allow."""
    from mcp_salesforce.tools import TOOLSETS

    access = access_now()
    return {spec.name for each in TOOLSETS for spec in each.specs if access.forbidden_by(each.name, spec)}


def _print(entries: list[Entry], between: str, left_out: int) -> None:
    look = [entry for entry in entries if entry.kind in _BREAKING]
    more = [entry for entry in entries if entry.kind not in _BREAKING]
    click.echo(f"From {between}: {len(look)} changes to look at, {len(more)} additions and fixes.")
    for title, group in (("Look at these", look), ("Additions and fixes", more)):
        if group:
            click.echo(f"\n{title}")
        for entry in group:
            click.echo(f"- {entry.kind} ({entry.version}): {entry.text}")
    if left_out:
        click.echo(f"\n{left_out} more are about tools that the settings do not allow; --all shows them.")
