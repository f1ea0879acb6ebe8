"""The demo believes nothing: each step checks what it was told, and one that fails makes the demo fail."""

import io
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from rich.console import Console

from mcp_salesforce.cli.demo.agent import Agent, Step, StepError, next_tuesday, person_at
from mcp_salesforce.cli.demo.screen import Screen
from mcp_salesforce.cli.demo.steps import STEPS
from mcp_salesforce.cli.demo.walk import walk
from mcp_salesforce.cli.serve import local_settings
from mcp_salesforce.salesforce.asgi import AsgiTransport
from mcp_salesforce.server import create_server
from tests.cli.processes import run
from tests.orgs import new_org

Answer = dict[str, Any]


@pytest.fixture
async def agent_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setenv("SALESFORCE_JOURNAL", str(tmp_path / "journal.db"))
    with new_org() as org:
        server = create_server(local_settings(org.credentials), transport=AsgiTransport(org.app))
        person = person_at(screen()[0])
        async with Client(server, raise_exceptions=True, elicitation_callback=person) as client:
            yield client


def screen(width: int = 100) -> tuple[Screen, io.StringIO]:
    written = io.StringIO()
    return Screen(Console(file=written, width=width)), written


@dataclass
class Liar:
    """A client that changes what one tool answers, from one step on."""

    honest: Client
    tool: str
    lie: Callable[[Answer], None] | None
    lying: bool = False

    async def list_tools(self) -> Any:
        answer = (await self.honest.list_tools()).model_copy(deep=True)
        if self.lying and self.tool == "tools/list":
            answer.tools[0].description = ""
        return answer

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        answer = (await self.honest.call_tool(name, arguments)).model_copy(deep=True)
        if self.lying and name == f"salesforce_{self.tool}":
            if self.lie is None:
                answer.is_error = not answer.is_error
                answer.structured_content = answer.structured_content or {}
            elif answer.structured_content is not None:
                self.lie(answer.structured_content)
        return answer


def one_row_less(answer: Answer) -> None:
    answer["rows"] = answer["rows"][1:]


def one_row_more(answer: Answer) -> None:
    answer["rows"] = [*answer["rows"], ["", "", "", "", ""]]


def no_rows(answer: Answer) -> None:
    answer["rows"] = []


def no_cursor(answer: Answer) -> None:
    answer.pop("next_cursor", None)


def another_email(answer: Answer) -> None:
    answer["Email"] = "somebody.else@example.com"


def another_contact(answer: Answer) -> None:
    answer["WhoId"] = "003000000000000AAA"


def an_hour_later(answer: Answer) -> None:
    utc = datetime.fromisoformat(answer["start"]["utc"])
    answer["start"]["utc"] = utc.replace(hour=(utc.hour + 1) % 24).isoformat()


def another_local_time(answer: Answer) -> None:
    answer["end"]["local"] = answer["start"]["local"]


def another_weekday(answer: Answer) -> None:
    answer["start"]["weekday"] = "Caturday"


def another_weekday_in_rows(answer: Answer) -> None:
    answer["rows"] = [["Caturday" if str(value).endswith("day") else value for value in row] for row in answer["rows"]]


def rows_turned_around(answer: Answer) -> None:
    answer["rows"] = answer["rows"][::-1]


def one_less(answer: Answer) -> None:
    answer["succeeded"] -= 1


def nothing_along(answer: Answer) -> None:
    answer["also_deleted"] = {}


def another_change(answer: Answer) -> None:
    answer["undid"] = "00000000"


LIES = [
    ("The tools an agent sees", "tools/list", None),
    ("The newest contacts", "list_contacts", one_row_less),
    ("The newest contacts", "list_contacts", no_cursor),
    ("The newest contacts", "list_contacts", rows_turned_around),
    ("Create a contact", "create_contact", None),
    ("Create a contact", "get_contact", another_email),
    ("Find a time on Tuesday evening", "find_free_times", another_weekday_in_rows),
    ("Find a time on Tuesday evening", "find_free_times", one_row_less),
    ("Find a time on Tuesday evening", "get_free_busy", one_row_more),
    ("The same time again: it is taken", "create_appointment", None),
    ("The same time again: it is taken", "get_free_busy", no_rows),
    ("Book an appointment with this contact", "get_appointment", another_contact),
    ("Book an appointment with this contact", "get_appointment", an_hour_later),
    ("Book an appointment with this contact", "get_appointment", another_local_time),
    ("Book an appointment with this contact", "get_appointment", another_weekday),
    ("The same day, as a colleague in Tokyo sees it", "list_appointments", no_rows),
    ("The same day, as a colleague in Tokyo sees it", "list_appointments", another_weekday_in_rows),
    ("Move it by a day", "get_appointment", an_hour_later),
    ("A mistake: it would end before it starts", "update_appointment", None),
    ("A mistake: it would end before it starts", "get_appointment", an_hour_later),
    ("The next page of contacts", "list_contacts", rows_turned_around),
    ("Delete two contacts: a person is asked", "delete_records", one_less),
    ("Delete two contacts: a person is asked", "delete_records", nothing_along),
    ("Delete two contacts: a person is asked", "get_contact", None),
    ("Undo that", "undo", another_change),
    ("Undo that", "get_contact", None),
    ("Undo that", "get_appointment", another_contact),
    ("Delete both", "get_appointment", None),
    ("Delete both", "get_contact", None),
]


