"""Single records over HTTP."""

import httpx2

from mcp_salesforce.localorg import LocalOrg

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
        [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}],
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
