"""The law of a policy: of two orgs that differ only in what it hides, every answer is the same."""

from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.guard import Guard
from mcp_salesforce.policy.policy_file import read_policy
from mcp_salesforce.policy.withheld import noting
from mcp_salesforce.salesforce import AsgiTransport, Request, SalesforceClient, SalesforceError
from mcp_salesforce.server import create_server
from mcp_salesforce.settings.connect import token_source
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.effort import dealt, examples
from tests.policy.attempts import filled
from tests.policy.generated import MAIN, Queries
from tests.policy.worlds import POLICIES, Pair, pair
from tests.policy.written import CALLS, COMPLETIONS, PROMPTS, RESOURCES
from tests.tools.calls import PREFIX

QUERIES_A_SEED = examples(450)
SEEDS = range(4)
SEARCHES = examples(60)


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
    assert answered > len(requests) // 20


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


@asynccontextmanager
async def server_of(org: LocalOrg, file: Path) -> AsyncIterator[Client]:
    settings = settings_of(org, policy=file, state_key="k" * 32, journal="off")
    server = create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server, elicitation_callback=approve) as client:
        yield client


@pytest.fixture
async def servers(worlds: Pair, tmp_path: Path) -> AsyncIterator[tuple[Client, Client]]:
    file = tmp_path / "policy.toml"
    file.write_text(POLICIES[worlds.policy], "utf-8")
    async with server_of(worlds.one, file) as one, server_of(worlds.other, file) as other:
        yield one, other


async def told(answer: Awaitable[Any]) -> Any:
    """Return the whole of an answer, or of its error."""
    try:
        return (await answer).model_dump(mode="json")
    except MCPError as error:
        return str(error), error.error.model_dump(mode="json")


async def test_no_written_attempt_tells_the_orgs_apart(worlds: Pair, servers: tuple[Client, Client]) -> None:
    refused, calls = 0, dealt(CALLS, [*POLICIES], worlds.policy)
    for tool, arguments in calls:
        filled_in = filled(arguments, worlds.names)
        one, other = [await told(client.call_tool(PREFIX + tool, filled_in)) for client in servers]
        assert one == other, (tool, filled_in)
        refused += one["is_error"]
        cursor = (one["structured_content"] or {}).get("next_cursor")
        if cursor:
            again = {**filled_in, "cursor": cursor}
            one, other = [await told(client.call_tool(PREFIX + tool, again)) for client in servers]
            assert one == other, (tool, again)

    assert len(CALLS) >= 300
    assert len(calls) // 4 < refused < len(calls) * 19 // 20


async def test_no_resource_prompt_or_completion_tells_the_orgs_apart(servers: tuple[Client, Client]) -> None:
    for uri in RESOURCES:
        one, other = [await told(client.read_resource(uri)) for client in servers]
        assert one == other, uri
    for name, values in PROMPTS:
        one, other = [await told(client.get_prompt(name, values)) for client in servers]
        assert one == other, name
    for argument, begun in COMPLETIONS:
        template = ResourceTemplateReference(type="ref/resource", uri="salesforce://schema/{sobject}")
        prompt = PromptReference(type="ref/prompt", name="book_appointment")
        reference = template if argument == "sobject" else prompt
        asked = {"name": argument, "value": begun}
        one, other = [await told(client.complete(reference, asked)) for client in servers]
        assert one == other, (argument, begun)
    one, other = [(await client.list_tools()).model_dump(mode="json") for client in servers]
    assert one == other
