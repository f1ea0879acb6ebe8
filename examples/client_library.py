"""The client library alone, without MCP: find a contact, add a task, and read it back.

    pip install mcp-for-salesforce
    python examples/client_library.py

It uses a local org here. For your own, give the client a RefreshTokenSource and no transport: docs/client.md.
"""

import asyncio

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, RecordRejectedError, SalesforceClient, StaticTokenSource


async def main(org: LocalOrg) -> None:
    source = StaticTokenSource(org.credentials.access_token, "http://localhost")
    async with SalesforceClient(source, transport=AsgiTransport(org.app)) as client:
        found = await client.queries.query("SELECT Id, Name FROM Contact ORDER BY Name LIMIT 1")
        contact = found.records[0]
        saved = await client.sobjects.create("Task", {"Subject": "Send the plan", "WhoId": contact["Id"]})
        task = await client.sobjects.retrieve("Task", saved.id, fields=["Subject", "WhoId"])
        print(f"{task['Subject']}: {contact['Name']}, {task['WhoId'] == contact['Id']}")
        try:
            await client.sobjects.create("Contact", {"FirstName": "Ada"})
        except RecordRejectedError as error:
            print(f"Refused: {error.code}")


with LocalOrg.open() as org:
    asyncio.run(main(org))
