"""The MCP layer: what a model can call."""
