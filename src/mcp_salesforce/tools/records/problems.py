"""What is wrong with rows of a call: like problems as one line, many as far as a model can use them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from mcp_salesforce.salesforce import DuplicateError, ErrorDetail, SalesforceError, SaveResult
from mcp_salesforce.salesforce.advice import hint_of
from mcp_salesforce.salesforce.codes import error_class
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.models import SaveError
from mcp_salesforce.salesforce.replies import rejection
from mcp_salesforce.tools.answers.errors import marked, shortened

ROLLED_BACK: Final = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
_UNIQUE, _ALIKE = "DUPLICATE_VALUE", "DUPLICATES_DETECTED"
_NAMES: Final = frozenset({"name", "firstname", "lastname"})
_MATCHES = 2
_LINES, _LINE = 12, 160  # how many, and bytes of each
_BAD_REQUEST: Final = 400


class RowProblem(NamedTuple):
    """What is wrong with one field of one row; the field is empty where it is the row itself."""

    row: int
    code: str
    field: str
    words: str


def results_of(problems: Sequence[RowProblem], row: int) -> SaveResult:
    """Return what is wrong with a row in the form in which Salesforce says it of a row that it refuses."""
    errors = [
        SaveError(status_code=each.code, message=each.words, fields=(each.field,) if each.field else ())
        for each in problems
        if each.row == row
    ]
    return SaveResult(success=False, errors=tuple(errors))


def refused_rows(problems: Sequence[RowProblem], count: int) -> InvalidArgumentError:
    """Return the error for `count` rows that are refused before anything is sent."""
    fields = dict.fromkeys(problem.field for problem in problems if problem.field)
    codes = {problem.code for problem in problems}
    lines = _lines(problems, count)
    message = f"{lines[0]} Nothing was sent." if len(lines) == 1 else _summary(problems, count, "sent")
    error = refused(message, code=codes.pop() if len(codes) == 1 else "INVALID_RECORDS", fields=fields)
    error.problems = lines[1:] and lines
    return error


def rejected_rows(results: Sequence[SaveResult], rows: Sequence[Any] = ()) -> SalesforceError:
    """Return the error for rows of which none was saved, by what Salesforce says of each; `rows` is what was sent.

    A row that was refused because of another one says which: the record that Salesforce names was taken back with it.
    """
    if len(results) == 1:
        return rejection(results[0])
    problems = [
        RowProblem(row, error.status_code, ", ".join(error.fields), _said_of(row, error, results, rows))
        for row, result in enumerate(results)
        for error in result.errors
        if error.status_code != ROLLED_BACK
    ] or [RowProblem(0, ROLLED_BACK, "", "Salesforce saved no row and did not say why.")]
    code = problems[0].code
    message = _summary(problems, len(results), "saved")
    hints = {hint_of(problem.code, problem.words) for problem in problems}
    error = error_class(code, _BAD_REQUEST)(_BAD_REQUEST, [ErrorDetail(code, message)])
    if len(hints) == 1:
        error.hint = hints.pop() or error.hint
    error.problems = _lines(problems, len(results))
    return error


def _said_of(row: int, error: SaveError, results: Sequence[SaveResult], rows: Sequence[Any]) -> str:
    for before, (result, other) in enumerate(zip(results[:row], rows, strict=False)):
        is_taken_back = any(each.status_code == ROLLED_BACK for each in result.errors)
        if is_taken_back and isinstance(other, Mapping) and _is_refused_for(error, rows[row], other):
            return f"The same as row {before + 1}."
    return said(error)


def _is_refused_for(error: SaveError, row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether a row is refused for another one: both have the unique value, or a name and one more value."""
    mine, others = _folded(row), _folded(other)
    shared = {name for name, value in mine.items() if others.get(name) == value}
    if error.status_code == _UNIQUE:
        return bool(error.fields) and {name.casefold() for name in error.fields} <= shared
    names = _NAMES & (mine.keys() | others.keys())
    return error.status_code == _ALIKE and bool(names) and names < shared


def _folded(row: Mapping[str, Any]) -> dict[str, str]:
    return {name.casefold(): str(value).strip().casefold() for name, value in row.items() if value not in (None, "")}


def said(error: SaveError) -> str:
    """Return Salesforce's message in few words: whose they are, where people of the org wrote them, and the matches."""
    words = marked(error.status_code, error.message, _LINE)
    rejected = rejection(SaveResult(success=False, errors=(error,)))
    found = [match.record_id for match in rejected.matches] if isinstance(rejected, DuplicateError) else []
    like = f" Like it: {', '.join(found[:_MATCHES])}." if found else ""
    return f"{words}{like}"


def ranges(rows: Iterable[int]) -> str:
    """Return rows in few characters, counted from 1: `1-5, 8` for those at 0 to 4 and 7."""
    found = []
    for _, run in groupby(enumerate(sorted(rows)), lambda pair: pair[1] - pair[0]):
        numbers = [row + 1 for _, row in run]
        found.append(f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else str(numbers[0]))
    return ", ".join(found)


def _summary(problems: Sequence[RowProblem], count: int, done: str) -> str:
    rows = len({problem.row for problem in problems})
    return f"{rows} of {count} row{'s' if count > 1 else ''} refused, so nothing was {done}."


def _lines(problems: Sequence[RowProblem], count: int) -> tuple[str, ...]:
    """Return a line for each different problem, with the rows that have it."""
    rows_of: dict[str, list[int]] = {}
    for problem in problems:
        words = f"{problem.field}: {problem.words}" if problem.field else problem.words
        rows_of.setdefault(words, []).append(problem.row)
    lines = [
        shortened(f"row{'s' if len(rows) > 1 else ''} {ranges(rows)}: {words}" if count > 1 else words, _LINE)
        for words, rows in rows_of.items()
    ]
    more = len(lines) - _LINES
    return (*lines[:_LINES], *([f"and {more} more"] if more > 0 else []))