@pytest.mark.parametrize(("title", "tool", "lie"), LIES)
async def test_a_step_notices_a_false_answer(
    agent_client: Client, title: str, tool: str, lie: Callable[[Answer], None] | None
) -> None:
    liar = Liar(agent_client, tool, lie)
    agent = Agent(liar, screen()[0])  # type: ignore[arg-type]  # all of a client that the steps use

    for step in STEPS:
        liar.lying = step.title == title
        if liar.lying:
            with pytest.raises(StepError):
                await step.run(agent)
            return
        await step.run(agent)

    pytest.fail(f"no step is called {title}")


def test_every_step_is_lied_to() -> None:
    assert {title for title, _, _ in LIES} == {step.title for step in STEPS}


async def test_every_step_holds_when_nobody_lies_and_leaves_nothing_behind(agent_client: Client) -> None:
    before = await agent_client.call_tool("salesforce_query", {"soql": "SELECT COUNT() FROM Event"})
    agent = Agent(agent_client, screen()[0])

    claims = [await step.run(agent) for step in STEPS]
    after = await agent_client.call_tool("salesforce_query", {"soql": "SELECT COUNT() FROM Event"})

    assert all(claims)
    assert before.structured_content == after.structured_content


def test_the_demo_ends_with_success_and_the_lines_that_register_the_server(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SALESFORCE_API_VERSION=nonsense\n")

    done = run("demo", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert f"All {len(STEPS)} steps verified" in done.stdout
    assert done.stdout.count("✓") == len(STEPS)
    assert "✗" not in done.stdout
    assert "claude mcp add --scope user salesforce -- " in done.stdout


async def test_a_step_that_fails_ends_the_demo_without_success_and_without_registration_lines() -> None:
    async def breaks(agent: Agent) -> str:
        await agent.ask("salesforce_get_contact", contact_id="not an Id")
        return "nothing"

    shown, written = screen()

    assert await walk(shown, [Step("Breaks", breaks), *STEPS]) is False
    assert f"0 of {len(STEPS) + 1} steps verified" in written.getvalue()
    assert "✗ salesforce_get_contact was refused" in " ".join(written.getvalue().split())
    assert "claude mcp add" not in written.getvalue()


async def test_a_server_that_does_not_start_ends_the_demo_with_what_it_wrote() -> None:
    shown, written = screen()

    assert await walk(shown, server=(sys.executable, "-c", "import sys; sys.exit('no org today')")) is False
    assert "The connection to the server broke" in written.getvalue()
    assert "The server wrote: no org today" in written.getvalue()


async def test_a_program_that_is_not_there_ends_the_demo_too() -> None:
    shown, written = screen()

    assert await walk(shown, server=("no-such-program-here",)) is False
    assert "no-such-program-here" in written.getvalue()


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_no_line_of_a_step_is_wider_than_the_terminal_or_than_is_readable(
    agent_client: Client, width: int
) -> None:
    shown, written = screen(width)
    agent = Agent(agent_client, shown)

    for number, step in enumerate(STEPS, start=1):
        shown.step(number, step.title)
        shown.verified(await step.run(agent), 0.1)

    assert max(len(line) for line in written.getvalue().splitlines()) <= min(width, 120)


@pytest.mark.parametrize("day", range(1, 15))
def test_the_demo_books_a_tuesday_at_least_a_week_away(day: int) -> None:
    now = datetime(2026, 12, day, 23, 30, tzinfo=UTC)

    start = next_tuesday(now)

    assert start.strftime("%A %H:%M") == "Tuesday 18:30"
    assert 6 < (start - now).days < 15
