"""Salesforce Files of the local org, as they stand on the wire."""

import base64
import json
from typing import Any

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg

ROOT = "/services/data/v60.0/sobjects/ContentVersion"


def multipart(record: dict[str, Any], data: bytes, boundary: str = "--=b") -> tuple[bytes, dict[str, str]]:
    parts = [
        b'Content-Disposition: form-data; name="entity_content";\r\nContent-Type: application/json\r\n\r\n'
        + json.dumps(record).encode(),
        b'Content-Type: application/pdf\r\nContent-Disposition: form-data; name="VersionData"; filename="a.pdf"\r\n\r\n'
        + data,
    ]
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return body + b"--" + boundary.encode() + b"--", {"content-type": f'multipart/form-data; boundary="{boundary}"'}


async def test_a_version_is_made_of_either_body_and_read_back(http: httpx2.AsyncClient, org: LocalOrg) -> None:
    account, data = org.insert("Account", Name="Acme"), bytes(range(256)) + b"\r\n----=x\r\n\r\n"
    record = {"PathOnClient": "Offer 1.pdf", "FirstPublishLocationId": account}
    content, headers = multipart(record, data)
    made = await http.post(ROOT, content=content, headers=headers)
    again = await http.post(ROOT, json={**record, "VersionData": base64.b64encode(data).decode()})

    assert (made.status_code, again.status_code, made.json()["success"]) == (201, 201, True)
    for reply in (made, again):
        version = (await http.get(f"{ROOT}/{reply.json()['id']}")).json()
        assert (version["Title"], version["ContentSize"], version["FileType"]) == ("Offer 1", len(data), "PDF")
        assert (await http.get(version["VersionData"])).content == data
    links = org.store.rows("SELECT ShareType, LinkedEntityId FROM ContentDocumentLink ORDER BY Id")
    assert [tuple(row) for row in links] == [("I", org.user_id), ("V", account)] * 2


async def test_a_next_version_is_the_latest_of_its_document(http: httpx2.AsyncClient, org: LocalOrg) -> None:
    first = org.insert("ContentVersion", PathOnClient="a.txt", VersionData="QQ==")
    document = org.records.retrieve("ContentVersion", first)["ContentDocumentId"]
    content, headers = multipart({"PathOnClient": "b.txt", "ContentDocumentId": document}, b"B")
    second = (await http.post(ROOT, content=content, headers=headers)).json()["id"]

    versions = [org.records.retrieve("ContentVersion", each) for each in (first, second)]
    assert [(each["VersionNumber"], each["IsLatest"]) for each in versions] == [("1", False), ("2", True)]
    assert org.records.retrieve("ContentDocument", document)["LatestPublishedVersionId"] == second
    await http.delete(f"/services/data/v60.0/sobjects/ContentDocument/{document}")
    assert (await http.get(f"{ROOT}/{second}/VersionData")).status_code == 404


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"PathOnClient": "a.txt"}, "REQUIRED_FIELD_MISSING"),
        ({"PathOnClient": "a.txt", "VersionData": "?"}, "JSON_PARSER_ERROR"),
        ({"VersionData": "QQ=="}, "REQUIRED_FIELD_MISSING"),
    ],
)
async def test_a_version_without_a_name_or_data_is_refused(
    http: httpx2.AsyncClient, record: dict[str, Any], code: str
) -> None:
    reply = await http.post(ROOT, json=record)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)


async def test_a_multipart_body_needs_both_parts_and_is_taken_only_there(http: httpx2.AsyncClient) -> None:
    content, headers = multipart({"PathOnClient": "a.txt"}, b"A")
    cut = content.replace(b"VersionData", b"OtherData")
    assert (await http.post(ROOT, content=cut, headers=headers)).status_code == 400
    assert (await http.post(ROOT, content=content.replace(b"{", b"["), headers=headers)).status_code == 400
    other = ROOT.replace("ContentVersion", "Account")
    assert (await http.post(other, content=content, headers=headers)).status_code == 415
