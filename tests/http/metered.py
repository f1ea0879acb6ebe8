"""A server over HTTP in a process where OpenTelemetry's metrics are set up; it is called once, and prints them as JSON.

OpenTelemetry takes one provider of metrics for a whole process, so this is a process of its own.
"""

import asyncio
import sys

import httpx2
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from mcp_salesforce.http.application import create_app
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from tests.conftest import settings_of
from tests.http.served import HEADERS, request_of, served


async def main() -> None:
    reader = InMemoryMetricReader()
    metrics.set_meter_provider(MeterProvider([reader]))
    call = request_of("tools/call", {"name": "salesforce_list_contacts", "arguments": {"limit": 1}})
    with LocalOrg.open(contacts=3) as org:
        app = create_app(settings_of(org, journal="off"), transport=AsgiTransport(org.app))
        async with served(app) as url, httpx2.AsyncClient(headers=HEADERS) as http:
            (await http.post(url, json=call)).raise_for_status()
            await http.get(url.replace("/mcp", "/healthz"))  # by its answer the first request has been measured
            found = reader.get_metrics_data()
    sys.stdout.write(found.to_json() if found else "{}")


if __name__ == "__main__":
    asyncio.run(main())
