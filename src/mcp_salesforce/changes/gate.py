"""What every request passes on its way to the org: writes are planned or approved, and kept in the journal.

The gate stands below the policy, so that it sees what is really sent. It acts for the call of a tool (`changing`); what
is sent outside of one passes as it is.
"""

from collections.abc import Sequence
from dataclasses import replace

from mcp_salesforce.changes.approvals import see_stamps
from mcp_salesforce.changes.before import note_records, read_before
from mcp_salesforce.changes.change import Change, Step, current_change
from mcp_salesforce.changes.ingest import MOST_JOBS, IngestJobs, ResultSink, closed_job, is_about_ingest
from mcp_salesforce.changes.journal import Journal
from mcp_salesforce.changes.pretending import new_id, pretended
from mcp_salesforce.changes.writes import Outcome, Write, outcomes_of, writes_of
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.salesforce.errors import SalesforceError
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.wire import Answer, Request


class Gate:
    """Lets writes through when they may be made, and keeps them; `over` makes it a guard of a client."""

    def __init__(self, journal: Journal | None) -> None:
        """Keep what is written in `journal`, if there is one."""
        self._journal = journal
        self._jobs = IngestJobs()
        self._steps: dict[str, tuple[Change, Step]] = {}

    def over(self, exchange: RequestSender) -> RequestSender:
        """Return what sends a request when all is done that comes before a write.

        It raises what the approval and the journal raise; nothing was sent then.
        """

        async def gated(request: Request) -> Answer:
            change, send = current_change(), self._observing(exchange) if is_about_ingest(request) else exchange
            if change is None:
                return await send(request)
            change.requests += 1
            writes = await self._jobs.writes_of(request) or writes_of(request)
            step = await self._prepared(change, writes, exchange, closed_job(request)) if writes else None
            if change.is_preview and (planned := await self._planned(change, step, request)):
                return planned
            try:
                answer = await send(request)
            except SalesforceError as error:
                if step and not error.is_outcome_unknown:
                    step.outcomes = tuple(Outcome(write.record_id, code=error.code) for write in step.writes)
                raise
            else:
                if step:
                    step.outcomes = outcomes_of(request, answer.value)
                note_records(answer.value, change.seen)
                return answer
            finally:
                if step and self._journal:
                    await self._journal.end(change, step)

        return gated

    def _observing(self, exchange: RequestSender) -> RequestSender:
        """Return what sends a request about an ingest job, and sees what it says of the job and its rows."""

        async def observed(request: Request) -> Answer:
            await self._jobs.read_file(request)
            sink = self._jobs.collecting(request)
            answer = await exchange(replace(request, sink=sink) if sink else request)
            self._jobs.note(request, answer)
            if sink:
                await self._settle(sink)
            return answer

        return observed

    async def _settle(self, sink: ResultSink) -> None:
        """Keep the outcome of the rows of a job, once its results say it of all of them."""
        made = self._steps.get(to_18(sink.job_id))
        outcomes = await self._jobs.outcomes(sink)
        if made and outcomes:
            change, step = made
            step.outcomes = outcomes
            if self._journal and change.change_id:
                await self._journal.settle(await change.owner(), change.change_id, change.steps)

    async def _planned(self, change: Change, step: Step | None, request: Request) -> Answer | None:
        """Return the answer to a request that a preview does not send; None for one that reads."""
        if answer := self._jobs.pretended(request):
            await self._jobs.read_file(request)
            self._jobs.note(request, answer)
            return answer
        return _planned(change, step, request) if step else None

    async def _prepared(self, change: Change, writes: Sequence[Write], exchange: RequestSender, job_id: str) -> Step:
        """Return what `writes` would do, once it is approved and in the journal; `job_id` is its bulk job, if any."""
        step = Step(tuple(_with_members(write, change.members) for write in writes), job=job_id)
        if self._journal or change.is_preview:
            step.before = await read_before(exchange, change.seen, step.writes)
            members = [replace(each, record_id=member) for each in step.writes for member in _following(each)]
            before = await read_before(exchange, change.seen, members) if members else ()
            step.members = {each.record_id: was for each, was in zip(members, before, strict=True)}
        if approval := change.approval:
            if change.is_preview or approval.compares(change, step):
                await see_stamps(change, step.writes, exchange, only_unseen=change.is_preview)
            if not change.is_preview:
                approval.require(change, step)
        change.steps.append(step)
        if job_id:
            self._steps = {**dict([*self._steps.items()][-MOST_JOBS:]), to_18(job_id): (change, step)}
        if self._journal and not change.is_preview:
            await self._journal.begin(change, step)
        return step


def _planned(change: Change, step: Step, request: Request) -> Answer:
    """Note the records that a preview's last step would create, and return an answer as if it had been sent."""
    number = len(change.writes) - len(step.writes)
    made = enumerate(step.writes, number)
    change.planned |= {new_id(each.sobject, n): each.sobject for n, each in made if each.action == "create"}
    return pretended(request, step.writes, change.seen, number)


def _with_members(write: Write, members: Sequence[str]) -> Write:
    others = tuple(each for each in members if each != write.record_id)
    is_of_series = write.onwards or (write.action in {"update", "delete"} and write.sobject == "Event")
    return replace(write, also=others) if is_of_series else write


def _following(write: Write) -> Sequence[str]:
    """Return the Ids of the appointments that change because their series, which is `write`, is changed."""
    return write.also if write.action == "update" else ()
