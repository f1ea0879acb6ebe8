"""Values: what each field type takes, keeps and gives back."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services.field_values import from_json, instant, moment, to_json
from mcp_salesforce.localorg.standard import definitions as d

BOX = d.boolean("Box__c", "Box", "CU")
COUNT = d.integer("Count__c", "Count", digits=4)
AMOUNT = d.currency("Amount__c", "Amount", scale=2)
RATIO = d.double("Ratio__c", "Ratio", precision=5, scale=3)
DAY = d.date("Day__c", "Day")
WHEN = d.datetime("When__c", "When")
CLOCK = d.define("time", "Clock__c", "Clock", "CUN")
WORD = d.string("Word__c", "Word", 5)
MAIL = d.email("Mail__c", "Mail")
COLOUR = d.picklist("Colour__c", "Colour", ("Red", "Green"), "CUNR")
FREE = d.picklist("Free__c", "Free", ("Red", "Green"), length=8)
COLOURS = d.picklist("Colours__c", "Colours", ("Red", "Green"), "CUNR", type="multipicklist", length=255)
LOOKUP = d.reference("Friend__c", "Friend", "Contact")


def refusal(field: d.FieldDef, value: Any) -> tuple[str, str]:
    with pytest.raises(OrgError) as caught:
        from_json(field, value)
    assert caught.value.status == 400
    return caught.value.error_code, caught.value.message


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        (BOX, True, 1),
        (BOX, None, 0),
        (COUNT, 12, 12),
        (COUNT, 12.0, 12),
        (COUNT, "12", 12),
        (AMOUNT, 10, 10.0),
        (AMOUNT, "10.005", 10.01),
        (RATIO, 1.23456, 1.235),
        (DAY, "2026-02-28", "2026-02-28"),
        (WHEN, "2026-02-20T18:00:00Z", "2026-02-20T18:00:00.000+0000"),
        (WHEN, "2026-02-20T18:00:00+01:00", "2026-02-20T17:00:00.000+0000"),
        (WHEN, "2026-02-20T18:00:00.987+0100", "2026-02-20T17:00:00.000+0000"),
        (WHEN, "2026-02-20T18:00-05:30", "2026-02-20T23:30:00.000+0000"),
        (CLOCK, "10:00:00", "10:00:00.000Z"),
        (CLOCK, "10:00:00.25Z", "10:00:00.250Z"),
        (WORD, "  abc ", "abc"),
        (WORD, "   ", None),
        (WORD, 12, "12"),
        (WORD, False, "false"),
        (MAIL, "a.b+c@mail.example.com", "a.b+c@mail.example.com"),
        (COLOUR, "Red", "Red"),
        (FREE, "Blue", "Blue"),
        (COLOURS, "Green;Red", "Green;Red"),
        (LOOKUP, "003lo0000000001", "003lo0000000001AAA"),
        (LOOKUP, "003LO0000000001aaa", "003lo0000000001AAA"),
        (LOOKUP, "", None),
    ],
)
def test_a_value_of_the_right_kind_is_kept(field: d.FieldDef, value: Any, stored: Any) -> None:
    assert from_json(field, value) == stored


@pytest.mark.parametrize("field", [COUNT, AMOUNT, DAY, WHEN, CLOCK, WORD, MAIL, COLOUR, LOOKUP])
def test_null_empties_any_field_but_a_checkbox(field: d.FieldDef) -> None:
    assert from_json(field, None) is None


@pytest.mark.parametrize(
    ("field", "value", "type_name", "token"),
    [
        (BOX, "FALSE", "boolean", "VALUE_STRING"),
        (BOX, 1, "boolean", "VALUE_NUMBER_INT"),
        (COUNT, "twelve", "int", "VALUE_STRING"),
        (COUNT, 1.5, "int", "VALUE_NUMBER_FLOAT"),
        (COUNT, True, "int", "VALUE_TRUE"),
        (AMOUNT, "banana", "currency", "VALUE_STRING"),
        (AMOUNT, [1], "currency", "START_ARRAY"),
        (DAY, "2026-02-30", "date", "VALUE_STRING"),
        (DAY, "20260220", "date", "VALUE_STRING"),
        (DAY, 20260220, "date", "VALUE_NUMBER_INT"),
        (WHEN, "2026-02-20 18:00:00", "datetime", "VALUE_STRING"),
        (WHEN, "2026-02-20T18:00:00", "datetime", "VALUE_STRING"),
        (WHEN, "2026-02-20T25:00:00Z", "datetime", "VALUE_STRING"),
        (WHEN, 0, "datetime", "VALUE_NUMBER_INT"),
        (CLOCK, "25:00:00", "time", "VALUE_STRING"),
        (CLOCK, 10, "time", "VALUE_NUMBER_INT"),
        (WORD, {"a": 1}, "string", "START_OBJECT"),
        (MAIL, ["a@example.com"], "string", "START_ARRAY"),
    ],
)
def test_a_value_of_another_kind_is_a_parser_error(field: d.FieldDef, value: Any, type_name: str, token: str) -> None:
    shown = "true" if value is True else value

    code, message = refusal(field, value)

    assert code == "JSON_PARSER_ERROR"
    assert message.startswith(f"Cannot deserialize instance of {type_name} from {token} value {shown} or request may")
    assert message.endswith("be missing a required field at [line:1, column:2]")


@pytest.mark.parametrize(
    ("field", "value", "code", "message"),
    [
        (WORD, "abcdef", "STRING_TOO_LONG", "Word: data value too large: abcdef (max length=5)"),
        (FREE, "Aquamarine", "STRING_TOO_LONG", "Free: data value too large: Aquamarine (max length=8)"),
        (MAIL, "foo", "INVALID_EMAIL_ADDRESS", "Mail: invalid email address: foo"),
        (MAIL, "a@b", "INVALID_EMAIL_ADDRESS", "Mail: invalid email address: a@b"),
        (MAIL, "a b@example.com", "INVALID_EMAIL_ADDRESS", "Mail: invalid email address: a b@example.com"),
        (
            COLOUR,
            "red",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Colour: bad value for restricted picklist field: red",
        ),
        (
            COLOURS,
            "Red;Blue",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Colours: bad value for restricted picklist field: Blue",
        ),
        (
            COUNT,
            10_000,
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Count: value outside of valid range on numeric field: 10000",
        ),
        (RATIO, 100, "NUMBER_OUTSIDE_VALID_RANGE", "Ratio: value outside of valid range on numeric field: 100"),
        (RATIO, "nan", "NUMBER_OUTSIDE_VALID_RANGE", "Ratio: value outside of valid range on numeric field: nan"),
        (LOOKUP, "bob", "MALFORMED_ID", "Friend: id value of incorrect type: bob"),
        (LOOKUP, 12, "MALFORMED_ID", "Friend: id value of incorrect type: 12"),
        (LOOKUP, "x" * 30, "MALFORMED_ID", f"Friend: id value of incorrect type: {'x' * 30}"),
    ],
)
def test_a_value_that_breaks_the_fields_rule_is_named(field: d.FieldDef, value: Any, code: str, message: str) -> None:
    assert refusal(field, value) == (code, message)


@given(st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(4000, 12, 31)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001 - the offset is added below
def test_an_instant_is_the_same_in_every_offset(clock: datetime, offset: int) -> None:
    sign, hours, minutes = "-" if offset < 0 else "+", *divmod(abs(offset), 60)
    text = f"{clock.replace(microsecond=0).isoformat()}{sign}{hours:02}:{minutes:02}"

    stored = from_json(WHEN, text)

    assert moment(str(stored)) == datetime.fromisoformat(text)
    assert from_json(WHEN, stored) == stored


@given(
    st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 1), max_value=datetime(9000, 1, 1)),  # noqa: DTZ001 - hypothesis adds the zone
    st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 1), max_value=datetime(9000, 1, 1)),  # noqa: DTZ001 - as above
)
def test_stored_instants_sort_like_time(one: datetime, other: datetime) -> None:
    if one.replace(microsecond=0) < other.replace(microsecond=0):
        assert instant(one) < instant(other)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_whatever_comes_is_kept_or_refused_as_an_org_refuses(value: Any) -> None:
    for field in (BOX, COUNT, AMOUNT, RATIO, DAY, WHEN, CLOCK, WORD, MAIL, COLOUR, FREE, COLOURS, LOOKUP):
        outcome: Any
        try:
            outcome = from_json(field, value)
        except OrgError as error:
            outcome = error.status
        assert outcome is None or outcome == 400 or isinstance(outcome, str | int | float)


def test_an_address_reads_as_one_object_or_null() -> None:
    field = d.define("address", "MailingAddress", "Mailing Address", "N")
    parts = dict.fromkeys((f"Mailing{part}" for part in ("Street", "City", "State", "PostalCode", "Country")), None)

    assert to_json(field, parts) is None
    assert to_json(field, parts | {"MailingCity": "Oslo"}) == {
        "city": "Oslo",
        "country": None,
        "countryCode": None,
        "geocodeAccuracy": None,
        "latitude": None,
        "longitude": None,
        "postalCode": None,
        "state": None,
        "stateCode": None,
        "street": None,
    }


def test_an_address_cannot_be_set_as_a_whole() -> None:
    field = d.define("address", "MailingAddress", "Mailing Address", "N")

    assert refusal(field, {"city": "Oslo"})[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"
