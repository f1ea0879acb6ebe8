"""A record with the names of its owner and related records besides their Ids."""

from collections.abc import Sequence
from typing import Any

from mcp_salesforce.salesforce import QueryResult, Request, SalesforceError
from mcp_salesforce.salesforce.api.queries import querying
from mcp_salesforce.salesforce.api.sobjects import record_from
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.tools.answers.results import flat_record


def naming(sobject: str, record_id: str, names: Sequence[str]) -> list[Request]:
    """Return the read of names (`Owner.Name`) beside a retrieve; nothing where there are none.

    API: GET /queryAll: an archived record has names too
    """
    soql = f"SELECT {', '.join(names)} FROM {sobject} WHERE Id = {quote(record_id)}"  # noqa: S608 - SOQL, an Id
    return [querying(soql, query_all=True)] if names else []


def with_names(outcomes: Sequence[object]) -> dict[str, Any]:
    """Return the record that was read first, with the names that were read after it, where they could be."""
    read, *named = outcomes
    if isinstance(read, SalesforceError):
        raise read
    found = [
        each
        for outcome in named
        if not isinstance(outcome, SalesforceError)
        for each in QueryResult.read(outcome).records
    ]
    names = {name: value for each in found for name, value in flat_record(each).items() if value}
    return {**record_from(read), **names}
