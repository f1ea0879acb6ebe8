"""Saves rows in parts of 200, each with its outcome; a failure does not hide what was done before."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NotRequired, TypeVar

from typing_extensions import TypedDict

from mcp_salesforce.changes.change import current_change
from mcp_salesforce.salesforce import SalesforceError, SaveResult
from mcp_salesforce.salesforce.advice import hint_of
from mcp_salesforce.salesforce.api.collections import MOST_RECORDS
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.errors import marked, shortened
from mcp_salesforce.tools.answers.results import Alongside, Cell
from mcp_salesforce.tools.framework.toolset import ToolContext, org_of
from mcp_salesforce.tools.records.problems import RowProblem, ranges, rejected_rows, results_of, said

_Row = TypeVar("_Row")
_COLUMNS: Final = ["row", "Id", "outcome"]
_REASONS: Final = ["code", "message", "fields"]
_MESSAGE: Final = 180  # bytes
_ALWAYS_LISTED: Final = 20  # rows: more saved ones are listed only if that is asked for
_UNKNOWN: Final = "Check whether the unknown rows were saved. Send only those that were not."
_GO_ON: Final = "Send the rows that were not sent."


class Saved(TypedDict):
    """Rows with their outcomes; `row` counts from 1."""

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


@dataclass(frozen=True, slots=True)
class Rows(Generic[_Row]):
    """The rows of one call, by their numbers.

    Attributes:
        count: How many there are.
        good: Those that can be sent.
        problems: What is wrong with the others.
        ids: The Ids that rows were given, as far as they were.
    """

    count: int
    good: Mapping[int, _Row]
    problems: Sequence[RowProblem] = ()
    ids: Mapping[int, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saving:
    """How rows are saved, and which of them the answer lists.

    Attributes:
        all_or_none: Whether one row that is refused undoes the others.
        done: What has been done with a row that was saved, such as "updated".
        lists_saved: Whether the answer has the saved rows too; up to 20 rows it always has.
    """

    all_or_none: bool
    done: str
    lists_saved: bool = False


async def save_rows(
    ctx: ToolContext,
    rows: Rows[_Row],
    save: Callable[[Sequence[_Row]], Awaitable[Sequence[SaveResult]]],
    how: Saving,
) -> Saved:
    """Save rows in parts of 200, with a progress notification after each; stop at the first part that fails.

    Raises:
        InvalidArgumentError: All or none is asked of more rows than Salesforce can promise it for.
    """
    if how.all_or_none and rows.count > MOST_RECORDS:
        raise refused(
            f"all_or_none works for at most {MOST_RECORDS} rows; this call has {rows.count}.",
            hint=f"Set all_or_none to false, or send at most {MOST_RECORDS} rows.",
            fields=["all_or_none"],
        )
    is_planned = (change := current_change()) is not None and change.is_preview
    numbers = [*rows.good]
    results: list[SaveResult] = []
    stopped: SalesforceError | None = None
    for start in range(0, len(numbers), MOST_RECORDS):
        try:
            results += await save([rows.good[number] for number in numbers[start : start + MOST_RECORDS]])
        except SalesforceError as error:
            if len(numbers) <= MOST_RECORDS:
                raise
            stopped = error
            break
        if len(numbers) > MOST_RECORDS and not is_planned:
            await ctx.report_progress(len(results), len(numbers))
    if not stopped and not any(result.success for result in results):
        raise _nothing_saved(rows, results)
    rest = _rest(numbers, len(results), stopped) if stopped else {}
    told = _told(rows, dict(zip(numbers, results, strict=False)), how, is_planned=is_planned)
    return _fitting({**told, **rest}, org_of(ctx).max_answer_bytes)  # type: ignore[typeddict-item]  # merged


def _nothing_saved(rows: Rows[Any], results: Sequence[SaveResult]) -> SalesforceError:
    """Return the error for rows of which none was saved, those that were not sent included."""
    sent = dict(zip(rows.good, results, strict=True))
    whole = [sent.get(number) or results_of(rows.problems, number) for number in range(rows.count)]
    return rejected_rows(whole, [rows.good.get(number) for number in range(rows.count)])


def _told(rows: Rows[Any], results: Mapping[int, SaveResult], how: Saving, *, is_planned: bool) -> Saved:
    bad = {problem.row for problem in rows.problems}
    outcomes = {**results, **{number: results_of(rows.problems, number) for number in bad}}
    failed = {number: result for number, result in outcomes.items() if not result.success}
    told: Saved = {"succeeded": len(outcomes) - len(failed), "columns": [], "rows": []}
    if failed:
        told["failed"] = len(failed)
        hints = {hint_of(error.status_code, error.message) for result in failed.values() for error in result.errors}
        if len(hints) == 1 and (hint := hints.pop()):
            told["hint"] = hint
    if failed and is_planned:
        told["note"] = f"Rows {ranges(failed)} are refused, and would not be saved."
    is_whole = how.lists_saved or rows.count <= _ALWAYS_LISTED
    told["columns"] = [*_COLUMNS, *(_REASONS if failed else [])]
    told["rows"] = [
        _outcome(number, result, rows.ids.get(number), how.done, with_reasons=bool(failed))
        for number, result in sorted((outcomes if is_whole else failed).items())
    ]
    return told


def _rest(numbers: Sequence[int], reached: int, stopped: SalesforceError) -> dict[str, str]:
    """Return what is said of the rows to send from `reached` on: the part that failed, and the rest."""
    end = reached + MOST_RECORDS if stopped.is_outcome_unknown else reached
    rest = {"unknown": ranges(numbers[reached:end])} if end > reached else {}
    if numbers[end:]:
        rest["not_sent"] = ranges(numbers[end:])
    rest["stopped_by"] = f"{stopped.code}: {marked(stopped.code, stopped.message, _MESSAGE)}"
    rest["hint"] = _UNKNOWN if end > reached else f"{_GO_ON} {stopped.hint}".strip()
    return rest


def _outcome(number: int, result: SaveResult, given: Any, done: str, *, with_reasons: bool) -> list[Cell]:  # noqa: ANN401 - an Id, if it is one
    if result.success:
        how = done if result.created is None else "created" if result.created else "updated"
        return [number + 1, result.id, how, *([None] * len(_REASONS) if with_reasons else [])]
    codes = dict.fromkeys(error.status_code for error in result.errors)
    names = dict.fromkeys(name for error in result.errors for name in error.fields)
    words = " ".join(dict.fromkeys(map(said, result.errors)))
    return [number + 1, given, "failed", next(iter(codes), ""), shortened(words, _MESSAGE), ", ".join(names)]


def _fitting(told: Saved, budget_bytes: int) -> Saved:
    """Return the outcomes within the budget: the failed ones first, if not all fit."""
    whole = told["rows"]
    cut: Any = {"columns": told["columns"], "rows": sorted(whole, key=lambda row: row[2] != "failed")}
    if cut_to_fit(cut, budget_bytes) < len(whole):
        told["rows"] = cut["rows"]
        told["left_out"] = cut["left_out"]
    return told
