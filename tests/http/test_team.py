"""A server for a team: each person's calls on their own session, and nothing of one in an answer to another."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.store.sqlite_file import SqliteStore
from tests.approving import approve
from tests.conftest import ERAS, NOW, settings_of
from tests.effort import examples
from tests.http.served import HEADERS, answer_in, request_of, served
from tests.http.team import CHALLENGE, KnownPeople, as_person, team_app
from tests.orgs import new_org
from tests.tools.calls import error_in, text_of

NAMES = ("nora", "jonas", "aiko")
KEY = "k" * 32
LIST = request_of("tools/call", {"name": "salesforce_list_contacts", "arguments": {"limit": 1}})


def people_of(org: LocalOrg) -> KnownPeople:
    return KnownPeople({name: org.credentials_of(name) for name in NAMES}, "http://127.0.0.1:1")


@asynccontextmanager
async def running(
    org: LocalOrg, people: KnownPeople | None = None, store: SqliteStore | None = None, **changes: Any
) -> AsyncIterator[str]:
    limits = {name: changes.pop(name) for name in ("calls_per_minute", "concurrent_calls") if name in changes}
    own = settings_of(org, **{"journal": "off", "state_key": KEY, "toolsets": "all", **changes})
    app = team_app(
        own,
        people or people_of(org),
        store or SqliteStore(None),
        transport=AsgiTransport(org.app),
        now=lambda: NOW,
        **limits,
    )
    async with served(app) as url:
        yield url


@asynccontextmanager
async def client_of(url: str, name: str, mode: str = "auto") -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(headers=as_person(name), timeout=60) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode, elicitation_callback=approve) as client:
            yield client


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO"])
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer nobody", "Basic bm9yYTp4", "nora", "Bearer nora, Bearer jonas"],
)
async def test_nobody_gets_in_without_a_token_whatever_they_send(
    org: LocalOrg, http: httpx2.AsyncClient, method: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with running(org) as url:
        answer = await http.request(method, url, headers=headers, content=b"{")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == CHALLENGE


async def test_a_token_in_the_address_counts_for_nothing(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    async with running(org) as url:
        answer = await http.post(f"{url}?access_token=nora", json=LIST, headers=HEADERS)

    assert answer.status_code == 401


async def test_who_is_let_in_is_still_told_which_method_to_use(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    async with running(org) as url:
        answer = await http.get(url, headers=as_person("nora"))

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_nobody_gets_in_while_nobody_can_tell_who_they_are(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    people = people_of(org)
    people.is_broken = True
    async with running(org, people) as url:
        answer = await http.post(url, json=LIST, headers={**HEADERS, **as_person("nora")})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize("mode", ERAS)
async def test_each_person_acts_as_themselves(org: LocalOrg, mode: str) -> None:
    async with running(org) as url:
        names = {}
        for name in NAMES:
            async with client_of(url, name, mode) as client:
                who = await client.call_tool("salesforce_whoami", {})
                names[name] = who.structured_content["user"]["Username"]

    assert names == {name: org.credentials_of(name).username for name in NAMES}


async def test_what_is_told_of_logins_is_read_by_pages_and_the_endpoint_is_not(
    org: LocalOrg, http: httpx2.AsyncClient
) -> None:
    page = {"Origin": "https://claude.example"}
    async with running(org) as url:
        metadata = await http.get(url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp"), headers=page)
        endpoint = await http.post(url, json=LIST, headers={**HEADERS, **as_person("nora"), **page})

    assert (metadata.status_code, endpoint.status_code) == (200, 403)


async def test_a_person_has_so_many_requests_a_minute_and_others_have_theirs(
    org: LocalOrg, http: httpx2.AsyncClient
) -> None:
    async with running(org, calls_per_minute=3) as url:
        nora = {**HEADERS, **as_person("nora")}
        asked = [await http.post(url, json=request_of("ping"), headers=nora) for _ in range(7)]
        other = await http.post(url, json=request_of("ping"), headers={**HEADERS, **as_person("jonas")})

    refused = [answer for answer in asked if answer.status_code == 429]
    assert 1 <= len(refused) <= 4  # a minute may end meanwhile
    assert 1 <= int(refused[0].headers["retry-after"]) <= 60
    assert other.status_code == 200


async def test_a_person_has_so_many_requests_at_once(org: LocalOrg) -> None:
    async with running(org, concurrent_calls=2) as url, httpx2.AsyncClient(headers=HEADERS) as http:
        entered: list[asyncio.Event] = [asyncio.Event() for _ in range(2)]
        go = asyncio.Event()

        async def slow(number: int) -> AsyncIterator[bytes]:
            entered[number].set()
            yield b" "
            await go.wait()
            yield json.dumps(request_of("ping")).encode()

        running_now = [
            asyncio.create_task(http.post(url, content=slow(number), headers=as_person("nora"))) for number in range(2)
        ]
        await asyncio.gather(*(each.wait() for each in entered))
        asked = [await http.post(url, json=request_of("ping"), headers=as_person("nora")) for _ in range(20)]
        refused = asked[-1]  # by then the server has read both heads
        other = await http.post(url, json=request_of("ping"), headers=as_person("jonas"))
        go.set()
        answers = await asyncio.gather(*running_now)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert other.status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_nothing_that_one_was_given_works_for_another(org: LocalOrg, tmp_path: Path) -> None:
    async with (
        running(org, journal=str(tmp_path / "journal.db")) as url,
        client_of(url, "nora") as nora,
        client_of(url, "jonas") as jonas,
    ):
        page = await nora.call_tool("salesforce_list_contacts", {"limit": 1})
        made = await nora.call_tool("salesforce_create_contact", {"data": {"LastName": "Canary"}})
        cursor, change = page.structured_content["next_cursor"], made.structured_content["change_id"]
        stolen = [
            await jonas.call_tool("salesforce_list_contacts", {"limit": 1, "cursor": cursor}),
            await jonas.call_tool("salesforce_undo", {"change_id": change}),
            await jonas.call_tool("salesforce_undo", {}),
        ]
        undone = await nora.call_tool("salesforce_undo", {"change_id": change})

    assert all(error_in(text_of(each.content))["code"] for each in stolen)
    assert change not in text_of(stolen[2].content)
    assert not undone.is_error


async def test_nobody_of_a_team_is_sent_to_a_terminal_of_the_server(org: LocalOrg, tmp_path: Path) -> None:
    async with running(org, journal=str(tmp_path / "journal.db")) as url, client_of(url, "nora", "legacy") as nora:
        made = [await nora.call_tool("salesforce_create_contact", {"data": {"LastName": each}}) for each in ("A", "B")]
        ids = [each.structured_content["Id"] for each in made]
        refused = await nora.call_tool("salesforce_delete_records", {"sobject": "Contact", "record_ids": ids})

    error = error_in(text_of(refused.content))
    assert error["code"] == "APPROVAL_UNAVAILABLE"
    assert "terminal" not in error["hint"]


async def test_files_of_one_are_not_those_of_another(org: LocalOrg, tmp_path: Path) -> None:
    arguments = {"path": "contacts.csv", "sobject": "Contact", "fields": ["Id", "Name"]}
    async with running(org, files=tmp_path) as url:
        for name in ("nora", "jonas"):
            async with client_of(url, name) as client:
                exported = await client.call_tool("salesforce_export", arguments)
                assert not exported.is_error, exported

    found = [Path(folder).name for folder, _, files in os.walk(tmp_path) if files == ["contacts.csv"]]
    assert len(found) == 2
    assert tmp_path.name not in found


CALLS: Sequence[tuple[str, dict[str, Any]]] = (
    ("salesforce_list_contacts", {"limit": 3}),
    ("salesforce_list_contacts", {"limit": 3, "cursor": "NEXT"}),
    ("salesforce_query", {"soql": "SELECT Id, Name FROM Account ORDER BY Name LIMIT 7"}),
    ("salesforce_query", {"soql": "SELECT Id, Name FROM Opportunity ORDER BY Name LIMIT 7"}),
    ("salesforce_query", {"soql": "SELECT Nonsense FROM Account"}),
    ("salesforce_list_appointments", {"start": "2026-11-20", "end": "2026-11-30"}),
    ("salesforce_describe", {"sobject": "Contact"}),
    ("salesforce_search", {"text": "an"}),
)
WORK = st.lists(st.sampled_from(CALLS), min_size=1, max_size=5)


async def answers_of(url: str, name: str, work: Sequence[tuple[str, dict[str, Any]]]) -> list[Any]:
    """What a person is answered, call by call; `NEXT` is the cursor of the last page that had one."""
    answers, cursor = [], ""
    async with httpx2.AsyncClient(headers={**HEADERS, **as_person(name)}, timeout=60) as http:
        for tool, arguments in work:
            given = {**arguments, **({"cursor": cursor} if "cursor" in arguments else {})}
            if "cursor" in given and not cursor:
                continue
            params = {"name": tool, "arguments": given}
            result = answer_in(await http.post(url, json=request_of("tools/call", params)))["result"]
            cursor = (result.get("structuredContent") or {}).get("next_cursor", cursor)
            answers.append(result)
    return answers


@given(st.tuples(WORK, WORK, WORK))
@settings(max_examples=examples(16, 4), phases=(Phase.explicit, Phase.generate))
def test_the_calls_of_several_at_once_have_the_answers_that_each_would_have_alone(work: tuple[Any, ...]) -> None:
    async def alone_and_together() -> tuple[list[Any], list[Any]]:
        with new_org(lambda: NOW) as org:
            alone = []
            for name, calls in zip(NAMES, work, strict=True):
                async with running(org) as url:
                    alone.append(await answers_of(url, name, calls))
            async with running(org) as url:
                named = zip(NAMES, work, strict=True)
                together = await asyncio.gather(*(answers_of(url, name, calls) for name, calls in named))
        return alone, [*together]

    alone, together = asyncio.run(alone_and_together())
    assert together == alone
