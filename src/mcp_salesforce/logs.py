"""Logs on stderr, as text or JSON lines; stdout belongs to the protocol.

What is logged is what happened (names, durations, outcomes, ids of requests), never a value of a field and never a
secret. Libraries log tool arguments and request bodies at their lower levels, so theirs are let through from WARNING up
whatever the level here, and an exception's text is left out of its traceback.
"""

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal

import orjson

_NAMED: ContextVar[Mapping[str, str]] = ContextVar("named", default=MappingProxyType({}))

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Format = Literal["text", "json"]


def set_up(level: Level = "WARNING", form: Format = "text") -> None:
    """Log to stderr from now on: this project from `level` up, libraries from WARNING up.

    A process that has set up logging before keeps what it has.
    """
    logging.getLogger("mcp_salesforce").setLevel(level)
    if logging.root.handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if form == "json" else _TextFormatter())
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.WARNING)


@contextmanager
def naming(**names: str) -> Iterator[None]:
    """Add `names` to every line that is logged in the block, also by tasks that it starts."""
    token = _NAMED.set({**_NAMED.get(), **names})
    try:
        yield
    finally:
        _NAMED.reset(token)


class _Formatter(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - logging's own signature
        """Return the traceback without the exception's text, which can hold values of fields."""
        kind, _, trace = ei
        return "".join(traceback.format_tb(trace)) + (kind.__qualname__ if kind else "")

    @staticmethod
    def _data(record: logging.LogRecord) -> dict[str, object]:
        data: dict[str, object] = {**_NAMED.get(), **getattr(record, "data", {})}
        return {name: value for name, value in data.items() if value not in {"", None}}

    @staticmethod
    def _time(record: logging.LogRecord) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _TextFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        data = "".join(f" {name}={value}" for name, value in self._data(record).items())
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return f"{self._time(record)} {record.levelname} {record.name}: {record.getMessage()}{data}{trace}"


class _JsonFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": self._time(record),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **self._data(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()
