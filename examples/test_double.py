"""The local org as a test double for your own code, which here reads names through any Salesforce client.

pip install mcp-for-salesforce pytest
pytest examples/test_double.py
"""

import json
from collections.abc import Iterator
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from mcp_salesforce.localorg import LocalOrg


def last_names(address: str, token: str) -> list[str]:
    """Your code, as it is: it knows nothing of the local org."""
    soql = quote("SELECT LastName FROM Contact ORDER BY LastName")
    url = f"{address}/services/data/v60.0/query?q={soql}"
    with urlopen(Request(url, headers={"Authorization": f"Bearer {token}"})) as answer:
        return [record["LastName"] for record in json.load(answer)["records"]]


@pytest.fixture
def org() -> Iterator[LocalOrg]:
    with LocalOrg.open(seed=False) as opened:
        yield opened


def test_names_come_in_order(org: LocalOrg) -> None:
    for name in ("Zsigmondy", "Abel"):
        org.insert("Contact", LastName=name)

    with org.listening() as address:
        assert last_names(address, org.credentials.access_token) == ["Abel", "Zsigmondy"]
