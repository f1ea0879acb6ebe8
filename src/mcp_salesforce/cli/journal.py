"""`mcp-salesforce journal`: the changes that can still be undone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_salesforce.cli.refusal import Refusal, refusing_wrong_settings

if TYPE_CHECKING:
    from mcp_salesforce.changes.journal_file import JournalFile, Overview

_FILE = click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of the journal; default: SALESFORCE_JOURNAL, else the one in your data directory.",
)


@click.group(name="journal")
def command() -> None:
    """List or clear the changes that salesforce_undo can undo."""


@command.command(name="list")
@_FILE
def list_changes(*, journal: Path | None) -> None:
    """List the stored changes, newest first: when, what, and the outcome of each. Shows no value."""
    with _opened(journal) as kept:
        changes = kept.overview() if kept else []
    for change in changes:
        click.echo(_line(change))
    if any(change.counts is None for change in changes):
        click.echo(
            "Some cannot be read and so cannot be undone. If SALESFORCE_STATE_KEY was changed, set it as it was."
        )
    if not changes:
        click.echo("No changes are kept.")


@command.command(name="clear")
@_FILE
def clear(*, journal: Path | None) -> None:
    """Delete all stored changes except those still running: they can no longer be undone."""
    with _opened(journal) as kept:
        count = kept.clear() if kept else 0
    click.echo(f"{count} changes were forgotten.")


@contextmanager
def _opened(file: Path | None) -> Iterator["JournalFile | None"]:
    """Open the journal for the block, if there is one."""
    from mcp_salesforce.changes.journal import JournalError
    from mcp_salesforce.settings.connect import journal_to_look_at

    with refusing_wrong_settings():
        kept = journal_to_look_at(file)
    try:
        yield kept
    except JournalError as error:
        raise Refusal(error.message) from None
    finally:
        if kept:
            kept.release()


def _line(change: "Overview") -> str:
    at = datetime.fromtimestamp(change.at).astimezone()
    counts = change.counts or {}
    what = ", ".join(f"{action} {count} {sobject}" for (action, sobject), count in counts.items())
    told = what if change.counts is not None else "encrypted with another key, or damaged"
    return f"{change.change_id}  {at:%Y-%m-%d %H:%M}  {change.state}  {change.tool}  {told}  (org {change.org})"
