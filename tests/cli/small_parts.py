"""Run a command whose imports go in small parts, so that a small file has many moments at which it can be killed.

The process writes its Id into the file `pid`.
"""

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from mcp_salesforce.cli import cli
from mcp_salesforce.tools.files import import_sending, preparing

FEW = 100
"""Rows up to which they go by calls: of 10 each. More go by jobs of 150."""


def make_small(change: Callable[[object, str, object], None]) -> None:
    """Let `change`, such as `setattr`, make the parts of imports small, and what is lost settled soon."""
    change(preparing, "FEW", FEW)
    change(preparing, "MOST_RECORDS", FEW // 10)
    change(preparing, "BULK_ROWS", FEW * 3 // 2)
    change(preparing, "MANY_ROWS", FEW * 3 // 2)
    change(import_sending, "SETTLED_AFTER", timedelta(seconds=1))  # ten times what a call takes here


if __name__ == "__main__":
    make_small(setattr)
    Path("pid").write_text(str(os.getpid()), "ascii")
    cli(sys.argv[1:])
