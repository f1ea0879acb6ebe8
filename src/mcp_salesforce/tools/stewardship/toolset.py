"""The toolset that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

stewardship = Toolset(
    "stewardship",
    "Merge duplicates and convert leads, permanently",
    "Merges and lead conversions cannot be undone.",
    is_default=False,
)
