"""The trees of the latest queries: who looks at the same query one after the other parses it once."""

from functools import lru_cache
from typing import Final

from mcp_salesforce.soql.parser import parse
from mcp_salesforce.soql.tree import Query

_MOST_TREES: Final = 16


@lru_cache(_MOST_TREES)
def tree_of(soql: str) -> Query:
    """Return what `soql` says; a tool and the guard look at the same query, which is parsed once."""
    return parse(soql)
