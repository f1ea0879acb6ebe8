"""What a model reads when a call fails: one shape, compact, that says what to do next."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

import orjson
from mcp_types import CallToolResult, TextContent

from mcp_salesforce.appointments.times import TimeError
from mcp_salesforce.salesforce.errors import (
    DuplicateError,
    InvalidArgumentError,
    OutcomeUnknownError,
    SalesforceError,
)

_POINTER = re.compile(r"^\n.*?\n *\^\nERROR at (Row:\d+:Column:\d+)\n", re.DOTALL)
_BOILERPLATE = re.compile(r"\s*(If you are attempting to use a custom|Please (reference your|check the)).*", re.DOTALL)
NO_SUCH_FIELD = re.compile(r"No such column '([^']+)' on (?:entity '(\w+)'|sobject of type (\w+))")
NO_SUCH_OBJECT = re.compile(r"sObject type '([^']+)' is not supported")
_MESSAGE_CHARACTERS, _HINT_CHARACTERS = 180, 150
_MATCHES = 3
_BEGINNING = 4  # characters that tell a name's beginning from an accident


def refused(
    message: str, *, code: str = "INVALID_ARGUMENT", hint: str = "", fields: Iterable[str] = ()
) -> InvalidArgumentError:
    """Return the error for a call that is refused before anything is sent."""
    error = InvalidArgumentError(message, code=code, hint=hint)
    error.fields = tuple(fields)
    return error


def nearest(wrong: str, names: Iterable[str], *, count: int = 2) -> list[str]:
    """Return the names most like `wrong`, best first, whatever their case; a beginning of one counts as like it."""
    by_folded = {name.casefold(): name for name in names}
    folded = wrong.casefold()
    begun = [known for known in by_folded if len(folded) >= _BEGINNING and known.startswith(folded)]
    like = dict.fromkeys([*get_close_matches(folded, by_folded, n=count, cutoff=0.6), *begun])
    return [by_folded[known] for known in like][:count]


def did_you_mean(names: Iterable[str]) -> str:
    """Return the question that names the nearest valid ones, or nothing where there are none."""
    listed = " or ".join(names)
    return f"Did you mean {listed}?" if listed else ""


def failure(error: SalesforceError | TimeError, hint: str = "") -> CallToolResult:
    """Return `error` as a tool result that is flagged as one: compact JSON as text, and the same in `_meta`."""
    if isinstance(error, TimeError):
        error = refused(str(error), code="INVALID_TIME", hint=error.hint)
    payload: dict[str, object] = {
        "code": error.code,
        "message": _shortened(_worded(error.message), _MESSAGE_CHARACTERS),
    }
    if error.fields:
        payload["fields"] = list(error.fields)
    payload["retryable"] = error.retryable and not error.is_outcome_unknown
    if error.is_outcome_unknown:
        payload["outcome"] = "unknown"
    if isinstance(error, OutcomeUnknownError) and error.candidates:
        payload["candidates"] = list(error.candidates)
    if hint := hint or _matches(error) or error.hint:
        payload["hint"] = _shortened(hint, _HINT_CHARACTERS)
    text = orjson.dumps(payload).decode()
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True, _meta=payload)


def _matches(error: SalesforceError) -> str:
    """Return which records a duplicate rule found, and what can be done about them."""
    if not isinstance(error, DuplicateError) or not error.matches:
        return ""
    ids = ", ".join(match.record_id for match in error.matches[:_MATCHES])
    allow = " If the user wants a duplicate, set allow_duplicate." if error.can_be_allowed else ""
    return f"Like it: {ids}. Update that one.{allow}"


def _worded(message: str) -> str:
    """Return Salesforce's words, without boilerplate and the excerpt of the query that the model has just written."""
    pointer = _POINTER.match(message)
    place = f" ({pointer[1]})" if pointer else ""
    words = _BOILERPLATE.sub("", message[pointer.end() :] if pointer else message)
    return " ".join(words.split()) + place


def _shortened(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
