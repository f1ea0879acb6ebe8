"""Tasks that are done, or are put off."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from mcp_salesforce.appointments.outcomes import LONGEST_SUBJECT
from mcp_salesforce.appointments.times import day_of
from mcp_salesforce.salesforce import NotFoundError
from mcp_salesforce.salesforce.api.composite import MOST_CALLS
from mcp_salesforce.salesforce.api.sobjects import creating, updating
from mcp_salesforce.salesforce.errors import ErrorDetail, refused
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.salesforce.models import record_of
from mcp_salesforce.tools.activities.statuses import status_of_done
from mcp_salesforce.tools.activities.toolset import activities
from mcp_salesforce.tools.answers.results import Rows, table
from mcp_salesforce.tools.framework.follow_ups import BLANK_IS_NONE, FollowUpData, follow_up_schema
from mcp_salesforce.tools.framework.params import id_of, or_empty
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import UPDATES, ToolContext, org_of

_FIELDS: Final = ("Id", "Subject", "Status", "ActivityDate")
_ABOUT: Final = ("WhoId", "WhatId", "OwnerId")
_NOT_FOUND: Final = 404
_FollowUp = Annotated[
    FollowUpData | None,
    BLANK_IS_NONE,
    follow_up_schema("With done: creates a Task like each, with these fields changed"),
]
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
    follow_up: _FollowUp = None,
) -> Rows:
    """Complete tasks (done), change their due date (due), or both. If one fails, none is changed.

    For other fields, use salesforce_update_records.
    """
    org = org_of(ctx)
    if not (done or due) or (follow_up and not done):
        raise refused(
            "Give done or due; follow_up goes with done.",
            hint="Set done to true, due to the new day, or both.",
            fields=["done", "due", "follow_up"],
        )
    ids = list(dict.fromkeys(task_ids))
    before = await _tasks(org, ids)
    _check(ids, before, done=done)
    values = ({"Status": await status_of_done(org)} if done else {}) | ({"ActivityDate": due} if due else {})
    changed = [each for each in ids if not (done and before[each].get("IsClosed"))]
    made = await _save(org, [before[each] for each in changed], values, follow_up)
    rows = table(
        [{**before[each], **(values if each in changed else {}), **made.get(each, {})} for each in ids],
        [*_FIELDS, *(["follow_up"] if follow_up else [])],
    )
    if left := [each for each in ids if each not in changed]:
        without = ", without a follow-up" if follow_up else ""
        rows["note"] = f"Done already and not changed{without}: {', '.join(left)}."
    return rows


def _check(ids: Sequence[str], before: Mapping[str, Mapping[str, Any]], *, done: bool) -> None:
    """Refuse tasks that are not there, and a new day for tasks that are done.

    Raises:
        NotFoundError: One is not there, or cannot be seen.
        InvalidArgumentError: One is done already, and a new day was given.
    """
    if missing := [each for each in ids if each not in before]:
        raise NotFoundError(
            _NOT_FOUND, [ErrorDetail("NOT_FOUND", f"There is no task {', '.join(missing)}, or you cannot see it.")]
        )
    if not done and (closed := [each for each in ids if before[each].get("IsClosed")]):
        raise refused(
            f"These tasks are done already: {', '.join(closed)}. Nothing was changed.",
            hint="Leave them out: only open tasks get a new due date.",
            fields=["task_ids"],
        )


async def _save(
    org: OrgSession, tasks: Sequence[Mapping[str, Any]], values: Mapping[str, Any], follow_up: FollowUpData | None
) -> Mapping[str, Mapping[str, str]]:
    """Change tasks and make a follow-up of each, all or none; return the follow-ups' Ids as a column of the answer."""
    if len(tasks) * (2 if follow_up else 1) > MOST_CALLS:
        raise refused(
            f"With follow_up, one call completes at most {MOST_CALLS // 2} tasks.",
            hint="Nothing was changed. Call it for a part of them at a time.",
            fields=["task_ids"],
        )
    if not tasks:
        return {}
    calls = [updating("Task", task["Id"], values) for task in tasks]
    if follow_up:
        calls += [creating("Task", _following(task, follow_up)) for task in tasks]
    replies = (await org.client.composite.run_all_or_none(calls))[len(tasks) :]
    return {task["Id"]: {"follow_up": record_of(reply)["id"]} for task, reply in zip(tasks, replies, strict=False)}


def _following(task: Mapping[str, Any], follow_up: FollowUpData) -> dict[str, Any]:
    """Return the Task to make after another one: about the same, for its owner, unless the caller says otherwise."""
    same = {name: task[name] for name in _ABOUT if task.get(name)}
    subject = f"Follow up: {task.get('Subject') or 'task'}"
    return {"Subject": subject[:LONGEST_SUBJECT], **same, **follow_up.given()}


async def _tasks(org: OrgSession, ids: list[str]) -> dict[str, Mapping[str, Any]]:
    fields = dict.fromkeys(["Id", *await org.shown("Task", [*_FIELDS, "IsClosed", *_ABOUT])])
    await org.require_count("Task", len(ids))
    soql = f"SELECT {', '.join(fields)} FROM Task WHERE Id IN {quote_list(ids)}"  # noqa: S608 - SOQL, Ids
    return {record["Id"]: record for record in (await org.client.queries.query(soql)).records}
