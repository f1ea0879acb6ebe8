"""`python -m mcp_salesforce` is the command line."""
