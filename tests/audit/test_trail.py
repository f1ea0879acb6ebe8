"""The file: only its owner's, whole with several processes, after a kill, on a full disk, and when it is rotated."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from opentelemetry import _logs as otel
from opentelemetry._logs import _internal
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from mcp_salesforce.audit.trail import AuditError, AuditFile, state_of
from mcp_salesforce.localorg import LocalOrg
from tests.audit.audits import KEY, audited, lines_in, verified
from tests.effort import examples
from tests.test_logs import lines_of, logged
from tests.tools.calls import called, refusal

WRITING = """
import sys
from pathlib import Path
from mcp_salesforce.audit.trail import AuditFile

trail = AuditFile(Path(sys.argv[1]), lambda: bytes.fromhex(sys.argv[2]))
for number in range(int(sys.argv[4])):
    trail.append(f"{sys.argv[3]}-{number}", {"tool": "salesforce_query", "outcome": "ok"})
trail.close()
"""
BEGINNING = """
import sys
from pathlib import Path
from mcp_salesforce.audit.trail import AuditFile

trail = AuditFile(Path(sys.argv[1]), lambda: bytes.fromhex(sys.argv[2]))
trail.begin("one", {"tool": "salesforce_delete_records", "outcome": "killed"})
print("begun", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[AuditFile]:
    kept = AuditFile(tmp_path / "audit.jsonl", lambda: KEY)
    yield kept
    kept.close()


def append(trail: AuditFile, *ids: str) -> None:
    for each in ids:
        trail.append(each, {"tool": "salesforce_query", "outcome": "ok"})


@pytest.mark.anyio
async def test_without_a_secret_a_key_is_kept_beside_the_file(org: LocalOrg, tmp_path: Path) -> None:
    async with audited(org, tmp_path, state_key=None) as client:
        await called(client, "list_contacts")
    file = tmp_path / "audit.jsonl"
    checked = verified(file, SALESFORCE_STATE_KEY="")
    assert checked.exit_code == 0
    assert "There is no key here" not in checked.output
    assert verified(file).exit_code == 1
    (tmp_path / "audit.key").unlink()
    checked = verified(file, SALESFORCE_STATE_KEY="")
    assert checked.exit_code == 0
    assert "There is no key here, so only the hashes were checked" in checked.output
    assert not (tmp_path / "audit.key").exists()


@pytest.mark.anyio
async def test_the_files_are_their_owners_alone(org: LocalOrg, tmp_path: Path) -> None:
    async with audited(org, tmp_path / "new" / "folder", journal="off") as client:
        await called(client, "list_contacts")
        files = list((tmp_path / "new" / "folder").iterdir())
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o700


def test_the_chain_of_several_processes_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    running = [
        subprocess.Popen([sys.executable, "-c", WRITING, file, KEY.hex(), name, "60"]) for name in ("a", "b", "c")
    ]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    lines = lines_in(tmp_path)
    assert [line["n"] for line in lines] == [*range(1, 181)]
    assert {line["id"] for line in lines} == {f"{name}-{number}" for name in "abc" for number in range(60)}
    assert verified(file).exit_code == 0


def test_a_write_of_a_process_that_was_killed_is_told_by_the_next_one(tmp_path: Path, trail: AuditFile) -> None:
    file = tmp_path / "audit.jsonl"
    append(trail, "before")
    with subprocess.Popen(
        [sys.executable, "-c", BEGINNING, file, KEY.hex()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == b"begun\n"
        append(trail, "while")
        running.send_signal(signal.SIGKILL)
        running.wait(60)
    append(trail, "after")
    lines = lines_in(tmp_path)
    assert [(line["id"], line["outcome"]) for line in lines] == [
        ("before", "ok"),
        ("while", "ok"),
        ("one", "killed"),
        ("after", "ok"),
    ]


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_a_line_that_a_kill_cut_short_stays_and_the_next_line_vouches_for_it(
    tmp_path: Path, trail: AuditFile, kept: int
) -> None:
    """At -1 only the end of the line is missing, so that the line counts."""
    file = tmp_path / "audit.jsonl"
    append(trail, "a", "b")
    with closing(sqlite3.connect(state_of(file))) as state, state:
        head = state.execute("SELECT * FROM head").fetchone()
    append(trail, "c")
    whole = file.read_bytes()
    third = whole.splitlines()[2]
    with closing(sqlite3.connect(state_of(file))) as state, state:  # as it was when the process was killed
        state.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?)", head)
    file.write_bytes(whole[: -len(third) - 1] + (third[:kept] if kept > 0 else third))
    append(trail, "d")
    checked = verified(file)
    assert checked.exit_code == 0, checked.output
    assert ("a process ended while it wrote it" in checked.output) == (kept > 0)
    assert file.read_bytes().startswith(whole[: -len(third) - 1])


def test_a_line_whose_head_was_not_kept_any_more_counts_once(tmp_path: Path, trail: AuditFile) -> None:
    file = tmp_path / "audit.jsonl"
    append(trail, "a")
    with closing(sqlite3.connect(state_of(file))) as state, state:
        head = state.execute("SELECT * FROM head").fetchone()
    append(trail, "b")
    with closing(sqlite3.connect(state_of(file))) as state, state:
        state.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?)", head)
        state.execute("INSERT INTO begun VALUES ('b', 'nobody', '{}')")
    append(trail, "c")
    assert [line["id"] for line in lines_in(tmp_path)] == ["a", "b", "c"]
    assert verified(file).exit_code == 0


def test_a_cut_tail_is_named(tmp_path: Path, trail: AuditFile) -> None:
    file = tmp_path / "audit.jsonl"
    append(trail, *"abcde")
    whole = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(whole[:3]))
    checked = verified(file)
    assert checked.exit_code == 1
    assert "the end is missing: numbers 4 to 5" in checked.output
    append(trail, "f")  # what comes after does not hide it
    assert "numbers 4 to 5 are missing: number 6 follows number 3" in verified(file).output


