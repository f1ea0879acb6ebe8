"""What those who operate the server see of it and do with it."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mcp_salesforce.http.application import Application, create_app
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.settings.serving import Serving
from tests.clock import Clock
from tests.conftest import settings_of
from tests.http.served import HEADERS, answer_in, modern, request_of, served
from tests.test_logs import lines_of, logged
from tests.warm import warm

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALL = request_of("tools/call", {"name": "salesforce_list_contacts", "arguments": {"limit": 1}})


def app_of(org: LocalOrg, serving: Serving | None = None, **changes: Any) -> Application:
    return create_app(settings_of(org, journal="off", **changes), serving=serving, transport=AsgiTransport(org.app))


@asynccontextmanager
async def running(app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    async with served(app) as url, httpx2.AsyncClient(base_url=url.removesuffix("/mcp"), headers=HEADERS) as client:
        yield client


async def test_it_is_alive_and_ready_while_the_org_can_be_reached(org: LocalOrg, clock: Clock) -> None:
    async with running(app_of(org)) as http:
        alive, ready = await http.get("/healthz"), await http.get("/readyz")
        org.faults.pending.append(Fault("unavailable", count=None))
        soon = await http.get("/readyz")
        clock.put_forward(6)
        later = await http.get("/readyz")

    assert (alive.status_code, ready.status_code, ready.json()) == (200, 200, {"ready": True, "org": "ok"})
    assert soon.status_code == 200
    assert (later.status_code, later.json()["ready"]) == (503, False)


async def test_the_probes_are_asked_by_any_name_and_nothing_else_is(org: LocalOrg) -> None:
    async with running(app_of(org)) as http:
        answers = [await http.get(path, headers={"Host": "10.1.2.3:8000"}) for path in ("/healthz", "/metrics", "/x")]

    assert [answer.status_code for answer in answers] == [200, 200, 421]


async def test_measures_count_requests_and_calls_by_how_they_ended(org: LocalOrg) -> None:
    async with running(app_of(org)) as http:
        await http.post("/mcp", json=CALL)
        await http.post("/mcp", json=request_of("tools/call", {"name": "salesforce_query", "arguments": {"soql": "x"}}))
        await http.post("/mcp", json=request_of("tools/call", {"name": "rm -rf", "arguments": {}}))
        await http.get("/etc/passwd")
        told = (await http.get("/metrics")).text

    for line in (
        'http_server_request_duration_seconds_count{method="POST",route="/mcp",status="200"} 3.0',
        'http_server_request_duration_seconds_count{method="GET",route="other",status="404"} 1.0',
        'tool="salesforce_list_contacts"',
        'outcome="MALFORMED_QUERY"',
        'tool="other"',
        "mcp_salesforce_sessions 1.0",
        'salesforce_api_calls_limit{org="00D',
    ):
        assert line in told
    assert "rm -rf" not in told


def test_opentelemetry_gets_the_same_measures() -> None:
    done = subprocess.run(warm("tests.http.metered"), capture_output=True, text=True, check=True, timeout=60)
    scopes = [scope for each in json.loads(done.stdout)["resource_metrics"] for scope in each["scope_metrics"]]
    found = {
        metric["name"]: metric["data"]["data_points"]
        for scope in scopes
        if scope["scope"]["name"] == "mcp_salesforce"
        for metric in scope["metrics"]
    }

    called = {"http.request.method": "POST", "http.route": "/mcp", "http.response.status_code": 200}
    (request,) = (each for each in found["http.server.request.duration"] if each["attributes"] == called)
    (operation,) = found["mcp.server.operation.duration"]
    assert operation["attributes"] == {"mcp.method.name": "tools/call", "gen_ai.tool.name": "salesforce_list_contacts"}
    assert (request["count"], operation["count"]) == (1, 1)
    assert found["mcp_salesforce.sessions"][0]["value"] == 1
    assert found["salesforce.api_calls.used"][0]["value"] >= 1
    assert found["salesforce.api_calls.limit"][0]["value"] == 15_000
    assert found["salesforce.api_calls.used"][0]["attributes"]["salesforce.org.id"].startswith("00D")


async def test_each_line_of_the_log_names_the_request_and_none_holds_a_value(org: LocalOrg) -> None:
    with logged() as stream:
        async with running(app_of(org, log_level="info", log_format="json")) as http:
            from mcp_salesforce import logs

            logs.set_up("INFO", "json")
            answer = await http.post("/mcp?token=hidden", json=CALL, headers={"X-Request-Id": "forged"})

    lines = lines_of(stream)
    call, request = (next(line for line in lines if line["event"] == event) for event in ("tool call", "request"))
    assert call["http_request_id"] == request["http_request_id"] == answer.headers["x-request-id"] != "forged"
    assert (request["method"], request["path"], request["status"]) == ("POST", "/mcp", 200)
    assert "hidden" not in stream.getvalue()


async def test_only_a_named_proxy_is_believed(org: LocalOrg) -> None:
    given = {"X-Request-Id": "abc-123", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    async with running(app_of(org, Serving(trusted_proxies="127.0.0.0/8"))) as http:
        believed = await http.get("/healthz", headers=given)
        malformed = await http.get("/healthz", headers={"X-Request-Id": "a b"})
    async with running(app_of(org, Serving(trusted_proxies="10.0.0.0/8"))) as http:
        ignored = await http.get("/healthz", headers=given)

    assert believed.headers["x-request-id"] == "abc-123"
    assert malformed.headers["x-request-id"] != "a b"
    assert ignored.headers["x-request-id"] != "abc-123"


async def test_names_of_the_settings_are_let_in(org: LocalOrg) -> None:
    async with running(app_of(org, Serving(allowed_hosts="mcp.internal"))) as http:
        answers = [
            await http.post("/mcp", json=CALL, headers={"Host": host})
            for host in ("mcp.internal", "mcp.internal:8443", "other.internal")
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 421]


async def test_every_response_has_the_headers_of_safety(org: LocalOrg) -> None:
    async with running(app_of(org)) as http:
        answers = [await http.get("/healthz"), await http.post("/mcp", json=CALL), await http.get("/nowhere")]

    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "no-" in answer.headers["cache-control"]
        assert "server" not in answer.headers or answer.headers["server"] == "uvicorn"  # the test's own listener


async def test_the_calls_of_a_request_stand_in_the_trace_of_the_caller(
    org: LocalOrg, spans: InMemorySpanExporter
) -> None:
    async with running(app_of(org)) as http:
        parent = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        await http.post("/mcp", json=CALL, headers=parent)
        await http.post("/mcp", **modern("tools/call", CALL["params"], "salesforce_list_contacts"))

    found = [span for span in spans.get_finished_spans() if f"{span.context.trace_id:032x}" == TRACE]
    assert {"tools/call salesforce_list_contacts"} < {span.name for span in found}
    assert any(span.name.startswith("GET /services/data") for span in found)


async def test_a_policy_is_read_again_when_its_file_changes(org: LocalOrg, tmp_path: Path, clock: Clock) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[objects.Contact]\nactions = ["read", "create"]\n')
    app = app_of(org, policy=policy)

    async def tools(http: httpx2.AsyncClient) -> set[str]:
        clock.put_forward(2)
        listed = answer_in(await http.post("/mcp", json=request_of("tools/list")))["result"]["tools"]
        return {tool["name"] for tool in listed}

    async with running(app) as http:
        before = await tools(http)
        policy.write_text('[objects.Contact]\nactions = ["read"]\n')
        after = await tools(http)
        policy.write_text("[objects.Contact\n")
        broken = await tools(http)
        call = answer_in(await http.post("/mcp", json=CALL))["result"]

    assert "salesforce_create_contact" in before
    assert "salesforce_create_contact" not in after
    assert broken == after
    assert call["structuredContent"]["rows"]


async def test_streams_end_when_the_server_does_and_it_is_not_ready_any_more(org: LocalOrg) -> None:
    app = app_of(org)
    asked = modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
    async with running(app) as http, http.stream("POST", "/mcp", timeout=30, **asked) as stream:
        lines = stream.aiter_lines()
        first = await anext(line async for line in lines if line.startswith("data:"))
        app.drain.begin()
        async with asyncio.timeout(20):
            rest = [line async for line in lines]
        ready = await http.get("/readyz")

    assert "acknowledged" in first
    assert not [line for line in rest if line.startswith("data:")]
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "server": "ending"})


async def test_a_client_that_leaves_ends_no_call_of_others(url: str) -> None:
    async with Client(url) as one, Client(url) as other:
        call = asyncio.create_task(one.call_tool("salesforce_list_contacts", {"limit": 1}))
        await asyncio.sleep(0)
        call.cancel()
        answer = await other.call_tool("salesforce_list_contacts", {"limit": 1})

    assert answer.structured_content["rows"]


@pytest.mark.parametrize(("name", "value"), [("allowed_hosts", "https://a.com"), ("trusted_proxies", "a.com")])
def test_a_setting_that_cannot_work_says_so(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        Serving(**{name: value})
