"""Prompts and resources with their completion, through the whole stack, in both eras of the protocol."""

import re
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import (
    GetPromptResult,
    PromptReference,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import ERAS, NOW, settings_of
from tests.pictures.drawn import blocks

AGENDA, PICTURE = "salesforce://agenda/{date}", "salesforce://agenda/{date}/picture"
SCHEMA = "salesforce://schema/{sobject}"


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def booked(org: LocalOrg, subject: str, start: str, **fields: Any) -> str:
    return org.insert("Event", Subject=subject, StartDateTime=start, DurationInMinutes=30, **fields)


async def prompt(mcp: Client, name: str, **arguments: str) -> tuple[str, str]:
    """The words of a prompt, and the agenda below them: both in its one message, as some hosts take only that."""
    result = await mcp.get_prompt(name, arguments)
    assert isinstance(result, GetPromptResult)
    (message,) = result.messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    said, day, agenda = message.content.text.partition("\n\nday: ")
    return said, f"{day.lstrip()}{agenda}"


async def resource(mcp: Client, uri: str) -> str:
    (content,) = (await mcp.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "text/plain"
    return content.text


async def completed(mcp: Client, ref: Any, name: str, value: str) -> list[str]:
    return (await mcp.complete(ref, {"name": name, "value": value})).completion.values


async def test_prompts_are_listed_with_titles_and_described_arguments(mcp: Client) -> None:
    prompts = {each.name: each for each in (await mcp.list_prompts()).prompts}

    assert list(prompts)[:3] == ["book_appointment", "day_sheet", "move_my_day"]
    assert list(prompts)[3:] == ["plan_my_week", "prepare_meeting", "cover_for", "clean_up_contacts"]
    for each in prompts.values():
        assert each.title
        assert (each.description or "").endswith(".")
        assert all(argument.description for argument in each.arguments or ())
    assert [argument.name for argument in prompts["book_appointment"].arguments or () if argument.required] == [
        "person"
    ]


@pytest.mark.parametrize("name", ["day_sheet", "move_my_day"])
async def test_what_a_host_fills_in_later_stays_in_the_text(mcp: Client, name: str) -> None:
    result = await mcp.get_prompt(name, {"date": "$1"})

    assert isinstance(result, GetPromptResult)
    (message,) = result.messages
    assert isinstance(message.content, TextContent)
    assert message.content.text.endswith("Read the agenda first with salesforce_list_appointments.\nDay: $1\nWhose: me")


async def test_the_day_sheet_of_tomorrow_brings_the_agenda_with_it(empty_org: LocalOrg, mcp: Client) -> None:
    booked(empty_org, "Check-up", "2026-11-23T15:00:00Z", Location="Room 1")
    booked(empty_org, "Another day", "2026-11-24T15:00:00Z")
    other = empty_org.store.rows("SELECT Id FROM User WHERE Id <> ?", [empty_org.user_id])[0]["Id"]
    booked(empty_org, "Of another", "2026-11-23T15:00:00Z", OwnerId=other)

    said, agenda = await prompt(mcp, "day_sheet")

    assert "It is Sunday 2026-11-22 04:00 in America/New_York." in said
    assert agenda.startswith("day: Monday 2026-11-23\n")
    assert "Check-up" in agenda
    assert "2026-11-23T10:00:00-05:00" in agenda
    assert "Another day" not in agenda
    assert "Of another" not in agenda


async def test_a_day_sheet_can_be_of_somebody_else(empty_org: LocalOrg, mcp: Client) -> None:
    other = empty_org.store.rows("SELECT Id, Name FROM User WHERE Id <> ?", [empty_org.user_id])[0]
    booked(empty_org, "Of another", "2026-11-23T15:00:00Z", OwnerId=other["Id"])

    _, agenda = await prompt(mcp, "day_sheet", date="2026-11-23", calendar=other["Name"])

    assert f"calendar: {other['Name']}\n" in agenda
    assert "Of another" in agenda


async def test_a_prompt_says_what_was_given_and_names_the_tools(mcp: Client) -> None:
    said, _ = await prompt(mcp, "book_appointment", person="Ana Ode", when="Tuesday afternoon", calendars="me, Room 1")

    assert "Person: Ana Ode" in said
    assert "When: Tuesday afternoon" in said
    assert "Minutes: 30" in said
    assert "Purpose" not in said
    tools = {tool.name for tool in (await mcp.list_tools()).tools}
    for name in ("book_appointment", "day_sheet", "move_my_day"):
        words, _ = await prompt(mcp, name, **({"person": "Ana"} if name == "book_appointment" else {}))
        named = {word.strip(".,:") for word in words.split() if word.startswith("salesforce_")}
        assert named <= tools


async def test_moving_a_day_starts_from_its_agenda(empty_org: LocalOrg, mcp: Client) -> None:
    booked(empty_org, "Check-up", "2026-11-24T15:00:00Z")

    said, agenda = await prompt(mcp, "move_my_day", date="2026-11-24", reason="Ill")

    assert "Reason: Ill" in said
    assert "Check-up" in agenda


@pytest.mark.parametrize("date", ["2026-11-23", "tomorrow"])
async def test_the_agenda_of_a_day_can_be_read_by_date_or_name(empty_org: LocalOrg, mcp: Client, date: str) -> None:
    booked(empty_org, "Check-up", "2026-11-23T15:00:00Z")

    text = await resource(mcp, f"salesforce://agenda/{date}")

    assert text.startswith("day: Monday 2026-11-23\ncalendar: Nora Quill\ntime_zone: America/New_York\n")
    assert "Check-up" in text


async def test_the_picture_of_a_day_has_its_appointments_and_where_the_clock_stands(
    empty_org: LocalOrg, mcp: Client
) -> None:
    booked(empty_org, "Check-up \u202e", "2026-11-22T15:00:00Z")

    [content] = (await mcp.read_resource("salesforce://agenda/today/picture")).contents

    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "image/svg+xml"
    [block] = blocks(content.text)
    assert block.title == "10:00\u201310:30: Check-up , Nora Quill"
    assert 'class="now"' not in content.text, "it is four in the morning, which an office day does not show"


async def test_the_fields_of_an_object_can_be_read(mcp: Client) -> None:
    templates = {each.uri_template: each for each in (await mcp.list_resource_templates()).resource_templates}
    assert set(templates) == {AGENDA, PICTURE, SCHEMA}
    assert {each.name for each in templates.values()} == {"Agenda of a day", "Picture of a day", "Fields of an object"}
    assert all(each.title == each.name and each.description for each in templates.values())

    assert "LastName" in await resource(mcp, "salesforce://schema/contact")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("salesforce://agenda/someday", "'someday' is not a day. Write it like 2026-11-24."),
        ("salesforce://agenda/2026-02-30", "is not a day"),
        ("salesforce://agenda/someday/picture", "'someday' is not a day. Write it like 2026-11-24."),
        ("salesforce://schema/Contakt", "Did you mean Contact?"),
        ("salesforce://nothing/here", "Unknown resource"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_what_to_do(org: LocalOrg, uri: str, said: str) -> None:
    async with served(org) as mcp:
        with pytest.raises(MCPError, match=said) as refused:
            await mcp.read_resource(uri)

    assert refused.value.error.code == -32602


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("day_sheet", {"date": "someday"}, "Write it like 2026-11-24"),
        ("day_sheet", {"dat": "today"}, "day_sheet does not take dat. Did you mean date?"),
        ("book_appointment", {}, "book_appointment needs person: Name, e-mail address or Id of the contact."),
        ("book_apointment", {}, "There is no prompt book_apointment. Did you mean book_appointment?"),
        ("xyz", {}, "There is no prompt xyz. There are: book_appointment, day_sheet, move_my_day, "),
    ],
)
async def test_a_prompt_that_cannot_be_given_is_refused_with_what_to_do(
    org: LocalOrg, name: str, arguments: dict[str, str], said: str
) -> None:
    async with served(org) as mcp:
        with pytest.raises(MCPError, match=re.escape(said)) as refused:
            await mcp.get_prompt(name, arguments)

    assert refused.value.error.code == -32602


async def test_dates_objects_people_and_calendars_are_completed(org: LocalOrg, mcp: Client) -> None:
    org.insert("Contact", FirstName="Zdenka", LastName="Zuverova")
    agenda, schema = ResourceTemplateReference(uri=AGENDA), ResourceTemplateReference(uri=SCHEMA)
    book = PromptReference(name="book_appointment")

    assert (await completed(mcp, agenda, "date", "t")) == ["today", "tomorrow"]
    assert (await completed(mcp, agenda, "date", "2026-11-2"))[0] == "2026-11-22"
    assert (await completed(mcp, schema, "sobject", "cont"))[0] == "Contact"
    assert "Event" in await completed(mcp, schema, "sobject", "vent")
    assert await completed(mcp, book, "person", "Zuv") == ["Zdenka Zuverova"]
    assert await completed(mcp, book, "person", "z") == []
    assert await completed(mcp, book, "minutes", "4") == ["45"]
    (quill,) = await completed(mcp, book, "calendars", "me, Nora Q")
    assert quill == "me, Nora Quill"
    assert await completed(mcp, book, "purpose", "x") == []


async def test_more_than_a_hundred_completions_are_cut_and_counted(mcp: Client) -> None:
    found = (await mcp.complete(ResourceTemplateReference(uri=SCHEMA), {"name": "sobject", "value": ""})).completion

    assert len(found.values) == min(100, found.total or 0)
    assert found.has_more == ((found.total or 0) > 100)


async def test_without_an_org_nothing_is_completed(org: LocalOrg) -> None:
    org.expire_sessions()
    async with served(org, refresh_token="5Aep861wrong") as mcp:
        assert await completed(mcp, ResourceTemplateReference(uri=SCHEMA), "sobject", "Con") == []


@pytest.mark.parametrize(
    ("changes", "prompts", "templates"),
    [
        ({"toolsets": "contacts,query"}, ["clean_up_contacts"], []),
        ({"toolsets": "contacts,schema"}, [], [SCHEMA]),
        ({"read_only": True}, ["day_sheet", "prepare_meeting"], [AGENDA, PICTURE, SCHEMA]),
    ],
)
async def test_what_settings_forbid_is_neither_listed_nor_there(
    org: LocalOrg, changes: Mapping[str, Any], prompts: list[str], templates: list[str]
) -> None:
    async with served(org, **changes) as mcp:
        assert [each.name for each in (await mcp.list_prompts()).prompts] == prompts
        listed = (await mcp.list_resource_templates()).resource_templates
        assert [each.uri_template for each in listed] == templates
        with pytest.raises(MCPError, match="book_appointment"):
            await mcp.get_prompt("book_appointment", {"person": "Ana"})


@asynccontextmanager
async def served(org: LocalOrg, **changes: Any) -> Any:
    server = create_server(settings_of(org, **changes), transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server) as client:
        yield client
