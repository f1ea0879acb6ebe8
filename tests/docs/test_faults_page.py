"""docs/faults.md says what the faults are."""

import json
import re
from pathlib import Path
from typing import get_args

import httpx2

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault, Kind, read_fault

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \|(.*)\| (\w*) \|$", PAGE, re.MULTILINE)


async def done_and_seen(kind: Kind) -> tuple[bool, str]:
    """Create a contact under a fault; tell whether it was created, and what came back."""
    with LocalOrg.open(seed=False) as org:
        headers = {"Authorization": f"Bearer {org.credentials.access_token}"}
        transport = httpx2.ASGITransport(org.app)
        org.faults.add(Fault(kind))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
            try:
                reply = await client.post("/services/data/v60.0/sobjects/Contact", json={"LastName": "Finch"})
                seen = f"{reply.status_code} {reply.text}"
            except ConnectionResetError:
                seen = "the connection breaks"
        return org.queries.query("SELECT count() FROM Contact", org.user_id)["totalSize"] == 1, seen


async def test_the_page_has_every_kind_and_says_rightly_what_comes_of_it() -> None:
    told = {name: (meaning, done) for name, meaning, done in ROWS if done in {"yes", "no"}}

    assert set(told) == set(get_args(Kind))
    for kind in get_args(Kind):
        meaning, work = told[kind]
        done, seen = await done_and_seen(kind)
        assert work == ("yes" if done else "no"), kind
        for word in re.findall(r"\b\d{3}\b|(?<=`)[A-Z_]+(?=`)|the connection breaks", meaning):
            assert word in seen, kind


def test_the_page_has_every_property_of_a_fault_with_its_default() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| .* \| (`?[*\d]*`?) ?\|$", PAGE.partition("| kind |")[0], re.MULTILINE))

    defaults = {name: getattr(Fault("latency"), name) for name in ("method", "path", "count", "delay_s")}
    assert {name: value.strip("` ") for name, value in told.items() if name != "kind"} == {
        name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in defaults.items()
    }


def test_the_faults_in_the_page_are_faults() -> None:
    examples = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) + re.findall(r"-d '(.*?)'", PAGE)

    assert [read_fault(json.loads(example)).kind for example in examples] == ["expired_session", "unavailable"]
