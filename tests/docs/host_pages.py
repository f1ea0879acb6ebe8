"""A page for each host that takes a registration, of the table of hosts and of what was seen: docs/hosts/NAME.md."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mcp_salesforce.cli.hosts import HOSTS, RUN, Host
from mcp_salesforce.cli.shells import typed
from tests.docs.register import LAUNCH, not_run
from tests.hosts.results import results

PAGE = """<!-- Generated from src/mcp_salesforce/cli/hosts.py and tests/hosts/results.json by `make docs UPDATE=1`. -->
# {name}
{state}

## Register
{register}
{by_hand}
{mark}
```{language}
{text}
```

This serves the local org. For your own org omit `{demo}`, and [log in](../connect-an-org.md) first. `uv` and
`/path/to/mcp-salesforce` stand for the full paths on your machine: the demo and `login` print the {what} with them.
`register` needs no `--demo` then; with several logins, name one: `--org ALIAS`.
Settings, such as `SALESFORCE_READ_ONLY`, go {settings}.

## What it changes
{changes}

## What you see
Ask *Who am I in Salesforce?* The answer names the user and the kind of org, such as sandbox or production.

{seen}

## Remove it
{removal}

## What does not work
{limits}

All hosts: [register with a host](../register.md), [hosts that were tried](../hosts.md).
"""
REGISTER = """From the [project folder](../../README.md#start-in-one-minute):

```sh
python3 run.py mcp-salesforce register {slug} --demo
```

On Windows write `py` for `python3`. It shows the change and asks before it makes it. By hand{place}:"""
CANNOT_ASK = (
    "It cannot ask you about a change that needs your [approval](../approval.md). Such a call is refused with "
    "`APPROVAL_UNAVAILABLE`, and you answer at a terminal: `mcp-salesforce approve`."
)
ASKS = "It [asks you](../approval.md) before some changes, and selects `Keep everything`: Enter changes nothing."
VIEWS = "It knows MCP Apps, so an agenda and free times also appear as [views](../views.md); this was not tried."
UNTRIED = "Not known: {name} was not tried with this server. Please report what you see."
PROMPT = "The prompt `day_sheet` is {command}; the others have the same form."


@dataclass(frozen=True)
class Notes:
    """What is known of a host beyond the tables."""

    seen: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    """Its file on Linux, macOS and Windows."""


NOTES = {
    "Claude Code": Notes(
        (
            "`/mcp` lists the server and its tools.",
            "The model finds tools by a search: it sees their names first, and reads a description when it needs it.",
            PROMPT.format(command="`/mcp__salesforce__day_sheet tomorrow`"),
            "It [asks you](../approval.md) before some changes: the choices are behind `→`. Enter sends no answer.",
        ),
        ("A call that takes longer than two minutes goes to the background. Exports and imports answer before that.",),
    ),
    "Codex": Notes(
        (
            "Codex first asks whether a tool may run at all.",
            ASKS,
        ),
        ("It has no prompts of servers. Ask for the same in words: *Show me my day*.",),
    ),
    "Gemini CLI": Notes((PROMPT.format(command="`/day_sheet tomorrow`"),), (CANNOT_ASK,)),
    "Copilot CLI": Notes(
        (ASKS,),
        ("It has no prompts of servers. Ask for the same in words: *Show me my day*.",),
    ),
    "opencode": Notes(
        (PROMPT.format(command="`/salesforce:day_sheet tomorrow`"),),
        (
            CANNOT_ASK,
            "It asks for a prompt before it knows what you write behind it, so the model has to read the agenda.",
        ),
    ),
    "VS Code": Notes((VIEWS,)),
    "Claude Desktop": Notes(
        (VIEWS,),
        places=(
            "~/.config/Claude/claude_desktop_config.json",
            "~/Library/Application Support/Claude/claude_desktop_config.json",
            "%APPDATA%\\Claude\\claude_desktop_config.json",
        ),
    ),
    "Cursor": Notes((VIEWS,), places=("~/.cursor/mcp.json", "~/.cursor/mcp.json", "%USERPROFILE%\\.cursor\\mcp.json")),
    "Windsurf": Notes(
        places=(
            "~/.codeium/windsurf/mcp_config.json",
            "~/.codeium/windsurf/mcp_config.json",
            "%USERPROFILE%\\.codeium\\windsurf\\mcp_config.json",
        )
    ),
    "Zed": Notes(
        places=("~/.config/zed/settings.json", "~/.config/zed/settings.json", "%APPDATA%\\Zed\\settings.json")
    ),
    "Goose": Notes(
        (VIEWS,),
        places=(
            "~/.config/goose/config.yaml",
            "~/.config/goose/config.yaml",
            "%APPDATA%\\Block\\goose\\config\\config.yaml",
        ),
    ),
}
SYSTEMS = ("Linux", "macOS", "Windows")


def host_pages() -> dict[str, Callable[[str], str]]:
    """Return the path of each page, and what makes it."""
    return {f"docs/hosts/{host.slug}.md": partial(_rendered, host) for host in HOSTS}


def _rendered(host: Host, _before: str) -> str:
    notes = NOTES.get(host.name, Notes())
    runs = host.where == RUN
    registers = runs or host.file is not None
    place = "" if runs else f", add this to {_named(host.where)}"
    by_hand = (
        "" if registers else f"`mcp-salesforce register` does not know its file. Add this to {_named(host.where)}:"
    )
    return PAGE.format(
        name=host.name,
        state=_state(host),
        register=REGISTER.format(slug=host.slug, place=place) if registers else by_hand,
        by_hand="",
        language=host.language,
        mark=not_run(host),
        text=host.text(LAUNCH, {}),
        demo="--demo" if runs or host.language == "yaml" else ', "--demo"',
        what="line" if runs else "text",
        settings=_settings(host),
        changes=_changes(host, notes),
        seen=_list((*_table(host), *notes.seen)) or "What the host shows beside that is not known.",
        removal=_removal(host, registers=registers),
        limits=_list(notes.limits if host.name in results() else (UNTRIED.format(name=host.name),)),
    ).replace(":\n\n\n", ":\n\n")


def _named(where: str) -> str:
    return f"`{where}`" if " " not in where else where


def _state(host: Host) -> str:
    seen = results().get(host.name)
    if seen is None:
        return f"**Not tried.** This follows the documentation of {host.name}."
    return (
        f"**Tried** with release {seen['version']}, as of {seen['date']}: the line below was run "
        "unchanged, and the host then used the server with a scripted model."
    )


def _settings(host: Host) -> str:
    if host.language == "yaml":
        name = "envs" if host.name == "Goose" else "env"
        return f"below `{name}`, as `SALESFORCE_READ_ONLY: 'true'`"
    if host.name == "VS Code" or host.where != RUN:
        return 'next to the arguments: `"env": {"SALESFORCE_READ_ONLY": "true"}`'
    words = host.entry(("uv",), {"SALESFORCE_READ_ONLY": "true"})
    option = words[words.index("SALESFORCE_READ_ONLY=true") - 1] if isinstance(words, list) else ""
    return f"behind `{option}`, before `--`: `{option} SALESFORCE_READ_ONLY=true`"


def _changes(host: Host, notes: Notes) -> str:
    if host.keeps:
        return f"The command writes to `{host.keeps}`, for all your folders."
    if host.where == RUN:
        return f"The command writes to the settings of {host.name}."
    if not notes.places:
        return "Only what you write yourself."
    rows = "\n".join(f"| {system} | `{file}` |" for system, file in zip(SYSTEMS, notes.places, strict=True))
    return (
        "`register` adds the entry to this file and keeps everything else in it. "
        f"Restart {host.name} after the change.\n\n| System | File |\n|---|---|\n{rows}"
    )


def _table(host: Host) -> tuple[str, ...]:
    seen = results().get(host.name)
    if seen is None:
        return ()
    return (f"{seen['tools'].split(',')[0]} tools, over revision {seen['revision']} of the protocol.",)


def _list(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _removal(host: Host, *, registers: bool) -> str:
    if host.removal:
        return f"```sh\npython3 run.py mcp-salesforce register {host.slug} --undo\n```\n\nor `{typed(host.removal)}`."
    if registers and host.where != RUN:
        return f"```sh\npython3 run.py mcp-salesforce register {host.slug} --undo\n```"
    if host.keeps:
        return f"{host.name} has no command that removes a server. Delete `salesforce` in `{host.keeps}`."
    return f"Delete `salesforce` in the settings of {host.name}."
