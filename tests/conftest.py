"""What every test can use: a local org with a fixed clock, and an MCP client of the server on it."""

import gc
import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # comes with the SDK, without types
from jsonschema.protocols import Validator  # type: ignore[import-untyped]
from mcp import Client, ClientSession
from mcp.server.mcpserver.resources.templates import ResourceTemplate
from mcp.shared import _otel
from mcp_types import CallToolResult
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mcp_salesforce.config import Settings
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, tracing
from mcp_salesforce.server import create_server
from tests.approving import approve
from tests.clock import Clock
from tests.effort import examples
from tests.orgs import as_it_is, new_org, without_appointments

# Tests do not measure speed.
settings.register_profile(
    "any-machine", max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")

_check_schema = Draft202012Validator.check_schema
_checked: set[str] = set()
_validate = ClientSession.validate_tool_result
_validators: dict[str, tuple[dict[str, Any] | None, Validator | None]] = {}
_conforming: set[tuple[str, str]] = set()


async def _validate_as_before(session: ClientSession, name: str, result: CallToolResult) -> None:
    """Check a result of ours by the schema that the first client listed, which follows from the tool's code alone.

    The same content of the same tool is checked once.
    """
    is_ours = name.startswith("salesforce_")
    if is_ours and name in _validators and name not in session._tool_output_schemas:
        session._tool_output_schemas[name], validator = _validators[name]
        if validator:
            session._tool_output_validators[name] = validator
    content = name, json.dumps(result.structured_content)
    if is_ours and content in _conforming:
        return
    await _validate(session, name, result)
    if is_ours and name in session._tool_output_schemas:
        if result.structured_content is not None:
            _conforming.add(content)
        _validators[name] = session._tool_output_schemas[name], session._tool_output_validators.get(name)


def pytest_configure() -> None:
    """Let each client take what another one has learnt of a tool's schema, since every test has its own client.

    Each server likewise takes the models that the SDK makes of the functions behind resources.
    """

    def check_schema(schema: Any, *arguments: Any, **options: Any) -> None:
        text = json.dumps(schema)
        if text not in _checked:
            _check_schema(schema, *arguments, **options)
            _checked.add(text)

    Draft202012Validator.check_schema = check_schema
    ResourceTemplate.from_function = cache(ResourceTemplate.from_function)  # type: ignore[assignment]  # as above
    ClientSession.validate_tool_result = _validate_as_before  # type: ignore[assignment]  # a method, for all clients


def pytest_collection_finish() -> None:
    """Spare the garbage collector what all tests have loaded: looking through it took a tenth of their time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)  # a Sunday


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def without_logins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No login that the person who runs the tests has kept, no settings of theirs, and no cache."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        environment.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        environment.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        environment.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        environment.delenv("SF_TARGET_ORG", raising=False)
        if Path("~/.sf/config.json").expanduser().exists():  # a default org of sf
            environment.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def org(request: pytest.FixtureRequest) -> Iterator[LocalOrg]:
    """An org of the test's own, whose clock stands at NOW, with its seed data as the test wants them."""
    is_empty = "empty_org" in request.fixturenames
    with new_org(lambda: NOW, then=without_appointments if is_empty else as_it_is) as org:
        yield org


@pytest.fixture
def empty_org(org: LocalOrg) -> LocalOrg:
    """The org without the seed's appointments."""
    return org


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The monotonic clock, to be put forward."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def settings_of(org: LocalOrg, **changes: Any) -> Settings:
    """The settings for `org` as its first user; nothing listens at its address."""
    credentials = org.credentials
    values = {
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "refresh_token": credentials.refresh_token,
        "instance_url": "http://127.0.0.1:1",
    }
    return Settings(**{**values, **changes})


ERAS = ["legacy", "auto"]
"""The protocol's eras, as a client's modes: with a handshake, and without where the server can do without."""


@pytest.fixture
def era() -> str:
    """The era of `mcp`: the new one; modules about what differs override this with both."""
    return "auto"


@pytest.fixture
async def mcp(org: LocalOrg, era: str, tmp_path: Path) -> AsyncIterator[Client]:
    """A client of the server on `org`, in memory, with every toolset and a journal of the test's own."""
    (tmp_path / "files").mkdir()
    settings = settings_of(org, journal=str(tmp_path / "journal.db"), toolsets="all", files=tmp_path / "files")
    server = create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server, mode=era, raise_exceptions=True, elicitation_callback=approve) as client:
        yield client


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans of this test: somebody traces while it runs, and nobody before and after it.

    OpenTelemetry takes one provider for a whole process, and tracers keep the one they met first.
    """
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    for tracer in (_otel._tracer, tracing._tracer):
        monkeypatch.setattr(tracer, "_real_tracer", None)
    return exporter
