"""The toolset that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

stewardship = Toolset(
    "stewardship",
    "Records put in order for good: duplicates merged, leads converted",
    "Merges and lead conversions cannot be undone.",
    is_default=False,
)
