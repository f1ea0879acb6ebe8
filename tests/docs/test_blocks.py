"""Every block of every page: a command is one that there is, with options that it has, and data are in their language.

What a test runs as it stands is in the other modules here. What no test can run has a mark before it that says why.
"""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from mcp_salesforce.cli import cli
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.settings.serving import Serving
from mcp_salesforce.settings.settings import Network, Settings
from mcp_salesforce.settings.team import Team
from tests.cli.processes import invoke

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        ROOT / "evals/README.md",
        *ROOT.glob("release/**/*.md"),
    ]
)
MARK = re.compile(r"<!-- not run: \w.+ -->\n+ *\Z")
SETTINGS = {f"SALESFORCE_{name.upper()}" for kind in (Settings, Network, Team, Serving) for name in kind.model_fields}
LANGUAGES = {"", "ini", "json", "python", "sh", "sql", "text", "toml", "yaml"}
RUN_BY = {
    "claude": "tests/hosts/test_hosts.py",
    "codex": "tests/hosts/test_hosts.py",
    "copilot": "tests/hosts/test_hosts.py",
    "gemini": "tests/hosts/test_hosts.py",
    "opencode": "tests/hosts/test_hosts.py",
    "curl": "tests/docs/test_faults_page.py",
    "pytest": ".ci/run",
    "release": "tests/clients/test_release.py",
    "evals": "tests/evals/test_play.py",
}
"""Programs and modules of other lines, and what runs them."""
STARTS = r"uv run(?: --group \w+)?(?: python -m)? |uvx --from \S+ |python3 run\.py |salesforce/bin/"


@dataclass(frozen=True)
class Block:
    page: str
    language: str
    text: str
    is_marked: bool

    @property
    def lines(self) -> list[str]:
        """The commands, each on one line."""
        whole = re.sub(r"\s*\\\n\s*", " ", self.text)
        return [line.strip() for line in whole.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def blocks_of(page: str) -> Iterator[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    for found in re.finditer(r"^( *)```(\w*)\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
        yield Block(page, found[2], found[3], MARK.search(text[: found.start()]) is not None)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def command_of(line: str) -> list[str]:
    """Return the words of a line from its program on, without settings before it and what starts the program."""
    words = re.sub(rf"^(?:\w+=\S* )*(?:{STARTS})?", "", line)
    return shlex.split(words)


def parsed(words: list[str]) -> click.Context:
    """Take a command line as the program does, without doing anything."""
    command: click.Command = cli
    context = click.Context(cli, info_name="mcp-salesforce", **cli.context_settings)  # kept by each command
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, info_name=name, parent=context)
    return command.make_context(context.info_name, words, parent=context.parent)


def settings_in(line: str) -> list[str]:
    return re.findall(r"(?:^|[ ])(SALESFORCE_\w+)=", line)


@pytest.mark.parametrize("page", PAGES)
def test_each_command_exists_with_its_options_or_says_why_no_test_runs_it(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in (
        line for block in blocks_of(page) if block.language == "sh" and not block.is_marked for line in block.lines
    ):
        assert set(settings_in(line)) <= SETTINGS, line
        if re.fullmatch(r"(export )?\w+=\S*", line):
            continue
        program, *words = command_of(line)
        if program == "mcp-salesforce" and words != ["--version"]:
            words = [word.replace("/var/log/mcp-salesforce/", "") for word in words]
            for word in words:
                if re.fullmatch(r"[\w.-]+\.(yaml|csv|json|jsonl)", word):
                    Path(word).touch()
            parsed(words)
        elif program not in {"mcp-salesforce", "cd"}:
            assert program in RUN_BY, f"{page}: {line}: add `<!-- not run: the reason -->` before the block"
            assert (ROOT / RUN_BY[program]).exists()


@pytest.mark.parametrize("page", PAGES)
def test_each_block_is_in_its_language(page: str) -> None:
    for block in blocks_of(page):
        assert block.language in LANGUAGES, block.text
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "yaml":
            assert isinstance(yaml.safe_load(block.text), dict)
        elif block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "ini":
            named = [line.partition("=")[0] for line in block.text.splitlines() if line.startswith("SALESFORCE_")]
            assert set(named) <= SETTINGS


def test_a_wrong_command_a_wrong_option_and_another_program_are_noticed() -> None:
    with pytest.raises(click.ClickException, match="demonstrate"):
        parsed(["demonstrate"])
    with pytest.raises(click.ClickException, match="--demon"):
        parsed(["serve", "--demon"])
    with pytest.raises(click.ClickException, match="vs-cod"):
        parsed(["register", "vs-cod"])
    assert command_of("uvx --from ./x.whl mcp-salesforce doctor") == ["mcp-salesforce", "doctor"]
    assert command_of("SALESFORCE_READ_ONLY=true uv run mcp-salesforce tools")[1] == "tools"
    assert command_of("kubectl apply -k deploy/kubernetes")[0] not in RUN_BY


RUNS: dict[str, tuple[str, ...]] = {
    "docs/appointments.md": ("view",),
    "docs/files.md": ("export",),
    "docs/undo.md": ("journal",),
    "docs/versions.md": ("upgrade-check",),
    "docs/recipes/read-only.md": ("tools",),
}
"""Pages whose lines for these commands run as they stand, on the local org."""


@pytest.mark.parametrize("page", RUNS)
def test_lines_run_as_they_stand_on_the_local_org(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for block in blocks_of(page) if block.language == "sh" for line in block.lines]
    ours = [words for words in map(command_of, lines) if words[0] == "mcp-salesforce" and words[1] in RUNS[page]]
    assert ours
    with LocalOrg.open() as org, org.listening() as address:
        given: dict[str, Any] = {
            name: getattr(org.credentials, name) for name in ("client_id", "client_secret", "refresh_token")
        }
        for name, value in {**given, "instance_url": address, "login_url": address, "journal": "journal.db"}.items():
            monkeypatch.setenv(f"SALESFORCE_{name.upper()}", value)
        for _, *words in ours:
            done = invoke(*words, cwd=tmp_path)
            assert done.returncode == 0, (words, done.stdout, done.stderr)
