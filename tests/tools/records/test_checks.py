"""Rows against describe: every problem of every row in one error, before anything is sent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.salesforce.ids import KEY_PREFIXES
from mcp_salesforce.salesforce.models import FieldDescribe, PicklistValue, SObjectDescribe
from mcp_salesforce.tools.framework.blanks import is_blank
from mcp_salesforce.tools.records.checks import check_records
from tests.tools.calls import call, refusal
from tests.tools.tokens import tokens

WARD, USER = "a01lo0000000001AAA", "005lo0000000001AAA"
ABSENT = "003000000000999AAA"


def visit(**values: Any) -> dict[str, Any]:
    return {"Patient__c": ABSENT, **values}


CASES = [
    # a row of a new Visit__c, the code, what the message says
    (visit(Costs__c=1), "INVALID_FIELD", "Costs__c: No such field. Did you mean Cost__c?"),
    ({"Kind__c": "First"}, "REQUIRED_FIELD_MISSING", "Patient__c: Is required."),
    ({"Patient__c": None}, "REQUIRED_FIELD_MISSING", "Patient__c: Is required."),
    (visit(Name="V-7"), "INVALID_FIELD_FOR_INSERT_UPDATE", "Name: Is an auto-number field; it cannot be set."),
    (visit(CreatedDate="2026-11-24T15:00:00Z"), "INVALID_FIELD_FOR_INSERT_UPDATE", "CreatedDate: Is read-only"),
    (visit(Id="a00lo0000000001AAA"), "INVALID_FIELD", "Id: Omit it"),
    (visit(Number__c="x" * 11), "STRING_TOO_LONG", "Number__c: Has 11 characters; at most 10 fit."),
    (visit(Number__c=7), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Number__c: Must be text, not 7."),
    (visit(Cost__c="a lot"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Cost__c: Must be a number, not 'a lot'."),
    (visit(Cost__c=True), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Cost__c: Must be a number, not true."),
    (visit(Cost__c=10000), "NUMBER_OUTSIDE_VALID_RANGE", "Cost__c: 10000 is too large; 4 digits before the point fit."),
    (visit(Tests__c=1.5), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Tests__c: Must be a whole number, not 1.5."),
    (visit(Tests__c=1000), "NUMBER_OUTSIDE_VALID_RANGE", "Tests__c: 1000 is too large"),
    (visit(Seen__c="yes"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Seen__c: Must be true or false, not 'yes'."),
    (visit(Day__c="24.11.2026"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Day__c: Must be a day such as 2026-11-24"),
    (visit(Day__c="2026-02-30"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "'2026-02-30' is not a day."),
    (visit(Day__c="2026-11-24T15:00:00Z"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Day__c: Must be a day"),
    (visit(Start__c="2026-11-24"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Start__c: Must be a time such as"),
    (visit(Start__c="2026-11-24T15:00:00"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "has no time zone. Add an offset"),
    (visit(Opens__c="soon"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Opens__c: 'soon' is not a time of day."),
    (visit(Kind__c="Third"), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "No value 'Third'. Allowed: First, Follow-up."),
    (visit(Colours__c="Red;Green"), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "No value 'Green'. Allowed: Red, Blue."),
    (visit(Colours__c=["Red", 7]), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Colours__c: Must be values separated by ;"),
    ({"Patient__c": USER}, "MALFORMED_ID", f"{USER} is an Id of User; give the Id of Contact."),
    ({"Patient__c": WARD}, "MALFORMED_ID", f"{WARD} is an Id with the key prefix a01; give the Id of Contact."),
    (visit(Ward__c=ABSENT), "MALFORMED_ID", f"{ABSENT} is an Id of Contact; give the Id of Ward__c."),
    (visit(Cost__c="1e400"), "INVALID_TYPE_ON_FIELD_IN_RECORD", "Cost__c: Must be a number"),
    ({"Patient__c": "Hale"}, "MALFORMED_ID", "'Hale' is not an Id; give the Id of Contact."),
    ({"Patient__c": 3}, "INVALID_TYPE_ON_FIELD_IN_RECORD", "Patient__c: Must be the Id of Contact, not 3."),
    (visit(attributes={"type": "Ward__c"}), "INVALID_TYPE", "attributes: One call is for one object, Visit__c."),
    (visit(patient__C=ABSENT), "INVALID_FIELD", "Patient__c: Given twice, in upper and lower case."),
]  # fmt: skip


@pytest.mark.parametrize(("row", "code", "says"), CASES)
async def test_a_row_that_salesforce_would_refuse_is_refused_before_it_is_sent(
    clinic: LocalOrg, clinic_mcp: Client, row: dict[str, Any], code: str, says: str
) -> None:
    error = await refusal(clinic_mcp, "create_records", sobject="Visit__c", records=[row])

    assert error["code"] == code
    assert says in error["message"]
    assert error["message"].endswith("Nothing was sent.")
    assert error["retryable"] is False
    assert tokens(error) <= 120
    assert clinic.queries.query("SELECT COUNT() FROM Visit__c", clinic.user_id)["totalSize"] == 0


async def test_values_in_other_forms_become_what_salesforce_takes(clinic: LocalOrg, clinic_mcp: Client) -> None:
    patient = clinic.insert("Contact", LastName="Hale")
    ward = clinic.insert("Ward__c", Name="North")
    row = {
        "attributes": {"type": "visit__c"},
        "patient__c": patient[:15],
        "Ward__c": ward,
        "COST__C": "12.50",
        "Tests__c": 3.0,
        "Seen__c": "True",
        "Day__c": "2026-11-24",
        "Start__c": "2026-11-24T15:00:00+01:00",
        "Opens__c": "3:30 pm",
        "Colours__c": ["Red", "Blue"],
        "Number__c": None,
        "Kind__c": "Follow-up",
    }

    saved = await call(clinic_mcp, "create_records", sobject="Visit__c", records=[row])

    record = clinic.records.retrieve("Visit__c", saved["rows"][0][1], [*list(row)[1:], "Number__c"])
    assert record["Patient__c"] == patient
    assert (record["Cost__c"], record["Tests__c"], record["Seen__c"]) == (12.5, 3, True)
    assert record["Start__c"] == "2026-11-24T14:00:00.000+0000"
    assert record["Opens__c"] == "15:30:00.000Z"
    assert record["Colours__c"] == "Red;Blue"


async def test_every_problem_of_every_row_is_in_one_error(clinic_mcp: Client) -> None:
    rows = [visit(Costs__c=1), visit(), visit(Costs__c=2, Seen__c="yes"), {}]

    error = await refusal(clinic_mcp, "create_records", sobject="Visit__c", records=rows)

    assert error["code"] == "INVALID_RECORDS"
    assert error["message"] == "3 of 4 rows refused, so nothing was sent."
    assert error["problems"] == [
        "rows 1, 3: Costs__c: No such field. Did you mean Cost__c?",
        "row 3: Seen__c: Must be true or false, not 'yes'.",
        "row 4: Patient__c: Is required.",
    ]


async def test_many_problems_are_told_as_far_as_a_model_can_use_them(clinic_mcp: Client) -> None:
    rows = [visit(**{f"Nothing_{number}__c": 1}) for number in range(200)]

    error = await refusal(clinic_mcp, "create_records", sobject="Visit__c", records=rows)

    assert error["message"] == "200 of 200 rows refused, so nothing was sent."
    assert error["problems"][-1] == "and 188 more"
    assert tokens(error) <= 400


@pytest.mark.parametrize(
    ("row", "code", "says"),
    [
        ({"Title": "x"}, "MISSING_ARGUMENT", "Id: Is required: it identifies the record."),
        ({"Id": None, "Title": "x"}, "MISSING_ARGUMENT", "Id: Is required"),
        ({"Id": "003", "Title": "x"}, "MALFORMED_ID", "'003' is not an Id"),
        ({"Id": USER, "Title": "x"}, "MALFORMED_ID", "is not of Contact (003…)"),
        ({"Id": ABSENT}, "MISSING_ARGUMENT", "Has no fields to change."),
        ({"Id": ABSENT, "LastName": None}, "REQUIRED_FIELD_MISSING", "LastName: Cannot be empty."),
        ({"Id": ABSENT, "Name": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "Name: Is read-only for this user."),
    ],
)
async def test_a_change_that_cannot_be_is_refused(mcp: Client, row: dict[str, Any], code: str, says: str) -> None:
    error = await refusal(mcp, "update_records", sobject="Contact", records=[row])

    assert error["code"] == code
    assert says in error["message"]


async def test_two_changes_of_one_record_in_one_call_are_refused(mcp: Client) -> None:
    rows = [{"Id": ABSENT, "Title": "x"}, {"Id": ABSENT[:15], "Title": "y"}]

    error = await refusal(mcp, "update_records", sobject="Contact", records=rows)

    assert error["code"] == "DUPLICATE_VALUE"
    assert "row 2: Id: The same as row 1." in error["message"]


@pytest.mark.parametrize(
    ("rows", "code", "says"),
    [
        ([{"Patient__c": ABSENT}], "MISSING_ARGUMENT", "Number__c: Is required"),
        ([{"Number__c": None}], "MISSING_ARGUMENT", "Number__c: Cannot be empty"),
        ([{"Number__c": "7"}, {"Number__c": "7"}], "DUPLICATE_VALUE", "row 2: Number__c: The same as row 1."),
        ([{"Number__c": "7", "Id": ABSENT}], "INVALID_FIELD", "Id: Omit it"),
        ([{"Number__c": "7", "Name": "x"}], "INVALID_FIELD_FOR_INSERT_UPDATE", "Name"),
    ],
)
async def test_an_upsert_that_cannot_be_is_refused(
    clinic_mcp: Client, rows: list[dict[str, Any]], code: str, says: str
) -> None:
    error = await refusal(clinic_mcp, "upsert_records", sobject="Visit__c", external_id_field="Number__c", records=rows)

    assert error["code"] == code
    assert says in error["message"]


@pytest.mark.parametrize("again", ["ode@example.com", "Ode@Example.com", "ode@example.com ", " ode@example.com"])
async def test_a_key_that_comes_twice_in_an_upsert_is_refused_before_it_is_sent(clinic_mcp: Client, again: str) -> None:
    rows = [{"Email": "ode@example.com", "LastName": "Ode"}, {"Email": again, "LastName": "Oda"}]

    error = await refusal(clinic_mcp, "upsert_records", sobject="Contact", external_id_field="Email", records=rows)

    assert error["code"] == "DUPLICATE_VALUE"
    assert "The same as row 1" in error["message"]


async def test_an_upsert_by_a_field_that_is_no_key_names_those_that_are(clinic_mcp: Client) -> None:
    error = await refusal(
        clinic_mcp, "upsert_records", sobject="Visit__c", external_id_field="Notes__c", records=[{"Notes__c": "x"}]
    )

    assert error["message"] == "Notes__c is not an external Id field of Visit__c."
    assert "Number__c" in error["hint"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("create_records", {"records": [{"Nme": "x"}]}),
        ("update_records", {"records": [{"Id": ABSENT, "Nme": "x"}]}),
        ("delete_records", {"record_ids": [ABSENT]}),
    ],
)
async def test_an_unknown_object_gets_the_nearest_names(mcp: Client, tool: str, arguments: dict[str, Any]) -> None:
    error = await refusal(mcp, tool, sobject="Contcat", **arguments)

    assert error["code"] == "INVALID_TYPE"
    assert error["hint"].startswith("Did you mean Contact")


async def test_an_object_that_nobody_may_write_is_refused_by_describe(mcp: Client) -> None:
    error = await refusal(mcp, "delete_records", sobject="User", record_ids=[USER])

    assert error["code"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert error["message"] == "This user cannot delete User records."


@pytest.mark.parametrize("record_ids", [["003"], [USER], [ABSENT, ABSENT]])
async def test_ids_to_delete_are_checked_against_their_object(mcp: Client, record_ids: list[str]) -> None:
    error = await refusal(mcp, "delete_records", sobject="Contact", record_ids=record_ids)

    assert error["code"] in {"MALFORMED_ID", "DUPLICATE_VALUE"}
    assert error["message"].endswith("Nothing was sent.")


TYPES = (
    "string", "textarea", "boolean", "int", "double", "currency", "date", "datetime", "time", "picklist",
    "multipicklist", "reference", "email", "base64", "anyType",
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(TYPES), json_values)
def test_whatever_a_value_is_it_is_taken_or_refused_in_words(kind: str, value: Any) -> None:
    field = FieldDescribe(
        name="X__c", label="X", type=kind, length=10, precision=6, scale=2, nillable=True, createable=True,
        restricted_picklist=True, reference_to=("Contact",),
    )  # fmt: skip
    described = SObjectDescribe(name="Y__c", label="Y", createable=True, fields=(field,))

    said, rows = "", []
    try:
        rows = check_records(described, [{"x__C": value}], "create", prefixes=KEY_PREFIXES)
    except InvalidArgumentError as error:
        said = error.message

    taken = [set() if is_blank(value) else {"X__c"}]
    assert [set(row) for row in rows] == taken or said.startswith("X__c: ")
    assert len(said) < 250


def check_one(field: FieldDescribe, value: Any) -> str:
    described = SObjectDescribe(name="Y__c", label="Y", createable=True, updateable=True, fields=(field,))
    with pytest.raises(InvalidArgumentError) as refused:
        check_records(described, [{field.name: value}], "create", prefixes=KEY_PREFIXES)
    return refused.value.message


def test_a_picklist_of_many_values_names_the_nearest_ones() -> None:
    values = tuple(PicklistValue(f"Region {name}") for name in ("North", "South", "East", *map(str, range(40))))
    field = FieldDescribe(
        name="X__c", label="X", type="picklist", createable=True, restricted_picklist=True, picklist_values=values
    )

    assert "Did you mean Region North" in check_one(field, "region nort")
    assert "Describe the field for its 43 values." in check_one(field, "zzz")


def test_a_formula_is_refused_as_one() -> None:
    assert ("X__c: Is a formula field; it cannot be set.") in check_one(
        FieldDescribe(name="X__c", label="X", type="double", calculated=True), 1
    )
