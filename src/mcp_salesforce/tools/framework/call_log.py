"""The record of each call: a line in the log, with its outcome, duration and cost, and one in the audit."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from mcp_salesforce.audit.calls import AuditedCall, auditing
from mcp_salesforce.audit.trail import AuditError
from mcp_salesforce.salesforce.tracing import Exchange, exchanges
from mcp_salesforce.tools.answers.results import visible
from mcp_salesforce.tools.framework.session import OrgSession

_log = logging.getLogger("mcp_salesforce.tools")
_API = "/services/data/"  # what the org counts; asking for a token is free
_OK: Final = "ok"
_LONGEST_NAME: Final = 100


@dataclass(slots=True)
class LoggedCall:
    """How a call ended: `ok`, the code of its error, `cancelled`, or `crashed`.

    Attributes:
        outcome: That.
        is_passed_on: Whether the same call is made again through another part of the server, and recorded there.
    """

    outcome: str = _OK
    is_passed_on: bool = False


@asynccontextmanager
async def tool_call(
    name: str, org: OrgSession, context: object, arguments: Mapping[str, Any] | None = None, sobject: str = ""
) -> AsyncIterator[LoggedCall]:
    """Log and record the call in the block, however it ends; measure nothing if nothing is stored.

    Args:
        name: The tool, or what else is called.
        org: What it works on.
        context: The SDK's context of the call, or what stands for it: it tells which host calls.
        arguments: The call's arguments.
        sobject: The object that it is about, if it is one.

    Raises:
        AuditError: It cannot be recorded, and has to be.
    """
    call = LoggedCall()
    is_logged = _log.isEnabledFor(logging.INFO)
    if org.audit is None and not is_logged:
        yield call
        return
    audited = _audited(org, name, context, arguments or {}, sobject)
    started = perf_counter()
    watched: AbstractContextManager[list[Exchange]] = exchanges() if is_logged else nullcontext([])
    with watched as made, auditing(audited) if org.audit else nullcontext():
        try:
            yield call
        except BaseException as error:
            if call.outcome == _OK:
                call.outcome = "cancelled" if isinstance(error, asyncio.CancelledError) else "crashed"
            with suppress(AuditError):  # what ended the call is worth more
                await _keep(org, audited, call, perf_counter() - started, made)
            raise
        await _keep(org, audited, call, perf_counter() - started, made)


async def _keep(org: OrgSession, audited: AuditedCall, call: LoggedCall, seconds: float, made: list[Exchange]) -> None:
    if _log.isEnabledFor(logging.INFO):
        _log.info("tool call", extra={"data": _data(audited.tool, call, seconds, made)})
    if org.audit is None or call.is_passed_on:
        return
    if call.outcome != "cancelled":
        await audited.identify()
    org.audit.keep(audited, call.outcome, seconds * 1000)


def _audited(org: OrgSession, name: str, context: object, arguments: Mapping[str, Any], sobject: str) -> AuditedCall:
    def known(about: str) -> tuple[str, list[str]] | None:
        described = org.schema.remembered(about)
        return (described.key_prefix or "", [each.name for each in described.fields]) if described else None

    return AuditedCall(
        name,
        org.now(),
        _client_of(context),
        arguments,
        sobject,
        known,
        org.known_owner,
        org.owner,
        is_preview=arguments.get("preview") is True,
    )


def _client_of(context: object) -> tuple[str, str]:
    """Return the host's own name and version, each shortened to one line."""
    params = getattr(getattr(context, "session", None), "client_params", None)
    info = getattr(context, "client_info", None) or (params.client_info if params else None)
    return (_shown(info.name), _shown(info.version)) if info else ("", "")


def _shown(text: str) -> str:
    return " ".join(str(visible(text)).split())[:_LONGEST_NAME]


def _data(name: str, call: LoggedCall, seconds: float, made: list[Exchange]) -> dict[str, object]:
    return {
        "tool": name,
        "outcome": call.outcome,
        "duration_ms": round(seconds * 1000, 1),
        "api_calls": sum(exchange.template.startswith(_API) for exchange in made),
        "request_ids": ",".join(exchange.request_id for exchange in made if exchange.request_id),
    }
