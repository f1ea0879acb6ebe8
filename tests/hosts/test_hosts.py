"""Real hosts with the real server: what their models are sent, and what becomes of what these ask for."""

import pytest

from mcp_salesforce.tools import TOOLSETS
from tests.hosts.conftest import SCRIPT, START, Session
from tests.hosts.hosts import LATER, NO_PROMPTS

pytestmark = [pytest.mark.clients, pytest.mark.slow]

TOOLS = [spec.name for toolset in TOOLSETS if toolset.is_default for spec in toolset.specs]


def test_the_model_can_have_every_tool(session: Session) -> None:
    """From its first request on, or once it has searched."""
    offered = [asked.tools for asked in session.model.asked if asked.tools]
    names = [[tool for tool in TOOLS if any(name.endswith(tool) for name in tools)] for tools in offered]

    assert names[0] in ([], TOOLS)
    assert names[-1] == TOOLS
    session.seen["tools"] = f"{len(TOOLS)}{'' if names[0] else ', by search'}"


def test_every_call_reaches_the_server_and_its_answer_the_model(session: Session) -> None:
    called = [message["params"]["name"] for message in session.sent if message.get("method") == "tools/call"]

    assert called == [f"salesforce_{wanted.tool}" for wanted in SCRIPT]
    assert [session.result_of(wanted.tool) for wanted in SCRIPT]


def test_what_the_model_creates_is_whole_and_has_an_owner(session: Session) -> None:
    (contact,) = session.rows("SELECT OwnerId, Loyalty_Number__c FROM Contact WHERE LastName = 'Zsigmondy'")
    (visit,) = session.rows("SELECT Kind__c, Cost__c FROM Visit__c")
    (event,) = session.rows("SELECT OwnerId, StartDateTime, DurationInMinutes FROM Event WHERE Subject = 'Check-up'")

    assert contact["OwnerId"] in session.result_of("create_contact")
    custom = [contact["Loyalty_Number__c"], visit["Kind__c"], visit["Cost__c"]]
    assert custom == (["L-77", "Follow-up", 12.5] if session.host.is_open else [None] * 3)
    assert "created" in session.result_of("create_records")
    assert event["OwnerId"]
    assert event["StartDateTime"].startswith(f"{START:%Y-%m-%dT%H:%M}")
    assert f"{START:%A}" in session.result_of("create_appointment")
    session.seen["create"] = "yes" if session.host.is_open else "named fields only"


def test_the_model_reads_an_error_and_what_to_do(session: Session) -> None:
    read = session.result_of("query")

    assert "INVALID_FIELD" in read
    assert "No such column 'Nickname__c' on entity 'Contact'" in read
    assert "Look up the names with salesforce_describe" in read
    session.seen["error"] = "yes"


def test_a_prompt_reaches_the_model_whole(session: Session) -> None:
    asked = [message for message in session.sent if message.get("method") == "prompts/get"]
    said = next(asked.said for asked in session.model.asked if asked.tools)

    assert bool(asked) == ("Write the day sheet for the agenda below." in said) == (session.host.prompt != NO_PROMPTS)
    assert ("calendar: Nora Quill" in said) == (session.host.prompt == "yes")
    assert ("Day: tomorrow" in said) == (session.host.prompt == LATER)
    session.seen["prompt"] = session.host.prompt
