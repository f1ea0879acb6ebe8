"""Tasks that are done, or are put off."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from mcp_salesforce.appointments.times import day_of
from mcp_salesforce.salesforce import NotFoundError
from mcp_salesforce.salesforce.api.sobjects import updating
from mcp_salesforce.salesforce.errors import ErrorDetail, refused
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.tools.activities.statuses import status_of_done
from mcp_salesforce.tools.activities.toolset import activities
from mcp_salesforce.tools.answers.results import Rows, table
from mcp_salesforce.tools.framework.params import id_of, or_empty
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import UPDATES, ToolContext, org_of

_FIELDS: Final = ("Id", "Subject", "Status", "ActivityDate")
_NOT_FOUND: Final = 404
TaskId = Annotated[str, AfterValidator(id_of("00T"))]


@activities.tool(
    UPDATES,
    title="Complete or postpone tasks",
    hint="tick off, finish, close or postpone to-dos and tasks; new due date",
    example={"task_ids": ["00Tlo0000000001EAA"], "done": True},
)
async def update_tasks(
    ctx: ToolContext,
    task_ids: Annotated[tuple[TaskId, ...], Field(min_length=1, max_length=25)],
    done: bool = False,
    due: Annotated[str, AfterValidator(or_empty(lambda day: day_of(day).isoformat()))] = "",
) -> Rows:
    """Complete tasks (done) or change their due date (due). If one fails, none is changed.

    For other fields, use salesforce_update_records.
    """
    org = org_of(ctx)
    if done == bool(due):
        raise refused(
            "Give done or due.", hint="Set done to true, or due to the new day; not both.", fields=["done", "due"]
        )
    ids = list(dict.fromkeys(task_ids))
    before = await _tasks(org, ids)
    if missing := [each for each in ids if each not in before]:
        raise NotFoundError(
            _NOT_FOUND, [ErrorDetail("NOT_FOUND", f"There is no task {', '.join(missing)}, or you cannot see it.")]
        )
    if due and (closed := [each for each in ids if before[each].get("IsClosed")]):
        raise refused(
            f"These tasks are done already: {', '.join(closed)}. Nothing was changed.",
            hint="Leave them out: only open tasks get a new due date.",
            fields=["task_ids"],
        )
    values = {"Status": await status_of_done(org)} if done else {"ActivityDate": due}
    changed = [each for each in ids if not (done and before[each].get("IsClosed"))]
    if changed:
        await org.client.composite.run_all_or_none([updating("Task", each, values) for each in changed])
    rows = table([{**before[each], **(values if each in changed else {})} for each in ids], _FIELDS)
    if len(changed) < len(ids):
        rows["note"] = f"Done already and not changed: {', '.join(each for each in ids if each not in changed)}."
    return rows


async def _tasks(org: OrgSession, ids: list[str]) -> dict[str, Mapping[str, Any]]:
    fields = dict.fromkeys(["Id", *await org.shown("Task", [*_FIELDS, "IsClosed"])])
    await org.require_count("Task", len(ids))
    soql = f"SELECT {', '.join(fields)} FROM Task WHERE Id IN {quote_list(ids)}"  # noqa: S608 - SOQL, Ids
    return {record["Id"]: record for record in (await org.client.queries.query(soql)).records}
