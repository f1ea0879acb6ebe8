"""A task done by hand: a person, or an agent with a shell, makes one call at a time and sees what a model sees."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from mcp_types import ElicitResult

from evals.aftermath import records_of
from evals.others import SERVERS
from evals.runs import Called, Desk, Offered, Result, approve, begun, judged, made
from evals.servers import Server, connected, own, served
from evals.tasks import TASKS
from mcp_salesforce.localorg import LocalOrg, utcnow
from mcp_salesforce.localorg.standard import STANDARD_OBJECTS
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.sqlite import Store

_ORG, _ABOUT, _CALLS, _OFFERED = "org.db", "play.json", "calls.jsonl", "offered.json"


class PlayError(Exception):
    """A play cannot be started, or there is none; the message says what to do."""


class QuestionError(Exception):
    """The server asks the person something; the message is the question. Nothing was done, and the call not counted."""


@dataclass(frozen=True)
class Play:
    """A task that somebody does in a folder, with a server that starts again for each call."""

    folder: Path
    number: int
    moment: str
    """When it began: the start state follows from it."""
    server: str
    toolsets: str

    @classmethod
    def start(cls, folder: Path, number: int, server: str, toolsets: str) -> Self:
        """Put the start state of a task into a file of a new or empty folder.

        Raises:
            PlayError: The folder has files, there is no such task, or the server is not installed.
        """
        folder = folder.absolute()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise PlayError(f"{folder} is not empty. Name a new folder.")
        play = cls(folder, number, utcnow().isoformat(), server, toolsets)
        desk = play._begun()
        if missing := play.driven.missing():
            raise PlayError(missing)
        folder.mkdir(parents=True, exist_ok=True)
        with desk.org, closing(sqlite3.connect(folder / _ORG)) as file:
            desk.org.store.connection.backup(file)
        about = {key: value for key, value in asdict(play).items() if key != "folder"}
        (folder / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        (folder / _CALLS).touch()
        return play

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Return the play in a folder.

        Raises:
            PlayError: There is none.
        """
        file = folder.absolute() / _ABOUT
        if not file.is_file():
            raise PlayError(f"{folder} has no play. Start one: python -m evals play TASK --dir {folder}")
        return cls(file.parent, **json.loads(file.read_text(encoding="utf-8")))

    @property
    def driven(self) -> Server:
        """The server of the play."""
        return SERVERS[self.server] if self.server in SERVERS else own(self.toolsets)

    @property
    def request(self) -> str:
        """What the person asks for."""
        with (desk := self._begun()).org:
            return desk.task.request

    async def offered(self) -> Offered:
        """Return what a model sees before its first call, and keep it.

        Raises:
            ServerError: The server does not start.
        """
        with self._org() as org, served(org) as connection:
            async with connected(self.driven, connection, self.folder, approve) as client:
                offered = await Offered.by(client)
        (self.folder / _OFFERED).write_text(json.dumps(asdict(offered), ensure_ascii=False), encoding="utf-8")
        return offered

    async def call(self, tool: str, arguments: Mapping[str, Any], *, approves: bool | None = None) -> Called:
        """Make one call, and keep it in the record.

        Args:
            tool: Its name.
            arguments: Its arguments.
            approves: What the person answers when the server asks; None does not answer.

        Raises:
            QuestionError: The server asked, and nobody answered.
        """
        questions: list[str] = []

        async def person(context: Any, params: Any) -> ElicitResult:  # noqa: ANN401 - the SDK's signature
            questions.append(params.message)
            if approves:
                return await approve(context, params)
            return ElicitResult(action="cancel" if approves is None else "decline")

        with self._org() as org, served(org) as connection:
            async with connected(self.driven, connection, self.folder, person) as client:
                called, _ = await made(client, tool, arguments)
        if questions and approves is None:
            raise QuestionError(questions[0])
        with (self.folder / _CALLS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(called), ensure_ascii=False) + "\n")
        return called

    def finish(self, answer: str) -> Result:
        """Look what became of the org; `answer` is what the person is told."""
        lines = (self.folder / _CALLS).read_text(encoding="utf-8").splitlines()
        with (desk := self._begun()).org, self._org() as org:
            desk.called += [Called(**json.loads(line)) for line in lines]
            if (offered := self.folder / _OFFERED).exists():
                desk.offered = Offered(**json.loads(offered.read_text(encoding="utf-8")))
            return judged(desk, records_of(desk.org), records_of(org), answer)

    def _begun(self) -> Desk:
        task = next((each for each in TASKS if each.number == self.number), None)
        if task is None:
            raise PlayError(f"There is no task {self.number}. Tasks have the numbers 1 to {len(TASKS)}.")
        if self.server != "own" and not task.others:
            able = ", ".join(str(each.number) for each in TASKS if each.others)
            raise PlayError(f"Task {self.number} cannot be done with another server. These can: {able}.")
        moment = datetime.fromisoformat(self.moment)
        return begun(task, lambda: moment)

    def _org(self) -> LocalOrg:
        return LocalOrg(Store(self.folder / _ORG), Schema(STANDARD_OBJECTS), utcnow)
