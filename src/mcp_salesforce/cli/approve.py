"""`mcp-salesforce approve`: answer what a host could not ask its user."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mcp_salesforce.cli.refusal import Refusal, refusing_wrong_settings

if TYPE_CHECKING:
    from mcp_salesforce.changes.approval_store import ApprovalStore
    from mcp_salesforce.changes.asked import Asked
    from mcp_salesforce.cli.terminal import Terminal


@click.command(name="approve")
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SALESFORCE_JOURNAL of the server that asks. Default: that of the settings here, and all servers of yours "
    "without one.",
)
def command(*, journal: Path | None) -> None:
    """Approve or decline the changes that wait for a person, at a terminal.

    For hosts that cannot ask you themselves. Then tell the model to call the same tool again.
    """
    from mcp_salesforce.settings.connect import approval_stores

    with refusing_wrong_settings():
        stores = approval_stores(journal)
    try:
        found = [(store, asked) for store in stores for asked in store.to_answer()]
        if not found:
            click.echo("Nothing waits for approval. A question waits for 15 minutes.")
            return
        _decide_all(found)
    finally:
        for store in stores:
            store.close()


def _decide_all(found: "Sequence[tuple[ApprovalStore, Asked]]") -> None:
    from mcp_salesforce.cli.terminal import NoTerminalError, terminal

    try:
        with terminal() as shown:
            for store, asked in found:
                _decide(store, asked, shown)
    except NoTerminalError:
        raise Refusal("approve needs a terminal that a person uses. Nothing was approved.") from None


def _decide(store: "ApprovalStore", asked: "Asked", terminal: "Terminal") -> None:
    at = datetime.fromtimestamp(asked.at).astimezone()
    terminal.say(f"\n{asked.tool}, in org {asked.org} as user {asked.user}, asked at {at:%H:%M:%S}")
    terminal.say(asked.content["text"])
    for row in asked.content["details"]:
        terminal.say(f"  {_line(row)}")
    if asked.state == "declined":
        terminal.say("You declined this.")
    terminal.say(f"a: {asked.content['do']}\nd: {asked.content['keep']}\nEnter: decide later")
    answer = terminal.ask("Your answer: ").strip().lower()
    if answer not in {"a", "d"}:
        terminal.say("Nothing changed.")
        return
    approved = answer == "a"
    given = store.answer(asked.question_id, "approved" if approved else "declined", at_terminal=True)
    if not asyncio.run(given):
        terminal.say("It no longer waits for approval: your answer had no effect.")
    elif approved:
        terminal.say("Approved, for one call. Tell the model to call the tool again.")
    else:
        terminal.say("Declined.")


def _line(row: Mapping[str, Any]) -> str:
    """Return a record of a plan in one line; what others wrote is quoted, so that it cannot move the cursor."""
    what = " ".join(str(row[key]) for key in ("action", "sobject", "Id") if key in row)
    name = f" {row['name']!r}" if "name" in row else ""
    changed = [f"{name}: {each['before']!r} to {each['after']!r}" for name, each in (row.get("changed") or {}).items()]
    values = [f"{name}: {value!r}" for name, value in (row.get("values") or {}).items()]
    return "; ".join([what + name, *changed, *values])