def test_a_tail_that_was_cut_with_its_record_is_known_by_a_hash_that_was_noted(
    tmp_path: Path, trail: AuditFile
) -> None:
    file = tmp_path / "audit.jsonl"
    append(trail, *"abc")
    (noted,) = [line.rpartition(" ")[2] for line in verified(file).output.splitlines() if "Its hash" in line]
    assert verified(file, "--last", noted).exit_code == 0
    append(trail, "d")
    assert verified(file, "--last", noted).exit_code == 0
    trail.close()
    whole = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(whole[:2]))
    state_of(file).unlink()
    assert "state is missing" in verified(file).output
    assert verified(file).exit_code == 3
    told = verified(file, "--alone", "--last", noted)
    assert told.exit_code == 1
    assert "No line has the hash" in told.output
    append(trail, "e")
    assert "Lines cut off before it cannot be noticed" in verified(file).output


def test_a_lost_head_stays_a_doubt_until_a_hash_was_noted_behind_it(tmp_path: Path, trail: AuditFile) -> None:
    file = tmp_path / "audit.jsonl"
    append(trail, *"ab")
    trail.close()
    state_of(file).unlink()
    append(trail, *"cd")
    told = verified(file)
    assert told.exit_code == 3
    assert told.output.count("Lines cut off before it cannot be noticed") == 1
    assert "All lines fit, up to number 4" in told.output
    first, *_, last = [sha256(line).hexdigest() for line in file.read_bytes().splitlines()]
    assert verified(file, "--last", first).exit_code == 3
    accepted = verified(file, "--last", last)
    assert (accepted.exit_code, accepted.output.count("Note: ")) == (0, 1)
    trail.close()
    state_of(file).unlink()
    append(trail, "e")
    assert verified(file, "--last", last).exit_code == 3


