"""The toolset that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

files = Toolset(
    "files",
    "Files: exports of any size to the folder of SALESFORCE_FILES",
    "Do not page through many rows: salesforce_export writes them to a file.",
    is_default=False,
)
