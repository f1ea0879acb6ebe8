"""Commands that take longer than a second say what they wait for and how far they are: to a person, and nobody else."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcp_salesforce.cli.doctor import command as doctor
from mcp_salesforce.cli.org import opened
from mcp_salesforce.cli.waiting import bar, waiting


class Screen(io.StringIO):
    """A terminal that keeps what it was sent."""

    def isatty(self) -> bool:
        return True


@contextmanager
def terminal() -> Iterator[Screen]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", "100")
        for name in ("NO_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE"):
            patch.delenv(name, raising=False)
        screen = Screen()
        patch.setattr(sys, "stderr", screen)
        yield screen


def test_a_person_sees_what_a_command_waits_for_and_that_it_goes_on() -> None:
    with terminal() as screen, waiting("Looking") as now:
        now("Checking: [the] token")

    assert "Checking: [the] token" in screen.getvalue()


def test_a_person_sees_how_many_contacts_of_a_large_org_are_there() -> None:
    with terminal() as screen, opened(None, contacts=2500) as org:
        found = org.store.row("SELECT count(*) AS number FROM Contact")

    assert found is not None
    assert found["number"] == 2500
    assert "contacts" in screen.getvalue()
    assert "/2500" in screen.getvalue()


def test_a_person_sees_which_stage_the_doctor_is_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with terminal() as screen, pytest.raises(SystemExit):
        doctor(["--http", "http://127.0.0.1:1/mcp"])

    assert "Checking: Reach" in screen.getvalue()


def test_a_file_or_a_pipe_gets_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("Looking") as now:
        now("Checking")
    with bar("rows") as show:
        show(1, None)
    with opened(None, contacts=250):
        pass

    assert capsys.readouterr() == ("", "")
