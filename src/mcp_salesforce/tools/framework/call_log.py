"""One line in the log for each tool call: its name, outcome and duration, and what it cost of the org's API calls."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from mcp_salesforce.salesforce.tracing import Exchange, exchanges

_log = logging.getLogger("mcp_salesforce.tools")
_API = "/services/data/"  # what the org counts; asking for a token is free


@dataclass(slots=True)
class LoggedCall:
    """How a call ended: `ok`, the code of its error, `cancelled`, or `crashed`."""

    outcome: str = "ok"


@contextmanager
def tool_call(name: str) -> Iterator[LoggedCall]:
    """Log the call that the block makes, however it ends; nothing is measured where nothing is logged."""
    call = LoggedCall()
    if not _log.isEnabledFor(logging.INFO):
        yield call
        return
    started = perf_counter()
    with exchanges() as made:
        try:
            yield call
        except asyncio.CancelledError:
            call.outcome = "cancelled"
            raise
        except BaseException:
            call.outcome = "crashed"
            raise
        finally:
            _log.info("tool call", extra={"data": _data(name, call, perf_counter() - started, made)})


def _data(name: str, call: LoggedCall, seconds: float, made: list[Exchange]) -> dict[str, object]:
    return {
        "tool": name,
        "outcome": call.outcome,
        "duration_ms": round(seconds * 1000, 1),
        "api_calls": sum(exchange.template.startswith(_API) for exchange in made),
        "request_ids": ",".join(exchange.request_id for exchange in made if exchange.request_id),
    }
