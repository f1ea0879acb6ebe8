"""Commands as they are typed in the shell that this process was started in."""

import os
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

_PLAIN: Final = re.compile(r"[\w.:/\\+=~-]+", re.ASCII)
_TAKEN: Final = re.compile(r"[&|<>^()]")
_OF_A_USER: Final = re.compile(r"[\\/](Windows)?PowerShell[\\/]Modules", re.IGNORECASE)


class Shell(Enum):
    """A kind of shell, by how it quotes."""

    POSIX = "sh"
    POWERSHELL = "PowerShell"
    COMMAND_PROMPT = "cmd"


def shell_at_hand(system: str, variables: Mapping[str, str]) -> Shell:
    """Return the kind of shell, from `os.name` and the environment.

    On Windows a shell with `MSYSTEM` is that of Git or MSYS2. PowerShell puts the modules of the user in front of those
    of the system in `PSModulePath`, which other programs have too.
    """
    if system != "nt" or "MSYSTEM" in variables:
        return Shell.POSIX
    profile = variables.get("USERPROFILE", "").casefold()
    first = variables.get("PSModulePath", "").partition(";")[0]
    is_of_user = bool(profile) and first.casefold().startswith(profile) and bool(_OF_A_USER.search(first))
    return Shell.POWERSHELL if is_of_user else Shell.COMMAND_PROMPT


def typed(words: Sequence[str], shell: Shell | None = None) -> str:
    """Return the line that runs the command `words`; without a shell, in the one at hand."""
    from mcp_salesforce.settings.loading import environment

    shell = shell or shell_at_hand(os.name, environment())
    if shell is Shell.POSIX:
        return shlex.join(words)
    if shell is Shell.COMMAND_PROMPT:
        return " ".join(map(_in_command_prompt, words))
    line = " ".join(map(_in_powershell, words))
    return f"& {line}" if line.startswith("'") else line


def _in_command_prompt(word: str) -> str:
    """Quote a word as programs expect it, and where the command prompt would take a part of it for itself."""
    quoted = subprocess.list2cmdline([word])
    return f'"{quoted}"' if _TAKEN.search(word) and not quoted.startswith('"') else quoted


def _in_powershell(word: str) -> str:
    """Quote a word: `--` too, which a script would lose, and a double quote by a backslash, which programs expect."""
    if word != "--" and _PLAIN.fullmatch(word):
        return word
    return "'" + word.replace("'", "''").replace('"', '\\"') + "'"
