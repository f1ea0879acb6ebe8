"""`mcp-salesforce register`: register this server with a host, after showing what changes, and take it back."""

import difflib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

import click

from mcp_salesforce.cli.hosts import HOSTS, RUN, SERVER_NAME, Host, launch_command, settings_of_login, written
from mcp_salesforce.cli.refusal import Refusal, refusing_wrong_settings
from mcp_salesforce.cli.shells import typed

_OFFERED: Final = {host.slug: host for host in HOSTS if host.where == RUN or host.file}
_INDENT: Final = re.compile(r"^[ \t]+", re.MULTILINE)


@click.command(name="register")
@click.argument("host", type=click.Choice(list(_OFFERED), case_sensitive=False))
@click.option("--demo", is_flag=True, help="Serve the local org instead of your own.")
@click.option("--org", "alias", help="Alias of a stored login that the server uses.")
@click.option("--undo", is_flag=True, help="Remove the server from the host again.")
@click.option("-y", "--yes", is_flag=True, help="Change it without a question.")
def command(*, host: str, demo: bool, alias: str | None, undo: bool, yes: bool) -> None:
    """Register this server with HOST, or remove it (--undo). You see the change first.

    It runs the host's own command, or changes the host's file of settings and keeps everything else in it. Exit status:
    0 also if there is nothing to change; 1 if you decline; 2 if the host or its file cannot be changed this way.
    """
    chosen = _OFFERED[host]
    if demo and alias:
        raise click.UsageError("--demo serves the local org, --org your own: give one of them.")
    entry = chosen.entry(launch_command(demo=demo), _settings(alias))
    if isinstance(entry, list):
        _run(chosen, entry, undo=undo, yes=yes)
    elif chosen.file:
        _change_file(chosen, chosen.file(), entry, undo=undo, yes=yes)


def _settings(alias: str | None) -> dict[str, str]:
    from mcp_salesforce.settings.logins import LoginError, Logins, checked_alias
    from mcp_salesforce.settings.settings import Network

    if alias is None:
        return {}
    try:
        with refusing_wrong_settings():
            Logins().describe(checked_alias(alias))
            return settings_of_login(alias, Network.load())
    except LoginError as error:
        raise Refusal(str(error)) from None


def _run(host: Host, entry: list[str], *, undo: bool, yes: bool) -> None:
    words = list(host.removal if undo else entry)
    if not words:
        raise Refusal(f"{host.name} has no command that removes a server. Remove {SERVER_NAME} in its settings.")
    click.echo(typed(words))
    program = shutil.which(words[0])
    if program is None:
        raise Refusal(f"{words[0]} is not on PATH. Install {host.name}, or run the line above where it is installed.")
    _ask(f"Run it? It changes {host.keeps}." if host.keeps else "Run it?", yes=yes)
    done = subprocess.run([program, *words[1:]], check=False)  # noqa: S603 - the host's own command, shown and confirmed
    if done.returncode:
        raise Refusal(f"{words[0]} ended with status {done.returncode}: nothing is registered unless it says so.")


def _change_file(host: Host, file: Path, entry: dict[str, Any], *, undo: bool, yes: bool) -> None:
    file = file.resolve()  # a link to a folder of settings stays a link
    before = _text_of(file)
    settings = _parsed(host, file, before, entry)
    after = _merged(settings, entry, undo=undo)
    if after == settings:
        click.echo(f"Nothing to change in {file}.")
        return
    text = _unparsed(host, after, before)
    names = (str(file), f"{file} (new)")
    click.echo("\n".join(difflib.unified_diff(before.splitlines(), text.splitlines(), *names, lineterm="")))
    _ask("Change the file?", yes=yes)
    if _text_of(file) != before:
        raise Refusal(f"{file} was changed meanwhile. Nothing was written; run the command again.")
    _replace(file, text)
    click.echo(f"{'Removed from' if undo else 'Registered in'} {file}. Restart {host.name}.")


def _ask(question: str, *, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True)


def _text_of(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", newline="") as kept:
            return kept.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError) as error:
        raise Refusal(f"{file} cannot be read: {error}. Nothing was changed.") from None


def _parsed(host: Host, file: Path, text: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Return the settings in a file; one whose comments or order would be lost is refused."""
    import yaml

    is_yaml = host.language == "yaml"
    try:
        found = (yaml.safe_load(text) if is_yaml else json.loads(text)) if text.strip() else {}
    except (ValueError, yaml.YAMLError):
        found = None
    if not isinstance(found, dict) or (is_yaml and "#" in text):
        own = written(entry, host.language)
        message = f"{file} has comments, or is no {host.language.upper()} that can be changed without a loss."
        raise Refusal(f"{message} Nothing was changed. Add this to it yourself:\n\n{own}")
    return found


def _merged(settings: dict[str, Any], entry: dict[str, Any], *, undo: bool) -> dict[str, Any]:
    """Return the settings with the entry in its group, or without it; an emptied group stays."""
    ((group, servers),) = entry.items()
    kept = {name: value for name, value in (settings.get(group) or {}).items() if not (undo and name == SERVER_NAME)}
    if undo and group not in settings:
        return settings
    return {**settings, group: kept if undo else {**kept, **servers}}


def _unparsed(host: Host, settings: dict[str, Any], before: str) -> str:
    if host.language == "yaml":
        text = written(settings, "yaml")
    else:
        indent = _INDENT.search(before)
        text = json.dumps(settings, indent=indent[0] if indent else 2, ensure_ascii=False)
    return f"{text}\n".replace("\n", "\r\n" if "\r\n" in before else "\n")


def _replace(file: Path, text: str) -> None:
    """Write a file whole or not at all, with the rights that it had."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="utf-8", newline="", delete=False) as new:
            new.write(text)
        if file.exists():
            shutil.copymode(file, new.name)
        Path(new.name).replace(file)
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}. Nothing was changed.") from None
