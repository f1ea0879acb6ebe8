"""Spans from tool to HTTP, in the trace of whoever called."""

import pytest
from mcp import Client
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.tracing import path_template
from mcp_salesforce.server import create_server
from tests.conftest import settings_of


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    return next(span for span in spans.get_finished_spans() if span.name == name)


async def test_requests_to_salesforce_are_spans_under_the_tools_in_the_callers_trace(
    org: LocalOrg, spans: InMemorySpanExporter
) -> None:
    async with Client(create_server(settings_of(org), transport=AsgiTransport(org.app)), mode="legacy") as client:
        with trace.get_tracer("agent").start_as_current_span("agent") as agent:  # the client sends its traceparent
            await client.call_tool("salesforce_list_contacts", {"name": "Ada"})

    tool = named(spans, "tools/call salesforce_list_contacts")
    request = named(spans, "GET /services/data/v60.0/query")
    assert tool.context is not None
    assert tool.context.trace_id == agent.get_span_context().trace_id
    assert request.parent is not None
    assert request.parent.span_id == tool.context.span_id
    assert request.attributes == {
        "http.request.method": "GET",
        "url.template": "/services/data/v60.0/query",
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
    }


async def test_a_failure_marks_its_span(org: LocalOrg, spans: InMemorySpanExporter) -> None:
    org.faults.add(Fault("reset_before", method="DELETE", count=1))
    async with Client(create_server(settings_of(org), transport=AsgiTransport(org.app)), mode="legacy") as client:
        await client.call_tool("salesforce_delete_contact", {"contact_id": "003000000000000AAA"})

    name = "DELETE /services/data/v60.0/sobjects/Contact/{}"
    broken, refused = (span for span in spans.get_finished_spans() if span.name == name)
    assert broken.status.status_code == refused.status.status_code == StatusCode.ERROR
    assert (broken.attributes or {})["error.type"] == "NO_ANSWER"
    assert (refused.attributes or {})["error.type"] == "404"


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/services/oauth2/token", "/services/oauth2/token"),
        ("/services/data/v60.0/sobjects", "/services/data/v60.0/sobjects"),
        ("/services/data/v60.0/sobjects/Contact/describe", "/services/data/v60.0/sobjects/Contact/describe"),
        ("/services/data/v60.0/sobjects/Contact/003A", "/services/data/v60.0/sobjects/Contact/{}"),
        ("/services/data/v60.0/sobjects/Contact/Email/a%40b.c", "/services/data/v60.0/sobjects/Contact/{}/{}"),
        ("/services/data/v60.0/query/", "/services/data/v60.0/query/"),
        ("/services/data/v60.0/query/0r8xx5R2yF2gs3VASQ-2000", "/services/data/v60.0/query/{}"),
        ("/id/00D000000000001/005000000000001", "/id/{}/{}"),
    ],
)
def test_a_template_names_no_record_no_value_and_no_page(path: str, template: str) -> None:
    assert path_template(path) == template
