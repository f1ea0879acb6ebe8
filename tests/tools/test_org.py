"""Who the server acts as, where and when, in one answer."""

import json

import pytest
from mcp import Client
from starlette.types import Receive, Scope, Send

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.models import Organization
from mcp_salesforce.server import create_server
from mcp_salesforce.tools import TOOLSETS
from tests.conftest import settings_of
from tests.tools.calls import call, refusal
from tests.tools.tokens import tokens


async def test_it_tells_the_user_the_org_the_time_and_what_is_left(org: LocalOrg, mcp: Client) -> None:
    told = await call(mcp, "whoami")

    identity = org.identities.userinfo(org.user_id, "http://127.0.0.1:1")
    assert 0 < told.pop("api_calls_left") < 15_000
    assert told == {
        "user": {"Id": org.user_id, "Name": identity["name"], "Username": org.credentials.username},
        "org": {
            "Id": identity["organization_id"],
            "Name": "Local Org",
            "kind": "developer",
            "instance_url": "http://127.0.0.1:1",
        },
        "time_zone": identity["zoneinfo"],
        "now": {"utc": "2026-11-22T09:00:00Z", "local": "2026-11-22T04:00:00-05:00", "weekday": "Sunday"},
        "allowed": {"toolsets": sorted(toolset.name for toolset in TOOLSETS)},
    }


class Watched:
    """The org's app: it notes the requests, and can refuse queries of the org's own record."""

    def __init__(self, org: LocalOrg, *, refusal: str = "") -> None:
        self._app = org.app
        self._refusal = refusal
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        if not self._refusal or b"Organization" not in scope["query_string"]:
            await self._app(scope, receive, send)
            return
        body = json.dumps([{"errorCode": self._refusal, "message": "sObject type 'Organization' is not supported."}])
        await send({"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body.encode()})


async def test_it_costs_one_api_call_each_time(org: LocalOrg) -> None:
    app = Watched(org)
    async with Client(create_server(settings_of(org), transport=AsgiTransport(app))) as client:
        first = await call(client, "whoami")
        asked, app.paths = app.paths, []
        second = await call(client, "whoami")

    assert sorted(asked) == [
        "/services/data/v60.0/query",
        "/services/oauth2/token",
        "/services/oauth2/userinfo",
    ]
    assert app.paths == ["/services/data/v60.0/query"]
    assert second["api_calls_left"] == first["api_calls_left"] - 1


async def test_an_org_whose_own_record_is_hidden_is_told_by_its_id_and_address(org: LocalOrg) -> None:
    app = Watched(org, refusal="INVALID_TYPE")
    async with Client(create_server(settings_of(org), transport=AsgiTransport(app))) as client:
        told = await call(client, "whoami")

    assert set(told["org"]) == {"Id", "instance_url"}
    assert told["user"]["Id"] == org.user_id


async def test_it_tells_what_the_settings_allow(org: LocalOrg) -> None:
    settings = settings_of(org, toolsets="org,query", read_only=True)
    async with Client(create_server(settings, transport=AsgiTransport(org.app))) as client:
        told = await call(client, "whoami")

    assert told["allowed"] == {"toolsets": ["org", "query"], "read_only": True}


async def test_any_other_refusal_is_an_error(org: LocalOrg) -> None:
    app = Watched(org, refusal="API_DISABLED_FOR_ORG")
    async with Client(create_server(settings_of(org), transport=AsgiTransport(app))) as client:
        error = await refusal(client, "whoami")

    assert error["code"] == "API_DISABLED_FOR_ORG"


async def test_what_a_model_reads_of_it_is_short_and_holds_no_secret(org: LocalOrg, mcp: Client) -> None:
    (tool,) = [tool for tool in (await mcp.list_tools()).tools if tool.name == "salesforce_whoami"]
    read = tokens(tool.name) + tokens(tool.description) + tokens(tool.input_schema)
    answer = await call(mcp, "whoami")

    assert read <= 80
    assert tokens(answer) <= 170
    own = org.credentials
    text = json.dumps(answer)
    assert not [secret for secret in (own.client_secret, own.refresh_token, own.access_token) if secret in text]


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"IsSandbox": True, "OrganizationType": "Enterprise Edition"}, "sandbox"),
        ({"IsSandbox": True, "TrialExpirationDate": "2026-12-22T00:00:00.000+0000"}, "scratch"),
        ({"OrganizationType": "Developer Edition"}, "developer"),
        ({"OrganizationType": "Enterprise Edition", "TrialExpirationDate": "2026-12-22T00:00:00.000+0000"}, "trial"),
        ({"OrganizationType": "Enterprise Edition", "TrialExpirationDate": None}, "production"),
    ],
)
def test_the_kind_of_an_org_is_told_by_its_own_record(record: dict[str, object], kind: str) -> None:
    assert Organization.read({"Name": "Acme", "IsSandbox": False, **record}).kind == kind
