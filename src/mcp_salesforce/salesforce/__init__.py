"""An async client for the Salesforce REST API; usable without MCP."""
