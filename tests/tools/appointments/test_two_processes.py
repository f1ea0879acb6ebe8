"""Two servers in processes of their own, on one org over a port: no double booking goes unsaid."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening
from tests.effort import examples
from tests.tools.calls import text_of
from tests.warm import warm

SLOTS = examples(200, 20)
FIRST = datetime(2099, 3, 2, 9, tzinfo=UTC)
LENGTH = timedelta(minutes=30)


def server_on(org: LocalOrg, url: str) -> Client:
    given = org.credentials
    environment = {
        "SALESFORCE_CLIENT_ID": given.client_id,
        "SALESFORCE_CLIENT_SECRET": given.client_secret,
        "SALESFORCE_REFRESH_TOKEN": given.refresh_token,
        "SALESFORCE_INSTANCE_URL": url,
        "SALESFORCE_TIMEOUT_S": "600",  # a busy machine is no failure
    }
    command, *arguments = warm("mcp_salesforce.server")
    return Client(
        stdio_client(StdioServerParameters(command=command, args=arguments, env={**os.environ, **environment}))
    )


async def book(server: Client, subject: str, start: datetime) -> Any:
    data = {"Subject": subject, "StartDateTime": start.isoformat(), "DurationInMinutes": 30}
    return await server.call_tool("salesforce_create_appointment", {"data": data})


async def test_of_two_processes_that_book_the_same_time_one_is_refused_or_told(org: LocalOrg) -> None:
    starts = [FIRST + LENGTH * number for number in range(SLOTS)]
    with listening(org.app) as url:
        async with server_on(org, url) as one, server_on(org, url) as other:
            answers = [
                await asyncio.gather(book(one, f"One {start}", start), book(other, f"Other {start}", start))
                for start in starts
            ]

    for start, pair in zip(starts, answers, strict=True):
        at = start.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        booked = {row["Id"] for row in org.store.rows("SELECT Id FROM Event WHERE StartDateTime = ?", [at])}
        made = [answer.structured_content for answer in pair if not answer.is_error]
        refusals = [text_of(answer.content) for answer in pair if answer.is_error]
        assert {answer["Id"] for answer in made} == booked
        if len(made) == 1:
            assert '"code":"APPOINTMENT_CONFLICT"' in refusals[0]
            assert made[0]["Id"] in refusals[0]
        else:
            assert len(made) == 2
            warnings = [answer["warning"] for answer in made if "warning" in answer]
            assert warnings, start
            assert all(event_id in warning for event_id in booked for warning in warnings)
