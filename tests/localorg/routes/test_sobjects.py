"""Single records over HTTP."""

from pathlib import Path

import httpx2

from mcp_salesforce.localorg import LocalOrg
from tests.localorg.conftest import BASE_URL, Clock

DATA = "/services/data/v60.0"


async def test_create_answers_201_with_the_id_and_where_the_record_is(http: httpx2.AsyncClient) -> None:
    created = await http.post(f"{DATA}/sobjects/Contact/", json={"LastName": "Finch", "Email": "f@example.com"})
    found = await http.get(created.headers["Location"])

    record_id = created.json()["id"]
    assert created.status_code == 201
    assert created.json() == {"id": record_id, "success": True, "errors": []}
    assert created.headers["Location"] == f"{DATA}/sobjects/Contact/{record_id}"
    assert record_id.startswith("003")
    assert len(record_id) == 18
    assert found.json()["LastName"] == "Finch"


async def test_retrieve_names_type_and_url_first_and_then_every_field(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    record_id = org.insert("Contact", LastName="Finch")

    record = (await http.get(f"{DATA}/sobjects/contact/{record_id[:15]}")).json()

    assert list(record)[:2] == ["attributes", "Id"]
    assert record["attributes"] == {"type": "Contact", "url": f"{DATA}/sobjects/Contact/{record_id}"}
    assert record["Id"] == record_id
    assert record["Name"] == "Finch"
    assert record["AccountId"] is None


async def test_retrieve_with_fields_has_these_and_the_id(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    record_id = org.insert("Contact", LastName="Finch", Title="Owner")

    reply = await http.get(f"{DATA}/sobjects/Contact/{record_id}", params={"fields": "Title, lastname"})

    assert {key: value for key, value in reply.json().items() if key != "attributes"} == {
        "Title": "Owner",
        "LastName": "Finch",
        "Id": record_id,
    }


async def test_an_unknown_field_in_fields_is_invalid_field(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    record_id = org.insert("Contact", LastName="Finch")

    reply = await http.get(f"{DATA}/sobjects/Contact/{record_id}?fields=Bad")

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


async def test_a_duplicate_is_refused_until_the_header_allows_it(http: httpx2.AsyncClient) -> None:
    finch = {"FirstName": "Ada", "LastName": "Finch", "Email": "finch@example.com"}
    allow = {"Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=true; runAsCurrentUser=true"}
    first = await http.post("/services/data/v62.0/sobjects/Contact", json=finch)

    refused = await http.post("/services/data/v62.0/sobjects/Contact", json=finch)
    allowed = await http.post("/services/data/v62.0/sobjects/Contact", json=finch, headers=allow)

    (error,) = refused.json()
    (match,) = error["duplicateResult"]["matchResults"][0]["matchRecords"]
    assert (refused.status_code, error["errorCode"]) == (400, "DUPLICATES_DETECTED")
    assert match["record"]["attributes"]["url"] == f"/services/data/v62.0/sobjects/Contact/{first.json()['id']}"
    assert allowed.status_code == 201


async def test_the_rest_of_a_series_is_deleted_from_one_event_onwards(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    series = org.insert(
        "Event",
        StartDateTime="2027-03-01T14:00:00Z",
        DurationInMinutes=30,
        Recurrence2PatternText="RRULE:FREQ=DAILY;COUNT=3",
    )
    count = "SELECT count() FROM Event WHERE IsRecurrence2 = true AND GroupEventType = '0'"
    second = (
        await http.get(f"{DATA}/query", params={"q": "SELECT Id FROM Event WHERE ActivityDate = 2027-03-02"})
    ).json()["records"][0]["Id"]

    before = await http.get(f"{DATA}/query", params={"q": count})
    deleted = await http.delete(f"{DATA}/sobjects/Event/{second}/fromThisEventOnwards")
    after = await http.get(f"{DATA}/query", params={"q": count})

    assert before.json()["totalSize"] == 3
    assert deleted.status_code == 200
    assert deleted.json()["success"].endswith("Wait for all events to be removed.")
    assert after.json()["totalSize"] == 1
    assert org.records.retrieve("Event", series)["IsDeleted"] is False


async def test_update_and_delete_answer_204_without_a_body(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    url = f"{DATA}/sobjects/Contact/{org.insert('Contact', LastName='Finch')}"

    updated = await http.patch(url, json={"LastName": "Quill"})
    found = await http.get(url)
    deleted = await http.delete(url)
    gone = await http.get(url)

    assert (updated.status_code, updated.content) == (204, b"")
    assert found.json()["LastName"] == "Quill"
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (gone.status_code, gone.json()) == (
        404,
        [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}],
    )


async def test_an_id_that_no_record_has_is_not_found_to_get_and_a_bad_reference_to_the_others(
    http: httpx2.AsyncClient,
) -> None:
    url = f"{DATA}/sobjects/Contact/003000000000001AAA"

    got = await http.get(url)
    patched = await http.patch(url, json={"LastName": "X"})
    deleted = await http.delete(url)

    assert [(reply.status_code, reply.json()[0]["errorCode"]) for reply in (got, patched, deleted)] == [
        (404, "NOT_FOUND"),
        (404, "INVALID_CROSS_REFERENCE_KEY"),
        (404, "INVALID_CROSS_REFERENCE_KEY"),
    ]


async def test_a_text_that_is_no_id_is_taken_for_an_external_id_field(http: httpx2.AsyncClient) -> None:
    reply = await http.get(f"{DATA}/sobjects/Account/123")

    assert reply.status_code == 404
    assert reply.json() == [
        {"message": "Provided external ID field does not exist or is not accessible: 123", "errorCode": "NOT_FOUND"}
    ]


async def test_an_unknown_object_is_not_found(http: httpx2.AsyncClient) -> None:
    for reply in (
        await http.get(f"{DATA}/sobjects/Foo/003000000000001AAA"),
        await http.post(f"{DATA}/sobjects/Foo", json={}),
        await http.get(f"{DATA}/sobjects/Foo"),
        await http.get(f"{DATA}/sobjects/Foo/describe"),
    ):
        assert reply.status_code == 404
        assert reply.json() == [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]


async def test_a_record_that_breaks_a_rule_is_refused_with_the_fields_named(http: httpx2.AsyncClient) -> None:
    reply = await http.post(f"{DATA}/sobjects/Contact", json={"FirstName": "Ada"})

    assert reply.status_code == 400
    assert reply.json() == [
        {
            "message": "Required fields are missing: [LastName]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["LastName"],
        }
    ]


async def test_a_body_that_is_no_json_object_is_a_parser_error(http: httpx2.AsyncClient) -> None:
    for body in ("", "{", "[]", "3"):
        reply = await http.post(f"{DATA}/sobjects/Contact", content=body, headers={"Content-Type": "application/json"})

        assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")
        assert "[line:1, column:" in reply.json()[0]["message"]


async def test_upsert_creates_and_then_updates_with_the_same_body(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    url = f"{DATA}/sobjects/Contact/Email/a%2Fb%40example.com"

    created = await http.patch(url, json={"LastName": "A"})
    updated = await http.patch(url, json={"LastName": "B"})
    found = await http.get(url, params={"fields": "LastName,Email"})

    record_id = created.json()["id"]
    location = f"{DATA}/sobjects/Contact/{record_id}"
    assert (created.status_code, created.headers["Location"]) == (201, location)
    assert created.json() == {"id": record_id, "success": True, "errors": [], "created": True}
    assert (updated.status_code, updated.headers["Location"]) == (200, location)
    assert updated.json() == {"id": record_id, "success": True, "errors": [], "created": False}
    assert (found.json()["LastName"], found.json()["Email"]) == ("B", "a/b@example.com")
    assert org.records.retrieve("Contact", record_id)["Email"] == "a/b@example.com"


async def test_an_upsert_by_id_says_that_it_created_nothing(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    record_id = org.insert("Account", Name="A")

    reply = await http.patch(f"{DATA}/sobjects/Account/Id/{record_id[:15]}", json={"Name": "B"})

    assert (reply.status_code, reply.json()) == (
        200,
        {"id": record_id, "success": True, "errors": [], "created": False},
    )


async def test_upsert_with_update_only_creates_nothing(http: httpx2.AsyncClient) -> None:
    url = f"{DATA}/sobjects/Contact/Email/a@example.com"

    refused = await http.patch(f"{url}?updateOnly=true", json={"LastName": "A"})
    await http.patch(url, json={"LastName": "A"})
    updated = await http.patch(f"{url}?updateOnly=true", json={"LastName": "B"})

    assert (refused.status_code, refused.json()[0]["errorCode"]) == (404, "NOT_FOUND")
    assert (updated.status_code, updated.json()["created"]) == (200, False)


async def test_an_external_id_of_several_records_answers_300_with_their_urls(
    org: LocalOrg, http: httpx2.AsyncClient
) -> None:
    urls = [
        f"{DATA}/sobjects/Contact/{org.insert('Contact', LastName=name, Email='twin@example.com')}" for name in "AB"
    ]
    url = f"{DATA}/sobjects/Contact/Email/twin@example.com"

    for reply in (await http.get(url), await http.patch(url, json={"LastName": "C"}), await http.delete(url)):
        assert (reply.status_code, reply.json()) == (300, urls)


async def test_a_record_can_be_deleted_by_its_external_id(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    org.insert("Contact", LastName="A", Email="a@example.com")
    url = f"{DATA}/sobjects/Contact/Email/A@EXAMPLE.com"

    assert (await http.delete(url)).status_code == 204
    assert (await http.get(url)).status_code == 404
    assert (await http.delete(url)).status_code == 404


async def test_the_field_id_stands_for_the_record_id(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    record_id = org.insert("Contact", LastName="A")
    url = f"{DATA}/sobjects/Contact/Id"

    updated = await http.patch(f"{url}/{record_id}", json={"LastName": "B"})
    created = await http.post(url, json={"LastName": "C"})

    assert (updated.status_code, updated.json()["created"]) == (200, False)
    assert (await http.get(f"{url}/{record_id}")).json()["LastName"] == "B"
    assert (created.status_code, created.json()["created"]) == (201, True)


async def test_a_field_that_does_not_identify_records_is_no_key(http: httpx2.AsyncClient) -> None:
    for field in ("Title", "Nope"):
        reply = await http.get(f"{DATA}/sobjects/Contact/{field}/x")

        message = f"Provided external ID field does not exist or is not accessible: {field}"
        assert reply.status_code == 404
        assert reply.json() == [{"message": message, "errorCode": "NOT_FOUND"}]


async def test_only_accounts_have_tags_but_every_row_has_its_date(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    account = await http.get(f"{DATA}/sobjects/Account/{org.insert('Account', Name='A')}")
    contact = await http.get(f"{DATA}/sobjects/Contact/{org.insert('Contact', LastName='A')}")

    assert len(account.headers["ETag"]) > 40
    assert "ETag" not in contact.headers
    assert contact.headers["Last-Modified"] == account.headers["Last-Modified"] == "Mon, 02 Mar 2026 09:00:00 GMT"


async def test_a_write_is_refused_when_the_record_has_changed_since(
    org: LocalOrg, http: httpx2.AsyncClient, clock: Clock
) -> None:
    url = f"{DATA}/sobjects/Contact/{org.insert('Contact', LastName='A')}"
    seen = (await http.get(url)).headers["Last-Modified"]
    clock.forward(seconds=5)

    first = await http.patch(url, json={"LastName": "B"}, headers={"If-Unmodified-Since": seen})
    second = await http.patch(url, json={"LastName": "C"}, headers={"If-Unmodified-Since": seen})
    unreadable = await http.patch(url, json={"LastName": "C"}, headers={"If-Unmodified-Since": "yesterday"})
    read = await http.get(url, headers={"If-Unmodified-Since": seen})

    assert [reply.status_code for reply in (first, second, unreadable, read)] == [204, 412, 400, 412]
    assert (await http.get(url)).json()["LastName"] == "B"


async def test_a_row_that_did_not_change_answers_304(org: LocalOrg, http: httpx2.AsyncClient, clock: Clock) -> None:
    url = f"{DATA}/sobjects/Contact/{org.insert('Contact', LastName='A')}"
    since = {"If-Modified-Since": (await http.get(url)).headers["Last-Modified"]}

    assert (await http.get(url, headers=since)).status_code == 304
    assert (await http.get(url, headers={"If-Modified-Since": "yesterday"})).status_code == 200
    clock.forward(seconds=1)
    await http.patch(url, json={"LastName": "B"})
    assert (await http.get(url, headers=since)).status_code == 200


async def test_tags_guard_accounts(org: LocalOrg, http: httpx2.AsyncClient, clock: Clock) -> None:
    url = f"{DATA}/sobjects/Account/{org.insert('Account', Name='A')}"
    tag = (await http.get(url)).headers["ETag"]

    assert (await http.get(url, headers={"If-None-Match": tag})).status_code == 304
    assert (await http.get(url, headers={"If-None-Match": '"other"'})).status_code == 200
    assert (await http.get(url, headers={"If-Match": '"other"'})).status_code == 412
    assert (await http.patch(url, json={"Name": "B"}, headers={"If-None-Match": tag})).status_code == 412
    clock.forward(seconds=1)
    assert (await http.patch(url, json={"Name": "B"}, headers={"If-Match": tag})).status_code == 204
    assert (await http.patch(url, json={"Name": "C"}, headers={"If-Match": tag})).status_code == 412


async def test_updated_and_deleted_tell_what_happened_in_a_span(
    org: LocalOrg, http: httpx2.AsyncClient, clock: Clock
) -> None:
    org.insert("Contact", LastName="before")
    clock.forward(hours=1)
    kept, gone = org.insert("Contact", LastName="A"), org.insert("Contact", LastName="B")
    org.records.delete("Contact", gone, org.user_id)
    clock.forward(hours=1)
    org.insert("Contact", LastName="after")
    span = {"start": "2026-03-02T09:30:00Z", "end": "2026-03-02T10:30:00+00:00"}

    updated = await http.get(f"{DATA}/sobjects/Contact/updated/", params=span)
    deleted = await http.get(f"{DATA}/sobjects/Contact/deleted/?start=2026-03-02T09:30:00+00:00&end={span['end']}")

    later = await http.get(f"{DATA}/sobjects/Contact/updated/", params=span | {"end": "2026-03-03T00:00:00Z"})

    covered = "2026-03-02T10:30:00.000+0000"
    assert updated.json() == {"ids": [kept], "latestDateCovered": covered}
    assert deleted.json() == {
        "deletedRecords": [{"id": gone, "deletedDate": "2026-03-02T10:00:00.000+0000"}],
        "earliestDateAvailable": "2026-01-31T11:00:00.000+0000",
        "latestDateCovered": covered,
    }
    assert later.json()["latestDateCovered"] == "2026-03-02T11:00:00.000+0000"


async def test_a_span_that_makes_no_sense_is_refused(http: httpx2.AsyncClient) -> None:
    spans = [
        {},
        {"start": "2026-03-02", "end": "2026-03-03T00:00:00Z"},
        {"start": "monday", "end": "2026-03-03T00:00:00Z"},
        {"start": "2026-03-02T09:00:00Z", "end": "2026-03-01T09:00:00Z"},
        {"start": "2026-01-02T09:00:00Z", "end": "2026-03-01T09:00:00Z"},
    ]
    for span in spans:
        reply = await http.get(f"{DATA}/sobjects/Contact/updated", params=span)

        assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")


async def test_recent_lists_what_was_viewed_the_latest_first(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    older, newer = org.insert("Account", Name="Older"), org.insert("Contact", LastName="Newer")
    org.insert("Contact", LastName="Never")
    org.store.update(org.schema["Account"], older, {"LastViewedDate": "2026-03-01T09:00:00.000+0000"})
    org.store.update(org.schema["Contact"], newer, {"LastViewedDate": "2026-03-02T09:00:00.000+0000"})

    recent = (await http.get(f"{DATA}/recent")).json()
    one = (await http.get(f"{DATA}/recent?limit=1")).json()
    of_account = (await http.get(f"{DATA}/sobjects/Account")).json()["recentItems"]

    assert [each["Name"] for each in recent] == ["Newer", "Older"]
    assert recent[0]["attributes"] == {"type": "Contact", "url": f"{DATA}/sobjects/Contact/{newer}"}
    assert one == recent[:1]
    assert of_account == recent[1:]


async def test_a_relationship_behind_an_id_leads_to_the_parent_or_the_children(
    org: LocalOrg, http: httpx2.AsyncClient
) -> None:
    account = org.insert("Account", Name="A")
    contact = org.insert("Contact", LastName="B", AccountId=account)
    alone = org.insert("Contact", LastName="C")

    parent = await http.get(f"{DATA}/sobjects/Contact/{contact}/Account?fields=Name")
    children = await http.get(f"{DATA}/sobjects/Account/{account}/contacts", params={"fields": "LastName"})
    whole = await http.get(f"{DATA}/sobjects/Account/{account}/Contacts")
    missing = [
        await http.get(f"{DATA}/sobjects/Contact/{alone}/Account"),
        await http.get(f"{DATA}/sobjects/Contact/{contact}/Nonsense"),
    ]

    assert (parent.json()["Name"], parent.json()["attributes"]["type"]) == ("A", "Account")
    assert [each["LastName"] for each in children.json()["records"]] == ["B"]
    assert whole.json()["records"][0]["AccountId"] == account
    injected = await http.get(f"{DATA}/sobjects/Account/{account}/Contacts", params={"fields": "Id FROM User"})
    assert [reply.status_code for reply in missing] == [404, 404]
    assert (injected.status_code, injected.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


async def test_a_post_may_stand_for_another_method(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    record_id = org.insert("Contact", LastName="A")

    reply = await http.post(f"{DATA}/sobjects/Contact/{record_id}?_HttpMethod=PATCH", json={"LastName": "B"})

    assert reply.status_code == 204
    assert org.records.retrieve("Contact", record_id)["LastName"] == "B"


async def test_a_numeric_external_id_is_found_by_its_number(tmp_path: Path) -> None:
    schema = tmp_path / "schema.yaml"
    schema.write_text("objects: {Contact: {fields: {Number__c: {type: double, external_id: true}}}}")
    with LocalOrg.open(seed=False, schema_file=schema) as org:
        headers = {"Authorization": f"Bearer {org.credentials.access_token}"}
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(org.app), base_url=BASE_URL, headers=headers
        ) as client:
            url = f"{DATA}/sobjects/Contact/Number__c"
            created = await client.patch(f"{url}/42", json={"LastName": "A"})
            updated = await client.patch(f"{url}/42.0", json={"LastName": "B"})
            wrong = await client.get(f"{url}/many")

    assert (created.status_code, updated.status_code, wrong.status_code) == (201, 200, 404)
    assert created.json()["id"] == updated.json()["id"]
