"""The SOQL language: text to tokens to a tree, and back to text."""

from mcp_salesforce.soql.errors import SoqlError, caret_text
from mcp_salesforce.soql.formatter import format_query
from mcp_salesforce.soql.parser import parse
from mcp_salesforce.soql.tree import Query

__all__ = ["Query", "SoqlError", "caret_text", "format_query", "parse"]
