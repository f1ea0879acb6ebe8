"""The committed views are what their source builds to."""

import shutil
import subprocess
from pathlib import Path

import pytest

VIEWS = Path(__file__).parents[2] / "views"

pytestmark = [pytest.mark.clients]


def test_the_committed_views_are_what_their_source_builds_to() -> None:
    if not (VIEWS / "node_modules" / "vite").exists() or shutil.which("npm") is None:
        pytest.skip("the packages of the views are not installed: npm install --no-package-lock --prefix views")

    done = subprocess.run(["npm", "run", "check"], cwd=VIEWS, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
