"""The command line: serve, demo, org, tools."""
