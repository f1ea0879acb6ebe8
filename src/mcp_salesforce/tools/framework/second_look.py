"""Notes about saved values that may be wrong; every tool that writes passes here after the write."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.tools.framework.due_days import doubt_about_days
from mcp_salesforce.tools.framework.open_values import unlisted_values
from mcp_salesforce.tools.framework.params import RecordData
from mcp_salesforce.tools.framework.session import OrgSession

Record: TypeAlias = Mapping[str, Any]

_FOLLOW_UP: Final = "Task"
_OUTCOME: Final = 2  # column of a row that was saved, or was not


async def with_doubts(
    org: OrgSession, sobject: str, arguments: Mapping[str, Any], result: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the answer of a tool with a note on doubtful days and values that were saved."""
    said = [result.get("note", "")]
    for name, records, choices in _written(sobject, arguments, result):
        said += [doubt_about_days(records, org.now()), await _unlisted(org, name, choices)]
    note = " ".join(filter(None, said))
    return {"note": note, **{name: value for name, value in result.items() if name != "note"}} if note else result


def _written(
    sobject: str, arguments: Mapping[str, Any], result: Mapping[str, Any]
) -> Iterator[tuple[str, Sequence[Record], Sequence[Record]]]:
    """Yield the objects of which records were saved: the values that count, and those that may be of picklists."""
    data, follow_up = arguments.get("data"), arguments.get("follow_up")
    if isinstance(data, RecordData):
        changed = {name.casefold() for name in result.get("changed", data.given())}
        yield sobject, [_among(changed, data.given())], [_among(changed, data.choices())]
    if isinstance(follow_up, RecordData):
        yield _FOLLOW_UP, [follow_up.given()], [follow_up.choices()]
    if rows := arguments.get("records"):
        outcomes = {row[0] - 1: row[_OUTCOME] for row in result["rows"]}  # a shortened answer has the failed ones
        untold = "failed" if "stopped_by" in result else "saved"
        saved = [row for number, row in enumerate(rows) if outcomes.get(number, untold) != "failed"]
        yield arguments["sobject"], saved, saved


def _among(names: Collection[str], values: Record) -> Record:
    return {name: value for name, value in values.items() if name.casefold() in names}


async def _unlisted(org: OrgSession, sobject: str, choices: Sequence[Record]) -> str:
    try:
        if not any(choices):
            return ""
        return unlisted_values(org.schema.remembered(sobject) or await org.schema.describe(sobject), choices)
    except SalesforceError:
        return ""  # they are saved, and a note is not worth an error
