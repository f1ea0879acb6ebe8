"""Snapshots: what the server answers, for every combination of settings, and nothing else."""

import asyncio
import json
import os
import re
import stat
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce import DISTRIBUTION
from mcp_salesforce.config import Settings
from mcp_salesforce.front import folders, snapshots
from mcp_salesforce.front.requests import METHODS, REVISION, answered, recognised
from mcp_salesforce.front.told import Told
from mcp_salesforce.server import create_server
from mcp_salesforce.surface.first_answers import answers_of, keep_answers
from mcp_salesforce.tools import TOOLSETS
from tests.docs.answers import SETTINGS
from tests.front.served import answers_to

POLICIES = {
    "none": "",
    "changing": '[objects.Contact]\nactions = ["read", "update"]\n',
    "reading": '[objects.Contact]\nactions = ["read"]\n[objects.Event]\nactions = []\n',
}
WAYS: list[dict[str, Any]] = [
    {"access_token": "00D000000000001!none", "instance_url": "https://example.my.salesforce.com"},
    {"sf_org": "ana@acme.com"},
]
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "api_version": st.sampled_from(["v50.0", "v66.0"]),
        "timeout_s": st.integers(1, 600),
        "max_answer_tokens": st.integers(500, 90_000),
        "working_hours": st.sampled_from(["Mon-Sat 07:00-20:00", "Mon-Fri 09:00-17:00 Asia/Tokyo"]),
        "max_concurrency": st.integers(1, 100),
        "api_reserve": st.just("10%"),
        "appointment_status_field": st.just("Status__c"),
        "appointment_status_values": st.just("cancelled=Off,no_show=Gone,completed=Done"),
        "appointment_reason_field": st.just("Reason__c"),
        "log_format": st.just("json"),
        "login_url": st.just("https://test.salesforce.com"),
        "no_proxy": st.just("acme.com"),
        "proxy": st.just("http://proxy.acme.com:8080"),
        "state_key": st.just("k" * 40),
    },
)


def told_of(*given: str, is_read_only: bool = False) -> Told:
    return Told(*given, cache=folders.user_folder("cache", os.environ), is_read_only=is_read_only)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of the test's own; the package's snapshot is as if it were of other code."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(snapshots, "STAMP", str(tmp_path / "stamp.txt"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path | None]:
    """The policies as files."""
    folder = tmp_path_factory.mktemp("policies")
    files: dict[str, Path | None] = {name: folder / f"{name}.toml" for name in POLICIES}
    for name, text in POLICIES.items():
        if file := files[name]:
            file.write_text(text)
    return files | {"none": None}


def lines_of(revision: str) -> list[bytes]:
    """A session that asks all that a snapshot answers."""
    envelope = {
        f"io.modelcontextprotocol/{name}": value
        for name, value in {"protocolVersion": revision, "clientCapabilities": {}}.items()
    }
    handshake = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "host", "version": "1"}}
    asked = [
        {
            "jsonrpc": "2.0",
            "id": method,
            "method": method,
            "params": handshake if method == "initialize" else {"_meta": envelope} if revision == REVISION else {},
        }
        for method in METHODS[revision]
    ]
    return [json.dumps(message).encode() for message in asked]


@given(
    toolsets=st.lists(st.sampled_from(["default", "all", *(toolset.name for toolset in TOOLSETS)]), unique=True),
    read_only=st.booleans(),
    policy=st.sampled_from(sorted(POLICIES)),
    way=st.sampled_from(WAYS),
    others=OTHERS,
    revision=st.sampled_from(sorted(METHODS)),
)
def test_a_snapshot_answers_as_the_server_whatever_the_settings_are(
    policies: dict[str, Path | None],
    toolsets: list[str],
    policy: str,
    way: dict[str, Any],
    others: dict[str, Any],
    revision: str,
    *,
    read_only: bool,
) -> None:
    names, file = ",".join(toolsets) or "default", policies[policy]
    told = told_of(names, str(file or ""), is_read_only=read_only)
    surface = {"toolsets": names, "read_only": read_only, "policy": file}
    plain = create_server(Settings(**WAYS[0], **surface))
    asyncio.run(keep_answers(plain, told))  # of the same surface, whatever else the settings say

    found = snapshots.find(told)

    assert found is not None
    server = create_server(Settings(**way, **surface, **others))
    lines = lines_of(revision)
    requests = [recognised(json.loads(line), revision) for line in lines]
    assert asyncio.run(answers_to(server, lines)) == [
        answered(request, found[request.revision, request.method]) for request in requests if request
    ]
    assert len(requests) == len(found.keys() & {(revision, method) for method in METHODS[revision]})


