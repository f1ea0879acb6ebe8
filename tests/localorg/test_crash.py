"""A killed org keeps what it acknowledged, and no half of anything."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mcp_salesforce.localorg import LocalOrg
from tests.warm import warm

DATA = "/services/data/v60.0"
CLIENTS = 4
ACKNOWLEDGED_BEFORE_THE_END = 10
FAMILY = {
    "allOrNone": True,
    "compositeRequest": [
        {"method": "POST", "url": f"{DATA}/sobjects/Account", "referenceId": "parent", "body": {"Name": "Parent"}},
        *(
            {
                "method": "POST",
                "url": f"{DATA}/sobjects/Contact",
                "referenceId": f"child{number}",
                "body": {"LastName": f"Child {number}", "AccountId": "@{parent.id}"},
            }
            for number in range(3)
        ),
    ],
}


def families(org: dict[str, Any]) -> Iterator[str]:
    """Create families, one after the other, until the org is gone; yield the acknowledged parents."""
    headers = {"Authorization": f"Bearer {org['access_token']}", "Content-Type": "application/json"}
    connection = HTTPConnection(urlsplit(org["instance_url"]).netloc, timeout=120)
    try:
        while True:
            connection.request("POST", f"{DATA}/composite", json.dumps(FAMILY), headers)
            answers = json.loads(connection.getresponse().read())["compositeResponse"]
            assert [answer["httpStatusCode"] for answer in answers] == [201] * 4
            yield answers[0]["body"]["id"]
    except (HTTPException, OSError, ValueError):
        return
    finally:
        connection.close()


def test_an_org_killed_among_composites_has_all_that_it_acknowledged_and_no_half_of_one(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    with LocalOrg.open(path, seed=False):
        pass
    command = warm("tests.with_pid", "mcp_salesforce", "org", "--port", "0", "--json", "--file", str(path))
    acknowledged: list[str] = []

    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path, text=True) as process,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        assert process.stdout is not None
        connection = json.loads(process.stdout.readline())

        def create(_client: int) -> None:
            for count, parent in enumerate(families(connection), start=1):
                acknowledged.append(parent)
                if count == ACKNOWLEDGED_BEFORE_THE_END:
                    with suppress(ProcessLookupError):  # another client has ended it
                        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)

        try:
            list(pool.map(create, range(CLIENTS)))
        finally:
            process.kill()

    with LocalOrg.open(path, seed=False) as org:
        soql = "SELECT Id, (SELECT Id FROM Contacts) FROM Account"
        parents = org.queries.query(soql, org.user_id)["records"]

    assert process.returncode == -signal.SIGKILL
    assert len(acknowledged) >= ACKNOWLEDGED_BEFORE_THE_END
    assert set(acknowledged) <= {parent["Id"] for parent in parents}
    assert {parent["Contacts"]["totalSize"] for parent in parents} == {3}
