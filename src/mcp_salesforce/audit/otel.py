"""Send the audit as log records of OpenTelemetry, if a program has installed its SDK."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from mcp_salesforce.audit.trail import AuditError

_NAME: Final = "mcp_salesforce.audit"
_EVENT: Final = "mcp_salesforce.call"
_NONE: Final = "SALESFORCE_AUDIT is otel, but no OpenTelemetry logs are set up in this process."


class OtelTrail:
    """Emits one record for each call; its body is the JSON that a line of a file has."""

    def __repr__(self) -> str:
        return "<OtelTrail>"

    def begin(self, call_id: str, record: Mapping[str, Any]) -> None:  # noqa: ARG002 - a record once sent stays
        """Refuse a write if no one would receive its record."""
        _require_provider()

    def append(self, call_id: str, record: Mapping[str, Any]) -> None:
        """Emit the record of a call."""
        _require_provider()
        from opentelemetry._logs import LogRecord, get_logger

        attributes = {name: str(record[name]) for name in ("tool", "outcome", "org", "user") if record.get(name)}
        body = orjson.dumps({"id": call_id, **record}).decode()
        get_logger(_NAME).emit(LogRecord(body=body, attributes=attributes, event_name=_EVENT))

    def check(self) -> None:
        """Check that a logger provider is set."""
        _require_provider()

    def close(self) -> None:
        """There is nothing to release."""


def _require_provider() -> None:
    """Check that a logger provider is set. OpenTelemetry does not report whether records arrive.

    Raises:
        AuditError: None is set.
    """
    from opentelemetry._logs import NoOpLoggerProvider, get_logger_provider
    from opentelemetry._logs._internal import ProxyLoggerProvider

    if isinstance(get_logger_provider(), NoOpLoggerProvider | ProxyLoggerProvider):
        raise AuditError(_NONE)
