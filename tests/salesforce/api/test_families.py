"""Each method of each family: the request it makes, the value it returns."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import pytest

from mcp_salesforce.salesforce import (
    ApiError,
    ConflictError,
    InvalidArgumentError,
    InvalidRequestError,
    OutcomeUnknownError,
    RecordRejectedError,
    Request,
    SalesforceClient,
    ServerError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.models import Limit
from tests.salesforce.scripted import CONTACT_ID, USER_ID, Answer, ScriptedOrg, refusal

NEXT = "/services/data/v60.0/query/0r8xx5R2yF2gs3VASQ-2"


def told(scripted: ScriptedOrg) -> tuple[str, str, str]:
    call = scripted.data_calls[-1]
    return call.method, call.path.removeprefix("/services/data/v60.0/"), call.query


async def test_create_sends_the_values_and_returns_the_id(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(Answer(201, {"id": CONTACT_ID, "success": True, "errors": []}))

    saved = await client.sobjects.create("Contact", {"LastName": "Doe", "Email": None})

    assert told(scripted) == ("POST", "sobjects/Contact", "")
    assert scripted.data_calls[-1].json == {"LastName": "Doe", "Email": None}
    assert scripted.data_calls[-1].headers["content-type"] == "application/json"
    assert "sforce-duplicate-rule-header" not in scripted.data_calls[-1].headers
    assert (saved.id, saved.success, saved.errors) == (CONTACT_ID, True, ())


async def test_a_duplicate_is_allowed_only_when_asked_for(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(Answer(201, {"id": CONTACT_ID, "success": True, "errors": []}))
    await client.sobjects.create("Contact", {"LastName": "Doe"}, allow_duplicate=True)
    await client.sobjects.update("Contact", CONTACT_ID, {"LastName": "Doe"}, allow_duplicate=True)

    assert [call.headers["sforce-duplicate-rule-header"] for call in scripted.data_calls] == ["allowSave=true"] * 2


async def test_retrieve_asks_for_the_fields_and_leaves_attributes_out(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.append(Answer(value={"attributes": {"type": "Contact"}, "Id": CONTACT_ID, "Name": "Jo"}))

    record = await client.sobjects.retrieve("Contact", CONTACT_ID[:15], fields=["Id", "Name"])

    assert told(scripted) == ("GET", f"sobjects/Contact/{CONTACT_ID}", "fields=Id%2CName")
    assert record == {"Id": CONTACT_ID, "Name": "Jo"}


async def test_update_and_delete_return_nothing(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.extend([Answer(204), Answer(204)])

    await client.sobjects.update("Contact", CONTACT_ID, {"Email": None})
    assert told(scripted) == ("PATCH", f"sobjects/Contact/{CONTACT_ID}", "")
    assert scripted.data_calls[-1].json == {"Email": None}

    await client.sobjects.delete("Contact", CONTACT_ID)
    assert told(scripted) == ("DELETE", f"sobjects/Contact/{CONTACT_ID}", "")
    assert scripted.data_calls[-1].body == b""


async def test_a_change_can_depend_on_the_record_being_as_old_as_it_was(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.append(refusal(412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE"))
    read_at = datetime(2026, 11, 22, 10, 0, 5, tzinfo=timezone(timedelta(hours=1)))

    with pytest.raises(ConflictError):
        await client.sobjects.update("Contact", CONTACT_ID, {"Email": None}, unmodified_since=read_at)

    assert scripted.data_calls[-1].headers["if-unmodified-since"] == "Sun, 22 Nov 2026 09:00:05 GMT"


async def test_pages_follow_the_path_that_salesforce_gives(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.extend(
        [
            Answer(
                value={"totalSize": 3, "done": False, "nextRecordsUrl": NEXT, "records": [{"Id": "a"}, {"Id": "b"}]}
            ),
            Answer(value={"totalSize": 3, "done": True, "records": [{"Id": "c"}]}),
        ]
    )

    found = [page async for page in client.queries.pages("SELECT Id FROM Contact", batch_size=200)]

    assert [record["Id"] for page in found for record in page.records] == ["a", "b", "c"]
    assert [page.done for page in found] == [False, True]
    assert [(call.path, call.query) for call in scripted.data_calls] == [
        ("/services/data/v60.0/query", "q=SELECT%20Id%20FROM%20Contact"),
        (NEXT, ""),
    ]
    assert [call.headers["sforce-query-options"] for call in scripted.data_calls] == ["batchSize=200"] * 2


async def test_query_all_takes_in_deleted_records(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(Answer(value={"totalSize": 0, "done": True, "records": []}))

    result = await client.queries.query("SELECT Id FROM Contact", query_all=True)

    assert told(scripted)[1] == "queryAll"
    assert (result.total_size, result.records, result.next_records_url) == (0, [], None)


async def test_a_next_page_on_another_host_is_not_followed(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    elsewhere = "https://evil.example" + NEXT
    scripted.answers.append(Answer(value={"totalSize": 2, "done": False, "nextRecordsUrl": elsewhere, "records": []}))

    with pytest.raises(UnreadableReplyError, match="nextRecordsUrl"):
        [page async for page in client.queries.pages("SELECT Id FROM Contact")]

    assert len(scripted.data_calls) == 1


@pytest.mark.parametrize("size", [0, 199, 2001])
async def test_a_batch_size_that_salesforce_would_not_keep_is_refused(client: SalesforceClient, size: int) -> None:
    with pytest.raises(InvalidArgumentError, match="200 to 2000"):
        await client.queries.query("SELECT Id FROM Contact", batch_size=size)


async def test_describe_returns_fields_under_python_names(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    field = {
        "name": "LeadSource",
        "label": "Lead Source",
        "type": "picklist",
        "length": 255,
        "inlineHelpText": None,
        "picklistValues": [{"active": True, "defaultValue": False, "label": "Web", "validFor": None, "value": "Web"}],
        "referenceTo": [],
    }
    child = {"childSObject": "Event", "field": "WhoId", "relationshipName": "Events", "cascadeDelete": True}
    described = {
        "name": "Contact",
        "label": "Contact",
        "labelPlural": "Contacts",
        "keyPrefix": "003",
        "fields": [field],
    }
    scripted.answers.append(Answer(value=described | {"childRelationships": [child]}))

    contact = await client.describe.describe("Contact")

    assert told(scripted) == ("GET", "sobjects/Contact/describe", "")
    assert (contact.name, contact.label_plural, contact.key_prefix) == ("Contact", "Contacts", "003")
    assert contact.fields[0].picklist_values[0].value == "Web"
    assert contact.child_relationships[0].child_sobject == "Event"


async def test_global_describe_lists_every_object(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    listed = [
        {"name": "Account", "label": "Account", "queryable": True},
        {"name": "X__c", "label": "X", "custom": True},
    ]
    scripted.answers.append(Answer(value={"encoding": "UTF-8", "sobjects": listed}))

    found = await client.describe.global_()

    assert told(scripted) == ("GET", "sobjects", "")
    assert [(sobject.name, sobject.custom) for sobject in found] == [("Account", False), ("X__c", True)]


async def test_search_returns_the_records_found(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    record = {"attributes": {"type": "Contact"}, "Id": CONTACT_ID}
    scripted.answers.append(Answer(value={"searchRecords": [record]}))

    assert await client.search.search("FIND {Jo}") == [record]
    assert told(scripted) == ("GET", "search", "q=FIND%20%7BJo%7D")


async def test_limits_and_userinfo_are_typed(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(Answer(value={"DailyApiRequests": {"Max": 15000, "Remaining": 14998, "App": {"Max": 0}}}))
    user = {"user_id": USER_ID, "organization_id": "00D000000000001EAA", "preferred_username": "jo@acme.example"}
    scripted.answers.append(Answer(value=user | {"zoneinfo": "Europe/Paris", "urls": {}}))

    assert await client.limits.limits() == {"DailyApiRequests": Limit(max=15000, remaining=14998)}
    assert (await client.userinfo()).preferred_username == "jo@acme.example"


@pytest.mark.parametrize(
    "value",
    [None, [], "text", 7, {}, {"records": {}}, {"totalSize": "many", "done": True, "records": []}, [["errorCode"]]],
)
async def test_json_of_another_shape_is_unreadable_and_its_values_are_not_shown(
    client: SalesforceClient, scripted: ScriptedOrg, value: Any
) -> None:
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: client.queries.query("SELECT Id FROM Contact"),
        lambda: client.describe.describe("Contact"),
        client.describe.global_,
        lambda: client.search.search("FIND {Jo}"),
        client.userinfo,
    ]
    for call in calls:
        scripted.answers.append(Answer(value=value))
        with pytest.raises(UnreadableReplyError, match="shape of") as caught:
            await call()
        assert "many" not in str(caught.value)


async def test_a_create_that_is_answered_in_another_shape_has_an_unknown_outcome(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    for value in (None, {}, {"success": True, "errors": []}, {"id": "no Id", "success": True, "errors": []}):
        scripted.answers.clear()
        scripted.answers.append(Answer(value=value))
        with pytest.raises(OutcomeUnknownError, match="shape of"):
            await client.sobjects.create("Contact", {})


async def test_a_record_that_is_no_object_is_unreadable(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(Answer(value=["no record"]))

    with pytest.raises(UnreadableReplyError, match="a record"):
        await client.sobjects.retrieve("Contact", CONTACT_ID)


async def test_what_the_org_refuses_is_raised_as_such(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(refusal(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]"))

    with pytest.raises(RecordRejectedError, match="LastName") as caught:
        await client.sobjects.create("Contact", {})

    assert "fields are required" in caught.value.hint


LONG_QUERY = "SELECT Id FROM Contact WHERE Name IN ('" + "','".join(f"Müller {number}" for number in range(900)) + "')"


def composite_reply(status: int, body: object) -> Answer:
    reply = {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": "call"}
    return Answer(value={"compositeResponse": [reply]})


async def test_a_query_too_long_for_a_url_goes_as_a_composite_call(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.append(composite_reply(200, {"totalSize": 0, "done": True, "records": []}))

    result = await client.queries.query(LONG_QUERY, batch_size=200)

    assert result.total_size == 0
    assert told(scripted) == ("POST", "composite", "")
    (call,) = scripted.data_calls[-1].json["compositeRequest"]
    assert call["url"] == f"/services/data/v60.0/query?q={quote(LONG_QUERY, safe='')}"
    assert call["httpHeaders"] == {"Sforce-Query-Options": "batchSize=200"}


async def test_a_read_of_so_many_fields_goes_as_a_composite_call_too(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    names = [f"Customer_Segmentation_Attribute_{number:04d}__c" for number in range(800)]
    scripted.answers.append(composite_reply(200, dict.fromkeys(names)))

    record = await client.sobjects.retrieve("Contact", "003000000000001AAA", fields=names)

    assert list(record) == names
    assert told(scripted) == ("POST", "composite", "")
    (call,) = scripted.data_calls[-1].json["compositeRequest"]
    assert (call["method"], call["url"].partition("?")[0]) == (
        "GET",
        "/services/data/v60.0/sobjects/Contact/003000000000001AAA",
    )
    assert call["url"].endswith("0799__c")


async def test_a_refused_long_query_raises_as_a_short_one_does(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    refused = [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token"}]
    scripted.answers.append(composite_reply(400, refused))

    with pytest.raises(InvalidRequestError, match="unexpected token"):
        await client.queries.query(LONG_QUERY)


@pytest.mark.parametrize("value", [{"compositeResponse": []}, {"compositeResponse": [{"body": {}}]}, {}])
async def test_a_composite_reply_of_another_shape_is_unreadable(
    client: SalesforceClient, scripted: ScriptedOrg, value: Any
) -> None:
    scripted.answers.append(Answer(value=value))

    with pytest.raises(UnreadableReplyError, match="composite"):
        await client.queries.query(LONG_QUERY)


async def test_reads_in_one_call_may_be_repeated_and_writes_may_not(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    read, write = Request("GET", "limits"), Request("PATCH", f"sobjects/Contact/{CONTACT_ID}", body={"Title": None})
    scripted.answers.extend([refusal(503, "SERVER_UNAVAILABLE"), composite_reply(200, {})])
    assert await client.composite.run([read]) == ({},)

    scripted.answers.append(refusal(503, "SERVER_UNAVAILABLE"))
    with pytest.raises(ServerError) as caught:
        await client.composite.run_all_or_none([read, write])
    assert caught.value.is_outcome_unknown
    assert scripted.data_calls[-1].json["compositeRequest"][1]["body"] == {"Title": None}


async def test_the_first_of_calls_that_it_leads_fails_and_is_repeated_as_it_would_alone(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    def replies(status: int, error_code: str = "") -> Answer:
        bodies = [(status, [{"errorCode": error_code, "message": "m"}] if error_code else None), (200, {"Title": "x"})]
        return Answer(
            value={"compositeResponse": [{"body": body, "httpStatusCode": status} for status, body in bodies]}
        )

    calls = [Request("PATCH", f"sobjects/Contact/{CONTACT_ID}", body={"Title": "x"}), Request("GET", "limits")]
    scripted.answers.extend([replies(400, "UNABLE_TO_LOCK_ROW"), replies(204)])
    assert await client.composite.run_led(calls) == (None, {"Title": "x"})
    assert len(scripted.data_calls) == 2

    for status, error_code, is_unknown in ((404, "NOT_FOUND", False), (500, "UNKNOWN_EXCEPTION", True)):
        scripted.answers.append(replies(status, error_code))
        with pytest.raises(ApiError) as caught:
            await client.composite.run_led(calls)
        assert (caught.value.code, caught.value.is_outcome_unknown) == (error_code, is_unknown)
    assert len(scripted.data_calls) == 4


async def test_fewer_replies_than_calls_are_unreadable(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(composite_reply(200, {}))

    with pytest.raises(UnreadableReplyError, match="2 composite replies"):
        await client.composite.run([Request("GET", "limits")] * 2)


async def test_collections_send_the_type_first_and_tell_each_outcome(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    failed = {"success": False, "errors": [{"statusCode": "REQUIRED_FIELD_MISSING", "message": "m", "fields": ["X"]}]}
    answer = Answer(value=[{"id": CONTACT_ID, "success": True, "errors": []}, failed])
    scripted.answers.extend([answer] * 3)
    records: list[dict[str, object]] = [{"Id": CONTACT_ID, "LastName": "A"}, {"Id": USER_ID, "LastName": None}]

    saved = await client.collections.create("Contact", records)
    assert told(scripted) == ("POST", "composite/sobjects", "")
    assert [next(iter(record)) for record in scripted.data_calls[-1].json["records"]] == ["attributes"] * 2
    assert not scripted.data_calls[-1].json["allOrNone"]
    assert [(result.success, [error.status_code for error in result.errors]) for result in saved] == [
        (True, []),
        (False, ["REQUIRED_FIELD_MISSING"]),
    ]

    await client.collections.update("Contact", records, all_or_none=True)
    assert told(scripted) == ("PATCH", "composite/sobjects", "")
    assert scripted.data_calls[-1].json["allOrNone"]

    await client.collections.upsert("Contact", "Email", records)
    assert told(scripted) == ("PATCH", "composite/sobjects/Contact/Email", "")


async def test_a_collection_is_deleted_by_ids_and_never_twice(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(Answer(value=[{"id": CONTACT_ID, "success": True, "errors": []}]))
    await client.collections.delete([CONTACT_ID[:15]])
    assert told(scripted) == ("DELETE", "composite/sobjects", f"ids={CONTACT_ID}&allOrNone=false")

    scripted.answers.append(refusal(503, "SERVER_UNAVAILABLE"))
    with pytest.raises(ServerError):
        await client.collections.delete([CONTACT_ID])
    assert len(scripted.data_calls) == 2


async def test_a_collection_of_none_or_of_too_many_or_without_ids_is_refused(client: SalesforceClient) -> None:
    record: dict[str, object] = {"LastName": "A"}
    for records in ([], [record] * 201):
        with pytest.raises(InvalidArgumentError, match="1 to 200"):
            await client.collections.create("Contact", records)
    with pytest.raises(InvalidArgumentError, match="not a Salesforce record Id"):
        await client.collections.update("Contact", [record])


async def test_fewer_outcomes_than_records_are_unreadable(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(Answer(value=[]))

    with pytest.raises(OutcomeUnknownError, match="1 results"):
        await client.collections.create("Contact", [{"LastName": "A"}])
