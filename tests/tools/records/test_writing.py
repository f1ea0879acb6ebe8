"""Records of any object, written many in one call: each row's outcome, and what is told when not all goes well."""

from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault
from tests.tools.calls import call, refusal, rows_as_dicts
from tests.tools.records.clinic import FailingOrg, client_of
from tests.tools.tokens import tokens

ABSENT = "003000000000999AAA"


def last_names(org: LocalOrg) -> list[str]:
    found = org.queries.query("SELECT LastName FROM Contact ORDER BY LastName", org.user_id)["records"]
    return [record["LastName"] for record in found]


def patients(org: LocalOrg, count: int) -> list[str]:
    return [org.insert("Contact", LastName=f"Hale {number:04}") for number in range(count)]


async def test_created_records_are_there_with_the_ids_that_are_told(org: LocalOrg, mcp: Client) -> None:
    saved = await call(mcp, "create_records", sobject="account", records=[{"Name": "Acme"}, {"name": "Bolt"}])

    assert saved["succeeded"] == 2
    assert [(row["row"], row["outcome"]) for row in rows_as_dicts(saved)] == [(1, "created"), (2, "created")]
    names = [org.records.retrieve("Account", row["Id"], ["Name"])["Name"] for row in rows_as_dicts(saved)]
    assert names == ["Acme", "Bolt"]


async def test_one_record_may_stand_without_a_list(org: LocalOrg, mcp: Client) -> None:
    saved = await call(mcp, "create_records", sobject="Account", records={"Name": "Acme"})

    assert org.records.retrieve("Account", saved["rows"][0][1], ["Name"])["Name"] == "Acme"


async def test_an_update_changes_the_fields_given_and_null_clears_one(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="Ode", Title="CTO", Email="ode@example.com")

    saved = await call(
        mcp, "update_records", sobject="Contact", records=[{"id": contact_id[:15], "Title": "CFO", "email": None}]
    )

    assert rows_as_dicts(saved) == [{"row": 1, "Id": contact_id, "outcome": "updated"}]
    record = org.records.retrieve("Contact", contact_id, ["LastName", "Title", "Email"])
    assert (record["LastName"], record["Title"], record["Email"]) == ("Ode", "CFO", None)


@pytest.mark.parametrize("blank", [None, "", "  ", {"X__c": None}, [""]])
async def test_an_upsert_clears_what_is_blank_of_what_is_there_and_leaves_it_out_of_what_it_makes(
    clinic: LocalOrg, clinic_mcp: Client, blank: Any
) -> None:
    (patient,) = patients(clinic, 1)
    known = clinic.insert("Visit__c", Patient__c=patient, Number__c="a7", Kind__c="Follow-up", Notes__c="Old")
    by_number = {"sobject": "Visit__c", "external_id_field": "number__c"}
    fields = {"Kind__c": blank, "Notes__c": blank, "Cost__c": blank, "Day__c": blank}
    rows = [{"Number__c": "A7", **fields}, {"Number__c": "8", "Patient__c": patient, "OwnerId": blank, **fields}]

    saved = await call(clinic_mcp, "upsert_records", **by_number, records=rows)
    no_owner = await refusal(clinic_mcp, "upsert_records", **by_number, records=[{"Number__c": "8", "OwnerId": blank}])
    no_key = await refusal(clinic_mcp, "upsert_records", **by_number, records=[{"Number__c": blank, **fields}])

    changed, made = (clinic.records.retrieve("Visit__c", row["Id"]) for row in rows_as_dicts(saved))
    assert changed["Id"] == known
    assert (changed["Kind__c"], changed["Notes__c"], changed["OwnerId"]) == (None, None, clinic.user_id)
    assert (made["Kind__c"], made["OwnerId"]) == ("First", clinic.user_id)
    assert no_owner["fields"] == ["OwnerId"]
    assert no_key["fields"] == ["Number__c"]


