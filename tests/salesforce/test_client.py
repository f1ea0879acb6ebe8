"""The client against a server that answers as told, in this process."""

import orjson
import pytest

from mcp_salesforce.salesforce import AsgiTransport, InvalidRequestError, RefreshTokenSource, SalesforceClient
from mcp_salesforce.salesforce.transport import Message


async def org(scope: Message, _receive: object, send: object) -> None:
    token = {
        "access_token": "00D000000000001!AQ",
        "instance_url": "https://acme.my.salesforce.com",
        "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
    }
    refusal = [{"errorCode": "INVALID_FIELD", "message": "No such column"}]
    is_token = scope["path"] == "/services/oauth2/token"
    await send({"type": "http.response.start", "status": 200 if is_token else 400, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": orjson.dumps(token if is_token else refusal)})  # type: ignore[operator]


async def test_the_first_call_gets_a_token_and_raises_what_salesforce_says() -> None:
    source = RefreshTokenSource("id", "secret", "refresh", "https://acme.my.salesforce.com")
    async with SalesforceClient(source, transport=AsgiTransport(org)) as client:
        assert (await client.identity()).user_id == "005000000000001AAA"
        with pytest.raises(InvalidRequestError, match="No such column") as caught:
            await client.sobjects.retrieve("Contact", "003000000000001AAA")
    assert caught.value.code == "INVALID_FIELD"
