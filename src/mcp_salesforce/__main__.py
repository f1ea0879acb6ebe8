"""`python -m mcp_salesforce` is the command line."""

from mcp_salesforce.cli import cli


def main() -> None:
    """Run the command line; exit status 0 for success, 1 for a failure, 2 for a wrong call or wrong settings."""
    cli(prog_name="mcp-salesforce")


if __name__ == "__main__":
    main()
