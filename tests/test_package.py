"""What holds of the package as a whole."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import yaml

from mcp_salesforce import DISTRIBUTION

ROOT = Path(__file__).parents[1]


def test_everything_that_shows_the_version_shows_this_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    pages = [(ROOT / name).read_text() for name in ("docs/install.md", "docs/upgrade.md", "docs/teams.md")]
    shown = {found for page in pages for found in re.findall(r"(?:salesforce|plugin)[-:](\d+\.\d+\.\d+)", page)}
    newest = re.findall(r"^## \[(\d\S*)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    (image,) = yaml.safe_load((ROOT / "deploy/kubernetes/kustomization.yaml").read_text())["images"]

    assert version(DISTRIBUTION) == project
    assert newest[0] == project
    assert shown == {project}
    assert image["newTag"] == project


def test_no_lock_file_is_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert "uv.lock" in ignored
    assert project["tool"]["uv"]["exclude-newer"]
