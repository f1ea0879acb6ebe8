"""The comparison that the contract tests rest on sees what it should see."""

import pytest

from tests.contract.shapes import differences

CONTACT = {"attributes": {"type": "Contact"}, "Email": "x"}
LEAD = {"attributes": {"type": "Lead"}, "Company": "x"}
PART_ONE = {"body": {"a": 1}, "referenceId": "one"}
PART_TWO = {"body": {"b": 1}, "referenceId": "two"}


@pytest.mark.parametrize(
    ("recorded", "answered"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {}),
        ({"a": 1}, {"a": "1"}),
        ({"a": True}, {"a": 1}),
        ({"a": {"b": "x"}}, {"a": {"c": "x"}}),
        ([{"a": 1}], [{"a": 2}, {"b": 1}]),
        ("2024-11-07T07:00:00.000+0000", "2024-11-07T07:00:00Z"),
        ("/services/data/v62.0/sobjects/Account/0019H00000H1RMDQA3", "/sobjects/Account/0019H00000H1RMDQA3"),
        ({"a": []}, {"a": {}}),
        ([CONTACT], [LEAD]),
        ([PART_ONE, PART_TWO], [PART_ONE, {**PART_TWO, "body": {"a": 1}}]),
        ([{"Who": CONTACT}, {"Who": LEAD}], [{"Who": {**LEAD, "Email": "x"}}]),
    ],
)
def test_a_difference_is_seen(recorded: object, answered: object) -> None:
    assert list(differences([recorded], answered))


@pytest.mark.parametrize(
    ("recorded", "answered"),
    [
        ({"a": 1, "b": None}, {"a": 2, "b": "x"}),
        ({"a": {"b": "x"}}, {"a": None}),
        ([{"a": 1}], [{"a": 2}, {"a": 3.5}]),
        ([{"a": 1}], []),
        ("2024-11-07T07:00:00.000+0000", "2026-01-01T00:00:00.000+0000"),
        ({"httpHeaders": {"ETag": "x"}}, {"httpHeaders": {}}),
        ({"city": "x", "street": "y"}, {"city": "x", "stateCode": None, "street": "y"}),
        ([PART_ONE, PART_TWO], [PART_TWO, PART_ONE]),
        ([{"Who": CONTACT}, {"Who": LEAD}], [{"Who": LEAD}, {"Who": None}, {"Who": CONTACT}]),
    ],
)
def test_other_values_of_the_same_shape_are_no_difference(recorded: object, answered: object) -> None:
    assert not list(differences([recorded], answered))
