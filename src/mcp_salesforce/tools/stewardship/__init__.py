"""Records put in order for good: merged and converted. A person always approves it."""

from mcp_salesforce.tools.stewardship import converting, merging
from mcp_salesforce.tools.stewardship.toolset import stewardship

__all__ = ["converting", "merging", "stewardship"]