async def test_an_upsert_tells_what_it_created_from_what_it_changed(clinic: LocalOrg, clinic_mcp: Client) -> None:
    patient = patients(clinic, 1)[0]
    known = clinic.insert("Visit__c", Patient__c=patient, Number__c="7")
    rows = [{"number__c": "7", "Notes__c": "again"}, {"Number__c": "8", "Patient__c": patient}]

    saved = await call(clinic_mcp, "upsert_records", sobject="Visit__c", external_id_field="NUMBER__C", records=rows)

    outcomes = rows_as_dicts(saved)
    assert [row["outcome"] for row in outcomes] == ["updated", "created"]
    assert outcomes[0]["Id"] == known
    assert clinic.records.retrieve("Visit__c", known, ["Notes__c"])["Notes__c"] == "again"


async def test_an_upsert_by_id_creates_where_the_id_is_null(clinic: LocalOrg, clinic_mcp: Client) -> None:
    known = patients(clinic, 1)[0]
    rows = [{"Id": known, "Title": "Dr."}, {"Id": None, "LastName": "Keane"}]

    saved = await call(clinic_mcp, "upsert_records", sobject="Contact", external_id_field="Id", records=rows)

    assert [row["outcome"] for row in rows_as_dicts(saved)] == ["updated", "created"]
    assert last_names(clinic) == ["Hale 0000", "Keane"]


async def test_a_parent_may_be_named_by_its_external_id(clinic: LocalOrg, clinic_mcp: Client) -> None:
    clinic.insert("Contact", LastName="Hale", Email="hale@example.com")
    row = {"Patient__r": {"Email": "hale@example.com"}, "Number__c": "9"}

    saved = await call(clinic_mcp, "create_records", sobject="Visit__c", records=[row])

    assert saved["succeeded"] == 1


async def test_deleted_records_are_in_the_recycle_bin(org: LocalOrg, mcp: Client) -> None:
    ids = [org.insert("Contact", LastName=name) for name in ("Ode", "Ide")]

    saved = await call(mcp, "delete_records", sobject="Contact", record_ids=ids)

    assert [row["outcome"] for row in rows_as_dicts(saved)] == ["deleted", "deleted"]
    assert (await refusal(mcp, "get_record", sobject="Contact", record_ids=ids[:1]))["code"] == "ENTITY_IS_DELETED"


async def test_one_refused_row_keeps_all_from_being_saved_unless_told_otherwise(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="Ode")
    rows = [{"Id": contact_id, "Title": "CTO"}, {"Id": ABSENT, "Title": "CTO"}]

    error = await refusal(mcp, "update_records", sobject="Contact", records=rows)

    assert error["code"] == "INVALID_CROSS_REFERENCE_KEY"
    assert error["message"] == "1 of 2 rows refused, so nothing was saved."
    assert error["problems"] == ["row 2: invalid cross reference id"]
    assert "right Id" in error["hint"]
    assert tokens(error) <= 120
    assert org.records.retrieve("Contact", contact_id, ["Title"])["Title"] is None


async def test_without_all_or_none_each_row_has_its_outcome_and_the_failed_are_counted(
    org: LocalOrg, mcp: Client
) -> None:
    contact_id = org.insert("Contact", LastName="Ode")
    rows = [{"Id": ABSENT, "Title": "CTO"}, {"Id": contact_id, "Title": "CTO"}]

    saved = await call(mcp, "update_records", sobject="Contact", records=rows, all_or_none=False)

    assert (saved["succeeded"], saved["failed"]) == (1, 1)
    assert saved["hint"].endswith("Query for the right Id.")
    failed, updated = rows_as_dicts(saved)
    assert (failed["Id"], failed["outcome"], failed["code"]) == (ABSENT, "failed", "INVALID_CROSS_REFERENCE_KEY")
    assert (updated["Id"], updated["outcome"], updated["code"]) == (contact_id, "updated", None)
    assert org.records.retrieve("Contact", contact_id, ["Title"])["Title"] == "CTO"


