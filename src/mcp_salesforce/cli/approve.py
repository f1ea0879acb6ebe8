"""`mcp-salesforce approve`: answer what a host could not ask its user."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcp_salesforce.cli.refusal import Refusal

if TYPE_CHECKING:
    from mcp_salesforce.changes.approval_store import ApprovalStore, Asked

_TERMINAL = "/dev/tty"
_LONGEST = 200


@click.command(name="approve")
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SALESFORCE_JOURNAL of the server that asks. Default: all your servers that use the default one.",
)
def command(*, journal: Path | None) -> None:
    """Approve or decline the changes that wait for a person, at a terminal.

    For hosts that cannot ask you themselves. Then tell the model to call the same tool again.
    """
    from mcp_salesforce.settings.connect import approval_stores

    stores = approval_stores(journal)
    waiting = [(store, asked) for store in stores for asked in store.waiting()]
    if not waiting:
        click.echo("Nothing waits for approval. A question waits for 15 minutes.")
    with _terminal() if waiting else _nothing() as ask:
        for store, asked in waiting:
            _decide(store, asked, ask)
    for store in stores:
        store.close()


def _decide(store: "ApprovalStore", asked: "Asked", ask: Callable[[str], str]) -> None:
    at = datetime.fromtimestamp(asked.at).astimezone()
    click.echo(f"\n{asked.tool}, in org {asked.org} as user {asked.user}, asked at {at:%H:%M:%S}")
    click.echo(asked.content["text"])
    for row in asked.content["details"]:
        click.echo(f"  {_line(row)}")
    click.echo(f"a: {asked.content['do']}\nd: {asked.content['keep']}\nEnter: decide later")
    answer = ask("Your answer: ").strip().lower()
    if answer not in {"a", "d"}:
        click.echo("It still waits.")
        return
    approved = answer == "a"
    if not store.answer(asked.question_id, "approved" if approved else "declined"):
        click.echo("It no longer waits for approval: your answer had no effect.")
    elif approved:
        click.echo("Approved, for one call. Tell the model to call the tool again.")
    else:
        click.echo("Declined.")


def _line(row: Mapping[str, Any]) -> str:
    what = " ".join(str(row[key]) for key in ("action", "sobject", "Id", "name") if key in row)
    changed = [f"{name}: {each['before']!r} to {each['after']!r}" for name, each in (row.get("changed") or {}).items()]
    values = [f"{name}: {value!r}" for name, value in (row.get("values") or {}).items()]
    text = "; ".join([what, *changed, *values])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


@contextmanager
def _terminal() -> Iterator[Callable[[str], str]]:
    """Give what asks the person at the terminal: what is piped into the command is not an answer."""
    try:
        reading, writing = Path(_TERMINAL).open(encoding="utf-8"), Path(_TERMINAL).open("w", encoding="utf-8")  # noqa: SIM115
    except OSError:
        raise Refusal("approve needs a terminal that a person uses. Nothing was approved.") from None
    with reading, writing:

        def ask(prompt: str) -> str:
            writing.write(prompt)
            writing.flush()
            return reading.readline()

        yield ask


@contextmanager
def _nothing() -> Iterator[Callable[[str], str]]:
    yield lambda _prompt: ""
