"""The pages of the calls that clients made."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from mcp_salesforce.localorg.explorer.frame import HOME, framed, link, short, table
from mcp_salesforce.localorg.explorer.readable import address_of, shown_of, soql_of
from mcp_salesforce.localorg.explorer.seen_calls import MOST_CALLS, SeenCall
from mcp_salesforce.markup import Markup, element, joined
from mcp_salesforce.pages import facts

_MOST_IN_A_CELL: Final = 160
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def calls(found: Sequence[SeenCall], users: Mapping[str, str]) -> Response:
    """Return the page of all calls, the newest first."""
    told = f"The org remembers the last {MOST_CALLS} calls until it ends. It keeps no header and no password or token."
    content = call_table(found, users) if found else element("p", "No client has called the API yet.")
    return framed("API calls", element("p", told), content, here=f"{HOME}/calls")


def call(seen: SeenCall, users: Mapping[str, str]) -> Response:
    """Return the page of one call."""
    rows = [
        ("Request", f"{seen.method} {address_of(seen)}"),
        ("Answer", _status(seen)),
        ("Took", _took(seen)),
        ("User", users.get(seen.user_id) or "no valid session in a header"),
        ("At", f"{seen.at:%Y-%m-%d %H:%M:%S} UTC"),
    ]
    queries = [element("pre", each) for each in soql_of(seen)]
    return framed(
        f"Call {seen.number}",
        facts(rows, kind="fields"),
        joined(element("h2", "SOQL and SOSL"), queries) if queries else joined(),
        _bodies(seen),
    )


def call_table(found: Sequence[SeenCall], users: Mapping[str, str]) -> Markup:
    """Return calls as a table."""
    heads = ("Call", "Asked", "Status", "Took", "User", "UTC")
    rows = [
        (link(f"{each.number}", "calls", f"{each.number}"), _asked(each), _status(each), _took(each),
         users.get(each.user_id, "").replace(" ", _NO_BREAK), f"{each.at:%H:%M:%S}")
        for each in found
    ]  # fmt: skip
    return table("API calls, the newest first", heads, rows)


def _asked(seen: SeenCall) -> Markup:
    queries = soql_of(seen)
    request = f"{seen.method} {address_of(seen).partition('?')[0] if queries else address_of(seen)}"
    return joined(
        short(request, _MOST_IN_A_CELL), [joined(element("br"), short(each, _MOST_IN_A_CELL)) for each in queries]
    )


def _bodies(seen: SeenCall) -> Markup:
    if seen.is_secret:
        told = "This call is about logging in. Its parameters and bodies are not kept, because they hold secrets."
        return element("p", told)
    shown = [("Request body", seen.request), ("Answer body", seen.answer)]
    return joined(
        [
            joined(element("h2", head), element("pre", shown_of(body)) if body.length else element("p", "None."))
            for head, body in shown
        ]
    )


def _status(seen: SeenCall) -> str:
    if seen.status is None:
        return "still running" if seen.duration_ms is None else "the connection broke"
    try:
        return f"{seen.status} {HTTPStatus(seen.status).phrase}"
    except ValueError:
        return f"{seen.status}"


def _took(seen: SeenCall) -> str:
    return "" if seen.duration_ms is None else f"{seen.duration_ms:,.1f}{_NO_BREAK}ms"
