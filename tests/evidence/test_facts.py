"""The facts are what the recordings of real orgs say, where those are at hand; nothing else reads those."""

import re
from pathlib import Path

import pytest

from mcp_salesforce.salesforce.ids import is_id, to_18
from mcp_salesforce.soql import SoqlError, parse
from tests.contract.shapes import differences
from tests.evidence import distil, facts
from tests.evidence.forms import form_of
from tests.evidence.recordings import INTERACTIONS, RECORDINGS, pairs, recorded
from tests.evidence.shapes import sample_of, shape_of

TESTS = Path(__file__).parents[1]
with_recordings = pytest.mark.skipif(
    not (RECORDINGS / INTERACTIONS).exists(), reason="the recordings that the facts are taken from are not at hand"
)


@with_recordings
@pytest.mark.parametrize("name", distil.FILES)
def test_a_file_of_facts_is_what_the_recordings_say(name: str) -> None:
    assert (facts.FACTS / name).read_text(encoding="utf-8") == distil.FILES[name](), (
        "uv run python -m tests.evidence.distil"
    )


@with_recordings
@pytest.mark.parametrize("sobject", distil.DESCRIBED)
def test_an_object_is_made_of_its_facts_as_it_was_described(sobject: str) -> None:
    real, made = distil.describe(sobject), facts.described(sobject)

    for field, ours in zip(real["fields"], made["fields"], strict=True):
        without = {"picklistValues"} if field["name"] == distil.ZONES else set[str]()
        assert distil.but(ours, {}, without) == distil.but(field, {}, without)
    assert {key: made[key] for key in real.keys() - distil.PARTS} == {
        key: real[key] for key in real.keys() - distil.PARTS
    }
    real_children = {(each["childSObject"], each["field"]): each for each in real["childRelationships"]}
    assert all(each == real_children[each["childSObject"], each["field"]] for each in made["childRelationships"])


@with_recordings
def test_what_differs_from_a_reply_of_the_facts_differs_from_the_recorded_one() -> None:
    known = facts.replies()
    for ours, pair in zip(known, pairs(), strict=True):
        assert (ours.method, ours.target, ours.status) == (pair.method, pair.target, pair.status)
        for other in known:
            assert bool([*differences([ours.reply], other.reply)]) == bool([*differences([pair.reply], other.reply)])


def test_a_value_of_a_shape_has_that_shape() -> None:
    for known in facts.replies():
        assert sample_of(shape_of(known.reply)) == known.reply


@with_recordings
@pytest.mark.parametrize("verdict", ["valid", "invalid"])
def test_a_query_is_taken_or_refused_as_its_form_is(verdict: str) -> None:
    def is_taken(text: str) -> bool:
        try:
            parse(text)
        except SoqlError:
            return False
        return True

    texts = recorded(f"soql/{verdict}.json")

    assert [text for text in texts if is_taken(text) != is_taken(form_of(text))] == []


@with_recordings
def test_every_recorded_id_has_the_check_characters_computed_here() -> None:
    found = distil.genuine_ids()

    assert len(found) > 200
    assert [each for each in found if to_18(each[:15]) != each] == []


def test_the_facts_tell_of_no_person() -> None:
    for path in sorted([*facts.FACTS.rglob("*.yaml"), *facts.FACTS.rglob("*.txt")]):
        text = path.read_text(encoding="utf-8")
        addresses = set(re.findall(r"\w+@[\w.]+\w", text))
        assert {each for each in addresses if not each.endswith("example.com")} == set(), path
        assert not [each for each in re.findall(r"\b005\w{15}\b", text) if is_id(each)], path


def test_no_other_test_needs_the_recordings() -> None:
    allowed = {"recordings.py", "test_facts.py"}
    reading = [
        str(path.relative_to(TESTS))
        for path in TESTS.rglob("*.py")
        if "node_modules" not in path.parts and path.name not in allowed
        if re.search(r"""["']shared["']""", path.read_text(encoding="utf-8"))
    ]

    assert reading == []
