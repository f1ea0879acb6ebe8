"""Records kept in order: contacts found or created, duplicates merged, leads converted."""

from mcp_salesforce.tools.stewardship import converting, finding, merging
from mcp_salesforce.tools.stewardship.toolset import stewardship

__all__ = ["converting", "finding", "merging", "stewardship"]
