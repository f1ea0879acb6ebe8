"""Measure the server on this machine, and print one table: `python -m bench [--check]`."""

import argparse
import asyncio
import compileall
import logging
import os
import sys
import sysconfig
from collections.abc import Callable, Coroutine

from bench.availability import about_availability
from bench.export import about_an_export
from bench.figures import Figure, show
from bench.flood import about_a_flood
from bench.importing import about_an_import
from bench.localorg import about_the_local_org
from bench.others import beside_others
from bench.over_http import about_http
from bench.paging import about_paging
from bench.rescheduling import about_rescheduling
from bench.servers import calls, expired_session, query_of_the_list_tool
from bench.setting import ROOT, running_org
from bench.soak import about_a_soak
from bench.soql import about_soql
from bench.start import about_the_start
from bench.team import about_a_team
from bench.tokens import tokens
from bench.views import about_views
from bench.writes import about_writes


async def about_the_server() -> list[Figure]:
    """Everything that is measured of the running server."""
    async with running_org() as org:
        target = await query_of_the_list_tool(org)
        return [
            *await calls(org, target),
            *await expired_session(org),
            *await tokens(org),
        ]


SECTIONS: dict[str, Callable[[], Coroutine[None, None, list[Figure]]]] = {
    "start": about_the_start,
    "server": about_the_server,
    "soql": about_soql,
    "availability": about_availability,
    "rescheduling": about_rescheduling,
    "writes": about_writes,
    "localorg": about_the_local_org,
    "paging": about_paging,
    "export": about_an_export,
    "import": about_an_import,
    "others": beside_others,
    "http": about_http,
    "team": about_a_team,
    "soak": about_a_soak,
    "flood": about_a_flood,
    "views": about_views,
}


def main() -> int:
    """Run the sections asked for; with `--check` fail when a figure misses its target."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"which of {', '.join(SECTIONS)}; default: all")
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a figure misses its target")
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    logging.disable()
    for folder in (ROOT / "src", ROOT / "bench", sysconfig.get_path("purelib")):
        compileall.compile_dir(folder, quiet=2)
    figures: list[Figure] = []
    for name in given.sections or SECTIONS:
        figures += asyncio.run(SECTIONS[name]())
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    busy = "; the machine is busy with other work: do not trust the times" if load > processors + 1 else ""
    show(f"medians of this run; load {load:.1f} on {processors} processors{busy}", figures)
    missed = [figure.measure for figure in figures if figure.verdict == "miss"]
    return 1 if given.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
