"""Records of any object, many in one call: checked against describe, saved in parts, each row with its outcome.

Each module adds its tools to the toolset as it is imported here, in the order of the list.
"""

from mcp_salesforce.tools.records import reading, restoring, writing
from mcp_salesforce.tools.records.toolset import records

__all__ = ["reading", "records", "restoring", "writing"]