async def test_where_no_row_was_saved_it_is_an_error_also_without_all_or_none(mcp: Client) -> None:
    rows = [{"Id": ABSENT, "Title": "x"}, {"Id": "003000000000998AAA", "Title": "x"}]

    error = await refusal(mcp, "update_records", sobject="Contact", records=rows, all_or_none=False)

    assert error["problems"] == ["rows 1-2: invalid cross reference id"]


async def test_a_failing_row_alone_is_told_as_by_the_tool_for_one_record(org: LocalOrg, mcp: Client) -> None:
    first = org.insert("Contact", FirstName="Ada", LastName="Quill", Email="ada@quill.example")
    row = {"FirstName": "Ada", "LastName": "Quill", "Email": "ada@quill.example"}

    error = await refusal(mcp, "create_records", sobject="Contact", records=[row])

    assert error["code"] == "DUPLICATES_DETECTED"
    assert first in error["hint"]
    assert "allow_duplicate" in error["hint"]
    saved = await call(mcp, "create_records", sobject="Contact", records=[row], allow_duplicate=True)
    assert saved["succeeded"] == 1


async def test_a_change_that_makes_a_duplicate_is_saved_where_that_is_wanted(org: LocalOrg, mcp: Client) -> None:
    org.insert("Contact", FirstName="Ada", LastName="Quill", Email="ada@quill.example")
    other = org.insert("Contact", FirstName="Ida", LastName="Quill")
    row = {"Id": other, "FirstName": "Ada", "Email": "ada@quill.example"}

    for tool, more in (("update_records", {}), ("upsert_records", {"external_id_field": "Id"})):
        saved = await call(mcp, tool, sobject="Contact", records=[row], allow_duplicate=True, **more)
        assert saved["rows"][0][:3] == [1, other, "updated"]


async def test_duplicates_among_many_rows_name_what_they_are_like(org: LocalOrg, mcp: Client) -> None:
    first = org.insert("Contact", FirstName="Ada", LastName="Quill", Email="ada@quill.example")
    rows = [{"LastName": "Other"}, {"FirstName": "Ada", "LastName": "Quill", "Email": "ada@quill.example"}]

    error = await refusal(mcp, "create_records", sobject="Contact", records=rows)

    (line,) = error["problems"]
    assert line.startswith("row 2: Use one of these records?")
    assert f"Like it: {first}." in line
    assert "message_by" not in error


async def test_a_duplicate_of_a_row_that_was_taken_back_names_the_row(org: LocalOrg, mcp: Client) -> None:
    ada = {"FirstName": "Ada", "LastName": "Quill", "Email": "ada@quill.example"}
    rows = [
        {"LastName": "Quill"},
        {**ada, "Phone": "1"},
        {**ada, "FirstName": "Ida"},
        {**ada, "Email": "ADA@quill.example"},
    ]

    error = await refusal(mcp, "create_records", sobject="Contact", records=rows)

    assert error["problems"] == ["row 4: The same as row 2."]
    assert org.store.rows("SELECT Id FROM Contact WHERE LastName = 'Quill'") == []


