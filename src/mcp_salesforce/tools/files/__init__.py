"""Files: exports, imports and the files of records, in the folder that the owner of the server allows."""

from mcp_salesforce.tools.files import exports, importing, looking, record_files
from mcp_salesforce.tools.files.toolset import files

__all__ = ["exports", "files", "importing", "looking", "record_files"]
