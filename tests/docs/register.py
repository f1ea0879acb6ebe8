"""The page that the table of hosts writes: docs/register.md."""

import json

from mcp_salesforce.cli.hosts import RUN, Host, Registration, registrations
from tests.hosts.results import results

LAUNCH = ("uv", "run", "--directory", "/path/to/mcp-salesforce", "mcp-salesforce", "serve", "--demo")
PAGE = """<!-- Generated from src/mcp_salesforce/cli/hosts.py by `make docs UPDATE=1`. -->
# Register with a host
`uv run mcp-salesforce demo` prints these lines with the full paths of your machine; here they are for a project folder
`/path/to/mcp-salesforce`. Omit `--demo` to serve [your own org](connect-an-org.md):
`uv run mcp-salesforce login` ends with the lines for that, settings included. Desktop hosts do not know your shell's
`PATH`: give them the full path of `uv` (`which uv`). Where a file has entries already, add `salesforce` to them.

*Tried* means: the line was run unchanged, then the host used the server ([results](hosts.md)). The others
follow the hosts' documentation.

{sections}

## Settings
Settings may stand in `.env` of the project folder, or with the host. Commands take them after the name: `-e
SALESFORCE_ORG=sandbox` (Codex, Copilot CLI and opencode: `--env`). Files have them beside the arguments:
`"env": {{"SALESFORCE_ORG": "sandbox"}}` (Goose: `envs`). Desktop hosts do not pass on your shell's variables,
`HTTPS_PROXY` included.

For one workspace of VS Code, write the entry without its name below `servers` in `.vscode/mcp.json`:

```json
{{"servers": {{"salesforce": {entry}}}}}
```

Installed with `pip`, `pipx` or `uv tool install`, the command is `mcp-salesforce serve`, by its full path. Run by
`uvx`, it is `uv tool run --from SOURCE mcp-salesforce serve`: what `uvx` makes is in a cache that is emptied some day.
"""


def render_register(_before: str) -> str:
    """Return docs/register.md: how to register with each host, and whether that was tried."""
    entry = json.dumps({"type": "stdio", "command": LAUNCH[0], "args": LAUNCH[1:]})
    return PAGE.format(sections="\n\n".join(_section(each) for each in registrations(LAUNCH)), entry=entry)


def _section(registration: Registration) -> str:
    heading = ", ".join(host.name for host in registration.hosts)
    told = "\n".join(f"- {_told(host)}" for host in registration.hosts)
    return f"## {heading}\n{told}\n\n```{registration.hosts[0].language}\n{registration.text}\n```"


def _told(host: Host) -> str:
    tried = results().get(host.name)
    state = f"*tried* with {tried['version']} (as of {tried['date']})" if tried else "not tried"
    return f"{host.name}: {'a command' if host.where == RUN else host.where}; {state}"