async def test_a_duplicate_of_a_record_beside_one_that_was_taken_back_names_the_record(
    org: LocalOrg, mcp: Client
) -> None:
    first = org.insert("Contact", FirstName="Ada", LastName="Quill", Phone="604 555 0100")
    rows = [
        {"FirstName": "Ada", "LastName": "Quill"},
        {"FirstName": "Ada", "LastName": "Quill", "Phone": "604 555 0100"},
    ]

    error = await refusal(mcp, "create_records", sobject="Contact", records=rows)

    assert f"Like it: {first}." in str(error["problems"])


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_rows_beyond_200_go_in_parts_with_progress(clinic: LocalOrg, mode: str) -> None:
    reported: list[tuple[float, float | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001 - the SDK's
        reported.append((progress, total))

    rows = [{"LastName": f"Hale {number:04}"} for number in range(450)]
    async with client_of(clinic, mode=mode) as client:
        result = await client.call_tool(
            "salesforce_create_records",
            {"sobject": "Contact", "records": rows, "all_or_none": False, "list_saved": True},
            progress_callback=note,
        )

    saved: Any = result.structured_content
    assert saved["succeeded"] == 450
    assert len(saved["rows"]) == 450
    assert last_names(clinic) == [row["LastName"] for row in rows]
    assert sorted(reported) == [(200, 450), (400, 450), (450, 450)]


async def test_all_or_none_of_more_rows_than_salesforce_can_promise_it_for_is_refused(
    clinic: LocalOrg, clinic_mcp: Client
) -> None:
    rows = [{"LastName": f"Hale {number}"} for number in range(201)]

    error = await refusal(clinic_mcp, "create_records", sobject="Contact", records=rows)

    assert "200 rows" in error["message"]
    assert "all_or_none to false" in error["hint"]
    assert last_names(clinic) == []


async def test_more_rows_than_a_call_may_have_are_refused(clinic_mcp: Client) -> None:
    rows = [{"LastName": "Hale"}] * 1001

    error = await refusal(clinic_mcp, "create_records", sobject="Contact", records=rows, all_or_none=False)

    assert "at most 1000" in error["message"]


@pytest.mark.parametrize("is_done", [True, False])
async def test_a_failure_in_the_middle_tells_what_is_done_what_not_and_what_nobody_knows(
    clinic: LocalOrg, is_done: bool
) -> None:
    ids = patients(clinic, 650)
    app = FailingOrg(clinic, at=1, is_done=is_done)
    rows = [{"Id": contact_id, "Title": "x"} for contact_id in ids]

    async with client_of(clinic, app) as client:
        saved = await call(client, "update_records", sobject="Contact", records=rows, all_or_none=False)

        assert (saved["succeeded"], saved["rows"]) == (200, [])
        assert app.writes == 2
        unknown, not_sent = ("201-400", "401-650") if is_done else (None, "201-650")
        assert (saved.get("unknown"), saved["not_sent"]) == (unknown, not_sent)
        assert saved["stopped_by"].startswith("NO_ANSWER: " if is_done else "REQUEST_LIMIT_EXCEEDED: ")
        assert ("unknown rows" in saved["hint"]) is is_done

        rest = await call(client, "update_records", sobject="Contact", records=rows[400:], all_or_none=False)

    assert rest["succeeded"] == 250
    done = clinic.queries.query("SELECT COUNT() FROM Contact WHERE Title = 'x'", clinic.user_id)["totalSize"]
    assert done == (650 if is_done else 450)


async def test_a_create_whose_answer_was_lost_names_the_records_that_it_may_have_made(clinic: LocalOrg) -> None:
    rows = [{"LastName": "Hale"}, {"LastName": "Keane"}]

    async with client_of(clinic, FailingOrg(clinic, at=0, is_done=True)) as client:
        error = await refusal(client, "create_records", sobject="Contact", records=rows)

    assert error["code"] == "OUTCOME_UNKNOWN"
    assert error["outcome"] == "unknown"
    assert error["retryable"] is False
    made = {record["Id"] for record in clinic.queries.query("SELECT Id FROM Contact", clinic.user_id)["records"]}
    assert set(error["candidates"]) == made
    assert "2 with these values appeared" in error["message"]
    assert len(made) == 2


async def test_a_lock_that_lasts_is_told_as_one_that_may_be_tried_again(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="Ode")
    org.faults.add(Fault("lock_row", path="*/composite/sobjects*", count=None))

    error = await refusal(mcp, "update_records", sobject="Contact", records=[{"Id": contact_id, "Title": "x"}])

    assert error["code"] == "UNABLE_TO_LOCK_ROW"
    assert error["retryable"] is True


async def test_outcomes_that_do_not_fit_leave_out_those_that_went_well(clinic: LocalOrg) -> None:
    rows = [{"LastName": f"Hale {number:04}"} for number in range(190)] + [
        {"LastName": "Hale", "Birthdate": "1500-01-01"} for _ in range(10)
    ]

    async with client_of(clinic, max_answer_tokens=2000) as client:
        saved = await call(
            client, "create_records", sobject="Contact", records=rows, all_or_none=False, list_saved=True
        )

    assert (saved["succeeded"], saved["failed"]) == (190, 10)
    assert saved["left_out"] == 200 - len(saved["rows"])
    assert [row["outcome"] for row in rows_as_dicts(saved)][:11] == ["failed"] * 10 + ["created"]


async def test_deleting_a_parent_that_others_need_says_so_by_row(org: LocalOrg, mcp: Client) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Ode", AccountId=account)
    org.insert("Case", Subject="Broken", ContactId=contact, AccountId=account)

    error = await refusal(mcp, "delete_records", sobject="Account", record_ids=[account, account[:15]])

    assert error["code"] == "DUPLICATE_VALUE"
    assert "The same Id as row 1" in error["message"]


@pytest.mark.parametrize("sobject", ["Event", "event", "EventRelation"])
@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("create_records", {"records": [{"Subject": "x", "StartDateTime": "2026-12-01T10:00:00Z"}]}),
        ("update_records", {"records": [{"Id": "00U000000000001AAA", "Subject": "x"}]}),
        ("upsert_records", {"external_id_field": "Id", "records": [{"Id": "00U000000000001AAA", "Subject": "x"}]}),
        ("delete_records", {"record_ids": ["00U000000000001AAA"]}),
    ],
)
async def test_calendars_are_written_by_the_tools_that_check_them(
    mcp: Client, tool: str, arguments: dict[str, Any], sobject: str
) -> None:
    error = await refusal(mcp, tool, sobject=sobject, **arguments)

    assert error["code"] == "NOT_SUPPORTED"
    own = "salesforce_set_invitees" if sobject == "EventRelation" else "_appointment"
    assert own in error["hint"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Webb", "LeadSource 'Webb' (nearest: Web)"),
        ("web", "LeadSource 'web' (nearest: Web)"),
        ("Partner Referal", "LeadSource 'Partner Referal' (nearest: Partner Referral)"),
        ("Billboard", "LeadSource 'Billboard'."),
        ("Web", ""),
        (None, ""),
    ],
)
async def test_a_value_that_an_open_picklist_does_not_have_is_saved_with_a_note(
    mcp: Client, value: str | None, said: str
) -> None:
    row = {"LastName": "Ode", "LeadSource": value}

    saved = await call(mcp, "create_records", sobject="Contact", records=[row])

    assert saved["succeeded"] == 1
    assert said in saved["note"] if said else "note" not in saved


