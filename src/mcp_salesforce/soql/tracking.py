"""The clauses of a query that change records: they mark them as viewed, or count the views."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from mcp_salesforce.soql import sosl_tree, tree


def tracking_of(query: tree.Query | sosl_tree.Search) -> list[str]:
    """Return the clauses of a query or a search, and of the queries inside, that change what is read.

    They are FOR VIEW and FOR REFERENCE, which write LastViewedDate, LastReferencedDate and RecentlyViewed, and UPDATE
    TRACKING and UPDATE VIEWSTAT, which count views of articles (SOQL and SOSL Reference).
    """
    return list(_clauses(query))


def _clauses(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a tree
    if isinstance(value, tuple):
        for entry in value:
            yield from _clauses(entry)
    elif isinstance(value, tree.Node):
        if isinstance(value, tree.Query) and value.tracking:
            yield f"FOR {value.tracking}"
        if isinstance(value, tree.Query | sosl_tree.Search) and value.update:
            yield f"UPDATE {', '.join(value.update)}"
        for each in fields(value):
            yield from _clauses(getattr(value, each.name))
