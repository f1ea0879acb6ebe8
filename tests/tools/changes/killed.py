"""Processes that are killed in the middle of a call: at any request to the org, or any line of the journal.

Each is a process of its own, with an org in a file. SIGKILL comes before a request reaches the org, or after it is done
there and before its answer arrives, or before a line of the journal's code or of what calls it.
"""

import asyncio
import multiprocessing
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeAlias

from mcp import Client

from mcp_salesforce.changes import gate, journal
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.standard import STANDARD_OBJECTS
from mcp_salesforce.localorg.standard.custom import read_schema
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.sqlite import Store
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.asgi import Message
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.changes import toolset
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.orgs import copy_of
from tests.tools.calls import PREFIX
from tests.tools.changes.generated import colleague
from tests.tools.changes.states import state_of
from tests.tools.records.clinic import CLINIC

Arguments: TypeAlias = Mapping[str, Any]
App: TypeAlias = Callable[..., Awaitable[None]]
Step: TypeAlias = tuple[str, Callable[[LocalOrg], Arguments]]

PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
_ORG, _SCHEMA, _JOURNAL = "org.db", "schema.yaml", "journal.db"
_STRIDE: Final = 7919
_WATCHED: Final = frozenset(each.__file__ for each in (gate, journal, toolset))


class Points:
    """Counts the points at which a process can be killed, and ends it at one of them."""

    def __init__(self) -> None:
        self.count = 0
        self.kill_at = 0

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def over(self, app: App) -> App:
        """Return `app` with a point before each request, and one when it is done and not answered yet."""

        async def reached(scope: Message, receive: Any, send: Any) -> None:
            answer: list[Message] = []

            async def keep(message: Message) -> None:
                answer.append(message)

            self()
            await app(scope, receive, keep)
            self()
            for message in answer:
                await send(message)

        return reached

    def watch(self) -> None:
        """Put a point before each line of what keeps changes, in this process."""

        def line(_frame: FrameType, event: str, _: object) -> Any:
            if event == "line":
                self()
            return line

        def call(frame: FrameType, _event: str, _: object) -> Any:
            return line if frame.f_code.co_filename in _WATCHED else None

        sys.settrace(call)


class LosingOrg:
    """An org of which one answer to what may be a write is lost, number `at` from 0: that is done, or never arrives."""

    def __init__(self, app: App, at: int, *, is_done: bool) -> None:
        self.asked = 0
        self._app = app
        self._at = at
        self._is_done = is_done

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["method"] == "GET" or "/oauth2/" in scope["path"]:
            await self._app(scope, receive, send)
            return
        self.asked += 1
        if self.asked - 1 != self._at:
            await self._app(scope, receive, send)
            return
        if self._is_done:
            await self._app(scope, receive, _lost)
        raise ConnectionResetError


async def _lost(_message: Message) -> None:
    pass


@asynccontextmanager
async def serving(org: LocalOrg, folder: Path, app: App | None = None) -> AsyncIterator[Client]:
    """A client of a server on `org`, or what stands before it, with the journal in `folder`."""
    own = settings_of(org, journal=str(folder / _JOURNAL), state_key="k" * 32)
    server = create_server(own, transport=AsgiTransport(app or org.app), now=lambda: NOW)
    async with Client(server, elicitation_callback=approve) as mcp:
        yield mcp


def keep(org: LocalOrg, folder: Path) -> None:
    """Put a copy of an org into `folder`."""
    (folder / _SCHEMA).write_text(CLINIC)
    with sqlite3.connect(folder / _ORG) as file:
        org.store.connection.backup(file)
    file.close()


def org_in(folder: Path) -> LocalOrg:
    """The org whose file is in `folder`."""
    schema = Schema(STANDARD_OBJECTS)
    for each in read_schema(folder / _SCHEMA, STANDARD_OBJECTS):
        schema.add(each)
    return LocalOrg(Store(folder / _ORG), schema, lambda: NOW)


async def run(org: LocalOrg, folder: Path, steps: Sequence[Step], app: App | None = None) -> None:
    """Make calls, one after another."""
    async with serving(org, folder, app) as mcp:
        for tool, arguments in steps:
            await mcp.call_tool(PREFIX + tool, dict(arguments(org)))


def run_until_killed(folder: Path, case: str, number: int) -> None:
    """Make the last call of a case in this process, on the org in `folder`, and be killed at a point of it.

    It is made on a copy first, to know how many points it has.
    """
    points, dry = Points(), folder / "dry"
    dry.mkdir()
    for file in folder.glob(f"{_JOURNAL}*"):
        shutil.copy(file, dry)
    points.watch()
    with org_in(folder) as org:
        with copy_of(org, lambda: NOW) as copy:
            asyncio.run(run(copy, dry, CASES[case][-1:], points.over(copy.app)))
            assert state_of(copy) != state_of(org), "it writes nothing"
        points.kill_at = points.count + 1 + number * _STRIDE % points.count
        asyncio.run(run(org, folder, CASES[case][-1:], points.over(org.app)))


