"""What real orgs were asked, asked of the local org: the same status, the same headers, the same shape of answer."""

import json
from collections.abc import Iterator

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.contract.asking import Asker
from tests.contract.recordings import ABSENT, EVIDENCE, INTERACTIONS, Pair, pairs
from tests.contract.shapes import differences

pytestmark = pytest.mark.skipif(not INTERACTIONS.exists(), reason=ABSENT)

PAIRS = list(pairs())
ALLOW_DUPLICATES = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
"""The recordings make the same people again, each in an org of its own; here they share one."""


def test_there_are_recordings_to_hold_the_org_against() -> None:
    assert len(PAIRS) > 40


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_the_org_answers_as_it_was_recorded(pair: Pair, org: LocalOrg, ask: Asker) -> None:
    if missing := pair.objects - {sobject.name for sobject in org.schema}:
        pytest.skip(f"the local org has no {', '.join(sorted(missing))}")

    answer = ask(pair.method, known_ids(pair.target, org), with_known_ids(pair.body, org), ALLOW_DUPLICATES)

    if answer.status == 501:
        pytest.skip(f"not implemented by the local org: {pair.target}")
    assert answer.status == pair.status, answer.body
    if pair.content_type:
        assert answer.headers["Content-Type"] == pair.content_type
    assert list(differences([pair.reply], answer.json)) == []


@pytest.mark.parametrize("sobject", ["Account", "Contact"])
def test_a_whole_record_has_the_recorded_fields_in_the_recorded_order(sobject: str, org: LocalOrg, ask: Asker) -> None:
    recording = EVIDENCE / "recorded" / "netcoreforce" / f"{sobject.lower()}.json"
    recorded = [name for name in json.loads(recording.read_text(encoding="utf-8")) if not name.endswith("__c")]
    record_id = org.insert(sobject, **{"Account": {"Name": "x"}, "Contact": {"LastName": "x"}}[sobject])

    answered = ask("GET", f"/services/data/v57.0/sobjects/{sobject}/{record_id}").json

    assert [name for name in answered if name in recorded] == recorded  # more fields come with an edition


def known_ids(target: str, org: LocalOrg) -> str:
    """The target with this org's own Id where the recording masks one."""
    return target.replace("00D0xORGID00000000", org.credentials.organization_id)


def with_known_ids(body: object, org: LocalOrg) -> object:
    """The body with the Id of a record of this org for each Id of a recorded one."""
    text = json.dumps(body)
    for recorded in ids_in(body):
        text = text.replace(recorded, org.insert("Contact", LastName="Recorded"))
    return json.loads(text)


def ids_in(body: object) -> Iterator[str]:
    if isinstance(body, dict):
        yield from (record["Id"] for record in body.get("records", []) if record.get("Id"))
