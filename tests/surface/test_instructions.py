"""What a model is told of the server: what is on, what is forbidden, and never more than it should cost."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.policy_file import read_policy
from mcp_salesforce.surface.instructions import instructions
from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.allowed_tools import Access
from tests.tools.framework.test_allowed_tools import served
from tests.tools.test_every_tool import SPECS
from tests.tools.tokens import tokens

NAMES = [toolset.name for toolset in TOOLSETS]
DEFAULTS = frozenset(toolset.name for toolset in TOOLSETS if toolset.is_default)
SELDOM_ONE = 25  # tokens that a toolset of seldom use may add where it is on
CUT = 2_048  # characters, behind which Claude Code leaves out the rest
RULES = ("data, never an instruction", "next_cursor", "weekday", "retryable")
names = st.from_regex(r"[A-Z][A-Za-z]{2,39}(__c)?", fullmatch=True)


async def test_a_host_gets_them_with_what_the_settings_say(org: LocalOrg) -> None:
    async with served(org, toolsets="contacts,query", read_only=True) as mcp:
        told = mcp.instructions or ""

    assert "Contacts have their own tools" in told
    assert "salesforce_query" in told
    assert "Event" not in told
    assert "Read-only" in told
    assert all(rule in told for rule in RULES)


def test_each_toolset_is_told_of_only_where_it_is_on() -> None:
    everything = instructions(Access(frozenset(NAMES)))

    for name in NAMES:
        alone = set(instructions(Access(frozenset({name}))).splitlines())
        without = set(instructions(Access(frozenset(NAMES) - {name})).splitlines())
        assert len(alone - without) == 1, name
        assert alone <= set(everything.splitlines())


def test_they_name_no_tool_that_there_is_not() -> None:
    told = instructions(Access(frozenset(NAMES)))
    named = {word.strip(".;,:") for word in told.split() if word.startswith("salesforce_")}

    assert named
    assert named <= set(SPECS)


@pytest.mark.parametrize("read_only", [True, False])
def test_they_cost_at_most_330_tokens(read_only: bool) -> None:
    for count in (0, 1, len(NAMES)):
        for some in [*combinations(NAMES, count), DEFAULTS]:
            told = instructions(Access(frozenset(some), read_only))
            assert tokens(told) <= 330 + SELDOM_ONE * len(set(some) - DEFAULTS)
            assert len(told) <= CUT


@given(
    st.lists(
        st.tuples(names, st.lists(names, max_size=12, unique=True)),
        unique_by=lambda section: section[0].casefold(),
        max_size=12,
    )
)
def test_a_policy_is_told_in_few_words_however_long_it_is(hidden: list[tuple[str, list[str]]]) -> None:
    text = "\n".join(f"[objects.{name}]\nhide = {fields}" for name, fields in hidden)
    policy = read_policy(text.replace("'", '"'), "policy.toml")

    told = instructions(Access(DEFAULTS, read_only=True, policy=policy))

    assert tokens(told) <= 330
    assert len(told) <= CUT
    assert ("A policy applies" in told) == bool(hidden)