BAD = [
    {"LastName": "", "Title": "no name"},
    {"LastName": "Ode", "Birthdate": "soon"},
    {"LastName": "Ode", "Tilte": "misspelt"},
    {"LastName": "Ode", "Email": "ode@example.com", "OwnerId": "003000000000001AAA"},
]


async def test_a_thousand_rows_with_four_that_the_checks_refuse_save_the_others_in_few_words(
    clinic: LocalOrg, clinic_mcp: Client
) -> None:
    rows: list[dict[str, Any]] = [{"LastName": f"Hale {number:04}", "Title": "Dr"} for number in range(996)]
    for place, bad in zip((7, 350, 620, 999), BAD, strict=True):
        rows.insert(place, bad)

    saved = await call(clinic_mcp, "create_records", sobject="Contact", records=rows, all_or_none=False)

    assert (saved["succeeded"], saved["failed"]) == (996, 4)
    assert [(row["row"], row["code"], row["fields"]) for row in rows_as_dicts(saved)] == [
        (8, "REQUIRED_FIELD_MISSING", "LastName"),
        (351, "INVALID_TYPE_ON_FIELD_IN_RECORD", "Birthdate"),
        (621, "INVALID_FIELD", "Tilte"),
        (1000, "MALFORMED_ID", "OwnerId"),
    ]
    assert "Title" in rows_as_dicts(saved)[2]["message"]
    assert tokens(saved) <= 150
    assert last_names(clinic) == [row["LastName"] for row in rows if row["LastName"].startswith("Hale")]


