"""What holds of the package as a whole."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_no_lock_file_is_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert "uv.lock" in ignored
    assert project["tool"]["uv"]["exclude-newer"]
