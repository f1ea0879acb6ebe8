"""Write the generated pages, or check that they are what the code says: `python -m tests.docs.generate [--check]`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tests.docs import screens
from tests.docs.answers import render_snapshot, write_stamp
from tests.docs.commands import render_commands
from tests.docs.comparison import badges, render_comparison
from tests.docs.configuration import render_configuration, render_env_example
from tests.docs.doctor import render_doctor
from tests.docs.errors import render_errors
from tests.docs.host_pages import host_pages
from tests.docs.localorg import render_localorg
from tests.docs.pictures import pictures
from tests.docs.promise import RECORD, render_promise
from tests.docs.register import render_register
from tests.docs.tools import render_readme, render_tools, snapshots
from tests.faults.table import render as render_failures
from tests.hosts.results import render_hosts

ROOT = Path(__file__).parents[2]

PAGES: dict[str, Callable[[str], str]] = {
    "docs/commands.md": render_commands,
    "docs/configuration.md": render_configuration,
    ".env.example": render_env_example,
    "README.md": render_readme,
    "docs/localorg.md": render_localorg,
    "docs/tools.md": render_tools,
    "docs/doctor.md": render_doctor,
    "docs/errors.md": render_errors,
    "docs/failures.md": render_failures,
    "src/mcp_salesforce/front/snapshot.txt": render_snapshot,
    "docs/register.md": render_register,
    "docs/hosts.md": render_hosts,
    **host_pages(),
    "docs/comparison.md": render_comparison,
    **badges(),
    RECORD: render_promise,
    **snapshots(),
    **pictures(),
}
"""Path from the root of the project to a function from the present page to the right one."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is out of date")
    check = parser.parse_args().check
    stale = []
    for name, render in PAGES.items():
        page = ROOT / name
        before = page.read_text(encoding="utf-8") if page.exists() else ""
        after = render(before)
        if before != after:
            stale.append(name)
            if not check:
                page.parent.mkdir(parents=True, exist_ok=True)
                page.write_text(after, encoding="utf-8")
    if not check:
        write_stamp()
    if screens.are_stale():
        stale.append(screens.STAMP)
        if not check and not screens.taken():
            sys.stderr.write(f"{screens.STAMP} stays out of date: its pictures need chromium and chromedriver.\n")
    if stale and check:
        sys.stderr.write(f"Out of date: {', '.join(stale)}. Run `make docs UPDATE=1`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
