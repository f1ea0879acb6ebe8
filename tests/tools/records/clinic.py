"""An org with custom objects, for rules that no standard object shows; and one that fails in the middle."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.asgi import Message
from mcp_salesforce.server import create_server
from tests.approving import approve
from tests.conftest import settings_of
from tests.orgs import new_org

CLINIC = """
objects:
  Visit__c:
    name: "V-{0000}"
    fields:
      Patient__c: {type: reference, to: Contact, children: Visits, required: true, on_delete: cascade}
      Ward__c: {type: reference, to: Ward__c}
      Kind__c: {type: picklist, values: [First, Follow-up], restricted: true, default: First}
      Cost__c: {type: currency, precision: 6, scale: 2}
      Seen__c: {type: boolean}
      Day__c: {type: date}
      Start__c: {type: datetime}
      Opens__c: {type: time}
      Notes__c: {type: textarea, length: 32000}
      Tests__c: {type: int, digits: 3}
      Colours__c: {type: multipicklist, values: [Red, Blue], restricted: true}
      Number__c: {type: string, length: 10, unique: true, external_id: true}
  Ward__c:
    fields:
      Head__c: {type: reference, to: [User]}
"""


def clinic_org() -> LocalOrg:
    return new_org(seed=False, schema=CLINIC)


@asynccontextmanager
async def client_of(org: LocalOrg, app: Any = None, *, mode: str = "legacy", **settings: Any) -> AsyncIterator[Client]:
    server = create_server(settings_of(org, **settings), transport=AsgiTransport(app or org.app))
    async with Client(server, mode=mode, raise_exceptions=True, elicitation_callback=approve) as client:
        yield client


class FailingOrg:
    """An org whose write number `at` (from 0) fails: it is refused, or it is done and its answer gets lost."""

    def __init__(self, org: LocalOrg, at: int, *, is_done: bool) -> None:
        self.writes = 0
        self._org = org
        self._at = at
        self._is_done = is_done

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        is_write = "/composite/sobjects" in scope["path"] and scope["method"] != "GET"
        fails = is_write and self.writes == self._at
        self.writes += is_write
        if fails and not self._is_done:
            self._org.faults.add(Fault("request_limit"))
        await self._org.app(scope, receive, _nothing if fails and self._is_done else send)
        if fails and self._is_done:
            raise ConnectionResetError


async def _nothing(_message: Message) -> None:
    pass
