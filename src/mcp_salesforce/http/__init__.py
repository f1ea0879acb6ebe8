"""MCP over HTTP: Streamable HTTP at `/mcp`, for one person on this machine or for a team."""
