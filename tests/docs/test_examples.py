"""The commands in the pages work as they stand there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.processes import END_S, running

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_readme_has_the_two_commands_and_ci_runs_the_second() -> None:
    commands = blocks("README.md", "sh")

    assert "pip install -q uv && uv run mcp-salesforce demo\n" in commands
    assert "pip install -q uv && uv run pytest\n" in commands
    assert "\npip install -q uv && uv run pytest\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["docs/register.md"])
def test_json_in_a_page_is_json(page: str) -> None:
    found = blocks(page, "json")

    assert found
    assert all(isinstance(json.loads(block), dict) for block in found)


def test_the_tutorials_query_works_on_the_local_org(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    (query,) = [block for block in blocks("docs/tutorial.md", "sh") if block.startswith("curl")]
    with running("org", "--port", "0", "--json", cwd=tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        shell = {"INSTANCE_URL": ready["instance_url"], "ACCESS_TOKEN": ready["access_token"], "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            ["bash", "-c", query], env=shell, capture_output=True, text=True, check=True, timeout=END_S
        )

    assert len(json.loads(done.stdout)["records"]) == 3
