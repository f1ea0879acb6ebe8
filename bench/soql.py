"""The SOQL language: how long a long query takes to read and to write."""

import time
from collections.abc import Callable
from statistics import median

from bench.figures import Figure
from mcp_salesforce.soql import format_query, parse

QUERY_CHARACTERS = 2_000
ROUNDS = 200

_START = (
    "SELECT Id, Name, Account.Owner.Name, TYPEOF Who WHEN Contact THEN Email ELSE Name END, "
    "(SELECT Id, Subject FROM Tasks WHERE ActivityDate > LAST_N_DAYS:30 ORDER BY ActivityDate DESC LIMIT 5) "
    "FROM Event WHERE "
)
_CONDITION = (
    "(Subject LIKE 'A%' OR Owner.Email IN ('x@example.com', NULL) OR StartDateTime >= 2026-01-01T09:00:00Z) AND "
)
_END = "' ORDER BY StartDateTime DESC NULLS LAST LIMIT 100"


def long_query() -> str:
    """Return a query of 2,000 characters, with something of everything in it."""
    start = _START + _CONDITION * ((QUERY_CHARACTERS - len(_START)) // len(_CONDITION) - 1) + "Location != '"
    return start + "x" * (QUERY_CHARACTERS - len(start) - len(_END)) + _END


async def about_soql() -> list[Figure]:
    """Measure both ways on a query of 2,000 characters."""
    query = long_query()
    tree = parse(query)
    return [
        Figure(f"a query of {QUERY_CHARACTERS:,} characters parsed, ms", _median_ms(lambda: parse(query)), target=5),
        Figure("its tree written, ms", _median_ms(lambda: format_query(tree))),
    ]


def _median_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times) * 1_000
