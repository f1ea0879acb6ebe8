"""The pages that `Settings` writes: docs/configuration.md and .env.example."""

from collections.abc import Iterator

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mcp_salesforce.config import ENV_PREFIX, Settings
from mcp_salesforce.front.values import FORMS
from mcp_salesforce.settings.flows import REFRESH_TOKEN, WAYS
from mcp_salesforce.settings.serving import Serving
from mcp_salesforce.settings.team import Team

_OF_A_WAY = {name for way in WAYS for name in way.needs}

PAGE = """<!-- Generated from src/mcp_salesforce/settings/settings.py by `make docs UPDATE=1`. -->
# Configuration

Settings are environment variables, or `NAME=value` lines in a file `.env` in the folder where the server starts. If
both set a value, the environment wins. An empty variable is the same as none. Unknown keys are ignored. Quotes and
spaces around a value are removed. If a setting is missing or wrong, the server does not start (exit status 2), and one
message lists every such setting and where to find its value.

Your own `.env` counts in every folder, but only if neither the environment nor the `.env` of the folder names an org:
settings for two orgs are never mixed. Every other value in it is the weakest. It is at:

| system | file |
|---|---|
| Linux | `~/.config/mcp-salesforce/.env`, or below `XDG_CONFIG_HOME` |
| macOS | `~/Library/Application Support/mcp-salesforce/.env` |
| Windows | `%LOCALAPPDATA%\\mcp-salesforce\\.env` |

`mcp-salesforce doctor` says which files it read.

## Ways to log in
The settings decide how the server gets its access tokens. Exactly one of these sets must be complete:

| Way | Settings | Meaning |
|---|---|---|
{ways}

## Settings

| Setting | Default | Meaning |
|---|---|---|
{rows}

## A server for a team
These are read by the server that people log in to over HTTP, in addition to the app's key and secret and the login URL.

| Setting | Default | Meaning |
|---|---|---|
{team}

## Over HTTP
These are read by every server over HTTP (`serve --http`).

| Setting | Default | Meaning |
|---|---|---|
{serving}

`mcp-salesforce demo`, `serve --demo`, `org`, `tools` and `--help` need no settings.
"""


def fields() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the settings as a reader wants them: those for logging in first."""
    yield from ((name, Settings.model_fields[name]) for name in FORMS)


def of_a_team() -> list[str]:
    """Return the settings that only a server for a team has."""
    return [name for name in Team.model_fields if name not in Settings.model_fields]


def render_configuration(_before: str) -> str:
    """Return docs/configuration.md: each setting with its default and its meaning."""
    rows = [f"| `{ENV_PREFIX}{name.upper()}` | {_default(name)} | {field.description} |" for name, field in fields()]
    ways = [f"| {way.name} | {', '.join(map(_variable, way.needs))} | {way.about} |" for way in WAYS]
    team = [
        f"| `{ENV_PREFIX}{name.upper()}` | {_default_of_a_team(name)} | {Team.model_fields[name].description} |"
        for name in of_a_team()
    ]
    serving = [
        f"| `{ENV_PREFIX}{name.upper()}` | {f'`{field.default}`' if field.default else ''} | {field.description} |"
        for name, field in Serving.model_fields.items()
    ]
    return PAGE.format(ways="\n".join(ways), rows="\n".join(rows), team="\n".join(team), serving="\n".join(serving))


def render_env_example(_before: str) -> str:
    """Return .env.example: what has no default is to be filled in, the rest is commented out."""
    lines = ["# Copy to .env and fill in; docs/connect-an-org.md shows how to get each value."]
    for name, field in fields():
        required = name in REFRESH_TOKEN.needs
        is_empty = field.default is PydanticUndefined or field.default is None or name in _OF_A_WAY
        default = "" if is_empty else field.default
        lines += ["", f"# {field.description}", f"{'' if required else '# '}{ENV_PREFIX}{name.upper()}={default}"]
    lines += ["", "# A server for a team; see docs/configuration.md."]
    for name in of_a_team():
        lines += ["", f"# {Team.model_fields[name].description}", f"# {ENV_PREFIX}{name.upper()}="]
    lines += ["", "# A server over HTTP."]
    for name, field in Serving.model_fields.items():
        lines += ["", f"# {field.description}", f"# {ENV_PREFIX}{name.upper()}={field.default}"]
    return "\n".join([*lines, ""])


def _variable(name: str) -> str:
    return f"`{ENV_PREFIX}{name.upper()}`"


def _default_of_a_team(name: str) -> str:
    default = Team.model_fields[name].default
    return f"`{str(default).lower()}`" if isinstance(default, bool) else "see there"


def _default(name: str) -> str:
    field = Settings.model_fields[name]
    if name in _OF_A_WAY:
        return "by way"
    return "see there" if field.default is PydanticUndefined else f"`{field.default}`"
