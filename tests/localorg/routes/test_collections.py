"""Up to 200 records in one call."""

from typing import Any

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg

DATA = "/services/data/v60.0"
ABSENT = "003000000000001AAA"
ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}


def contact(**fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Contact"}, **fields}


def count(org: LocalOrg, sobject: str) -> int:
    return int(org.queries.query(f"SELECT count() FROM {sobject}", org.user_id)["totalSize"])


async def test_each_record_has_its_own_result_in_order(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    records = [contact(LastName="A"), contact(FirstName="B"), {"attributes": {"type": "Account"}, "Name": "C"}]

    reply = await http.post(f"{DATA}/composite/sobjects", json={"records": records})

    first, second, third = reply.json()
    assert reply.status_code == 200
    assert first == {"id": first["id"], "success": True, "errors": []}
    assert second == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }
    assert third["id"].startswith("001")
    assert (count(org, "Contact"), count(org, "Account")) == (1, 1)


async def test_with_all_or_none_one_failure_takes_back_all(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    records = [contact(LastName="A"), contact(FirstName="B"), contact(LastName="C")]

    reply = await http.post(f"{DATA}/composite/sobjects", json={"allOrNone": True, "records": records})

    codes = [result["errors"][0]["statusCode"] for result in reply.json()]
    assert reply.json()[0] == {"success": False, "errors": [ROLLED_BACK]}
    assert codes == [ROLLED_BACK["statusCode"], "REQUIRED_FIELD_MISSING", ROLLED_BACK["statusCode"]]
    assert count(org, "Contact") == 0


async def test_records_are_updated_by_their_ids(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    record_id = org.insert("Contact", LastName="A")
    records = [contact(id=record_id[:15], LastName="B"), contact(Id=ABSENT, LastName="C"), contact(LastName="D")]

    results = (await http.patch(f"{DATA}/composite/sobjects", json={"records": records})).json()

    assert results[0] == {"id": record_id, "success": True, "errors": []}
    assert [result["errors"][0]["statusCode"] for result in results[1:]] == [
        "INVALID_CROSS_REFERENCE_KEY",
        "MISSING_ARGUMENT",
    ]
    assert org.records.retrieve("Contact", record_id)["LastName"] == "B"


async def test_upsert_updates_the_known_and_creates_the_rest(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    known = org.insert("Contact", LastName="A", Email="a@example.com")
    org.insert("Contact", LastName="Twin", Email="twin@example.com")
    org.insert("Contact", LastName="Twin", Email="twin@example.com")
    records = [
        {"Email": "A@example.com", "LastName": "B", "attributes": {"type": "Contact"}},
        contact(email="c@example.com", LastName="C"),
        contact(Email="twin@example.com", LastName="D"),
        contact(LastName="E"),
        {"Email": "f@example.com"},
        {"attributes": {"type": "Lead"}, "Email": "f@example.com"},
    ]

    results = (await http.patch(f"{DATA}/composite/sobjects/Contact/Email", json={"records": records})).json()

    assert results[0] == {"id": known, "success": True, "errors": [], "created": False}
    assert (results[1]["success"], results[1]["created"]) == (True, True)
    assert org.records.retrieve("Contact", results[1]["id"])["Email"] == "c@example.com"
    assert [(each["created"], each["errors"][0]["statusCode"]) for each in results[2:]] == [
        (False, "DUPLICATE_EXTERNAL_ID"),
        (False, "MISSING_ARGUMENT"),
        (False, "JSON_PARSER_ERROR"),
        (False, "INVALID_TYPE"),
    ]


@pytest.mark.parametrize("again", ["a@example.com", "A@Example.com", "a@example.com ", " a@example.com"])
async def test_an_external_id_that_comes_twice_is_refused_in_each_of_its_rows(
    org: LocalOrg, http: httpx2.AsyncClient, again: str
) -> None:
    records = [
        contact(Email="a@example.com", LastName="A"),
        contact(Email="b@example.com", LastName="B"),
        contact(Email=again, LastName="C"),
    ]

    results = (await http.patch(f"{DATA}/composite/sobjects/Contact/Email", json={"records": records})).json()

    assert [result["success"] for result in results] == [False, True, False]
    for result, value in ((results[0], "a@example.com"), (results[2], again)):
        assert result["errors"] == [
            {"statusCode": "DUPLICATE_VALUE", "message": f"Duplicate external id specified: {value}", "fields": []}
        ]
    assert count(org, "Contact") == 1


async def test_rows_of_an_upsert_that_was_rolled_back_say_whether_they_were_new(
    org: LocalOrg, http: httpx2.AsyncClient
) -> None:
    org.insert("Contact", LastName="A", Email="a@example.com")
    records = [
        contact(Email="a@example.com", LastName="B"),
        contact(Email="b@example.com", LastName="C"),
        contact(Email="c@example.com"),
    ]

    url = f"{DATA}/composite/sobjects/Contact/Email"
    results = (await http.patch(url, json={"records": records, "allOrNone": True})).json()

    assert [(result["success"], result["created"]) for result in results] == [
        (False, False), (False, True), (False, True),
    ]  # fmt: skip
    assert count(org, "Contact") == 1


async def test_before_v46_an_upsert_does_not_say_whether_it_created(http: httpx2.AsyncClient) -> None:
    old = "/services/data/v45.0"
    one = await http.patch(f"{old}/sobjects/Contact/Email/a@example.com", json={"LastName": "A"})
    records = {"records": [contact(Email="b@example.com", LastName="B"), contact(Email="c@example.com")]}
    many = await http.patch(f"{old}/composite/sobjects/Contact/Email", json=records)

    assert one.status_code == 201
    assert [set(each) & {"created"} for each in (one.json(), *many.json())] == [set()] * 3


async def test_upsert_by_id_creates_where_the_id_is_null(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    known = org.insert("Account", Name="A")
    records = [
        {"Name": "New", "Id": None, "attributes": {"type": "Account"}},
        {"Name": "B", "Id": known, "attributes": {"type": "Account"}},
    ]

    results = (await http.patch(f"{DATA}/composite/sobjects/Account/Id", json={"records": records})).json()

    assert [result["created"] for result in results] == [True, False]
    assert results[1]["id"] == known
    assert org.records.retrieve("Account", known)["Name"] == "B"


async def test_a_field_that_records_cannot_be_found_by_fails_each_record(http: httpx2.AsyncClient) -> None:
    records = [contact(LastName="A", Title="B")]

    results = (await http.patch(f"{DATA}/composite/sobjects/Contact/Title", json={"records": records})).json()

    assert results[0]["errors"][0]["statusCode"] == "NOT_FOUND"


async def test_records_of_any_object_are_deleted_by_ids(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    account, person = org.insert("Account", Name="A"), org.insert("Contact", LastName="B")
    ids = f"{account},{ABSENT},zzz,{person}"

    undone = (await http.delete(f"{DATA}/composite/sobjects?ids={ids}&allOrNone=true")).json()
    assert (count(org, "Account"), [each["success"] for each in undone]) == (1, [False] * 4)

    done = (await http.delete(f"{DATA}/composite/sobjects?ids={ids}&allOrNone=false")).json()

    assert [each["success"] for each in done] == [True, False, False, True]
    assert done[2]["errors"][0]["statusCode"] == "MALFORMED_ID"
    assert (count(org, "Account"), count(org, "Contact")) == (0, 0)


async def test_records_are_retrieved_in_the_order_of_their_ids_with_null_for_the_absent(
    org: LocalOrg, http: httpx2.AsyncClient
) -> None:
    first, second = org.insert("Contact", LastName="A"), org.insert("Contact", LastName="B")
    ids = [second, ABSENT, first]

    by_get = await http.get(f"{DATA}/composite/sobjects/Contact?ids={','.join(ids)}&fields=LastName")
    by_post = await http.post(f"{DATA}/composite/sobjects/Contact", json={"ids": ids, "fields": ["LastName"]})

    assert by_get.json() == by_post.json()
    assert [each and each["LastName"] for each in by_get.json()] == ["B", None, "A"]
    assert by_get.json()[0]["attributes"] == {"type": "Contact", "url": f"{DATA}/sobjects/Contact/{second}"}


async def test_what_is_asked_for_wrongly_is_refused_as_a_whole(http: httpx2.AsyncClient) -> None:
    url = f"{DATA}/composite/sobjects"
    too_many = [contact(LastName="A")] * 201
    replies = {
        "EXCEEDED_ID_LIMIT": await http.post(url, json={"records": too_many}),
        "JSON_PARSER_ERROR": await http.post(url, json={"records": ["x"]}),
        "MISSING_ARGUMENT": await http.get(f"{url}/Contact?ids={ABSENT}"),
        "INVALID_FIELD": await http.get(f"{url}/Contact?ids={ABSENT}&fields=Nope"),
    }
    too_long = await http.post(f"{url}/Contact", json={"ids": [ABSENT] * 201, "fields": ["Id"]})
    not_texts = await http.post(f"{url}/Contact", json={"ids": [1], "fields": ["Id"]})

    for code, reply in replies.items():
        assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)
    assert too_long.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"
    assert not_texts.json()[0]["errorCode"] == "JSON_PARSER_ERROR"


def tree(**contact_fields: Any) -> dict[str, Any]:
    child = {"attributes": {"type": "Contact", "referenceId": "child"}, **contact_fields}
    return {
        "records": [
            {"attributes": {"type": "Account", "referenceId": "one"}, "Name": "A", "Contacts": {"records": [child]}},
            {"attributes": {"type": "Account", "referenceId": "two"}, "Name": "B"},
        ]
    }


async def test_a_tree_makes_parents_and_their_children(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    reply = await http.post(f"{DATA}/composite/tree/Account/", json=tree(LastName="C"))

    results = {each["referenceId"]: each["id"] for each in reply.json()["results"]}
    assert (reply.status_code, reply.json()["hasErrors"]) == (201, False)
    assert list(results) == ["one", "two", "child"]
    assert org.records.retrieve("Contact", results["child"])["AccountId"] == results["one"]


async def test_an_error_in_a_tree_takes_back_all_and_names_the_record(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    reply = await http.post(f"{DATA}/composite/tree/Account", json=tree(FirstName="C"))

    [failed] = reply.json()["results"]
    assert (reply.status_code, reply.json()["hasErrors"], failed["referenceId"]) == (400, True, "child")
    assert failed["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert (count(org, "Account"), count(org, "Contact")) == (0, 0)


async def test_a_tree_needs_unique_reference_ids_and_known_relationships(http: httpx2.AsyncClient) -> None:
    url = f"{DATA}/composite/tree/Account"
    one = {"attributes": {"type": "Account", "referenceId": "one"}, "Name": "A"}

    twice = await http.post(url, json={"records": [one, one]})
    unnamed = await http.post(url, json={"records": [{"Name": "A"}]})
    unknown = await http.post(url, json={"records": [{**one, "Nopes": {"records": []}}]})

    assert twice.json()["results"][0]["errors"][0]["message"] == "Duplicate ReferenceId provided: one"
    assert (unnamed.status_code, unnamed.json()[0]["errorCode"]) == (400, "INVALID_INPUT")
    assert unknown.json()["results"][0]["errors"][0]["statusCode"] == "INVALID_FIELD"
