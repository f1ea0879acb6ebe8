"""Real hosts before a delete that a person has to approve: what their user sees, and what each answer does."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from mcp_salesforce.cli.hosts import SERVER_NAME
from tests.hosts.conftest import SESSION_S, connection, prepare, rest, rows, running_org, watched_server
from tests.hosts.dialogs import DIALOGS, DO, KEEP, Dialog
from tests.hosts.hosts import HOSTS, Host
from tests.hosts.model import Model, Wanted, serving
from tests.hosts.seat import Seat
from tests.hosts.terminal import terminal

pytestmark = [pytest.mark.clients, pytest.mark.slow]

KEPT, GONE = ("Sand", "Stein"), ("Auster", "Eco")
CANNOT_ASK = ("Gemini CLI", "opencode", "pydantic-ai")
MODES = ("auto", "legacy")


@dataclass
class Desk:
    """A host with the server, an org with four contacts, and a model that wants pairs of them deleted."""

    seat: Seat
    model: Model
    org: dict[str, str]
    questions: list[str] = field(default_factory=list)
    """What the user saw."""

    @property
    def read(self) -> list[str]:
        """What the model has read of its calls' answers, in order."""
        last = self.model.asked[-1] if self.model.asked else None
        return [text for name, text in last.results if "salesforce_" in name] if last else []

    def has_read(self, answers: int) -> bool:
        """Tell whether the model has read as many answers."""
        return len(self.read) == answers

    def left(self, names: Sequence[str]) -> int:
        """Count the contacts of these names that are in the org."""
        return len(rows(self.org, f"SELECT Id FROM Contact WHERE LastName IN ('{names[0]}', '{names[1]}')"))


def named(name: str) -> Host:
    return next(host for host in HOSTS if host.name == name)


def deletion(ids: Sequence[str]) -> Wanted:
    return Wanted("delete_records", {"sobject": "Contact", "record_ids": list(ids)})


@contextmanager
def opened(host: Host, home: Path) -> Iterator[Desk]:
    if missing := host.missing():
        pytest.skip(f"{', '.join(missing)} is not installed: .ci/hosts")
    (home / "work").mkdir()
    with running_org(home) as org, serving([]) as model:
        ids = [[rest(org, "sobjects/Contact", {"LastName": name})["id"] for name in pair] for pair in (KEPT, GONE)]
        model.script = [deletion(pair) for pair in ids]
        settings = connection(org) | {"SALESFORCE_JOURNAL": str(home / "journal.db")}
        seat = Seat(home, model.address, watched_server(home), settings)
        prepare(host, seat)
        yield Desk(seat, model, org)


def by_terminal(dialog: Dialog, desk: Desk) -> None:
    """Answer two dialogs of a terminal interface: the first with Enter alone, the second with the other choice."""
    with terminal() as screen:
        dialog.settle(desk.seat)
        screen.start(dialog.words(desk.seat), desk.seat.folder, desk.seat.environment())
        for answers, names, keys in ((1, KEPT, dialog.keep), (2, GONE, dialog.do)):
            screen.press(dialog.to_question)
            desk.questions.append(screen.shows(*names, keys[0][0]))
            screen.press(keys)
            screen.wait(partial(desk.has_read, answers), "the tool's answer")


def by_handler(mode: str, host: Host, desk: Desk) -> None:
    """Decline the first question, and accept the second with the other choice."""
    ended = desk.seat.run([*host.words(desk.seat.model), mode, "decline", "accept"], SESSION_S)
    assert ended.returncode == 0, ended
    desk.questions += [line for line in ended.stdout.splitlines() if line.startswith("[")]


@pytest.fixture(
    scope="module",
    params=[*DIALOGS, *MODES],
    ids=[*(dialog.name for dialog in DIALOGS), *(f"FastMCP client, {mode}" for mode in MODES)],
)
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A host whose user has answered two questions: kept the first pair of contacts, and deleted the second."""
    asks: Dialog | str = request.param
    host = asks.host if isinstance(asks, Dialog) else named("FastMCP client")
    with opened(host, tmp_path_factory.mktemp("home")) as opened_desk:
        if isinstance(asks, Dialog):
            by_terminal(asks, opened_desk)
        else:
            by_handler(asks, host, opened_desk)
        yield opened_desk


def test_the_question_names_the_records_and_shows_both_choices_in_words(desk: Desk) -> None:
    for shown, names in zip(desk.questions, (KEPT, GONE), strict=True):
        assert all(text in shown for text in (f"{DO}?", KEEP, *names))
        assert shown.index(KEEP) < shown.rindex(DO)


def test_enter_alone_or_a_decline_keeps_everything(desk: Desk) -> None:
    assert desk.left(KEPT) == 2
    assert "APPROVAL_DECLINED" in desk.read[0]


def test_the_other_answer_deletes_once(desk: Desk) -> None:
    assert desk.left(GONE) == 0
    assert len(desk.read) == 2
    assert re.search(r"succeeded\W+2\b", desk.read[1]), desk.read[1]


@pytest.mark.parametrize("name", CANNOT_ASK)
def test_a_host_that_cannot_ask_tells_the_way_out_and_the_call_then_succeeds_once(name: str, tmp_path: Path) -> None:
    host = named(name)
    with terminal() as screen, opened(host, tmp_path) as desk:
        journal = desk.seat.settings["SALESFORCE_JOURNAL"]
        command = [sys.executable, "-m", "mcp_salesforce", "approve", "--journal", journal]

        def approve() -> None:
            screen.start(command, desk.seat.folder, desk.seat.environment())
            screen.press([("Your answer:", "a"), ("Your answer: a", "Enter")])
            screen.shows("Approved")

        wanted = desk.model.script[0]
        restored = Wanted("restore_records", {"record_ids": wanted.arguments["record_ids"]})
        desk.model.script = [wanted, replace(wanted, before=approve), restored, wanted]
        ended = desk.seat.run(host.words(desk.seat.model), SESSION_S, {SERVER_NAME: desk.seat.entry})
        assert ended.returncode == 0, ended

        refused, deleted, undone, again = desk.read
        assert all("APPROVAL_UNAVAILABLE" in text for text in (refused, again))
        assert f"mcp-salesforce approve --journal {journal}" in refused
        assert re.search(r"succeeded\W+2\b", deleted), deleted
        assert re.search(r"restored\W+2\b", undone), undone
        assert desk.left(KEPT) == 2
