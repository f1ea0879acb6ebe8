"""What a hint tells to do can be done: with an argument that the tool has, by a tool that there is."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.advice import ADVICE, MEANINGS
from mcp_salesforce.server import create_server
from tests.conftest import settings_of
from tests.orgs import new_org
from tests.salesforce.scripted import Answer, ScriptedOrg
from tests.tools.answers.test_errors import CASES
from tests.tools.calls import PREFIX, refusal, server_on
from tests.tools.test_every_tool import NAMES, sample_calls

NAMED = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
CONTACT, EVENT = "003000000000001AAA", "00U000000000001AAA"


def texts() -> Iterator[tuple[str, str]]:
    """Every code with a message of Salesforce's, and every text that tells the meanings of one code apart."""
    yield from ((case.code, case.message) for case in CASES)
    for codes, words, _ in MEANINGS:
        plain = re.sub(r"\\[a-z]|[\^$?\\]", "", words)
        plain = re.sub(r"\(([^|)]*)[^)]*\)", r"\1", plain).split("|")[0]
        yield from ((code, plain) for code in codes.split("|"))


@pytest.mark.parametrize("name", NAMES)
async def test_a_hint_names_arguments_of_the_tool_and_tools_that_there_are(name: str) -> None:
    scripted = ScriptedOrg()
    hints: dict[str, str] = {}
    async with Client(server_on(scripted, toolsets="all"), raise_exceptions=True) as mcp:
        listed = {tool.name: {*tool.input_schema["properties"]} for tool in (await mcp.list_tools()).tools}
        for code, message in texts():
            scripted.answers.clear()
            scripted.answers.extend([Answer(400, [{"errorCode": code, "message": message}])] * 20)
            result = await mcp.call_tool(name, sample_calls(CONTACT, EVENT)[name][0])
            if result.is_error:
                hints[f"{code}: {message}"] = (result.meta or {}).get("hint", "")

    for text, hint in hints.items():
        said = set(NAMED.findall(hint))
        known = listed.keys() | listed[name] | {each for tool in said & listed.keys() for each in listed[tool]}
        assert said <= known, (text, hint)
    assert len(hints) > len(ADVICE) or name == f"{PREFIX}undo"


KINDS = ["Retail", "Wholesale", "Retail, small", "Public sector", "Non-profit"]


@pytest.mark.parametrize("value", [*KINDS, "retail", "Whoelsale", "xyz"])
async def test_a_hint_offers_no_value_that_was_just_refused(value: str) -> None:
    schema = f"objects: {{Contact: {{fields: {{Kind__c: {{type: picklist, values: {KINDS}, restricted: true}}}}}}}}"
    body = [
        {
            "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "message": f"Kind: bad value for restricted picklist field: {value}",
            "fields": ["Kind__c"],
        }
    ]

    with new_org(seed=False, schema=schema) as org:

        async def refusing(scope: Any, receive: Any, send: Any) -> None:
            if scope["method"] == "POST" and scope["path"].endswith(("/composite", "/sobjects/Contact")):
                scope = {**scope, "path": "/services/data/v60.0/sobjects/Contact", "raw_path": b""}

                async def none_such() -> Any:
                    await receive()
                    return {"type": "http.request", "body": b'{"LastName": "x", "Kind__c": "none such"}'}

                async def worded(message: Any) -> None:
                    if message["type"] == "http.response.start":
                        message = {**message, "headers": [(b"content-type", b"application/json")]}
                    elif message.get("body"):
                        message = {**message, "body": json.dumps(body).encode()}
                    await send(message)

                await org.app(scope, none_such, worded)
            else:
                await org.app(scope, receive, send)

        async with Client(create_server(settings_of(org), transport=AsgiTransport(refusing))) as mcp:
            error = await refusal(mcp, "create_contact", data={"LastName": "x", "Kind__c": value})

    offered = error["hint"].partition("(")[2].partition(")")[0] or error["hint"].partition("Allowed: ")[2].rstrip(".")
    assert value not in re.split(r", (?!small)", offered)
    assert ("record type" in error["hint"]) == (value in KINDS)
    assert "Non-profit" in offered or value == "Non-profit"
