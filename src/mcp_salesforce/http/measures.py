"""What is measured: as Prometheus reads it at `/metrics`, and for OpenTelemetry where a program has set it up.

The client of Prometheus is the measure because it needs no SDK of OpenTelemetry, and costs a third of its exporter.
"""

from collections.abc import Callable, Iterable
from typing import Final
from weakref import WeakSet

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.util.types import AttributeValue
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from mcp_salesforce.salesforce.models import ApiUsage

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_meter: Final = metrics.get_meter("mcp_salesforce")
_request_seconds: Final = _meter.create_histogram(
    "http.server.request.duration", unit="s", explicit_bucket_boundaries_advisory=_SECONDS
)
_operation_seconds: Final = _meter.create_histogram(
    "mcp.server.operation.duration", unit="s", explicit_bucket_boundaries_advisory=_SECONDS
)

Usages = Callable[[], dict[str, ApiUsage]]
_watched: "Final[WeakSet[Measures]]" = WeakSet()


class Measures:
    """The measures of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Histogram(
            "http_server_request_duration_seconds",
            "Requests over HTTP",
            ["method", "route", "status"],
            registry=self._registry,
            buckets=_SECONDS,
        )
        self.sessions: Callable[[], int] = int
        self.usages: Usages = dict
        self.active = Gauge("http_server_active_requests", "Requests that are being answered", registry=self._registry)
        self._operations = Histogram(
            "mcp_server_operation_duration_seconds",
            "Messages of MCP, with the code of the error a tool call ended in",
            ["method", "tool", "outcome"],
            registry=self._registry,
            buckets=_SECONDS,
        )

    def watch(self, sessions: Callable[[], int], usages: Usages) -> None:
        """Tell at each reading how many sessions are open, and the API calls that each org has used and may use."""
        Gauge("mcp_salesforce_sessions", "Open sessions of users", registry=self._registry).set_function(sessions)
        self._registry.register(_UsageCollector(usages))
        self.sessions, self.usages = sessions, usages
        _watched.add(self)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).observe(seconds)
        attributes: dict[str, AttributeValue] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
        }
        _request_seconds.record(seconds, attributes)

    def operation(self, method: str, tool: str, outcome: str, seconds: float) -> None:
        """Count a message of MCP; `tool` is empty where it calls none."""
        self._operations.labels(method, tool, outcome).observe(seconds)
        named = {"gen_ai.tool.name": tool} if tool else {}
        failed = {} if outcome == "ok" else {"error.type": outcome}
        _operation_seconds.record(seconds, {"mcp.method.name": method, **named, **failed})

    def as_text(self) -> bytes:
        """Return all of them, as Prometheus reads them."""
        return generate_latest(self._registry)


class _UsageCollector(Collector):
    """The API calls of each org."""

    def __init__(self, usages: Usages) -> None:
        self._usages = usages

    def collect(self) -> Iterable[Metric]:
        """Return the used and the allowed calls of 24 hours."""
        used = GaugeMetricFamily("salesforce_api_calls_used", "API calls of the org in 24 hours", labels=["org"])
        limit = GaugeMetricFamily("salesforce_api_calls_limit", "API calls that the org may use", labels=["org"])
        for org, usage in self._usages().items():
            used.add_metric([org], usage.used)
            limit.add_metric([org], usage.limit)
        return [used, limit]


def _sessions(_: CallbackOptions) -> Iterable[Observation]:
    yield Observation(sum(each.sessions() for each in _watched))


def _calls(what: Callable[[ApiUsage], int]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    """Return what tells a number of each org."""

    def told(_: CallbackOptions) -> Iterable[Observation]:
        for measures in _watched:
            for org, usage in measures.usages().items():
                yield Observation(what(usage), {"salesforce.org.id": org})

    return told


_meter.create_observable_gauge("mcp_salesforce.sessions", [_sessions], description="Open sessions of users")
_meter.create_observable_gauge(
    "salesforce.api_calls.used", [_calls(lambda usage: usage.used)], description="API calls of the org in 24 hours"
)
_meter.create_observable_gauge(
    "salesforce.api_calls.limit", [_calls(lambda usage: usage.limit)], description="API calls that the org may use"
)
