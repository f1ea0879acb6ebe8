"""What the last run of `.ci/hosts` saw, and the page that shows it: docs/hosts.md."""

import functools
import json
from pathlib import Path
from typing import Any

from filelock import FileLock

from tests.hosts.hosts import HOSTS
from tests.hosts.seat import INSTALLED

RESULTS = Path(__file__).with_name("results.json")
COLUMNS = {
    "version": "Release",
    "date": "As of",
    "api": "Model's API",
    "revision": "Protocol",
    "tools": "Tools",
    "create": "Create",
    "error": "Error",
    "prompt": "Prompt",
}
CHECKED = ("tools", "create", "error", "prompt")
PAGE = """<!-- Generated from tests/hosts/results.json by `make docs UPDATE=1`; `.ci/hosts` writes that. -->
# Hosts
Each of these hosts used the server in one session, in the named release, with a scripted model on the same machine.
The results come from the requests that the host sent to that model, and from the org. `.ci/hosts` installs all the
hosts and tries them again.

{table}

- **Protocol**: the revision that host and server agreed on.
- **Tools**: how many of the server's tools its model can use; *by search*: after it has searched for them.
- **Create**: a contact with a custom field, a record of a custom object and an appointment were created, all with an
  owner.
  *named fields only*: the host closes open schemas, so its model can write only fields that a tool names.
- **Error**: the model reads the error's code, message and hint.
- **Prompt**: the model gets the whole prompt, the agenda in it; *the model reads the agenda*: the host asks for the
  prompt before it knows what the user says; *none*: the host has no prompts.
"""


@functools.cache
def results() -> dict[str, dict[str, Any]]:
    """Return what was seen, by host."""
    found: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return {host.name: found[host.name] for host in HOSTS if host.name in found}


def write(name: str, result: dict[str, Any]) -> None:
    """Keep what was seen of one host."""
    with FileLock(INSTALLED / "results.lock"):
        known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        known[name] = result
        text = json.dumps({host.name: known[host.name] for host in HOSTS if host.name in known}, indent=1)
        RESULTS.write_text(text + "\n", encoding="utf-8")


def render_hosts(_before: str) -> str:
    """Return docs/hosts.md."""
    rows = [("Host", *COLUMNS.values()), ("---",) * (len(COLUMNS) + 1)]
    rows += [(name, *(str(seen[column]) for column in COLUMNS)) for name, seen in results().items()]
    return PAGE.format(table="\n".join(f"| {' | '.join(row)} |" for row in rows))