def test_exit_statuses_tell_what_was_found(tmp_path: Path, trail: AuditFile) -> None:
    file = tmp_path / "audit.jsonl"
    assert verified(file).exit_code == 2  # not there
    append(trail, *"abc")
    whole = file.read_bytes().splitlines(keepends=True)
    assert verified(file).exit_code == 0
    file.write_bytes(b"".join(whole[:2]))
    assert verified(file).exit_code == 1
    trail.close()
    state_of(file).unlink()
    assert verified(file).exit_code == 3
    assert verified(file, "--alone").exit_code == 0
    file.write_bytes(b"")
    assert verified(file).exit_code == 3


def test_a_head_that_was_changed_is_named(tmp_path: Path, trail: AuditFile) -> None:
    file = tmp_path / "audit.jsonl"
    append(trail, *"ab")
    with closing(sqlite3.connect(state_of(file))) as state, state:
        state.execute("UPDATE head SET n = 1")
    assert "audit.jsonl.state was changed" in verified(file).output


def test_a_rotated_file_is_gone_on_with(tmp_path: Path, trail: AuditFile) -> None:
    file, old = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    append(trail, *"abc")
    file.rename(old)
    append(trail, *"de")
    assert [line["n"] for line in lines_in(tmp_path)] == [4, 5]
    assert verified(old, file).exit_code == 0
    alone = verified(file)
    assert alone.exit_code == 0
    assert "begins with number 4: earlier lines are in a file before it" in alone.output
    assert verified("--alone", old).exit_code == 0
    assert verified(file, old, "--alone").exit_code == 1


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond `size`: what a full disk is to a process."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, former)


@pytest.mark.anyio
async def test_on_a_full_disk_nothing_is_written_to_the_org_and_nothing_read_is_answered(
    org: LocalOrg, tmp_path: Path
) -> None:
    async with audited(org, tmp_path, journal="off") as client:
        await called(client, "create_contact", data={"LastName": "Sand"})
        before = (tmp_path / "audit.jsonl").read_bytes()
        with full_disk(len(before) + 20):
            write = await refusal(client, "create_contact", data={"LastName": "Stein"})
            read = await refusal(client, "list_contacts")
        await called(client, "list_contacts")
    for error in (write, read):
        assert error["code"] == "AUDIT"
        assert "cannot be written" in error["message"]
        assert error["message"].endswith("Nothing was changed.")
        assert "SALESFORCE_AUDIT_REQUIRED=false" in error["hint"]
    assert not org.store.rows("SELECT Id FROM Contact WHERE LastName = 'Stein'")
    assert (tmp_path / "audit.jsonl").read_bytes().startswith(before)
    assert verified(tmp_path / "audit.jsonl").exit_code == 0


@pytest.mark.anyio
async def test_the_log_has_the_last_hash_at_start_and_end_or_says_what_is_wrong(org: LocalOrg, tmp_path: Path) -> None:
    with logged() as stream:
        for _ in range(2):
            async with audited(org, tmp_path, log_level="INFO", log_format="json") as client:
                await called(client, "list_contacts")
    places = [line for line in lines_of(stream) if line["event"] == "audit"]
    assert [each["n"] for each in places] == [1, 1, 2]
    for each in places:
        assert verified(tmp_path / "audit.jsonl", "--last", each["hash"]).exit_code == 0
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "audit.jsonl.state").mkdir()
    for required, said in ((True, "Calls are refused until"), (False, "Calls are made and not recorded until")):
        with logged() as stream:
            async with audited(org, tmp_path / "folder", journal="off", audit_required=required):
                pass
        assert said in stream.getvalue()


def test_processes_that_are_killed_at_any_time_leave_a_whole_chain(tmp_path: Path, trail: AuditFile) -> None:
    file = tmp_path / "audit.jsonl"
    for number in range(examples(24, 6)):
        command = [sys.executable, "-c", WRITING, str(file), KEY.hex()]
        with (
            subprocess.Popen([*command, f"a{number}", "100000"]) as one,
            subprocess.Popen([*command, f"b{number}", "100000"]) as other,
        ):
            grown = file.stat().st_size if file.exists() else 0
            while not file.exists() or file.stat().st_size < grown + 4000 + 997 * number:
                assert one.poll() is None
                time.sleep(0.001)
            for each in (one, other):
                each.kill()
                each.wait(60)
        append(trail, f"after {number}")
        checked = verified(file)
        assert checked.exit_code == 0, checked.output


