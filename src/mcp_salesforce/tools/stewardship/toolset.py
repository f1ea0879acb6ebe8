"""The toolset that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

stewardship = Toolset(
    "stewardship",
    "Find a contact or create it; merge duplicates and convert leads, permanently",
    "Merges and lead conversions cannot be undone. To save a person, use salesforce_find_or_create_contact.",
    is_default=False,
)
