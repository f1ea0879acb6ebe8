"""Search over HTTP: SOSL in a URL, parameters in a URL and in a body."""

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg

DATA = "/services/data/v60.0"


@pytest.mark.parametrize("sobject", ["sobject", "sObject"])
async def test_sosl_and_parameters_find_the_same_record(org: LocalOrg, http: httpx2.AsyncClient, sobject: str) -> None:
    record_id = org.insert("Contact", LastName="Finch", Title="Ornithologist")
    org.insert("Contact", LastName="Sparrow")

    sosl = await http.get(f"{DATA}/search/", params={"q": "FIND {ornitho*} RETURNING Contact(Id, LastName)"})
    params = {"q": "ornithologist", sobject: "Contact", "Contact.fields": "Id,LastName"}
    url = await http.get(f"{DATA}/parameterizedSearch", params=params)
    body = {"q": "ornithologist", "sobjects": [{"name": "Contact", "fields": ["Id", "LastName"]}]}
    posted = await http.post(f"{DATA}/parameterizedSearch", json=body)

    attributes = {"type": "Contact", "url": f"{DATA}/sobjects/Contact/{record_id}"}
    expected = {"searchRecords": [{"attributes": attributes, "Id": record_id, "LastName": "Finch"}]}
    assert [reply.json() for reply in (sosl, url, posted)] == [expected] * 3


@pytest.mark.parametrize("params", [{}, {"q": "FIND Finch"}])
async def test_a_search_without_braces_is_refused_as_recorded(http: httpx2.AsyncClient, params: dict[str, str]) -> None:
    reply = await http.get(f"{DATA}/search", params=params)

    assert reply.status_code == 400
    assert reply.json() == [
        {
            "message": "No search term found. The search term must be enclosed in braces.",
            "errorCode": "MALFORMED_SEARCH",
        }
    ]


async def test_explain_and_columns_answer_instead_of_records(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    org.insert("Contact", LastName="Finch")
    soql = "SELECT LastName FROM Contact WHERE LastName = 'Finch'"

    plans = (await http.get(f"{DATA}/query", params={"explain": soql})).json()
    columns = (await http.get(f"{DATA}/query", params={"q": soql, "columns": "true"})).json()

    assert plans["plans"][0]["fields"] == ["LastName"]
    assert [each["columnName"] for each in columns["columnMetadata"]] == ["LastName"]
