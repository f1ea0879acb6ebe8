"""Bulk query jobs under a policy: judged as any query when they are made, and no other job is looked at.

Rows of a job are CSV, which does not tell what a record behind a polymorphic relationship is of, as rows of the query
API do; so a column that may be hidden there is refused here.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from mcp_salesforce.policy.errors import PolicyRefusedError, not_understood
from mcp_salesforce.policy.guard.reads import Reads
from mcp_salesforce.policy.guard.request_parts import RequestParts, Rewrite
from mcp_salesforce.soql import format_query

_SETTINGS: Final = frozenset({"operation", "query", "columnDelimiter", "lineEnding", "contentType"})
_MOST_ROWS: Final = 10**12
_MOST_JOBS: Final = 10_000


class BulkQueries:
    """Plans the calls for query jobs."""

    steps: Final[tuple[str, ...]] = ("jobs", "query")

    def __init__(self, reads: Reads) -> None:
        """Judge as `reads` does."""
        self._reads = reads
        self._jobs: dict[str, None] = {}

    async def plan(self, call: RequestParts) -> Rewrite | None:
        """Plan a call below `jobs/query`; None for one that is not understood, such as the list of all jobs.

        Raises:
            PolicyRefusedError: It is not allowed.
            InvalidArgumentError: Its query is not SOQL.
        """
        match (call.method, *call.steps[2:]):
            case ("POST",):
                return await self._create(call)
            case ("GET" | "PATCH" | "DELETE", job_id) | ("GET", job_id, "results"):
                return self._of_known_job(call, job_id)
        return None

    async def _create(self, call: RequestParts) -> Rewrite:
        """Plan the making of a job: for the rows that can be read, and as many as one answer can have."""
        body = call.body if isinstance(call.body, Mapping) else {}
        if not set(body) <= _SETTINGS or body.get("operation") not in {"query", "queryAll"} or call.params:
            raise not_understood("A bulk job of another form")
        query = await self._reads.judged_for_csv(str(body.get("query") or ""))
        most = await self._reads.most_rows(query, _MOST_ROWS)
        if most < _MOST_ROWS:
            query = replace(query, limit=most if query.limit is None else min(query.limit, most))

        async def finish(value: Any) -> Any:  # noqa: ANN401 - any JSON value
            if isinstance(value, Mapping) and isinstance(value.get("id"), str):
                self._jobs[value["id"]] = None
                if len(self._jobs) > _MOST_JOBS:
                    del self._jobs[next(iter(self._jobs))]
            return value

        return Rewrite(replace(call.request, body={**body, "query": format_query(query)}), finish)

    def _of_known_job(self, call: RequestParts, job_id: str) -> Rewrite:
        """Plan a call about a job that was judged when it was made; the query of any other one is unknown."""
        if job_id not in self._jobs:
            raise PolicyRefusedError(
                f"The bulk job {job_id[:18]} was not made by this server", hint="Export the query again."
            )
        return Rewrite(call.request)
