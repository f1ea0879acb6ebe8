"""The page on which people switch failures on and off."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from mcp_salesforce.localorg.explorer.frame import HOME, framed
from mcp_salesforce.localorg.services.faults import MEANINGS, Fault
from mcp_salesforce.markup import Markup, element, joined
from mcp_salesforce.pages import button, hidden

_ACTION: Final = f"{HOME}/faults"
_METHODS: Final = (("*", "any method"), *((each, each) for each in ("GET", "POST", "PATCH", "PUT", "DELETE")))
_PATHS: Final = (
    ("*", "every call"),
    ("*/query*", "queries"),
    ("*/sobjects/*", "single records"),
    ("*/composite*", "several records at once"),
    ("*/jobs/*", "bulk jobs"),
    ("/services/oauth2/*", "logins"),
)
_FIRST: Final = {"kind": "unavailable", "method": "*", "path": "*", "count": "1", "delay_s": "0"}


def faults(
    pending: Sequence[Fault], proof: str, *, refused: str = "", form: Mapping[str, str] | None = None
) -> Response:
    """Return the page; `refused` is what is wrong with `form`, which is filled in again."""
    return framed(
        "Faults",
        element("p", "Let calls of clients fail, to see what they do. These pages never fail."),
        element("p", f"Not switched on: {refused}", role="alert") if refused else joined(),
        element("h2", "Switched on"),
        _switched_on(pending, proof),
        element("h2", "Switch on"),
        _switch(proof, {**_FIRST, **(form or {})}),
        here=_ACTION,
        status=400 if refused else 200,
    )


def fault_of(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the fault that the form describes, not yet checked; no count means all calls."""
    count = form.get("count", "").strip()
    given = {name: form.get(name, "").strip() or _FIRST[name] for name in ("kind", "method", "path", "delay_s")}
    return {**given, "count": count or None}


def _switched_on(pending: Sequence[Fault], proof: str) -> Markup:
    if not pending:
        return element("p", "None.")
    items = [
        element(
            "li",
            joined(f"{_told(fault)} "),
            button(
                _ACTION,
                f"Switch off {fault.kind}",
                [("do", "remove"), ("number", f"{number}"), ("kind", fault.kind), ("proof", proof)],
            ),
        )
        for number, fault in enumerate(pending)
    ]
    everything = (
        button(_ACTION, "Switch off all", [("do", "clear"), ("proof", proof)]) if len(pending) > 1 else joined()
    )
    return joined(element("ul", items, role="list"), everything)


def _told(fault: Fault) -> str:
    calls = "every call" if fault.count is None else "the next call" if fault.count == 1 else f"{fault.count} calls"
    method = "" if fault.method == "*" else f" {fault.method}"
    path = "" if fault.path == "*" else f" of {fault.path}"
    delay = f", {fault.delay_s:g} seconds late" if fault.delay_s else ""
    return f"{calls.capitalize()}{method}{path}{delay}: {MEANINGS[fault.kind]}."


def _switch(proof: str, filled: Mapping[str, str]) -> Markup:
    kinds = [(each, f"{each}: {meaning}") for each, meaning in MEANINGS.items()]
    return element(
        "form",
        hidden([("do", "add"), ("proof", proof)]),
        _choice("kind", "What happens", kinds, filled["kind"]),
        _choice("method", "To calls with", _METHODS, filled["method"]),
        element("label", "Whose path is like this (* is any text)", for_="path"),
        element("input", id="path", name="path", value=filled["path"], list="paths"),
        element("datalist", [element("option", told, value=path) for path, told in _PATHS], id="paths"),
        element("label", "How many calls (empty: every call until it is switched off)", for_="count"),
        element("input", id="count", name="count", value=filled["count"], inputmode="numeric"),
        element("label", "Seconds to wait first", for_="delay_s"),
        element("input", id="delay_s", name="delay_s", value=filled["delay_s"], inputmode="decimal"),
        element("p", element("button", "Switch on", class_="main")),
        method="post",
        action=_ACTION,
    )


def _choice(name: str, label: str, values: Sequence[tuple[str, str]], chosen: str) -> Markup:
    options = [element("option", told, value=value, selected=value == chosen) for value, told in values]
    return joined(element("label", label, for_=name), element("select", options, id=name, name=name))
