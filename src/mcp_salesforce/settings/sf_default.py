"""The default org of Salesforce's own `sf` command, read where the command keeps it; the command is not run.

As @salesforce/core 8.32 finds it: SF_TARGET_ORG, then `target-org` in `.sf/config.json` of the project (the
nearest folder above with an `sfdx-project.json`), then in `~/.sf/config.json`.
"""

import json
import shutil
from pathlib import Path
from typing import Final

from mcp_salesforce.settings.loading import environment

_CONFIG: Final = Path(".sf", "config.json")
_PROJECT: Final = "sfdx-project.json"
_KEY: Final = "target-org"


def default_org() -> str:
    """Return the alias or username of the default org; empty if there is none, or no `sf` command."""
    surroundings = environment()
    if shutil.which("sf", path=surroundings.get("PATH")) is None:
        return ""
    if named := surroundings.get("SF_TARGET_ORG", "").strip():
        return named
    return next(filter(None, map(_in_config, _folders())), "")


def _folders() -> list[Path]:
    here = Path.cwd()
    projects = [folder for folder in (here, *here.parents) if (folder / _PROJECT).is_file()][:1]
    try:
        return [*projects, Path.home()]
    except RuntimeError:  # this user has no home folder
        return projects


def _in_config(folder: Path) -> str:
    try:
        kept = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    value = kept.get(_KEY) if isinstance(kept, dict) else None
    return value.strip() if isinstance(value, str) else ""
