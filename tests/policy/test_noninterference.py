"""The law of a policy: of two orgs that differ only in what it hides, every answer is the same."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcp_salesforce.connect import token_source
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.reading import read_policy
from mcp_salesforce.salesforce import AsgiTransport, Request, SalesforceClient, SalesforceError
from mcp_salesforce.tools.guard import Guard
from mcp_salesforce.tools.withheld import noting
from tests.conftest import settings_of
from tests.policy.generated import MAIN, Queries
from tests.policy.worlds import POLICIES, Pair, pair

QUERIES_A_SEED = 450
SEEDS = range(4)
SEARCHES = 60


@pytest.fixture(params=POLICIES)
def worlds(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with pair(request.param) as orgs:
        yield orgs


@asynccontextmanager
async def client_of(org: LocalOrg, policy: str = "") -> AsyncIterator[SalesforceClient]:
    guard = Guard(read_policy(policy, "p.toml")).over if policy else None
    tokens, transport = token_source(settings_of(org)), AsgiTransport(org.app)
    async with SalesforceClient(tokens, transport=transport, guard=guard) as client:
        yield client


async def outcome(client: SalesforceClient, request: Request) -> Any:
    """Return all that a call comes to: its value and what is withheld from it, or every part of its error."""
    with noting() as withheld:
        try:
            value = await client.send(request)
        except SalesforceError as error:
            return (
                type(error).__name__,
                error.code,
                error.message,
                error.hint,
                error.fields,
                vars(error),
                list(withheld),
            )
    return value, list(withheld)


def is_answer(found: Any) -> bool:
    return len(found) == 2


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_query_is_answered_alike(worlds: Pair, seed: int) -> None:
    policy, made = POLICIES[worlds.policy], queries_of(worlds, seed)
    requests = [
        Request("GET", "queryAll" if n % 20 == 0 else "query", {"q": made.query()}) for n in range(QUERIES_A_SEED)
    ]
    requests += [Request("GET", "search", {"q": made.search()}) for _ in range(SEARCHES)]
    answered = 0
    async with client_of(worlds.one, policy) as one, client_of(worlds.other, policy) as other:
        for request in requests:
            found = await outcome(one, request)
            assert found == await outcome(other, request), request.params["q"]
            answered += is_answer(found)
        assert one.api_usage == other.api_usage
    assert answered > len(requests) // 12


async def test_without_the_policy_many_of_the_same_queries_tell_the_orgs_apart(worlds: Pair) -> None:
    made = queries_of(worlds, 0)
    async with client_of(worlds.one) as one, client_of(worlds.other) as other:
        requests = [Request("GET", "query", {"q": made.query()}) for _ in range(150)]
        differing = [each for each in requests if await outcome(one, each) != await outcome(other, each)]

    assert len(differing) > 10


def queries_of(worlds: Pair, seed: int) -> Queries:
    policy = read_policy(POLICIES[worlds.policy], "p.toml")
    hidden = ["Name", "OwnerId", *(name for rule in policy.rules.values() for name in rule.hide)]
    return Queries(worlds.one, hidden, [name for name in MAIN if policy.rule(name).is_readable], seed)
