"""Files: exports and imports, in the folder that the owner of the server allows, and the long work behind them."""

from mcp_salesforce.tools.files import exports, importing, looking
from mcp_salesforce.tools.files.toolset import files

__all__ = ["exports", "files", "importing", "looking"]
