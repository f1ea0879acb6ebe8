"""The outcome of the rows of a bulk job that nobody has seen to its end: the job keeps it for seven days."""

from mcp_salesforce.changes.change import Step
from mcp_salesforce.changes.ingest import outcomes_by_results
from mcp_salesforce.changes.writes import Outcome
from mcp_salesforce.salesforce.api.bulk import IngestResults
from mcp_salesforce.salesforce.csv_tables import table_rows
from mcp_salesforce.salesforce.errors import SalesforceError, refused
from mcp_salesforce.tools.framework.session import OrgSession

_WHICH: tuple[IngestResults, ...] = ("successfulResults", "failedResults")


async def job_outcomes(org: OrgSession, step: Step) -> tuple[Outcome, ...]:
    """Return the outcome of each write of a step that a bulk job makes; nothing where the job does not tell.

    Raises:
        InvalidArgumentError: JOB_RUNNING: the job has not ended.
    """
    try:
        job = await org.client.bulk.job("ingest", step.job)
    except SalesforceError:
        return ()  # it is gone, or of a server before this one whose policy lets nobody look at it
    if not job.has_ended:
        raise refused(
            f"The bulk job {step.job} is still at work.",
            code="JOB_RUNNING",
            hint="Wait until it has ended, or abort it; then try again.",
        )
    if step.writes[0].rows > 1:
        saved = job.number_records_processed - job.number_records_failed
        return (Outcome(is_done=saved > 0),)
    results: dict[str, list[list[str]]] = {}
    for which in _WHICH:
        taken = _Taken()
        await org.client.bulk.ingest_results(step.job, which, taken)
        results[which] = [row async for row in table_rows(bytes(taken.data), job.column_delimiter)]
    return outcomes_by_results(step.writes, results, has_ended=True)


class _Taken:
    """A sink that keeps what it takes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.data = bytearray()

    def begin(self) -> None:
        """Begin again."""
        self.data.clear()

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        self.data += piece
