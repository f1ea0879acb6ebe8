"""Recordings of real orgs, where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

SALESFORCE = Path(__file__).parents[3] / "shared" / "salesforce"


def recorded(name: str) -> Any:
    """Return a recorded JSON file, or skip the test that asks."""
    path = SALESFORCE / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not at hand")
    return json.loads(path.read_text(encoding="utf-8"))
