"""The page that the table of hosts writes: docs/register.md."""

import json

from mcp_salesforce.cli.hosts import RUN, Host, Registration, registrations
from tests.hosts.results import results

LAUNCH = ("uv", "run", "--directory", "/path/to/mcp-salesforce", "mcp-salesforce", "serve", "--demo")
PAGE = """<!-- Generated from src/mcp_salesforce/cli/hosts.py by `make docs UPDATE=1`. -->
# Register with a host
`uv run mcp-salesforce demo` prints these lines with the full paths of your machine. Here the project folder is
`/path/to/mcp-salesforce`. Omit `--demo` to serve [your own org](connect-an-org.md); `uv run mcp-salesforce login`
prints the lines for that, with the settings. Desktop hosts do not know the `PATH` of your shell: give them the full
path of `uv` (`which uv`). If a file already has entries, add `salesforce` to them.

`uv run mcp-salesforce register HOST` does it for you: it shows the change, asks, runs the host's command or changes the
host's file, and keeps everything else in that file. Add `--demo` for the local org, or `--org ALIAS` for a stored
login. `--undo` removes the server again. Files with comments are left alone; it prints what to add.

*Tried* means: the line was run unchanged, and the host then used the server ([results](hosts.md)). The other lines
follow the documentation of the hosts.

{sections}

## Settings
You can put settings into `.env` in the project folder, or give them to the host. In a command, add them after the
name: `-e SALESFORCE_ORG=sandbox` (Codex, Copilot CLI and opencode: `--env`). In a file, add them next to the
arguments: `"env": {{"SALESFORCE_ORG": "sandbox"}}` (Goose: `envs`). Desktop hosts do not pass on the variables of your
shell, such as `HTTPS_PROXY`.

For one workspace of VS Code, write the entry below `servers` in `.vscode/mcp.json`, without the key `name`:

```json
{{"servers": {{"salesforce": {entry}}}}}
```

If you installed it with `pip`, `pipx` or `uv tool install`, the command is `mcp-salesforce serve` with its full path.
If you run it with `uvx`, the command is `uv tool run --from SOURCE mcp-salesforce serve`, because the cache of `uvx`
may be emptied.
"""


def render_register(_before: str) -> str:
    """Return docs/register.md: how to register with each host, and whether that was tried."""
    entry = json.dumps({"type": "stdio", "command": LAUNCH[0], "args": LAUNCH[1:]})
    return PAGE.format(sections="\n\n".join(_section(each) for each in registrations(LAUNCH)), entry=entry)


def _section(registration: Registration) -> str:
    heading = ", ".join(host.name for host in registration.hosts)
    told = "\n".join(f"- {_told(host)}" for host in registration.hosts)
    host = registration.hosts[0]
    return f"## {heading}\n{told}\n{not_run(host)}\n```{host.language}\n{registration.text}\n```"


def not_run(host: Host) -> str:
    """Return the mark of a line that no test runs, as a line; an empty one for a line that tests run."""
    is_run = host.where != RUN or host.name in results()
    return "" if is_run else f"\n<!-- not run: needs {host.name} -->"


def _told(host: Host) -> str:
    tried = results().get(host.name)
    state = f"*tried* with {tried['version']} (as of {tried['date']})" if tried else "not tried"
    return f"[{host.name}](hosts/{host.slug}.md): {'a command' if host.where == RUN else host.where}; {state}"
