"""What real orgs were asked, asked of the local org: the same status, the same headers, the same shape of answer."""

import json
from collections.abc import Iterator

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.contract.asking import Asker
from tests.contract.shapes import differences
from tests.evidence import facts

REPLIES = facts.replies()
ALLOW_DUPLICATES = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
"""The recordings make the same people again, each in an org of its own; here they share one."""


def test_there_are_replies_to_hold_the_org_against() -> None:
    assert len(REPLIES) > 40


@pytest.mark.parametrize("known", REPLIES, ids=str)
def test_the_org_answers_as_it_was_recorded(known: facts.Reply, org: LocalOrg, ask: Asker) -> None:
    answer = ask(known.method, known_ids(known.target, org), with_known_ids(known.body, org), ALLOW_DUPLICATES)

    assert answer.status == known.status, answer.body
    if known.content_type:
        assert answer.headers["Content-Type"] == known.content_type
    assert list(differences([known.reply], answer.json)) == []


@pytest.mark.parametrize("sobject", ["Account", "Contact"])
def test_a_whole_record_has_the_recorded_fields_in_the_recorded_order(sobject: str, org: LocalOrg, ask: Asker) -> None:
    recorded = [name for name in facts.record(sobject) if not name.endswith("__c")]
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
