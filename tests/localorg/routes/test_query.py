"""SOQL over HTTP: what the route adds to the service."""

import httpx2

from mcp_salesforce.localorg import LocalOrg

DATA = "/services/data/v60.0"


async def test_a_query_answers_with_records_and_their_urls_in_its_version(
    org: LocalOrg, http: httpx2.AsyncClient
) -> None:
    record_id = org.insert("Contact", LastName="Finch")

    reply = await http.get("/services/data/v59.0/query/", params={"q": "SELECT Id FROM Contact", "limit": "200"})

    url = f"/services/data/v59.0/sobjects/Contact/{record_id}"
    record = {"attributes": {"type": "Contact", "url": url}, "Id": record_id}
    assert reply.json() == {"totalSize": 1, "done": True, "records": [record]}


async def test_pages_follow_their_urls_to_the_last(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    with org.store.transaction():
        for number in range(450):
            org.insert("Contact", LastName=f"Finch {number:03}")
    options = {"Sforce-Query-Options": "batchSize=200"}
    query = {"q": "SELECT LastName FROM Contact ORDER BY LastName"}

    page = (await http.get(f"{DATA}/query", params=query, headers=options)).json()
    names = [record["LastName"] for record in page["records"]]
    sizes = [len(page["records"])]
    while not page["done"]:
        assert page["totalSize"] == 450
        page = (await http.get(page["nextRecordsUrl"])).json()
        names += [record["LastName"] for record in page["records"]]
        sizes.append(len(page["records"]))

    assert sizes == [200, 200, 50]
    assert names == [f"Finch {number:03}" for number in range(450)]
    assert "nextRecordsUrl" not in page


async def test_query_all_finds_the_deleted_too(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    org.records.delete("Contact", org.insert("Contact", LastName="Finch"), org.user_id)

    here = (await http.get(f"{DATA}/query", params={"q": "SELECT count() FROM Contact"})).json()
    everywhere = (await http.get(f"{DATA}/queryAll/", params={"q": "SELECT count() FROM Contact"})).json()

    assert (here["totalSize"], everywhere["totalSize"]) == (0, 1)


async def test_a_missing_query_and_a_bad_locator_are_refused(http: httpx2.AsyncClient) -> None:
    missing = await http.get(f"{DATA}/query")
    locator = await http.get(f"{DATA}/query/0r8xx0000000000AAA-2000")

    assert (missing.status_code, missing.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")
    assert (locator.status_code, locator.json()) == (
        400,
        [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}],
    )


async def test_an_unknown_object_is_shown_under_a_caret(http: httpx2.AsyncClient) -> None:
    reply = await http.get(f"{DATA}/query/?q=select+count()+from+XYZZY")

    assert reply.status_code == 400
    assert reply.json()[0]["errorCode"] == "INVALID_TYPE"
    assert reply.json()[0]["message"].startswith(
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
    )


async def test_the_tooling_api_has_no_objects(http: httpx2.AsyncClient) -> None:
    sandbox = await http.get(f"{DATA}/tooling/query", params={"q": "SELECT Id FROM SandboxProcess"})
    account = await http.get(f"{DATA}/tooling/query", params={"q": "SELECT Id FROM Account"})

    assert (sandbox.status_code, sandbox.json()[0]["errorCode"]) == (400, "INVALID_TYPE")
    assert account.status_code == 501


async def test_columns_and_plans_come_in_the_place_of_records(http: httpx2.AsyncClient) -> None:
    soql = "SELECT Id, LastName FROM Contact"

    columns = (await http.get(f"{DATA}/query", params={"q": soql, "columns": "true"})).json()
    plan = (await http.get(f"{DATA}/query/", params={"explain": soql})).json()

    assert [column["columnName"] for column in columns["columnMetadata"]] == ["Id", "LastName"]
    assert (columns["entityName"], plan["sourceQuery"]) == ("Contact", soql)
    assert plan["plans"][0]["sobjectType"] == "Contact"
