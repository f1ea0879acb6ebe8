"""Changes that were made, taken back."""

from mcp_salesforce.tools.changes.toolset import changes

__all__ = ["changes"]
