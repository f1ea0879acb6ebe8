"""The pages about the project agree with the project."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs import generate

ROOT = Path(__file__).parents[2]
INVARIANTS = (ROOT / "INVARIANTS.md").read_text(encoding="utf-8")
RULES = re.findall(r"^(\d+)\. (.+?)(?=\n\d+\. |\n\n|\n*\Z)", INVARIANTS, re.DOTALL | re.MULTILINE)
SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("*.py"))
INSTALLS_ANOTHER = re.compile(
    r"(?:pip install|pipx install|pipx run|uvx|uv tool (?:run|install)|--from|--spec)(?: -\S+)* mcp[-_]salesforce\b"
    r"|\bmcp-salesforce\["
)
"""The index has another project's `mcp-salesforce`; ours is `mcp-for-salesforce`."""
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_generated_pages_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])

    assert generate.main() == 0


def test_invariants_are_numbered_without_a_gap() -> None:
    assert [int(number) for number, _ in RULES] == list(range(1, len(RULES) + 1))
    assert len(RULES) == INVARIANTS.count("Enforced by: ")


@pytest.mark.parametrize(("number", "rule"), RULES)
def test_what_enforces_an_invariant_exists(number: str, rule: str) -> None:
    enforcer = " ".join(rule.rpartition("Enforced by: ")[2].split())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]

    if contract := re.fullmatch(r'contract "(.+)"', enforcer):
        assert contract[1] in {known["name"] for known in project["importlinter"]["contracts"]}, number
    elif test := re.fullmatch(r"test `(.+)::(.+)`", enforcer):
        assert re.search(rf"^(async )?def {test[2]}\(", (ROOT / test[1]).read_text(encoding="utf-8"), re.MULTILINE), (
            number
        )
    else:
        assert enforcer == "human", number


@pytest.mark.parametrize("file", [*PAGES, *SOURCES])
def test_no_line_installs_another_projects_distribution(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")

    assert INSTALLS_ANOTHER.findall(text) == []


def test_lines_that_would_install_it_are_known() -> None:
    wrong = (
        "uvx mcp-salesforce serve",
        "pip install mcp-salesforce",
        "pipx run mcp-salesforce",
        "mcp-salesforce[parquet]",
    )
    right = ("uvx --from mcp-for-salesforce mcp-salesforce", "pip install mcp-for-salesforce", "uv run mcp-salesforce")

    assert [line for line in (*wrong, *right) if INSTALLS_ANOTHER.search(line)] == list(wrong)