def test_another_setting_policy_or_code_has_no_part_in_a_snapshot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(POLICIES["changing"])
    told = told_of("contacts", str(file))
    asyncio.run(keep_answers(create_server(SETTINGS), told))
    assert snapshots.find(told) is not None

    assert snapshots.find(told_of("contacts,query", str(file))) is None
    assert snapshots.find(told_of("contacts", str(file), is_read_only=True)) is None
    assert snapshots.find(told_of("contacts")) is None
    file.write_text(POLICIES["reading"])
    assert snapshots.find(told) is None
    file.write_text(POLICIES["changing"])
    monkeypatch.setattr(snapshots, "_versions", lambda: ["mcp-2.3.1.dist-info"])
    assert snapshots.find(told) is None


def test_the_digest_names_this_distribution_and_what_comes_with_it() -> None:
    installed, left = set[str](), [DISTRIBUTION]
    while left:
        name = re.split(r"[^\w.-]", left.pop())[0].lower().replace("-", "_")
        if name not in installed:
            installed.add(name)
            with suppress(PackageNotFoundError):  # a library of other systems
                left += distribution(name).requires or []

    assert DISTRIBUTION.replace("-", "_") in snapshots._LIBRARIES
    assert set(snapshots._LIBRARIES) <= installed


@pytest.mark.parametrize("change", ["a byte", "a file", "a name"])
def test_the_digest_of_the_code_changes_with_any_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "one.py").write_text("ONE = 1\n")
    monkeypatch.setattr(snapshots, "_PACKAGE", str(tmp_path))
    before = snapshots.code_digest()

    match change:
        case "a byte":
            (tmp_path / "tools" / "one.py").write_text("ONE = 2\n")
        case "a file":
            (tmp_path / "two.py").write_text("")
        case _:
            (tmp_path / "tools" / "one.py").rename(tmp_path / "tools" / "eins.py")

    assert snapshots.code_digest() != before


def test_the_digest_leaves_out_what_the_answers_do_not_come_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(snapshots, "_PACKAGE", str(tmp_path))
    before = snapshots.code_digest()

    for folder in ("localorg", "cli", "__pycache__"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.py").write_text("ONE = 1\n")

    assert snapshots.code_digest() == before


@pytest.mark.parametrize("damage", [b"", b"x", b"\xff\xfe", b"{}\n@ a b\n"])
def test_a_damaged_snapshot_is_none(cache: Path, damage: bytes) -> None:
    told = told_of("query")
    asyncio.run(keep_answers(create_server(SETTINGS), told))
    [file] = cache.rglob("*.txt")
    whole = file.read_bytes()

    file.write_bytes(damage)
    assert snapshots.find(told) is None
    file.write_bytes(whole[:-10])
    assert snapshots.find(told) is None

    asyncio.run(keep_answers(create_server(SETTINGS), told))
    assert file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_no_error(cache: Path) -> None:
    cache.write_text("in the way")

    asyncio.run(keep_answers(create_server(SETTINGS), told_of("query")))

    assert snapshots.find(told_of("query")) is None


def test_snapshots_are_for_the_user_alone_and_the_oldest_go(cache: Path) -> None:
    answers = asyncio.run(answers_of(create_server(SETTINGS)))
    for number in range(20):
        snapshots.keep(told_of(f"query,{number}"), answers)

    files = list(cache.rglob("*.txt"))
    assert len(files) == 16
    assert snapshots.find(told_of("query,19")) == answers
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert [file for file in cache.rglob("*") if file.is_file() and file not in files] == []
    assert files[0].parent.stat().st_mode & 0o077 == 0


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(sorted(METHODS)), st.sampled_from(["tools/list", "ping"])),
        st.text(min_size=1).filter(lambda text: "\n" not in text and not text.startswith("@ ")),
    )
)
def test_a_snapshot_is_read_as_it_was_written(answers: snapshots.Answers) -> None:
    assert snapshots.parse(snapshots.written(answers)) == answers


def test_the_packages_snapshot_is_of_this_code() -> None:
    """After a change of the code: `make docs UPDATE=1`."""
    stamp = Path(snapshots.HERE, "stamp.txt").read_text(encoding="utf-8")

    assert stamp == f"{snapshots.code_digest()}\n"
