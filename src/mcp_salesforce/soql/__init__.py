"""The SOQL and SOSL languages: text to tokens to a tree, and back to text."""

from mcp_salesforce.soql.errors import SearchTermError, SoqlError, SoslError, caret_text
from mcp_salesforce.soql.formatter import format_query, format_sosl
from mcp_salesforce.soql.parser import parse
from mcp_salesforce.soql.sosl import parse_sosl
from mcp_salesforce.soql.sosl_tree import Search
from mcp_salesforce.soql.tree import Query

__all__ = [
    "Query",
    "Search",
    "SearchTermError",
    "SoqlError",
    "SoslError",
    "caret_text",
    "format_query",
    "format_sosl",
    "parse",
    "parse_sosl",
]
