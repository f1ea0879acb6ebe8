"""Bulk API 2.0: query jobs and ingest jobs, for the routes."""

from collections.abc import Callable
from datetime import datetime

from mcp_salesforce.localorg.services.bulk_ingest import BulkIngest
from mcp_salesforce.localorg.services.bulk_jobs import BulkJobs
from mcp_salesforce.localorg.services.bulk_queries import BulkQueries
from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.store.bulk import BulkStore, Job
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.sqlite import Store


class Bulk:
    """The jobs of an org, and the services that do their work."""

    def __init__(self, store: Store, schema: Schema, records: Records, now: Callable[[], datetime]) -> None:
        """Run jobs on the records of `schema` in `store`; `now` is the org's clock."""
        kept = BulkStore(store)
        self.jobs = BulkJobs(kept, now)
        self.queries = BulkQueries(store, self.jobs, kept, schema, now)
        self.ingest = BulkIngest(store, self.jobs, kept, schema, records)

    def looked_at(self, kind: str, job_id: str, user_id: str) -> Job:
        """Return a job after its next step.

        Raises:
            OrgError: NOT_FOUND.
        """
        job = self.jobs.find(kind, job_id, user_id)
        (self.queries if kind == "query" else self.ingest).go_on(job)
        return job
