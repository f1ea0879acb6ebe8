"""What objects and fields the org has."""

from mcp_salesforce.tools.schema.toolset import schema

__all__ = ["schema"]
