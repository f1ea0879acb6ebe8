"""The recipes of CONTRIBUTING are true: each is followed in a copy of the project, in the files that it names."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "src/mcp_salesforce"

TOOL = '''"""How many appointments there are."""

from typing_extensions import TypedDict

from mcp_salesforce.tools.appointments.toolset import appointments
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, org_of


class Count(TypedDict):
    """A number of appointments."""

    appointments: int


@appointments.tool(READS, title="Count appointments", hint="how many meetings", example={})
async def tally_appointments(ctx: ToolContext) -> Count:
    """Count the appointments that the user may see."""
    found = await org_of(ctx).client.queries.query("SELECT COUNT() FROM Event")
    return {"appointments": found.total_size}
'''
OBJECT = '''"""Pricebook2: a list of prices."""

from mcp_salesforce.localorg.standard.definitions import AUDIT, SObjectDef, record_id, string

PRICEBOOK = SObjectDef(
    name="Pricebook2",
    label="Price Book",
    label_plural="Price Books",
    key_prefix="01s",
    fields=(record_id("Price Book ID"), string("Name", "Name", 255, "CU", name_field=True), *AUDIT),
)
'''
USES = """
import asyncio, io, logging, os
from mcp import Client
from mcp_salesforce.config import Settings
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server

async def main():
    lines = logging.getLogger("mcp_salesforce.tools")
    lines.setLevel("INFO")
    told = []
    lines.addFilter(lambda record: told.append(record.data) or False)
    with LocalOrg.open() as org:
        org.insert("Pricebook2", Name="Retail")
        login = org.credentials
        given = dict(client_id=login.client_id, client_secret=login.client_secret, refresh_token=login.refresh_token)
        os.environ["SALESFORCE_GREETING"] = "Hello"
        settings = Settings.load(**given, instance_url="http://127.0.0.1:1")
        async with Client(create_server(settings, transport=AsgiTransport(org.app))) as client:
            counted = await client.call_tool("salesforce_tally_appointments", {})
            found = await client.call_tool("salesforce_query", {"soql": "SELECT Name FROM Pricebook2"})
    counted, rows = counted.structured_content["appointments"], found.structured_content["rows"]
    print(settings.greeting, counted > 0, rows, told[0]["day"])

