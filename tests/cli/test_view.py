"""`mcp-salesforce view`: pictures of what the org has, in files."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcp_salesforce.cli import cli
from mcp_salesforce.localorg import LocalOrg
from tests.cli.test_export import settings_for
from tests.orgs import new_org, without_appointments
from tests.pictures.drawn import blocks, root_of, texts
from tests.tools.events import all_day, timed

DAY = "2100-03-02"


@pytest.fixture
def org() -> Iterator[LocalOrg]:
    with new_org(contacts=1, then=without_appointments) as made:
        yield made


@pytest.fixture
def environment(org: LocalOrg, tmp_path: Path) -> Iterator[dict[str, str]]:
    with org.listening() as url:
        yield settings_for(org, url, tmp_path)


def view(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["view", *arguments], env=environment)


def test_an_agenda_has_everybody_that_is_named(org: LocalOrg, environment: dict[str, str], tmp_path: Path) -> None:
    timed(org, "Visit", f"{DAY}T15:00:00Z", 30)
    timed(org, "Secret", f"{DAY}T16:00:00Z", 30, IsPrivate=True)
    timed(org, "Review", f"{DAY}T09:00:00Z", 30, OwnerId=org.user("jonas"))
    all_day(org, "Fair", DAY)
    file = tmp_path / "agenda.svg"
    asked = ("agenda", "--for", "me", "--for", "Jonas Brandt", "--start", DAY, "--days", "2", "--svg", str(file))

    told = view(environment, *asked)

    assert told.exit_code == 0, told.output
    assert told.stdout == f"{file}: {file.stat().st_size:,} bytes. Any browser shows it.\n"
    picture = file.read_text("utf-8")
    assert sorted(each.title for each in blocks(picture)) == [
        "04:00\u201304:30: Review, Jonas Brandt",
        "10:00\u201310:30: Visit, Nora Quill",
        "11:00\u201311:30: Busy, Nora Quill",
        "all day: Fair, Nora Quill",
    ]
    assert {"Tuesday 2100-03-02", "Wednesday 2100-03-03", "Times are in America/New_York."} <= set(texts(picture))
    assert "Secret" not in picture
    again = view(environment, *asked)
    assert (again.exit_code, "Give --overwrite" in again.stderr) == (1, True)
    assert view(environment, *asked, "--overwrite", "--theme", "dark").exit_code == 0
    assert file.read_text("utf-8") != picture


def test_free_times_are_those_of_the_tool(org: LocalOrg, environment: dict[str, str]) -> None:
    timed(org, "Visit", f"{DAY}T14:00:00Z", 120)

    told = view(
        environment, "free", "--start", DAY, "--days", "1", "--minutes", "60", "--limit", "3", "--hours",
        "Mon-Fri 09:00-13:00", "--svg", "-",
    )  # fmt: skip

    assert told.exit_code == 0, told.output
    assert [each.title for each in blocks(told.stdout, "slot")] == [
        f"Free: {DAY} 11:00\u201312:00",
        f"Free: {DAY} 12:00\u201313:00",
    ]
    assert [each.title for each in blocks(told.stdout)] == ["09:00\u201311:00: Visit, Nora Quill"]


def test_without_a_day_the_picture_begins_today(environment: dict[str, str]) -> None:
    told = view(environment, "agenda", "--time-zone", "UTC", "--days", "1", "--svg", "-")

    today = datetime.now(UTC).date()
    days = {each for each in texts(told.stdout) if each.partition(" ")[2].startswith("20")}
    assert days <= {f"{today:%A %Y-%m-%d}"} or datetime.now(UTC).date() != today


def test_an_agenda_that_is_too_long_for_an_answer_is_drawn_whole(org: LocalOrg, environment: dict[str, str]) -> None:
    for day in range(1, 5):
        for hour in range(14, 22):
            timed(org, f"Visit {day}.{hour} " + "x" * 200, f"2100-03-0{day}T{hour}:00:00Z", 30)
    timed(org, "Night", "2100-03-02T23:00:00Z", 1200)
    small = environment | {"SALESFORCE_MAX_ANSWER_TOKENS": "500"}

    told = view(small, "agenda", "--start", "2100-03-01", "--days", "4", "--svg", "-")

    assert told.exit_code == 0, told.output
    assert len(blocks(told.stdout)) == 4 * 8 + 2
    assert not any("The list ends" in each for each in texts(told.stdout))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("agenda", "--for", "Nobody Known", "--svg", "-"), "Nobody Known"),
        (("agenda", "--svg", "no/such/folder.svg"), "is not a folder"),
        (("agenda", "--for", "Nobody Known", "--no-browser"), "Nobody Known"),
        (("free", "--hours", "Sometimes", "--svg", "-"), "Sometimes"),
    ],
)
def test_what_cannot_be_drawn_is_told(environment: dict[str, str], arguments: tuple[str, ...], said: str) -> None:
    told = view(environment, *arguments)

    assert told.exit_code != 0
    assert said.casefold() in told.stderr.casefold()
    assert told.stdout == ""


def test_the_picture_on_stdout_is_the_picture_alone(environment: dict[str, str]) -> None:
    told = view(environment, "agenda", "--svg", "-")

    assert root_of(told.stdout).tag.endswith("svg")