@pytest.mark.anyio
async def test_a_call_that_was_made_and_could_not_be_recorded_says_so_and_is_recorded_later(
    org: LocalOrg, tmp_path: Path
) -> None:
    file = tmp_path / "audit.jsonl"

    async def filling(scope: object, receive: object, send: object) -> None:
        if scope["path"].endswith("/composite"):  # type: ignore[index]
            file.rename(tmp_path / "away")
            file.mkdir()
        await org.app(scope, receive, send)  # type: ignore[arg-type]

    async with audited(org, tmp_path, app=filling) as client:
        await called(client, "list_contacts")
        error = await refusal(client, "create_contact", data={"LastName": "Stein"})
        file.rmdir()
        (tmp_path / "away").rename(file)
        assert error["code"] == "AUDIT"
        assert "The call was made. Do not repeat it." in error["message"]
        assert error["change_id"]
        await called(client, "list_contacts")
    created = [line for line in lines_in(tmp_path) if line["tool"] == "salesforce_create_contact"]
    assert [line["writes"][0]["done"] for line in created] == [1]
    assert len(lines_in(tmp_path)) == 3


@pytest.mark.anyio
async def test_where_that_is_wanted_calls_go_on_unrecorded_and_the_next_line_counts_them(
    org: LocalOrg, tmp_path: Path
) -> None:
    file = tmp_path / "audit.jsonl"
    with logged() as stream:
        async with audited(org, tmp_path, audit_required=False) as client:
            await called(client, "list_contacts")
            file.rename(tmp_path / "away")
            file.mkdir()
            await called(client, "list_contacts")
            await called(client, "create_contact", data={"LastName": "Stein"})
            file.rmdir()
            (tmp_path / "away").rename(file)
            await called(client, "list_contacts")
    assert stream.getvalue().count("Calls are not recorded: The audit") == 1
    assert [line.get("unrecorded") for line in lines_in(tmp_path)] == [None, 2]
    assert "2 calls before it could not be recorded" in verified(file).output


@pytest.fixture
def exporter() -> Iterator[InMemoryLogRecordExporter]:
    """What OpenTelemetry's SDK is given; its provider can be set once in a process, so it is taken away by hand."""
    kept, exporter = _internal._LOGGER_PROVIDER, InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    _internal._LOGGER_PROVIDER = provider
    yield exporter
    _internal._LOGGER_PROVIDER = kept


@pytest.mark.anyio
async def test_with_otel_each_call_is_a_log_record(
    org: LocalOrg, tmp_path: Path, exporter: InMemoryLogRecordExporter
) -> None:
    async with audited(org, tmp_path, audit="otel") as client:
        await called(client, "create_contact", data={"LastName": "Zurbriggen"})
    [record] = [each.log_record for each in exporter.get_finished_logs()]
    assert record.event_name == "mcp_salesforce.call"
    assert record.attributes
    assert record.attributes["tool"] == "salesforce_create_contact"
    assert '"fields":["LastName"]' in str(record.body)
    assert "Zurbriggen" not in str(record.body)


@pytest.mark.anyio
async def test_with_otel_and_nobody_who_takes_the_records_nothing_is_done(org: LocalOrg, tmp_path: Path) -> None:
    assert isinstance(otel.get_logger_provider(), otel._internal.ProxyLoggerProvider)
    async with audited(org, tmp_path, audit="otel") as client:
        error = await refusal(client, "create_contact", data={"LastName": "Stein"})
    assert error["code"] == "AUDIT"
    assert not org.store.rows("SELECT Id FROM Contact WHERE LastName = 'Stein'")


def test_another_programs_state_is_refused(tmp_path: Path, trail: AuditFile) -> None:
    state_of(tmp_path / "audit.jsonl").write_text("not a database")
    with pytest.raises(AuditError, match="cannot be written"):
        append(trail, "a")
    assert not os.path.exists(tmp_path / "audit.jsonl")  # noqa: PTH110 - a name, not a path object