asyncio.run(main())
"""


def inserted(copy: Path, file: str, mark: str, text: str) -> str:
    """Put `text` before the first `mark` of a file; return the file."""
    before, found, after = (copy / file).read_text("utf-8").partition(mark)
    assert found, f"{file} has no {mark!r} any more"
    (copy / file).write_text(f"{before}{text}{found}{after}", "utf-8")
    return file


def written(copy: Path, file: str, text: str) -> str:
    (copy / file).write_text(text, "utf-8")
    return file


def add_tool(copy: Path) -> Iterator[str]:
    yield written(copy, f"{PACKAGE}/tools/appointments/counting.py", TOOL)
    package = f"{PACKAGE}/tools/appointments/__init__.py"
    yield inserted(copy, package, "\n_FIRST", "\nfrom mcp_salesforce.tools.appointments import counting as counting\n")


def add_setting(copy: Path) -> Iterator[str]:
    field = '    greeting: Text = Field(default="", description="What to say first.")\n'
    yield inserted(copy, f"{PACKAGE}/settings/settings.py", "    log_format: ", field)
    form = '    "greeting": _form("[A-Za-z]+"),\n'
    yield inserted(copy, f"{PACKAGE}/front/values.py", '    "log_format": ', form)


def add_object(copy: Path) -> Iterator[str]:
    yield written(copy, f"{PACKAGE}/localorg/standard/pricebook.py", OBJECT)
    package = f"{PACKAGE}/localorg/standard/__init__.py"
    line = "from mcp_salesforce.localorg.standard.pricebook import PRICEBOOK\n"
    inserted(copy, package, "from mcp_salesforce.localorg.standard.profile", line)
    yield inserted(copy, package, "    PROFILE,\n", "    PRICEBOOK,\n")


def add_log_field(copy: Path) -> Iterator[str]:
    yield inserted(copy, f"{PACKAGE}/tools/framework/call_log.py", '        "outcome": ', '        "day": "today",\n')


RECIPES: dict[str, Callable[[Path], Iterator[str]]] = {
    "A tool": add_tool,
    "A setting": add_setting,
    "A standard object": add_object,
    "A field of the log": add_log_field,
}


with_linters = pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="not installed: uv sync --group lint"
)


def run(copy: Path, *command: str) -> str:
    """Run Python in the copy, on the code of the copy; return what it prints."""
    of_this_run = ("COV", "PYTEST_")  # how these tests are run is not how those of the copy are
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith(of_this_run)}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env={**unmeasured, "PYTHONPATH": str(copy / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """A copy in which each recipe was followed, and the files that were edited by hand for each."""
    copy = tmp_path_factory.mktemp("recipes") / "project"
    # what Git ignores is not the project's, and comes and goes while other tests run
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()]
    left_out = shutil.ignore_patterns(".git", *ignored)
    shutil.copytree(ROOT, copy, ignore=left_out)
    by_hand = {name: list(follow(copy)) for name, follow in RECIPES.items()}
    run(copy, "-m", "tests.docs.generate")
    return copy, by_hand


def test_each_file_that_is_edited_by_hand_is_named_in_its_recipe(edited: tuple[Path, dict[str, list[str]]]) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    recipes = dict(re.findall(r"^\d+\. \*\*(.+?)\*\*: ((?:.+\n)+?)(?=\d+\. |\n)", page, re.MULTILINE))

    for name, files in edited[1].items():
        places = re.findall(r"`([\w/<>.]+)`(?!†)", recipes[name].replace("<toolset>", "appointments"))
        for file in files:
            assert any(file.startswith(f"{PACKAGE}/{place}") for place in places), (name, file)


def test_what_was_added_works_and_the_pages_know_it(edited: tuple[Path, dict[str, list[str]]]) -> None:
    copy, _ = edited

    run(copy, "-m", "tests.docs.generate", "--check")
    printed = run(copy, "-c", USES)

    assert printed.split("\n")[0] == "Hello True [['Retail']] today"
    assert "salesforce_tally_appointments" in (copy / "README.md").read_text("utf-8")
    assert "SALESFORCE_GREETING" in (copy / "docs/configuration.md").read_text("utf-8")
    assert "Pricebook2" in (copy / "docs/localorg.md").read_text("utf-8")


OF_THE_TOOL = ["tests/tools/test_every_tool.py", "tests/policy/test_attempts.py", "-k", "tally_appointments"]
OF_THE_OTHERS = [
    "tests/settings/test_settings.py",
    "tests/front/test_told.py",
    "tests/localorg/standard",
    "tests/test_limits.py",
]


@pytest.mark.parametrize(
    "tests", [OF_THE_TOOL, pytest.param(OF_THE_OTHERS, marks=with_linters)], ids=["tool", "others"]
)
def test_what_holds_of_all_holds_of_the_new_ones(
    edited: tuple[Path, dict[str, list[str]]], tests: Sequence[str]
) -> None:
    printed = run(edited[0], "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *tests)

    assert "passed" in printed


@with_linters
@pytest.mark.parametrize(
    "gate",
    [
        ("-m", "ruff", "format", "--check", "--no-cache", "."),
        ("-m", "ruff", "check", "--no-cache", "."),
        ("-c", "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"),
        ("-m", "mypy"),
    ],
    ids=["format", "lint", "contracts", "types"],
)
def test_the_gates_of_a_commit_pass(edited: tuple[Path, dict[str, list[str]]], gate: Sequence[str]) -> None:
    run(edited[0], *gate)
