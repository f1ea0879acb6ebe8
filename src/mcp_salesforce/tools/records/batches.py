"""Saves rows in parts of 200, each with its outcome; a failure does not hide what was done before."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NotRequired, TypeVar

from typing_extensions import TypedDict

from mcp_salesforce.changes.change import current_change
from mcp_salesforce.salesforce import SalesforceError, SaveResult
from mcp_salesforce.salesforce.advice import hint_of
from mcp_salesforce.salesforce.api.collections import MOST_RECORDS
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.errors import marked
from mcp_salesforce.tools.answers.results import Alongside, Cell
from mcp_salesforce.tools.framework.toolset import ToolContext, org_of
from mcp_salesforce.tools.records.problems import ranges, rejected_rows, said

_Row = TypeVar("_Row")
_COLUMNS: Final = ["row", "Id", "outcome"]
_REASONS: Final = ["code", "message", "fields"]
_MESSAGE: Final = 180  # bytes
_UNKNOWN: Final = "Check whether the unknown rows were saved. Send only those that were not."
_GO_ON: Final = "Send the rows that were not sent."


class Saved(TypedDict):
    """Rows with their outcomes; `row` counts from 0."""

    succeeded: int
    failed: NotRequired[int]
    unknown: NotRequired[str]
    not_sent: NotRequired[str]
    stopped_by: NotRequired[str]
    hint: NotRequired[str]
    left_out: NotRequired[int]
    note: NotRequired[str]
    columns: list[str]
    rows: list[list[Cell]]


class DeletedRows(Saved, Alongside):
    """Rows with outcomes, and the records that were deleted or restored with them."""


async def save_rows(
    ctx: ToolContext,
    rows: Sequence[_Row],
    save: Callable[[Sequence[_Row]], Awaitable[Sequence[SaveResult]]],
    *,
    all_or_none: bool,
    done: str,
) -> Saved:
    """Save rows in parts of 200, with a progress notification after each; stop at the first part that fails.

    Args:
        ctx: The call.
        rows: What to save.
        save: Saves a part.
        all_or_none: Whether one row that is refused undoes the others.
        done: What has been done with a row that was saved, such as "updated".

    Raises:
        InvalidArgumentError: All or none is asked of more rows than Salesforce can promise it for.
    """
    if all_or_none and len(rows) > MOST_RECORDS:
        raise refused(
            f"all_or_none works for at most {MOST_RECORDS} rows; this call has {len(rows)}.",
            hint=f"Set all_or_none to false, or send at most {MOST_RECORDS} rows.",
            fields=["all_or_none"],
        )
    is_planned = (change := current_change()) is not None and change.is_preview
    results: list[SaveResult] = []
    stopped: SalesforceError | None = None
    for start in range(0, len(rows), MOST_RECORDS):
        try:
            results += await save(rows[start : start + MOST_RECORDS])
        except SalesforceError as error:
            if len(rows) <= MOST_RECORDS:
                raise
            stopped = error
            break
        if len(rows) > MOST_RECORDS and not is_planned:
            await ctx.report_progress(len(results), len(rows))
    if not stopped and not any(result.success for result in results):
        raise rejected_rows(results, rows)
    return _fitting(_told(results, rows, done, stopped), org_of(ctx).max_answer_bytes)


def _told(results: Sequence[SaveResult], rows: Sequence[Any], done: str, stopped: SalesforceError | None) -> Saved:
    succeeded = sum(result.success for result in results)
    told: Saved = {"succeeded": succeeded, "columns": [], "rows": []}
    if failed := len(results) - succeeded:
        told["failed"] = failed
        hints = {hint_of(error.status_code, error.message) for result in results for error in result.errors}
        if len(hints) == 1 and (hint := hints.pop()):
            told["hint"] = hint
    if stopped:
        told |= _rest(len(results), len(rows), stopped)
    told["columns"] = [*_COLUMNS, *(_REASONS if failed else [])]
    told["rows"] = [
        _outcome(number, result, row, done, with_reasons=failed > 0)
        for number, (result, row) in enumerate(zip(results, rows, strict=False))
    ]
    return told


def _rest(reached: int, count: int, stopped: SalesforceError) -> Saved:
    """Return what is said of the rows from `reached` on: the part that failed, and those after it."""
    end = min(reached + MOST_RECORDS, count) if stopped.is_outcome_unknown else reached
    rest: dict[str, str] = {"unknown": ranges(range(reached, end))} if end > reached else {}
    if end < count:
        rest["not_sent"] = ranges(range(end, count))
    rest["stopped_by"] = f"{stopped.code}: {marked(stopped.code, stopped.message, _MESSAGE)}"
    rest["hint"] = _UNKNOWN if end > reached else f"{_GO_ON} {stopped.hint}".strip()
    return rest  # type: ignore[return-value]  # merged into one


def _outcome(number: int, result: SaveResult, row: Any, done: str, *, with_reasons: bool) -> list[Cell]:  # noqa: ANN401 - a record or an Id
    given = row.get("Id") if isinstance(row, dict) else row
    if result.success:
        how = done if result.created is None else "created" if result.created else "updated"
        return [number, result.id, how, *([None] * len(_REASONS) if with_reasons else [])]
    error = result.errors[0] if result.errors else None
    reasons = [error.status_code, said(error), ", ".join(error.fields)] if error else [""] * 3
    return [number, given, "failed", *reasons]


def _fitting(told: Saved, budget_bytes: int) -> Saved:
    """Return the outcomes within the budget: the failed ones first, if not all fit."""
    whole = told["rows"]
    cut: Any = {"columns": told["columns"], "rows": sorted(whole, key=lambda row: row[2] != "failed")}
    if cut_to_fit(cut, budget_bytes) < len(whole):
        told["rows"] = cut["rows"]
        told["left_out"] = cut["left_out"]
    return told
