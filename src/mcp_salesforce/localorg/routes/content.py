"""The data of Salesforce Files, in and out."""

import base64
from email.message import Message
from typing import Any, Final

import orjson

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.routes.call import Call, Family, Reply
from mcp_salesforce.localorg.services.content import version_data

content = Family("Files")
_ENTITY: Final = "entity_content"
_DATA: Final = "VersionData"


@content.route("POST", "sobjects/ContentVersion", "documented")
def create_version(call: Call) -> Reply:
    """Create a version of JSON with base64, or of a multipart body: entity_content (JSON), then VersionData (bytes)."""
    record = _record(call) if call.headers.get("content-type", "").startswith("multipart/") else call.json_object()
    record_id = call.records.create("ContentVersion", record, call.user_id)
    location = call.data_url("sobjects", "ContentVersion", record_id)
    return Reply(201, {"id": record_id, "success": True, "errors": []}, {"Location": location})


@content.route("GET", "sobjects/ContentVersion/{record_id}/VersionData", "documented")
def data(call: Call, record_id: str) -> Reply:
    """Return the bytes of a version."""
    row = call.org.records.row(call.org.schema["ContentVersion"], record_id, call.user_id)
    return Reply(body=version_data(call.org.store, str(row["Id"])))


def _record(call: Call) -> dict[str, Any]:
    """Return the record in a multipart body, with its data in base64."""
    head = Message()
    head["content-type"] = call.headers["content-type"]
    boundary = str(head.get_param("boundary") or "").encode()
    parts = {}
    for part in (b"\r\n" + call.body).split(b"\r\n--" + boundary)[1:-1]:
        lines, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        named = Message()
        for line in lines.decode("utf-8", "replace").split("\r\n"):
            name, _, text = line.partition(":")
            named[name] = text.strip()
        parts[str(named.get_param("name", header="content-disposition"))] = value
    if not boundary or parts.keys() != {_ENTITY, _DATA}:
        raise errors.json_parser_error(f"Multipart message must have the parts {_ENTITY} and {_DATA}")
    try:
        record = orjson.loads(parts[_ENTITY])
    except orjson.JSONDecodeError as error:
        raise errors.json_parser_error(f"{error.msg} at [line:{error.lineno}, column:{error.colno}]") from None
    return {**record, _DATA: base64.b64encode(parts[_DATA]).decode()}
