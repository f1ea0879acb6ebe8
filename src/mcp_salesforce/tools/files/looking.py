"""Look after exports and imports that take long."""

import re
from typing import Annotated, Final, Literal, NotRequired

from pydantic import Field

from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.files import exports, importing
from mcp_salesforce.tools.files.exports import Exported, told_of
from mcp_salesforce.tools.files.importing import Imported, looked_at
from mcp_salesforce.tools.files.imports import imports_of
from mcp_salesforce.tools.files.jobs import exports_of
from mcp_salesforce.tools.files.toolset import files
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import STEERS, ToolContext, org_of

_IMPORT_ID: Final = re.compile(r"[0-9a-f]{8}")


class Job(Exported, Imported):
    """An export or an import."""

    path: NotRequired[str]  # type: ignore[misc]
    import_id: NotRequired[str]  # type: ignore[misc]


@files.tool(
    STEERS,
    title="Look after a long export or import",
    hint="progress of an export or import, is it done, how long will it take, cancel, pause, resume",
    example={"job": "contacts.csv"},
)
async def job(
    ctx: ToolContext,
    job: Annotated[str, Field(description="The path of an export, or an import_id")],
    action: Literal["", "pause", "resume", "abort"] = "",
    wait_s: Annotated[int, Field(ge=0, le=100)] = 0,
) -> Job:
    """Show, pause, resume or abort an export or import. state: running, paused, interrupted, failed, done, aborted."""
    org = org_of(ctx)
    if _IMPORT_ID.fullmatch(job.strip()):
        return await _import(ctx, org, job.strip(), action, wait_s)  # type: ignore[return-value]
    return await _export(ctx, org, job, action, wait_s)  # type: ignore[return-value]


async def _export(ctx: ToolContext, org: OrgSession, job: str, action: str, wait_s: int) -> Exported:
    jobs = exports_of(org)
    match action:
        case "abort":
            return told_of(org, job, await jobs.abort(org, job))
        case "pause":
            raise refused("An export cannot be paused.", hint="Abort it, or let it run.", fields=["action"])
        case "resume":
            await jobs.resume(org, job)
        case _ if (length := jobs.length_of_whole(job)) is not None:
            return {"path": job, "state": "done", "bytes": length} | org.linked(job)  # type: ignore[return-value]
    state = await (jobs.wait(org, job, wait_s, exports.teller(ctx)) if wait_s else jobs.state(org, job))
    return told_of(org, job, state)


async def _import(ctx: ToolContext, org: OrgSession, import_id: str, action: str, wait_s: int) -> Imported:
    imports = imports_of(org)
    match action:
        case "abort":
            return looked_at(imports, import_id, await imports.abort(import_id))
        case "pause":
            await imports.pause(import_id)
        case "resume":
            await imports.resume(import_id)
    return looked_at(imports, import_id, await imports.wait(import_id, wait_s, importing.teller(ctx)))
