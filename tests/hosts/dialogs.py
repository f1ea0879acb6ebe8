"""How the terminal interfaces of hosts are started, and the keys that answer their dialogs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.hosts.hosts import CODEX_PROVIDER, HOSTS, Host, npm_program
from tests.hosts.seat import SCRIPTED, Seat

KEEP, DO = "Keep everything", "Delete 2 contacts"
WORK = "Do what is asked."
HEAVY, LIGHT = "\u276f", "\u203a"  # what points at the chosen line

Key = tuple[str, str]
"""What has to be shown, and the key that is pressed then, by tmux's name."""


@dataclass(frozen=True)
class Dialog:
    """The terminal interface of a host."""

    name: str
    """The host's."""
    command: Callable[[Seat], Sequence[str]]
    to_question: Sequence[Key]
    """What leads to the screen with both choices."""
    keep: Sequence[Key]
    """From there, with Enter alone."""
    do: Sequence[Key]
    """From there to the other choice."""
    settle: Callable[[Seat], object] = lambda _seat: None
    """Answers what the host asks at its first start: about themes, keys and folders."""

    @property
    def host(self) -> Host:
        """The host."""
        return next(host for host in HOSTS if host.name == self.name)

    def words(self, seat: Seat) -> list[str]:
        """Return the command of a session."""
        program, *rest = self.command(seat)
        return [npm_program(self.host.folder, program), *(word.replace("MODEL", seat.model) for word in rest)]


def _settle_claude(seat: Seat) -> None:
    file = seat.home / ".claude.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    known |= {"hasCompletedOnboarding": True, "theme": "dark", "customApiKeyResponses": {"approved": ["none"]}}
    known.setdefault("projects", {}).setdefault(str(seat.folder), {})["hasTrustDialogAccepted"] = True
    file.write_text(json.dumps(known), encoding="utf-8")


def _settle_copilot(seat: Seat) -> None:
    file = seat.home / ".copilot" / "config.json"
    file.write_text(json.dumps({"trusted_folders": [str(seat.folder)]}), encoding="utf-8")


def _codex(seat: Seat) -> Sequence[str]:
    return (
        *("codex", "--no-alt-screen", "--model", SCRIPTED),
        *("-c", "model_provider=local", "-c", f"model_providers.local={CODEX_PROVIDER}"),
        *("-c", "mcp_servers.salesforce.required=true"),
        *("-c", "analytics.enabled=false", "-c", "check_for_update_on_startup=false"),
        *("-c", f'projects."{seat.folder}".trust_level="trusted"'),
        WORK,
    )


DIALOGS = (
    Dialog(
        "Claude Code",
        lambda _seat: ("claude", WORK, "--allowedTools", "mcp__salesforce"),
        to_question=[(f"{HEAVY} * answer: ▸ not set", "Right")],
        keep=[(f"{HEAVY} ◯ {KEEP}", "Enter"), (f"{HEAVY} Accept", "Enter")],
        do=[(f"{HEAVY} ◯ {KEEP}", "Down"), (f"{HEAVY} ◯ {DO}", "Enter"), (f"{HEAVY} Accept", "Enter")],
        settle=_settle_claude,
    ),
    Dialog(
        "Codex",
        _codex,
        to_question=[(f"{LIGHT} 1. Allow ", "Enter")],  # its own question about the tool
        keep=[(f"{LIGHT} 1. {KEEP}", "Enter")],
        do=[(f"{LIGHT} 1. {KEEP}", "Down"), (f"{LIGHT} 2. {DO}", "Enter")],
    ),
    Dialog(
        "Copilot CLI",
        lambda _seat: ("copilot", "-i", WORK, "--allow-all-tools", "--no-auto-update", "--disable-builtin-mcps"),
        to_question=[],
        keep=[(f"{HEAVY} {KEEP}", "Enter")],
        do=[(f"{HEAVY} {KEEP}", "Down"), (f"{HEAVY} {DO}", "Enter")],
        settle=_settle_copilot,
    ),
)
