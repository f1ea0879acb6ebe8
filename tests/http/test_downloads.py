"""Files of a server over HTTP: fetched by a link, by the person for whom it was made, for an hour."""

import asyncio
import csv
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from mcp_salesforce.http import old_files
from mcp_salesforce.http.application import create_app
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.store.sqlite_file import SqliteStore
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.http.served import served
from tests.http.team import as_person, team_app
from tests.http.test_team import KEY, client_of, people_of
from tests.tools.calls import called

PATH = "all of them/contacts.csv"
EXPORT = {"path": PATH, "sobject": "Contact", "fields": ["Id", "LastName"]}


class Now:
    """A clock to be put forward."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock_of_server() -> Now:
    return Now()


@pytest.fixture
async def team(org: LocalOrg, tmp_path: Path, clock_of_server: Now) -> AsyncIterator[str]:
    """The address of a team's server, whose people have files."""
    own = settings_of(org, journal="off", state_key=KEY, toolsets="all", files=tmp_path)
    async with _team_of(org, own, clock_of_server) as url:
        yield url


@asynccontextmanager
async def alone(org: LocalOrg, **changes: Any) -> AsyncIterator[tuple[Client, httpx2.AsyncClient]]:
    """A client of a server for one person, and one that is no MCP client."""
    own = settings_of(org, journal="off", toolsets="all", **changes)
    app = create_app(own, transport=AsgiTransport(org.app), now=lambda: NOW)
    async with served(app) as url, httpx2.AsyncClient(timeout=60) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, elicitation_callback=approve) as client:
            yield client, http


def files_in(folder: Path, name: str = "*") -> list[Path]:
    return [each for each in folder.rglob(name) if each.is_file()]


def of_team(url: str, link: str) -> str:
    """The link of a team's server, at the port where it is in this test."""
    assert link.startswith("http://127.0.0.1/files/")
    return link.replace("http://127.0.0.1", url.removesuffix("/mcp"))


async def test_a_link_gives_the_file_to_the_person_it_was_made_for_and_to_nobody_else(
    team: str, http: httpx2.AsyncClient
) -> None:
    async with client_of(team, "nora") as client:
        exported, _ = await called(client, "export", **EXPORT)
    link = of_team(team, exported["link"])

    by_token = await http.get(link, headers=as_person("nora"))
    by_browser = await http.get(link, headers={"Cookie": "browser=nora"})
    of_another = [
        await http.get(link, headers=as_person("jonas")),
        await http.get(link, headers={"Cookie": "browser=jonas"}),
    ]
    without = await http.get(link)
    unknown = await http.get(link, headers=as_person("nobody"))

    assert exported["link_valid_min"] == 60
    assert by_token.content == by_browser.content
    assert len(by_token.content) == exported["bytes"]
    assert by_token.headers["content-disposition"] == 'attachment; filename="contacts.csv"'
    assert [each.status_code for each in of_another] == [404, 404]
    assert (without.status_code, unknown.status_code) == (401, 401)
    assert '<a href="http://127.0.0.1/connections">' in without.text


async def test_a_link_works_for_an_hour_and_the_job_gives_a_new_one(
    team: str, http: httpx2.AsyncClient, clock_of_server: Now
) -> None:
    async with client_of(team, "nora") as client:
        exported, _ = await called(client, "export", **EXPORT)
        clock_of_server.now += timedelta(minutes=61)
        late = await http.get(of_team(team, exported["link"]), headers=as_person("nora"))
        job, _ = await called(client, "job", job=PATH)
        again = await http.get(of_team(team, job["link"]), headers=as_person("nora"))

    assert (late.status_code, again.status_code) == (410, 200)
    assert "salesforce_job gives a new link" in late.text


async def test_a_file_is_deleted_an_hour_after_its_last_link_has_expired(
    org: LocalOrg, tmp_path: Path, clock_of_server: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_files, "EVERY_S", 0.02)
    own = settings_of(org, journal="off", state_key=KEY, toolsets="all", files=tmp_path / "files")
    (tmp_path / "files").mkdir()
    of_owner = tmp_path / "files" / "of the owner.csv"
    of_owner.write_text("a", "utf-8")
    os.utime(of_owner, (0, 0))

    async with _team_of(org, own, clock_of_server) as url, client_of(url, "nora") as client:
        await called(client, "export", **EXPORT)
        await called(client, "export", **EXPORT | {"path": "old.csv"})
        [old] = files_in(tmp_path, "old.csv")
        unfinished = old.with_name(".stopped.csv.part")
        unfinished.write_text("a", "utf-8")
        os.utime(unfinished, (clock_of_server().timestamp(),) * 2)
        clock_of_server.now += timedelta(minutes=100)
        await called(client, "job", job=PATH)
        clock_of_server.now += timedelta(minutes=30)
        await _until(lambda: not old.exists())
        kept = sorted(each.name for each in files_in(tmp_path / "files"))
    clock_of_server.now += timedelta(days=7)
    async with _team_of(org, own, clock_of_server):
        await _until(lambda: not unfinished.exists() and not files_in(tmp_path, "contacts.csv"))

    assert kept == [".stopped.csv.part", "contacts.csv", "of the owner.csv"]
    assert of_owner.exists()


@asynccontextmanager
async def _team_of(org: LocalOrg, own: Settings, now: Now) -> AsyncIterator[str]:
    app = team_app(own, people_of(org), SqliteStore(None), transport=AsgiTransport(org.app), now=now)
    async with served(app) as url:
        yield url


async def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(3000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


@pytest.mark.parametrize("change", ["name", "mark", "time", "way out", "nonsense"])
async def test_a_changed_link_gives_nothing(team: str, http: httpx2.AsyncClient, tmp_path: Path, change: str) -> None:
    (tmp_path / "secret.csv").write_text("a", "utf-8")
    async with client_of(team, "nora") as client:
        exported, _ = await called(client, "export", **EXPORT)
    start, link, *name = exported["link"].rsplit("/", 3)
    until, _, mark = link.partition(".")
    changed = {
        "name": (link, "other.csv"),
        "mark": (f"{until}.{'A' * len(mark)}", *name),
        "time": (f"{int(until) + 9}.{mark}", *name),
        "way out": (link, "..%2F..%2Fsecret.csv"),
        "nonsense": ("²." + "é" * len(mark), *name),
    }[change]

    answer = await http.get(of_team(team, "/".join([start, *changed])), headers=as_person("nora"))

    assert answer.status_code == 404


async def test_one_person_alone_has_links_at_the_address_of_the_server(org: LocalOrg, tmp_path: Path) -> None:
    async with alone(org, files=tmp_path) as (client, http):
        exported, _ = await called(client, "export", **EXPORT)
        answer = await http.get(exported["link"])
        (tmp_path / PATH).unlink()
        gone = await http.get(exported["link"])

    assert len(answer.content) == exported["bytes"]
    assert gone.status_code == 404


async def test_over_http_rows_come_with_the_call_and_the_bad_ones_by_a_link(org: LocalOrg, tmp_path: Path) -> None:
    rows = [["Quetz", "q@acme.example"], ["", "none@acme.example"]]
    async with alone(org, files=tmp_path) as (client, http):
        done, _ = await called(client, "import", sobject="Contact", columns=["Last Name", "Email"], rows=rows, go=True)
        answer = await http.get(done["link"])

    assert (done["saved"], done["bad"]) == (1, 1)
    assert list(csv.reader(answer.text.splitlines()))[1] == ["", "none@acme.example", "LastName: Is required."]