def ids(org: LocalOrg, sobject: str, where: str = "1 = 1") -> list[str]:
    """The records that are there."""
    rows = org.store.rows(f'SELECT Id FROM "{sobject}" WHERE IsDeleted = 0 AND {where} ORDER BY Id')
    return [row["Id"] for row in rows]


def _rows(_: LocalOrg) -> Arguments:
    rows = [
        {"LastName": "Ada"},
        {"LastName": "Lise", "AccountId": "001lo0000009999AAA"},
        {"LastName": "Emmy", "Email": "Emmy@Example.com"},
    ]
    return {"sobject": "Contact", "records": rows, "all_or_none": False}


def _upserted(org: LocalOrg) -> Arguments:
    new = {"Number__c": "N-9", "Patient__c": ids(org, "Contact")[0]}
    return {
        "sobject": "Visit__c",
        "external_id_field": "Number__c",
        "records": [{"Number__c": "N-0", "Notes__c": "x"}, new],
    }


def _booked(org: LocalOrg) -> Arguments:
    time = {"StartDateTime": "2026-12-07T15:00:00Z", "DurationInMinutes": 30}
    return {"data": {"Subject": "Booked", **time}, "invitees": [colleague(org), ids(org, "Contact")[0]]}


def _series(_: LocalOrg) -> Arguments:
    time = {"StartDateTime": "2026-12-07T15:00:00Z", "DurationInMinutes": 30}
    return {"data": {"Subject": "Round", **time, "Recurrence2PatternText": "FREQ=DAILY;COUNT=3"}}


def _invited(org: LocalOrg) -> Arguments:
    contact, other, *_ = ids(org, "Contact")
    return {"event_id": ids(org, "Event")[0], "add": [colleague(org), contact], "remove": [other]}


_NOTHING: Final[Callable[[LocalOrg], Arguments]] = lambda _: {}  # noqa: E731 - one of many
_UNDO: Final[Step] = ("undo", _NOTHING)
_WRITES: Final[Mapping[str, list[Step]]] = {
    "create": [("create_contact", lambda _: {"data": {"LastName": "New", "Email": "New@Example.com"}})],
    "create the same again": [("create_contact", lambda _: {"data": {"LastName": "New"}})] * 2,
    "update": [("update_contact", lambda org: {"contact_id": ids(org, "Contact")[0], "data": {"Title": "Prof"}})],
    "delete": [("delete_contact", lambda org: {"contact_id": ids(org, "Contact")[-1]})],
    "create rows": [("create_records", _rows)],
    "update rows": [
        (
            "update_records",
            lambda org: {"sobject": "Contact", "records": [{"Id": each, "Title": "X"} for each in ids(org, "Contact")]},
        )
    ],
    "upsert": [("upsert_records", _upserted)],
    "delete rows": [
        ("delete_records", lambda org: {"sobject": "Contact", "record_ids": ids(org, "Contact")[1:4]}),
    ],
    "book": [("create_appointment", _booked)],
    "book a series": [("create_appointment", _series)],
    "delete from a series": [
        ("create_appointment", _series),
        (
            "delete_appointment",
            lambda org: {"event_id": ids(org, "Event", "IsRecurrence2 = 1")[2], "scope": "following"},
        ),
    ],
    "move": [
        (
            "update_appointment",
            lambda org: {"event_id": ids(org, "Event")[0], "data": {"StartDateTime": "2026-12-08T15:00:00Z"}},
        )
    ],
    "close": [
        (
            "close_appointment",
            lambda org: {
                "event_id": ids(org, "Event")[0],
                "outcome": "cancelled",
                "follow_up": {"ActivityDate": "2026-12-10"},
            },
        )
    ],
    "invite": [("set_invitees", _invited)],
    "uninvite": [
        ("set_invitees", _invited),
        ("set_invitees", lambda org: {"event_id": ids(org, "Event")[0], "remove": [ids(org, "Contact")[0]]}),
    ],
    "restore": [
        ("delete_contact", lambda org: {"contact_id": ids(org, "Contact")[-1]}),
        (
            "restore_records",
            lambda org: {"record_ids": [org.store.rows("SELECT Id FROM Contact WHERE IsDeleted = 1")[0]["Id"]]},
        ),
    ],
}
CASES: Final[Mapping[str, list[Step]]] = {
    **_WRITES,
    **{f"undo {name}": [*steps, _UNDO] for name, steps in _WRITES.items()},
}
"""Calls by name; the last one is that in which the process is killed."""
