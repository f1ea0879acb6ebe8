"""SOAP: the operations that clients still need."""

from xml.etree import ElementTree as ET

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.localorg.conftest import BASE_URL

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
PATH = "/services/Soap/u/50.0"


def envelope(operation: str, session_id: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">'
        f"<env:Header><SessionHeader><sessionId>{session_id}</sessionId></SessionHeader></env:Header>"
        f"<env:Body>{operation}</env:Body></env:Envelope>"
    )


def login(username: str, password: str) -> str:
    return envelope(f"<login><username>{username}</username><password>{password}</password></login>")


async def send(client: httpx2.AsyncClient, body: str, path: str = PATH) -> tuple[int, ET.Element]:
    reply = await client.post(path, content=body, headers={"Content-Type": "text/xml", "SOAPAction": '""'})
    assert reply.headers["content-type"] == "text/xml;charset=UTF-8"
    return reply.status_code, ET.fromstring(reply.text)  # noqa: S314 - what the org wrote


async def test_login_brings_a_session_and_says_where_to_use_it(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    status, reply = await send(anonymous, login(org.credentials.username, org.credentials.password))

    headers = {"Authorization": f"Bearer {reply.findtext('.//{*}sessionId')}"}
    assert status == 200
    assert reply.findtext(".//{*}serverUrl") == f"{BASE_URL}{PATH}/{org.organization_id[:15]}"
    assert reply.findtext(".//{*}result/{*}userId") == org.user_id
    assert reply.findtext(".//{*}userInfo/{*}organizationId") == org.organization_id
    assert reply.findtext(".//{*}userInfo/{*}userName") == org.credentials.username
    assert (await anonymous.get("/services/data/v60.0/limits", headers=headers)).status_code == 200


async def test_login_with_a_wrong_password_is_a_fault(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    status, reply = await send(anonymous, login(org.credentials.username, "wrong"))

    assert status == 500
    assert reply.findtext(".//faultcode") == "sf:INVALID_LOGIN"
    assert reply.findtext(".//faultstring") == (
        "INVALID_LOGIN: Invalid username, password, security token; or user locked out."
    )


async def test_undelete_takes_records_out_of_the_recycle_bin(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    record_id = org.insert("Contact", LastName="Finch")
    org.records.delete("Contact", record_id, org.user_id)
    operation = f"<undelete><ids>{record_id}</ids><ids>{record_id}</ids></undelete>"

    status, reply = await send(anonymous, envelope(operation, org.credentials.access_token))

    results = reply.findall(".//{*}result")
    assert status == 200
    assert [each.findtext("{*}success") for each in results] == ["true", "false"]
    assert [each.findtext("{*}id") for each in results] == [record_id, record_id]
    assert results[1].findtext("{*}errors/{*}statusCode") == "UNDELETE_FAILED"
    assert reply.findtext(".//{*}LimitInfoHeader/{*}limitInfo/{*}limit") == "15000"
    assert org.records.retrieve("Contact", record_id)["LastName"] == "Finch"


async def test_undelete_takes_200_ids_at_most(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    operation = f"<undelete>{'<ids>003lo0000000001AAA</ids>' * 201}</undelete>"

    status, reply = await send(anonymous, envelope(operation, org.credentials.access_token))

    assert (status, reply.findtext(".//faultcode")) == (500, "sf:EXCEEDED_ID_LIMIT")


async def test_a_text_that_xml_cannot_hold_is_no_reason_for_a_broken_reply(
    org: LocalOrg, anonymous: httpx2.AsyncClient
) -> None:
    operation = "<undelete><ids>&lt;b&gt;\u0085\ufffd</ids></undelete>"

    status, reply = await send(anonymous, envelope(operation, org.credentials.access_token))

    assert (status, reply.findtext(".//{*}errors/{*}message")) == (200, "bad id <b>\u0085\ufffd")


async def test_a_header_that_is_not_served_is_named(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    asked = envelope("<undelete/>", org.credentials.access_token)
    header = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader></env:Header>"

    status, reply = await send(anonymous, asked.replace("</env:Header>", header))

    assert status == 501
    assert "not implemented by the local org: SOAP AllOrNoneHeader" in reply.findtext(".//faultstring", "")


@pytest.mark.parametrize("form", ["partner", "enterprise", "jsforce"])
async def test_merge_reads_records_in_each_form(org: LocalOrg, anonymous: httpx2.AsyncClient, form: str) -> None:
    master, loser = (org.insert("Contact", LastName=name, Title="CTO") for name in ("Hale", "Hail"))
    task = org.insert("Task", Subject="Call", WhoId=loser)
    kind, typed = ("", "<type>Contact</type>") if form != "enterprise" else (f' {XSI} xsi:type="o:Contact"', "")
    element = "mergeRequests" if form == "jsforce" else "request"
    operation = (
        f"<merge><{element}><masterRecord{kind}>{typed}<fieldsToNull>Title</fieldsToNull><Id>{master}</Id>"
        "<Phone>1</Phone></masterRecord>"
        f"<recordToMergeIds>{loser}</recordToMergeIds></{element}></merge>"
    )
    asked = envelope(operation, org.credentials.access_token)

    status, reply = await send(anonymous, asked, "/services/Soap/c/60.0" if form == "enterprise" else PATH)

    result = reply.find(".//{*}result")
    assert result is not None
    assert (status, result.findtext("{*}success"), result.findtext("{*}id")) == (200, "true", master)
    assert (result.findtext("{*}mergedRecordIds"), result.findtext("{*}updatedRelatedIds")) == (loser, task)
    kept = org.records.retrieve("Contact", master)
    assert (kept["Title"], kept["Phone"]) == (None, "1")


async def test_each_merge_of_a_call_has_its_own_result(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    first, second = (org.insert("Contact", LastName=name) for name in ("Hale", "Hail"))
    master = f"<masterRecord><type>Contact</type><Id>{first}</Id></masterRecord>"
    request = f"{master}<recordToMergeIds>{second}</recordToMergeIds>"
    operation = f"<merge><request>{request}</request><request>{request}</request></merge>"

    _, reply = await send(anonymous, envelope(operation, org.credentials.access_token))

    results = reply.findall(".//{*}result")
    assert [each.findtext("{*}success") for each in results] == ["true", "false"]
    assert results[1].findtext("{*}errors/{*}statusCode") == "ENTITY_IS_DELETED"


async def test_convert_lead_makes_what_is_asked_for(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    lead = org.insert("Lead", LastName="Lea", Company="Leas")
    wanted = f"<convertedStatus>Closed - Converted</convertedStatus><leadId>{lead}</leadId>"
    operation = (
        f"<convertLead><leadConverts>{wanted}<doNotCreateOpportunity>true</doNotCreateOpportunity></leadConverts>"
        f"<leadConverts>{wanted}</leadConverts></convertLead>"
    )

    _, reply = await send(anonymous, envelope(operation, org.credentials.access_token))

    results = reply.findall(".//{*}result")
    contact = results[0].findtext("{*}contactId", "")
    assert [each.findtext("{*}success") for each in results] == ["true", "false"]
    assert org.records.retrieve("Contact", contact)["LastName"] == "Lea"
    assert not results[0].findtext("{*}opportunityId")
    assert results[1].findtext("{*}errors/{*}statusCode") == "CANNOT_UPDATE_CONVERTED_LEAD"


async def test_what_is_not_converted_is_named(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    operation = (
        "<convertLead><leadConverts><contactRecord><type>Contact</type></contactRecord></leadConverts></convertLead>"
    )

    status, reply = await send(anonymous, envelope(operation, org.credentials.access_token))

    assert status == 501
    assert "SOAP convertLead with contactRecord" in reply.findtext(".//faultstring", "")


async def test_logout_ends_the_session(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    body = envelope("<logout/>", org.credentials.access_token)

    first, second = await send(http, body), await send(http, body)

    assert (first[0], second[0]) == (200, 500)
    assert (await http.get("/services/data/v60.0/limits")).status_code == 401


async def test_undelete_needs_a_session(anonymous: httpx2.AsyncClient) -> None:
    status, reply = await send(anonymous, envelope("<undelete><ids>x</ids></undelete>", "wrong"))

    assert (status, reply.findtext(".//faultcode")) == (500, "sf:INVALID_SESSION_ID")


async def test_other_operations_are_named_as_missing(anonymous: httpx2.AsyncClient) -> None:
    status, reply = await send(anonymous, envelope("<emptyRecycleBin/>"))

    assert status == 501
    assert "not implemented by the local org: SOAP emptyRecycleBin" in reply.findtext(".//faultstring", "")


async def test_what_is_no_envelope_is_a_fault_and_entities_are_not_expanded(anonymous: httpx2.AsyncClient) -> None:
    entity = '<!DOCTYPE x [<!ENTITY a "b">]>' + envelope("<login><username>&a;</username></login>")
    for body in ("", "<x", "<x/>", entity):
        status, reply = await send(anonymous, body)

        assert (status, reply.findtext(".//faultcode")) == (500, "sf:UNKNOWN_EXCEPTION")


async def test_the_other_soap_apis_are_named_as_missing(anonymous: httpx2.AsyncClient) -> None:
    reply = await anonymous.post("/services/Soap/m/60.0", content=envelope("<listMetadata/>"))

    assert reply.status_code == 501
    assert "not implemented by the local org" in reply.json()[0]["message"]
