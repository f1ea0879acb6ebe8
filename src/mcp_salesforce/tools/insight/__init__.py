"""Reports and reasons: what an agent would otherwise count or piece together by hand."""

from mcp_salesforce.tools.insight import counting
from mcp_salesforce.tools.insight.toolset import insight

__all__ = ["counting", "insight"]
