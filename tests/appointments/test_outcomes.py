"""Markers of a Subject, and what an org calls outcomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.appointments.outcomes import OUTCOMES, Outcome, OutcomeFields, marked, outcome_in, unmarked

SUBJECTS = st.text(max_size=255)


@given(SUBJECTS, st.sampled_from(OUTCOMES), st.sampled_from(OUTCOMES))
def test_a_subject_has_one_marker_however_often_it_is_marked(subject: str, first: Outcome, last: Outcome) -> None:
    once = marked(subject, last)

    assert len(once) <= 255
    assert outcome_in(once) == last
    assert marked(once, last) == once
    assert marked(marked(subject, first), last)[:200] == once[:200]


@given(SUBJECTS.filter(lambda text: outcome_in(text) is None and text.strip() == text and len(text) <= 240))
def test_a_subject_without_its_marker_is_the_one_before(subject: str) -> None:
    assert unmarked(marked(subject, "no_show")) == subject
    assert unmarked(subject) == subject


@pytest.mark.parametrize(
    ("subject", "outcome"),
    [
        ("Cancelled: Check-up", "cancelled"),
        ("canceled : Check-up", "cancelled"),
        ("NO SHOW: Check-up", "no_show"),
        ("noshow: Check-up", "no_show"),
        ("Completed:", "completed"),
        ("Cancelled flights: call the airline", None),
        ("Check-up, cancelled: maybe", None),
        ("", None),
    ],
)
def test_markers_that_people_write_count_too(subject: str, outcome: str | None) -> None:
    assert outcome_in(subject) == outcome


def test_an_org_says_what_it_calls_some_outcomes_and_the_others_keep_their_names() -> None:
    fields = OutcomeFields.parse("Status__c", " no_show = Did not come,", "")

    assert fields.values == {"cancelled": "Cancelled", "no_show": "Did not come", "completed": "Completed"}
    assert fields.outcome_of("Did not come") == "no_show"
    assert fields.outcome_of(None) is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("noshow=Gone", "has 'noshow=Gone': write it like"),
        ("cancelled", "has 'cancelled': write it like"),
        ("cancelled=", "has 'cancelled=': write it like"),
        ("cancelled=Closed,completed=Closed", "two outcomes the same value"),
    ],
)
def test_values_that_cannot_be_told_apart_or_read_are_refused(values: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        OutcomeFields.parse("Status__c", values, "")
