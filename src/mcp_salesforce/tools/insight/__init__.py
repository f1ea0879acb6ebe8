"""Reports and reasons: what an agent would otherwise count or piece together by hand."""

from mcp_salesforce.tools.insight import access, counting, history
from mcp_salesforce.tools.insight.toolset import insight

__all__ = ["access", "counting", "history", "insight"]
