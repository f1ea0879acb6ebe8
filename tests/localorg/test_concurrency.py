"""Many clients at once, over the port."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening

CLIENTS = 8
RECORDS_EACH = 25


def create(address: str, token: str, client: int) -> list[str]:
    """Create records one after the other on one connection; return their ids."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = HTTPConnection(urlsplit(address).netloc, timeout=120)
    ids = []
    for number in range(RECORDS_EACH):
        body = orjson.dumps({"LastName": f"{client}-{number}"})
        connection.request("POST", "/services/data/v60.0/sobjects/Contact", body, headers)
        reply = connection.getresponse()
        assert reply.status == 201
        ids.append(orjson.loads(reply.read())["id"])
    connection.close()
    return ids


def test_eight_clients_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    with LocalOrg.open(path, seed=False) as org, listening(org.app) as address, ThreadPoolExecutor(CLIENTS) as pool:
        token = org.credentials.access_token
        made = [each for ids in pool.map(lambda client: create(address, token, client), range(CLIENTS)) for each in ids]
    with LocalOrg.open(path, seed=False) as org:
        records = org.queries.query("SELECT Id, LastName FROM Contact", org.user_id)["records"]

    assert {record["Id"] for record in records} == set(made)
    assert {record["LastName"] for record in records} == {
        f"{client}-{number}" for client in range(CLIENTS) for number in range(RECORDS_EACH)
    }
    assert len(made) == CLIENTS * RECORDS_EACH


def test_two_processes_worth_of_orgs_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    with (
        LocalOrg.open(path, seed=False) as one,
        LocalOrg.open(path, seed=False) as two,
        listening(one.app) as first,
        listening(two.app) as second,
        ThreadPoolExecutor(2) as pool,
    ):
        tokens = [(first, one.credentials.access_token), (second, two.credentials.access_token)]
        made = list(pool.map(lambda at: create(*tokens[at], at), range(2)))

        assert len({each for ids in made for each in ids}) == 2 * RECORDS_EACH
        for org in (one, two):
            assert org.queries.query("SELECT count() FROM Contact", org.user_id)["totalSize"] == 2 * RECORDS_EACH
