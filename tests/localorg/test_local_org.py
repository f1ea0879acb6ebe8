"""Opening an org: in memory or in a file, again, and after being killed."""

import subprocess
import sys
from pathlib import Path

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.localorg.clock import Clock

WRITER = """
import sys
from pathlib import Path
from mcp_salesforce.localorg import LocalOrg

org = LocalOrg.open(Path(sys.argv[1]), seed=False)
print("ready", flush=True)
for number in range(10_000):
    with org.store.transaction():
        account = org.insert("Account", Name=f"Account {number}")
        org.insert("Contact", LastName=f"Contact {number}", AccountId=account)
    print(number, flush=True)
"""


NEIGHBOUR = """
import sys
from pathlib import Path
from mcp_salesforce.localorg import LocalOrg

with LocalOrg.open(Path(sys.argv[1]), seed=False) as org:
    for number in range(100):
        org.insert("Contact", LastName=f"{sys.argv[2]} {number}")
"""


def test_processes_that_write_to_one_file_at_once_lose_nothing_and_lock_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    writers = [subprocess.Popen([sys.executable, "-c", NEIGHBOUR, str(path), str(each)]) for each in range(3)]

    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]

    with LocalOrg.open(path) as org:
        names = [row["LastName"] for row in org.store.rows("SELECT LastName FROM Contact")]
    assert sorted(names) == sorted(f"{writer} {number}" for writer in range(3) for number in range(100))


def test_a_file_keeps_what_was_written_and_is_seeded_once(tmp_path: Path) -> None:
    path = tmp_path / "orgs" / "org.db"
    with LocalOrg.open(path, now=Clock()) as org:
        contact = org.insert("Contact", LastName="Hale")
        organization = org.organization_id

    with LocalOrg.open(path, now=Clock()) as again:
        assert again.records.retrieve("Contact", contact)["LastName"] == "Hale"
        assert again.organization_id == organization
        assert again.store.rows("SELECT count(*) AS contacts FROM Contact")[0]["contacts"] == 201


def test_fresh_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    with LocalOrg.open(path, seed=False) as org:
        org.insert("Contact", LastName="Hale")

    with LocalOrg.open(path, seed=False, fresh=True) as again:
        assert again.store.rows("SELECT Id FROM Contact") == []


def test_orgs_in_memory_are_apart() -> None:
    with LocalOrg.open(seed=False) as one, LocalOrg.open(seed=False) as other:
        one.insert("Contact", LastName="Hale")

        assert other.store.rows("SELECT Id FROM Contact") == []


def test_a_folder_cannot_be_opened_as_an_org(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=tmp_path.name):
        LocalOrg.open(tmp_path)


def test_what_was_acknowledged_survives_a_kill_and_no_half_of_a_transaction_does(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = -1
    with writer:
        assert writer.stdout.readline() == "ready\n"
        for line in writer.stdout:
            acknowledged = int(line)
            if acknowledged == 500:
                writer.kill()

    with LocalOrg.open(path) as org:
        pairs = org.store.rows(
            "SELECT a.Name, c.LastName FROM Account a LEFT JOIN Contact c ON c.AccountId = a.Id ORDER BY a.Id"
        )
        assert 500 <= acknowledged < 9_999
        assert [row["Name"] for row in pairs[: acknowledged + 1]] == [
            f"Account {number}" for number in range(acknowledged + 1)
        ]
        assert all(row["LastName"] == row["Name"].replace("Account", "Contact") for row in pairs)
        assert len(org.store.rows("SELECT Id FROM Contact")) == len(pairs)
        assert [row[0] for row in org.store.rows("PRAGMA integrity_check")] == ["ok"]
