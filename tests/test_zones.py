"""Zones go by the newest rules on the machine, in every process, whatever the system's files say."""

import ast
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tzdata import IANA_VERSION

from mcp_salesforce.zones import Release, ZoneInfo, newest

PACKAGE = Path(__file__).parents[1] / "src" / "mcp_salesforce"
OLD_RULES = b"PST8PDT,M3.2.0,M11.1.0"

LIBRARY = """
from mcp_salesforce.appointments.times import instant_of, utc_text, zone_named
print(utc_text(instant_of("2026-12-15T10:00", zone_named("America/Vancouver"))))
"""
SERVER = """
import asyncio
from datetime import UTC, datetime
from mcp import Client
from mcp_salesforce.config import Settings
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server

async def main():
    with LocalOrg.open(now=lambda: datetime(2026, 11, 22, 9, tzinfo=UTC)) as org:
        settings = Settings(_env_file=None, client_id=org.credentials.client_id,
            client_secret=org.credentials.client_secret, refresh_token=org.credentials.refresh_token,
            instance_url="http://127.0.0.1:1")
        async with Client(create_server(settings, transport=AsgiTransport(org.app))) as client:
            data = {"Subject": "x", "StartDateTime": "2026-12-15T10:00", "DurationInMinutes": 30,
                    "time_zone": "America/Vancouver"}
            made = await client.call_tool("salesforce_create_appointment", {"data": data, "allow_conflict": True})
            assert not made.is_error, made.content[0].text
            print(made.structured_content["start"]["utc"])

asyncio.run(main())
"""
LOCAL_ORG = """
from datetime import UTC, datetime
from mcp_salesforce.localorg.services.saves import ZoneInfo
print(datetime(2026, 12, 15, 10, tzinfo=ZoneInfo("America/Vancouver")).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
"""


def zone_file(rules: bytes) -> bytes:
    """A TZif file (RFC 9636) of version 2 whose zone goes by a POSIX TZ string alone."""
    counts = b"".join(number.to_bytes(4) for number in (0, 0, 0, 0, 1, 4))
    header, body = b"TZif2" + bytes(15) + counts, (-8 * 3600).to_bytes(4, signed=True) + bytes(2) + b"PST\0"
    return header + body + header + body + b"\n" + rules + b"\n"


@pytest.fixture
def old_tree(tmp_path: Path) -> Path:
    """A system's zone files of 2025, by which Vancouver goes back to standard time in winter."""
    (tmp_path / "America").mkdir()
    (tmp_path / "America" / "Vancouver").write_bytes(zone_file(OLD_RULES))
    (tmp_path / "tzdata.zi").write_text("# version 2025b\n# This zic input file is in the public domain.\n", "ascii")
    return tmp_path


def printed(code: str, tree: Path) -> str:
    environment = {**os.environ, "PYTHONTZPATH": str(tree)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_old_tree_is_what_python_itself_would_use(old_tree: Path) -> None:
    code = LOCAL_ORG.replace("mcp_salesforce.localorg.services.saves", "zoneinfo")

    assert printed(code, old_tree) == "2026-12-15T18:00:00Z"


@pytest.mark.parametrize("code", [LIBRARY, SERVER, LOCAL_ORG], ids=["library", "server", "local org"])
def test_older_zone_files_of_the_system_are_not_used(code: str, old_tree: Path) -> None:
    assert printed(code, old_tree) == "2026-12-15T17:00:00Z"


@pytest.mark.parametrize(
    ("zone", "utc"),
    [
        ("America/Vancouver", "2026-12-15T17:00"),
        ("America/Edmonton", "2026-12-15T16:00"),
        ("America/Winnipeg", "2026-12-15T15:00"),
        ("America/Yellowknife", "2026-12-15T16:00"),
        ("Africa/Casablanca", "2026-12-15T10:00"),
        ("Africa/El_Aaiun", "2026-12-15T10:00"),
        ("America/Havana", "2026-12-15T14:00"),
    ],
)
def test_zones_that_changed_in_2026_have_their_new_rules(zone: str, utc: str) -> None:
    ten = datetime(2026, 12, 15, 10, tzinfo=ZoneInfo(zone))

    assert ten.astimezone(UTC).strftime("%Y-%m-%dT%H:%M") == utc


def test_who_makes_a_zone_takes_it_from_the_one_place() -> None:
    makers = {
        path: tree
        for path in PACKAGE.rglob("*.py")
        for tree in [ast.parse(path.read_text("utf-8"))]
        if path.name != "zones.py"
        and any(isinstance(node, ast.Call) and ast.unparse(node.func).endswith("ZoneInfo") for node in ast.walk(tree))
    }

    assert len(makers) > 5
    for path, tree in makers.items():
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert "mcp_salesforce.zones" in modules, path
        assert "zoneinfo" not in modules, path


def folders(tmp_path: Path, told: dict[str, tuple[str, str]]) -> list[str]:
    for name, (file, line) in told.items():
        (tmp_path / name).mkdir()
        if file:
            (tmp_path / name / file).write_text(line, "ascii")
    return [str(tmp_path / name) for name in told]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({}, []),
        ({"old": ("tzdata.zi", "# version 2025b\n")}, []),
        ({"same": ("tzdata.zi", "# version 2026f\n")}, ["same"]),
        ({"newer": ("tzdata.zi", "# version 2026g\n")}, ["newer"]),
        ({"next-year": ("tzdata.zi", "# version 2027a\n")}, ["next-year"]),
        ({"mac": ("+VERSION", "2027a\n")}, ["mac"]),
        ({"old-mac": ("+VERSION", "2024a")}, []),
        ({"silent": ("", "")}, []),
        ({"odd": ("tzdata.zi", "# version unknown\n")}, []),
        ({"old": ("tzdata.zi", "# version 2025b\n"), "newer": ("tzdata.zi", "# version 2027b\n")}, ["newer"]),
        ({"a": ("+VERSION", "2027a"), "b": ("tzdata.zi", "# version 2027c\n")}, ["b", "a"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_folders_that_are_older_than_the_package_are_left_out(
    told: dict[str, tuple[str, str]], kept: list[str], tmp_path: Path
) -> None:
    path, release = newest([*folders(tmp_path, told), str(tmp_path / "not-there")], "2026f")

    assert [Path(folder).name for folder in path] == kept
    assert release.name == max(["2026f", *(line.split()[-1] for _, line in told.values() if line)]) or "odd" in told
    assert release.source == (path[0] if path else "package tzdata")


@pytest.mark.parametrize(
    ("release", "today", "is_old"),
    [
        ("2025a", date(2025, 12, 31), False),
        ("2025a", date(2026, 11, 28), True),
        ("2025b", date(2026, 11, 28), True),
        ("2026f", date(2026, 11, 28), False),
        ("2026f", date(2027, 12, 1), False),
        ("2026f", date(2028, 1, 2), True),
    ],
)
def test_a_release_is_old_after_a_year(release: str, today: date, *, is_old: bool) -> None:
    assert Release(release, "x").is_older_than_a_year(today) is is_old


def test_the_package_has_the_rules_of_2026() -> None:
    assert IANA_VERSION >= "2026f"
