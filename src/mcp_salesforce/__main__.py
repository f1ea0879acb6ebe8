"""`python -m mcp_salesforce` is the command line."""

import sys


def main() -> None:
    """Run the command line; exit status 0 for success, 1 for a failure, 2 for a wrong call or wrong settings."""
    if sys.argv[1:2] == ["serve"]:
        from mcp_salesforce.front.pipe import begin

        begin(sys.argv[2:])
    from mcp_salesforce.cli import cli

    cli(prog_name="mcp-salesforce")


if __name__ == "__main__":
    main()
