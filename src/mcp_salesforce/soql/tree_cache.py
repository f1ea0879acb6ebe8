"""Cache the trees of the latest queries, so that a query is parsed once per call."""

from functools import lru_cache
from typing import Final

from mcp_salesforce.soql.parser import parse
from mcp_salesforce.soql.tree import Query

_MOST_TREES: Final = 16


@lru_cache(_MOST_TREES)
def tree_of(soql: str) -> Query:
    """Return the tree of `soql`. A tool and the guard read the same query, which is parsed once."""
    return parse(soql)
