"""Any object: queries in SOQL, and full-text search by plain words.

Each module adds its tools to the toolset as it is imported.
"""

from mcp_salesforce.tools.query import search
from mcp_salesforce.tools.query.toolset import queries

__all__ = ["queries", "search"]
