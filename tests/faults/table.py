"""How each kind of call ends under each fault of the org: the tests run it, and docs/failures.md shows it."""

from collections.abc import Iterator
from dataclasses import dataclass

from mcp_salesforce.localorg.services.faults import Kind

OK = "ok"
NO_ANSWER = "`NO_ANSWER`"
UNREADABLE = "`UNREADABLE_REPLY`"
UNKNOWN = "`OUTCOME_UNKNOWN`"
OUTCOME = ", `outcome: unknown`"

FAULTS: dict[Kind, str] = {
    "expired_session": "session expired",
    "unavailable": "503 with a page of HTML",
    "reset_before": "connection lost before the work was done",
    "reset_after": "connection lost after the work was done",
    "hang": "no answer",
    "truncated": "answer cut in the middle",
    "request_limit": "`REQUEST_LIMIT_EXCEEDED`",
    "concurrent_limit": "`REQUEST_LIMIT_EXCEEDED` of calls at the same time",
    "lock_row": "`UNABLE_TO_LOCK_ROW`",
    "null": "answer is `null`",
    "not_utf8": "answer is not UTF-8",
    "too_large": "answer of 40 MB",
}
ONE, SEVERAL, TOGETHER = "*/sobjects/Contact*", "*/composite/sobjects", "*/composite"
REQUESTS = {
    "read": ("GET", ONE),
    "create": ("POST", TOGETHER),
    "update": ("POST", TOGETHER),
    "delete": ("DELETE", ONE),
    "create several": ("POST", SEVERAL),
    "update several": ("PATCH", SEVERAL),
    "delete several": ("DELETE", SEVERAL),
    "invite": ("POST", SEVERAL),
    "close": ("POST", TOGETHER),
    "restore": ("POST", "/services/Soap/*"),
}
"""Each kind of call: the method and the path of the request that does its work."""


@dataclass(frozen=True)
class Came:
    """How a call ended: how often it was sent, and what the caller saw. Queries for a lost record are not counted."""

    sent: int
    seen: str


@dataclass(frozen=True)
class Row:
    """One fault on one kind of call: when it strikes once, and when it stays."""

    kind: Kind
    call: str
    once: Came
    staying: Came


def _final(seen: str) -> tuple[Came, Came]:
    """A fault after which nothing is sent again."""
    return Came(1, seen), Came(1, seen)


def _healing(seen: str, sent: int = 4) -> tuple[Came, Came]:
    """A fault that a retry overcomes if the fault goes away."""
    return Came(2, OK), Came(sent, seen)


def _writes(create: str, change: str) -> dict[str, tuple[Came, Came]]:
    """A fault after which no write but the delete of one record is sent again: what creates see, and what others do."""
    creates = dict.fromkeys(("create", "create several", "invite"), _final(create))
    return creates | dict.fromkeys(("update", "update several", "delete several", "close", "restore"), _final(change))


def _lost(seen: str) -> dict[str, tuple[Came, Came]]:
    """An answer that no retry can fix, to a call that was carried out."""
    writes = _writes(UNKNOWN + " with its Id", seen + OUTCOME)
    return {"read": _final(seen), **writes, "delete": _final(OK)}


_TABLE: dict[Kind, dict[str, tuple[Came, Came]]] = {
    "expired_session": dict.fromkeys(REQUESTS, _healing("`INVALID_SESSION_ID`", sent=2)),
    "unavailable": {
        "read": _healing(UNREADABLE),
        **_writes(UNKNOWN, UNREADABLE + OUTCOME),
        "delete": _healing(UNREADABLE + OUTCOME),
    },
    "reset_before": {
        "read": _healing(NO_ANSWER),
        **_writes(UNKNOWN, NO_ANSWER + OUTCOME),
        "delete": _healing(NO_ANSWER + OUTCOME),
    },
    "reset_after": {
        "read": _healing(NO_ANSWER),
        **_writes(UNKNOWN + " with its Id", NO_ANSWER + OUTCOME),
        "delete": _healing(NO_ANSWER + OUTCOME),
    },
    "hang": {
        "read": _final(NO_ANSWER),
        **_writes(UNKNOWN, NO_ANSWER + OUTCOME),
        "delete": _final(NO_ANSWER + OUTCOME),
    },
    "truncated": {
        "read": _healing(UNREADABLE),
        **_writes(UNKNOWN + " with its Id", UNREADABLE + OUTCOME),
        "delete": _final(OK),
    },
    "request_limit": dict.fromkeys(REQUESTS, _final("`REQUEST_LIMIT_EXCEEDED`")),
    "concurrent_limit": dict.fromkeys(REQUESTS, _healing("`REQUEST_LIMIT_EXCEEDED`")),
    "lock_row": dict.fromkeys(REQUESTS, _healing("`UNABLE_TO_LOCK_ROW`")),
    "null": _lost(UNREADABLE),
    "not_utf8": _lost(UNREADABLE),
    "too_large": _lost("`REPLY_TOO_LARGE`"),
}
ROWS = [Row(kind, call, *calls[call]) for kind, calls in _TABLE.items() for call in REQUESTS]

_INTRODUCTION = """# When the org fails
How a tool call ends under each kind of failure. The tests run every row against the local org, which can fail on
demand ([faults.md](faults.md)). "Sent" is how often the request was sent. "Sees" is what the agent gets: `ok`, or the
`code` of the error.

- Reads, and deletes of one record, are sent up to four times within `SALESFORCE_TIMEOUT_S`, with random waits that
  grow. (A second delete changes nothing.) If Salesforce asks for a certain wait (`Retry-After`), the server waits
  that long.
- A create or an update is sent again only if nothing was done: the session had expired, a lock was in the way, or the
  request never left.
- The server waits for the limit of calls at the same time, which is free again within seconds. It does not wait for
  the daily limit.
- The server reads an answer up to `SALESFORCE_MAX_REPLY_MB`. If an answer is not UTF-8 or has an unexpected shape,
  the server does not ask for it again.
- A tool call ends within `SALESFORCE_CALL_TIMEOUT_S`, however many requests it needs (`CALL_TIMEOUT`).
- A create without an answer is **never** sent again. The server looks for the record for at most five seconds: it
  queries what this user created in the last minutes with the same values. The error lists what it found as
  `candidates`.
- If an update or a delete has `outcome: unknown`, read the record before you try again.
- The answer to a delete of one record has no body, so it cannot be cut. A contact is changed and read in one call.
- Several records are written in parts of 200. An error is about a whole part and lists, row by row, what was done
  before. A row that the org refuses is an outcome of that row, not a failure of the call.
- `invite` is `salesforce_set_invitees`, `close` is `salesforce_close_appointment`, and `restore` is
  `salesforce_restore_records`, which uses SOAP. Appointments are created, changed and deleted in the same way as
  contacts. Upserts are sent in the same way as updates of several records.
- If a write is done but the record cannot be read afterwards, the call succeeds. Its answer has the values that were
  sent, and a `warning`.

| failure | call | strikes once: sent | sees | stays: sent | sees |
|---|---|---|---|---|---|
"""


def render(_page: str) -> str:
    """Return docs/failures.md."""
    return _INTRODUCTION + "".join(_lines())


def _lines() -> Iterator[str]:
    for row in ROWS:
        yield (
            f"| {FAULTS[row.kind]} | {row.call} | {row.once.sent} | {row.once.seen} "
            f"| {row.staying.sent} | {row.staying.seen} |\n"
        )
