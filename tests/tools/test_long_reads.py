"""However many fields a tool reads, no URL is longer than Salesforce takes."""

from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of
from tests.orgs import new_org
from tests.tools.calls import call

NAMES = [f"Customer_Segmentation_Attribute_{number:04d}__c" for number in range(480)]
VALUES = dict.fromkeys(NAMES, "x")
_FIELDS = "".join(f"      {name}: {{type: string, length: 40}}\n" for name in NAMES)
WIDE = "objects:\n" + "".join(f"  {each}:\n    fields:\n{_FIELDS}" for each in ("Contact", "Event"))
LONGEST = 16_384  # bytes of a URL
TIMES = {"StartDateTime": "2026-11-26T10:00:00Z", "DurationInMinutes": 30}

CALLS: list[tuple[str, Callable[[str, str], dict[str, Any]]]] = [
    ("get_contact", lambda contact, _: {"contact_id": contact, "fields": NAMES}),
    ("get_contact", lambda contact, _: {"contact_id": contact, "fields": [*NAMES, "Account.Name"]}),
    ("list_contacts", lambda *_: {"fields": NAMES, "name": "Ode"}),
    ("get_appointment", lambda _, event: {"event_id": event, "fields": NAMES}),
    ("get_appointment", lambda _, event: {"event_id": event, "fields": [*NAMES, "Who.Name"]}),
    ("get_record", lambda contact, _: {"sobject": "Contact", "record_ids": [contact], "fields": NAMES}),
    ("update_contact", lambda contact, _: {"contact_id": contact, "data": VALUES}),
    ("update_appointment", lambda _, event: {"event_id": event, "data": VALUES}),
    ("update_appointment", lambda _, event: {"event_id": event, "data": {**VALUES, **TIMES}}),
    ("create_contact", lambda *_: {"data": {"LastName": "x", **VALUES}}),
    ("create_appointment", lambda *_: {"data": {"Subject": "x", **TIMES, **VALUES}}),
    ("update_records", lambda contact, _: {"sobject": "Contact", "records": [{"Id": contact, **VALUES}]}),
    ("query", lambda *_: {"soql": f"SELECT {', '.join(NAMES)} FROM Contact"}),
    ("query", lambda *_: {"soql": f"SELECT Id, (SELECT {', '.join(NAMES)} FROM Events) FROM Contact"}),
    ("search", lambda *_: {"text": "Ode", "sobjects": [f"Contact({', '.join(['Id', *NAMES])})"]}),
    ("describe", lambda *_: {"sobject": "Contact", "fields": NAMES}),
    ("delete_contact", lambda contact, _: {"contact_id": contact}),
]


@pytest.mark.parametrize(("tool", "arguments"), CALLS, ids=lambda each: each if isinstance(each, str) else "")
async def test_no_url_is_longer_than_salesforce_takes(
    tool: str, arguments: Callable[[str, str], dict[str, Any]]
) -> None:
    lengths: list[int] = []

    with new_org(lambda: NOW, seed=False, schema=WIDE) as org:

        async def measuring(scope: Any, receive: Any, send: Any) -> None:
            lengths.append(len(scope["path"]) + len(scope["query_string"]))
            await org.app(scope, receive, send)

        contact = org.insert("Contact", LastName="Ode")
        event = org.insert("Event", Subject="x", StartDateTime="2026-11-24T10:00:00Z", DurationInMinutes=30)
        server = create_server(settings_of(org), transport=AsgiTransport(measuring), now=lambda: NOW)
        async with Client(server, raise_exceptions=True) as mcp:
            assert await call(mcp, tool, **arguments(contact, event))

    assert max(lengths) < LONGEST
