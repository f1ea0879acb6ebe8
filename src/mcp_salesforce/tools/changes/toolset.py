"""The tool that takes back what another one did."""

from contextlib import suppress
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from mcp_salesforce.changes.change import current_change
from mcp_salesforce.changes.journal import Entry, Journal, State
from mcp_salesforce.salesforce import InvalidArgumentError, SalesforceError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.results import Cell
from mcp_salesforce.tools.changes.reconciling import reconcile
from mcp_salesforce.tools.changes.undoing import Report, Undoing
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import UNDOES, ToolContext, Toolset, org_of

changes = Toolset(
    "changes",
    "Undo changes that were made with these tools",
    "Each write returns a change_id; salesforce_undo undoes that change.",
)

_COLUMNS = ["Id", "outcome", "reason"]
_NOT_UNDONE = "E-mails, and what triggers and flows did, were not undone."


class Undone(TypedDict):
    """The outcome of an undo, by record; what was not undone comes first."""

    undid: str
    undone: int
    kept: NotRequired[int]
    failed: NotRequired[int]
    columns: NotRequired[list[str]]
    rows: NotRequired[list[list[Cell]]]
    left_out: NotRequired[int]
    note: NotRequired[str]


@changes.tool(
    UNDOES,
    title="Undo a change",
    hint="undo, revert, roll back or take back the last change; restore what was deleted or overwritten",
    example={},
)
async def undo(
    ctx: ToolContext,
    change_id: Annotated[str, Field(description="change_id from the answer of a write; default: the last change")] = "",
) -> Undone:
    """Undo a change: delete what it created, restore what it deleted, reset fields that nobody has changed since."""
    org = org_of(ctx)
    journal = org.require_journal()
    entry = await _wanted(org, journal, change_id.strip().lower())
    if change := current_change():
        change.undoes = entry.change_id
    owner = await org.owner()
    report = await Undoing(org, owner[1]).run(entry.steps)
    if change and not change.is_preview:
        whole: State = "undone" if change.writes else "not in effect"
        await journal.mark(owner, entry.change_id, whole if report.is_whole else "partly undone")
        if entry.undoes and any(result != "failed" for _, result, _ in report.rows):  # kept ones may be undone in part
            await journal.mark(
                owner, entry.undoes, "done" if report.is_whole else "partly undone"
            )  # so that it can be undone again
    return _told(entry, report, org.max_answer_bytes)


async def _wanted(org: OrgSession, journal: Journal, change_id: str) -> Entry:
    """Return the change to take back, with the outcomes of all its writes.

    Changes whose process has ended are found out first, the newest ones too that are not meant.
    """
    owner = (await org.owner())[:2]
    for entry in await journal.entries(*owner):
        if _is_left_open(entry) and entry.change_id != change_id:
            with suppress(SalesforceError):
                await reconcile(org, journal, entry)
    for entry in await journal.entries(*owner, change_id=change_id):
        if not change_id and not _counts(entry):
            continue
        if entry.is_under_way:
            raise refused(f"Change {entry.change_id} is still running.", hint="Try again when it has ended.")
        known = await reconcile(org, journal, entry) if _is_left_open(entry) else entry
        if known.state == "undone":
            raise refused(f"Change {entry.change_id} has been undone already.", code="ALREADY_UNDONE")
        if known.state != "failed":
            return known
        if change_id:
            raise refused(f"Change {entry.change_id} changed nothing.", code="NOTHING_TO_UNDO")
    raise _no_change(change_id, await journal.entries(*owner))


def _is_left_open(entry: Entry) -> bool:
    """Return whether the outcome of a change is unknown, and no process is still finding it out."""
    return entry.state in {"open", "unknown"} and not entry.is_under_way


def _counts(entry: Entry) -> bool:
    """Tell whether a change is one that "the last change" can mean: it is in effect, and is not an undo."""
    return not entry.undoes and entry.state not in {"undone", "not in effect", "failed"}


def _no_change(change_id: str, others: list[Entry]) -> InvalidArgumentError:
    last = ", ".join(f"{each.change_id} ({each.tool})" for each in others if _counts(each))
    what = f"There is no change {change_id[:20]!r} of yours in this org" if change_id else "There is no change to undo"
    return refused(
        f"{what}.", code="NOT_FOUND", hint=f"Changes that can be undone: {last[:300]}." if last else "Tell the user."
    )


def _told(entry: Entry, report: Report, budget_bytes: int) -> Undone:
    counts = {name: sum(result == name for _, result, _ in report.rows) for name in ("undone", "kept", "failed")}
    told: Undone = {"undid": entry.change_id, "undone": counts["undone"], "note": _NOT_UNDONE}
    if report.is_whole:
        return told
    told |= {name: count for name, count in counts.items() if count}  # type: ignore[typeddict-item]
    rows = sorted(report.rows, key=lambda row: row[1] == "undone")
    told |= {"columns": _COLUMNS, "rows": [list(row) for row in rows]}
    cut_to_fit(told, budget_bytes)
    return told
