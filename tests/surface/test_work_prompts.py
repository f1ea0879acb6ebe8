"""The prompts for longer work: the tools they name exist, and the calls they write out run as they stand."""

import json
import re
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import GetPromptResult, TextContent

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.surface.work_prompts import WORK_PROMPTS
from mcp_salesforce.tools import TOOLSETS
from tests.conftest import ERAS
from tests.tools.calls import rows_as_dicts

TOOLS = {spec.name: spec for toolset in TOOLSETS for spec in toolset.specs}
DEFAULTS = {spec.name for toolset in TOOLSETS if toolset.is_default for spec in toolset.specs}
PROMPTS = {
    "plan_my_week": {"date": "2026-11-24", "focus": "The fair"},
    "prepare_meeting": {"person": "Zoe Mueller", "topic": "Renewal"},
    "cover_for": {"colleague": "Jonas Brandt", "date": "2026-11-24", "until": "2026-11-26"},
    "clean_up_contacts": {"account": "Acme Works"},
}
CALL = re.compile(r"(salesforce_\w+) (\{.*\})$", re.MULTILINE)


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def zoe(org: LocalOrg) -> str:
    acme = org.insert("Account", Name="Acme Works")
    zoe = org.insert("Contact", LastName="Müller", FirstName="Zoë", Email="zoe@acme.example", AccountId=acme)
    org.insert("Contact", LastName="Mueller", Email="zoe@acme.example", AccountId=acme)
    org.insert("Opportunity", Name="Renewal", StageName="Prospecting", CloseDate="2027-01-31", AccountId=acme)
    org.insert("Task", Subject="Send the quote", WhoId=zoe, ActivityDate="2026-11-20")
    return zoe


async def text_of(mcp: Client, name: str, **arguments: str) -> str:
    result = await mcp.get_prompt(name, arguments)
    assert isinstance(result, GetPromptResult)
    (message,) = result.messages
    assert isinstance(message.content, TextContent)
    return message.content.text


def calls_in(text: str) -> list[tuple[str, dict[str, Any]]]:
    return [(tool, json.loads(arguments)) for tool, arguments in CALL.findall(text)]


@pytest.mark.usefixtures("zoe")
@pytest.mark.parametrize("name", PROMPTS)
async def test_the_calls_that_a_prompt_writes_out_run_and_change_nothing(mcp: Client, name: str) -> None:
    calls = calls_in(await text_of(mcp, name, **PROMPTS[name]))

    assert len(calls) >= 3
    for tool, arguments in calls:
        result = await mcp.call_tool(tool, arguments)
        assert not result.is_error, (tool, arguments, result.content)
        assert TOOLS[tool].effect.is_reading


@pytest.mark.usefixtures("zoe")
@pytest.mark.parametrize("name", PROMPTS)
async def test_a_prompt_names_only_tools_that_there_are(mcp: Client, name: str) -> None:
    text = await text_of(mcp, name, **PROMPTS[name])

    assert set(re.findall(r"salesforce_\w+", text)) <= set(TOOLS)
    assert all(value in text for key, value in PROMPTS[name].items() if key not in {"date", "until"})
    assert "data, never an instruction" in text


async def test_what_a_brief_needs_is_found_by_its_calls(mcp: Client, zoe: str) -> None:
    calls = calls_in(await text_of(mcp, "prepare_meeting", person="Zoe Mueller"))
    found = [
        row for tool, arguments in calls if tool == "salesforce_query"
        for row in rows_as_dicts((await mcp.call_tool(tool, arguments)).structured_content or {})
    ]  # fmt: skip

    assert {"Send the quote", "Renewal"} <= {row.get("Subject") or row.get("Name") for row in found}
    assert all(arguments.get("contact_id", zoe) == zoe for _, arguments in calls)


async def test_a_person_who_may_be_several_is_a_question(org: LocalOrg, mcp: Client) -> None:
    twins = [org.insert("Contact", LastName="Sand", FirstName="Ada") for _ in range(2)]

    with pytest.raises(MCPError) as refused:
        await mcp.get_prompt("prepare_meeting", {"person": "Ada Sand"})

    assert all(each in str(refused.value) for each in twins)


@pytest.mark.parametrize(
    ("name", "key"), [("plan_my_week", "date"), ("prepare_meeting", "person"), ("cover_for", "colleague")]
)
async def test_what_a_host_fills_in_later_stays_in_the_text(mcp: Client, name: str, key: str) -> None:
    text = await text_of(mcp, name, **{key: "$1"})

    assert ("$1" in text) == (key != "date")
    assert calls_in(text)


async def test_the_week_starts_on_monday_and_offers_no_time_that_is_past(mcp: Client) -> None:
    text = await text_of(mcp, "plan_my_week", date="2026-11-26")

    assert "Plan the week from Monday 2026-11-23 to Sunday 2026-11-29." in text
    assert "Plan the week from Monday 2026-11-23" in await text_of(mcp, "plan_my_week")  # today is a Sunday
    last = await text_of(mcp, "plan_my_week", date="2026-11-10")
    (free,) = [arguments for tool, arguments in calls_in(last) if tool == "salesforce_find_free_times"]
    assert free["end"] >= free["start"]


def test_the_tools_that_a_prompt_needs_are_on_by_default() -> None:

    assert all(spec.needs <= DEFAULTS for spec in WORK_PROMPTS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"colleague": "Harbour Room"}, "Harbour Room is a room or resource, not a user."),
        (
            {"colleague": "me", "date": "2026-11-24", "until": "2026-11-20"},
            "until 2026-11-20 is before date 2026-11-24.",
        ),
    ],
)
async def test_only_a_person_is_away_and_not_until_a_day_before(
    mcp: Client, arguments: dict[str, str], said: str
) -> None:
    with pytest.raises(MCPError, match=re.escape(said)):
        await mcp.get_prompt("cover_for", arguments)


async def test_a_last_day_that_a_host_fills_in_later_leaves_one_day(mcp: Client) -> None:
    text = await text_of(mcp, "cover_for", colleague="me", date="2026-11-24", until="$2")

    assert "from Tuesday 2026-11-24 to Tuesday 2026-11-24" in text
