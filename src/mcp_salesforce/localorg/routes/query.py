"""SOQL: query, queryAll and the pages that follow."""

import re

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.routes.call import Call, Family, Reply

query = Family("query")


@query.route("GET", "query", "recorded")
def run_query(call: Call) -> Reply:
    """Run the SOQL in `q`; deleted records are left out.

    With columns=true, tell the columns instead of the records; with `explain` in the place of `q`, the plan.
    """
    return _run(call, all_rows=False)


@query.route("GET", "queryAll", "documented")
def run_query_all(call: Call) -> Reply:
    """Run the SOQL in `q`, deleted and archived records included."""
    return _run(call, all_rows=True)


@query.route("GET", "query/{locator}", "recorded")
def query_more(call: Call, locator: str) -> Reply:
    """Return the next page of a query; its URL came with the page before."""
    return Reply(body=call.org.queries.more(locator, call.user_id, version=call.version))


@query.route("GET", "queryAll/{locator}", "documented")
def query_all_more(call: Call, locator: str) -> Reply:
    """Return the next page of a queryAll."""
    return Reply(body=call.org.queries.more(locator, call.user_id, version=call.version))


@query.route("GET", "tooling/query", "verified")
def run_tooling_query(call: Call) -> Reply:
    """Refuse: the org has no Tooling objects; sf's login expects INVALID_TYPE for the one it asks for."""
    _run(call, all_rows=False)
    raise not_implemented("Tooling API")


def _run(call: Call, *, all_rows: bool) -> Reply:
    if "explain" in call.params:
        return Reply(body=call.org.queries.explain(call.params["explain"], call.user_id))
    soql = call.params.get("q")
    if soql is None:
        raise OrgError(400, "MALFORMED_QUERY", "A query string has to be specified", None)
    if call.params.get("columns", "").lower() == "true":
        return Reply(body=call.org.queries.columns(soql, call.user_id))
    page = call.org.queries.query(
        soql, call.user_id, all_rows=all_rows, batch_size=_batch_size(call), version=call.version
    )
    return Reply(body=page)


def _batch_size(call: Call) -> int | None:
    """Return the page size that `Sforce-Query-Options: batchSize=N` asks for."""
    match = re.search(r"batchSize\s*=\s*(\d+)", call.headers.get("sforce-query-options", ""), re.IGNORECASE)
    return int(match[1]) if match else None
