"""A Salesforce MCP server, and an org of its own to try it on."""

DISTRIBUTION = "mcp-for-salesforce"
"""The name that installers know; the index has another project's `mcp-salesforce`."""