async def test_rows_that_the_checks_and_the_org_refuse_are_in_one_answer_with_their_own_numbers(
    org: LocalOrg, mcp: Client
) -> None:
    ids = [org.insert("Contact", LastName=name) for name in ("Ode", "Ide")]
    rows = [["x", "CTO"], [ids[0], "CTO"], [ABSENT, "CTO"], [ids[1], "CTO"], [ids[0], "COO"]]

    saved = await call(mcp, "update_records", sobject="Contact", columns=["Id", "Title"], rows=rows, all_or_none=False)

    assert [(row["row"], row["Id"], row["outcome"], row["code"]) for row in rows_as_dicts(saved)] == [
        (1, "x", "failed", "MALFORMED_ID"),
        (2, ids[0], "updated", None),
        (3, ABSENT, "failed", "INVALID_CROSS_REFERENCE_KEY"),
        (4, ids[1], "updated", None),
        (5, ids[0], "failed", "DUPLICATE_VALUE"),
    ]
    assert "row 2" in rows_as_dicts(saved)[4]["message"]
    assert {row["Title"] for row in org.store.rows("SELECT Title FROM Contact WHERE LastName IN ('Ode', 'Ide')")} == {
        "CTO"
    }


async def test_where_the_checks_refuse_every_row_nothing_is_sent(mcp: Client) -> None:
    error = await refusal(mcp, "create_records", sobject="Contact", records=BAD, all_or_none=False)

    assert error["message"] == "4 of 4 rows refused, so nothing was sent."
    assert len(error["problems"]) == 4


async def test_a_name_that_several_people_have_keeps_only_its_own_row(org: LocalOrg, mcp: Client) -> None:
    for city in ("Bern", "Basel"):
        org.insert("Account", Name="Twin", BillingCity=city)
    rows = [["Ode", "Twin"], ["Ide", ""]]

    more = {"sobject": "Contact", "columns": ["LastName", "AccountId"], "rows": rows}
    saved = await call(mcp, "create_records", **more, all_or_none=False)
    refused = await refusal(mcp, "create_records", **more)

    assert (saved["succeeded"], saved["failed"]) == (1, 1)
    assert [(row["row"], row["code"]) for row in rows_as_dicts(saved) if row["code"]] == [(1, "AMBIGUOUS_NAME")]
    assert refused["code"] == "AMBIGUOUS_NAME"


async def test_bad_ids_keep_no_other_record_from_being_deleted(org: LocalOrg, mcp: Client) -> None:
    ids = [org.insert("Contact", LastName=name) for name in ("Ode", "Ide")]

    saved = await call(
        mcp, "delete_records", sobject="Contact", record_ids=[ids[0], "x", ids[1][:15], ids[0]], all_or_none=False
    )

    assert [(row["row"], row["outcome"]) for row in rows_as_dicts(saved)] == [
        (1, "deleted"), (2, "failed"), (3, "deleted"), (4, "failed"),
    ]  # fmt: skip


async def test_a_preview_names_the_rows_that_would_not_be_saved(org: LocalOrg, mcp: Client) -> None:
    told = await call(
        mcp, "create_records", sobject="Contact", records=[{"LastName": "Ode"}, *BAD], all_or_none=False, preview=True
    )

    assert [each["action"] for each in told["preview"]] == ["create"]
    assert told["note"] == "Rows 2-5 are refused, and would not be saved."
    assert not org.store.rows("SELECT Id FROM Contact WHERE LastName = 'Ode'")


