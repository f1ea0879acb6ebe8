"""The toolset that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

files = Toolset(
    "files",
    "Export queries of any size to files in the folder of SALESFORCE_FILES, and import records from such files",
    "Do not page through many rows: salesforce_export writes them to a file, salesforce_import reads them from one.",
    is_default=False,
)
