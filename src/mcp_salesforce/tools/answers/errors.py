"""What a model reads when a call fails: one compact shape that says what to do next."""

import logging
import re
import traceback
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import orjson
from mcp_types import CallToolResult, TextContent

from mcp_salesforce.appointments.times import TimeError
from mcp_salesforce.salesforce.advice import advice_of
from mcp_salesforce.salesforce.errors import ApiError, DuplicateError, OutcomeUnknownError, SalesforceError, refused
from mcp_salesforce.tools.answers.results import visible

_log = logging.getLogger(__name__)
_POINTER = re.compile(r"^\n(.*?)\n( *)\^\nERROR at (Row:\d+:Column:\d+)\n", re.DOTALL)
_BOILERPLATE = re.compile(r"\s*(If you are attempting to use a custom|Please (reference your|check the)).*", re.DOTALL)
_WHOLE, _MESSAGE, _AUTHORED, _HINT, _SHORTEST_HINT = 400, 180, 260, 150, 60  # bytes: a whole error has 120 tokens
_FIELDS = 60  # characters of names
_MATCHES = 3
_BEFORE_CARET, _AFTER_CARET = 24, 16  # characters of the query
_COMMAND = "`mcp-salesforce "  # in a hint: what a person has to run, of which no part may be missing
_LEAD = "Error: "  # some hosts take a text that is JSON as a whole for the tool's result, and refuse it by its schema


def unforeseen(flaw: Exception, *, writes: bool) -> SalesforceError:
    """Return the error for a call that broke on what nobody foresaw, such as an answer that lacks what was asked for.

    The answer and the log have its class and place, and never its text, which may hold values.
    """
    frames = traceback.extract_tb(flaw.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    _log.error("unforeseen: %s at %s", type(flaw).__name__, place)
    error = SalesforceError(
        f"The server does not understand the org's answer ({type(flaw).__name__} at {place}).",
        code="UNFORESEEN",
        hint="Try another way, for example with fewer fields. If nothing works, tell the user.",
    )
    if writes:
        error.leave_outcome_unknown()
    return error


def failure(error: SalesforceError | TimeError, hint: str = "", to_allow_duplicate: str = "") -> CallToolResult:
    """Return `error` as an error result: compact JSON after the word `Error:`, and the same in `_meta`.

    Args:
        error: What went wrong.
        hint: What to do, where more is known than the error says.
        to_allow_duplicate: How a duplicate can be saved anyway, if there is a way.
    """
    if isinstance(error, TimeError):
        error = refused(str(error), code="INVALID_TIME", hint=error.hint)
    author = author_of(error.code, error.message) if isinstance(error, ApiError) and not error.problems else ""
    message = error.message if author else _worded(error.message)
    payload: dict[str, object] = {"code": error.code, "message": shortened(message, _AUTHORED if author else _MESSAGE)}
    if author:
        payload["message_by"] = author
    if near := _near(error):
        payload["near"] = near
    if error.problems:
        payload["problems"] = list(error.problems)
    elif error.fields:
        payload["fields"] = _named(error.fields)
    payload["retryable"] = error.retryable
    if error.is_outcome_unknown:
        payload["outcome"] = "unknown"
    if error.change_id:
        payload["change_id"] = error.change_id
    if isinstance(error, OutcomeUnknownError) and error.candidates:
        payload["candidates"] = list(error.candidates[:_MATCHES])
    if hint := hint or _matches(error, to_allow_duplicate) or _next_step(error, author):
        room = max(_WHOLE - len(orjson.dumps(payload)), _SHORTEST_HINT)
        payload["hint"] = hint if _COMMAND in hint else shortened(hint, min(_HINT, room))
    payload = visible(payload)
    text = _LEAD + orjson.dumps(payload).decode()
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True, _meta=payload)


def author_of(code: str, message: str) -> str:
    """Return whose words a message of Salesforce's is, where people of the org wrote it: rules, triggers, flows."""
    advice = advice_of(code, message)
    return advice.author if advice else ""


def marked(code: str, message: str, most: int = _MESSAGE) -> str:
    """Return a message for a text of our own: in one line, in at most `most` bytes, behind whose words they are."""
    author, words = author_of(code, message), shortened(" ".join(message.split()), most)
    return f"{author}: {words}" if author else words


def _next_step(error: SalesforceError, author: str) -> str:
    advice = advice_of(error.code, error.message)
    return advice.next_step if author and advice else error.hint


def _near(error: SalesforceError) -> str:
    """Return the place of a syntax error: a part of the query, with a caret below."""
    pointer = _POINTER.match(error.message) if error.code == "MALFORMED_QUERY" else None
    if pointer is None:
        return ""
    snippet, column = pointer[1], len(pointer[2])
    start = max(0, column - _BEFORE_CARET)
    return f"{snippet[start : column + _AFTER_CARET].rstrip()}\n{' ' * (column - start)}^"


def _named(fields: Sequence[str]) -> list[str]:
    """Return the first of the fields, and how many more there are."""
    ends = list(accumulate(len(name) for name in fields))
    kept = max(1, sum(end <= _FIELDS for end in ends))
    more = len(fields) - kept
    named = [shortened(name, _FIELDS) for name in fields[:kept]]
    return [*named, *([f"and {more} more"] if more else [])]


def _matches(error: SalesforceError, to_allow: str) -> str:
    """Return which records a duplicate rule found, and what can be done about them."""
    if not isinstance(error, DuplicateError) or not error.matches:
        return ""
    ids = ", ".join(match.record_id for match in error.matches[:_MATCHES])
    allow = f" If the user wants a duplicate, {to_allow}." if error.can_be_allowed and to_allow else ""
    return f"Like it: {ids}. Update that one.{allow}"


def _worded(message: str) -> str:
    """Return Salesforce's words, without boilerplate and the excerpt of the query that the model has just written."""
    pointer = _POINTER.match(message)
    place = f" ({pointer[3]})" if pointer else ""
    words = _BOILERPLATE.sub("", message[pointer.end() :] if pointer else message)
    return " ".join(words.split()) + place


def shortened(text: str, most: int) -> str:
    """Return `text` in at most `most` bytes; a cut text ends in an ellipsis."""
    if len(text.encode("utf-8", "replace")) <= most:
        return text
    kept = text.encode("utf-8", "replace")[: most - len("…".encode())].decode("utf-8", "ignore")
    return f"{kept.rstrip()}…"