@pytest.mark.parametrize("is_done", [True, False])
async def test_a_failure_in_the_middle_tells_the_rows_by_the_numbers_that_they_were_given(
    clinic: LocalOrg, is_done: bool
) -> None:
    ids = patients(clinic, 450)
    rows: list[dict[str, Any]] = [{"Id": contact_id, "Title": "x"} for contact_id in ids]
    rows[100:100] = [{"Id": "x"}, {"Id": "y"}]

    async with client_of(clinic, FailingOrg(clinic, at=1, is_done=is_done)) as client:
        saved = await call(client, "update_records", sobject="Contact", records=rows, all_or_none=False)

    assert (saved["succeeded"], saved["failed"]) == (200, 2)
    assert [row["row"] for row in rows_as_dicts(saved)] == [101, 102]
    unknown, not_sent = ("203-402", "403-452") if is_done else (None, "203-452")
    assert (saved.get("unknown"), saved["not_sent"]) == (unknown, not_sent)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "records is required"),
        ({"records": []}, "records is required"),
        ({"columns": ["LastName"]}, "either records, or columns and rows"),
        ({"rows": [["Ode"]]}, "either records, or columns and rows"),
        ({"columns": ["LastName"], "rows": [["Ode"]], "records": [{"LastName": "Ide"}]}, "either records, or"),
        ({"columns": ["LastName", "lastname"], "rows": [["Ode", "Ide"]]}, "twice"),
        ({"columns": ["LastName", ""], "rows": [["Ode", "Ide"]]}, "no name"),
        ({"columns": ["LastName", "Title"], "rows": [["Ode", "Dr"], ["Ide"], "x"]}, "2, 3 (from 1). Nothing was sent"),
    ],
)
async def test_rows_in_two_forms_or_of_another_length_are_refused(
    org: LocalOrg, mcp: Client, given: dict[str, Any], words: str
) -> None:
    error = await refusal(mcp, "create_records", sobject="Contact", all_or_none=False, **given)

    assert words in error["message"]
    assert not org.store.rows("SELECT Id FROM Contact WHERE LastName IN ('Ode', 'Ide')")


async def test_columns_and_rows_mean_what_records_mean(clinic: LocalOrg, clinic_mcp: Client) -> None:
    patient = patients(clinic, 1)[0]
    columns = ["Patient__c", "Cost__c", "Seen__c", "Day__c", "Kind__c", "Number__c"]

    saved = await call(
        clinic_mcp, "create_records", sobject="Visit__c", columns=columns,
        rows=[[patient, "12.5", "true", "2026-11-24", "", "a"], [patient, 12.5, True, "2026-11-24", None, "b"]],
    )  # fmt: skip

    first, second = (clinic.records.retrieve("Visit__c", row["Id"], columns[:-1]) for row in rows_as_dicts(saved))
    assert {**first, "Id": "", "attributes": 0} == {**second, "Id": "", "attributes": 0}
    assert (first["Cost__c"], first["Seen__c"], first["Kind__c"]) == (12.5, True, "First")


async def test_the_record_to_change_can_be_named_and_several_of_a_name_are_a_question(
    org: LocalOrg, mcp: Client
) -> None:
    ada, _, _ = (org.insert("Contact", LastName=name, FirstName="Ada") for name in ("Quist", "Twin", "Twin"))

    await call(mcp, "update_records", sobject="Contact", records=[{"Id": "Ada Quist", "Title": "CEO"}])
    await call(mcp, "update_records", sobject="User", records=[{"Id": "me", "Title": "Head"}])
    several = await refusal(mcp, "update_records", sobject="Contact", records=[{"Id": "Ada Twin", "Title": "CEO"}])
    nobody = await refusal(mcp, "update_records", sobject="Contact", records=[{"Id": "Nobody Here", "Title": "CEO"}])

    assert org.store.rows("SELECT Title FROM Contact WHERE Id = ?", [ada])[0]["Title"] == "CEO"
    assert org.store.rows("SELECT Title FROM User WHERE Id = ?", [org.user_id])[0]["Title"] == "Head"
    assert several["code"] == "AMBIGUOUS_NAME"
    assert nobody["code"] == "MALFORMED_ID"
