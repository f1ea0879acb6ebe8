"""What all pages of the explorer have: where people can go, tables, and headers."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

from mcp_salesforce.markup import Markup, element, joined
from mcp_salesforce.pages import page

HOME: Final = "/_local/explorer"
_PLACES: Final = (("Objects", "/"), ("API calls", f"{HOME}/calls"), ("Faults", f"{HOME}/faults"))


def framed(title: str, *content: Markup, here: str = "", status: int = 200) -> Response:
    """Return a page of the explorer; `here` is the place that is marked as open."""
    links = [
        element("a", name, href=address, aria_current="page" if address == here else None) for name, address in _PLACES
    ]
    place = element("nav", links, aria_label="Local org")
    answer = page(title, joined(*content), status, above=element("header", place), is_wide=True)
    answer.headers["Content-Security-Policy"] += "; form-action 'self'"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Referrer-Policy"] = "same-origin"  # without it, browsers send our own forms with Origin: null
    return answer


def path_of(*segments: str, **query: str) -> str:
    """Return the address of a page; empty parameters are left out."""
    asked = urlencode({name: value for name, value in query.items() if value})
    return "/".join([HOME, *(quote(each, safe="") for each in segments)]) + (f"?{asked}" if asked else "")


def table(label: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: str = "") -> Markup:
    """Return a table that scrolls in itself; the first cell of a row names it, and `numbers` names a head."""
    head = element(
        "tr", [element("th", each, scope="col", class_="number" if each == numbers else None) for each in heads]
    )
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            [
                element("td", cell, class_="number" if heads[place] == numbers else None)
                for place, cell in enumerate(row[1:], start=1)
            ],
        )
        for row in rows
    ]
    whole = element("table", element("thead", head), element("tbody", body), aria_label=label)
    return element("div", whole, class_="rows", role="region", aria_label=label, tabindex=0)


def short(text: str, most: int) -> str:
    """Return a text for a cell of a table, cut to `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def link(label: str, *segments: str, **query: str) -> Markup:
    """Return a link to a page of the explorer."""
    return element("a", label or "(no name)", href=path_of(*segments, **query))
