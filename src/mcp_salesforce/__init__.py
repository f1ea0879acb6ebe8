"""A Salesforce MCP server, and an org of its own to try it on."""
