"""The pages that people see: plain HTML, without scripts, for keyboards, phones and screen readers."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from typing import Final

from starlette.responses import HTMLResponse, Response

from mcp_salesforce.oauth.refusing import Endpoint, OAuthRefusedError, refusing

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:1.5rem;overflow-wrap:anywhere}"
    "h1{font-size:1.4rem}dt{font-weight:600}dd{margin:0 0 .75rem}ul{padding:0;list-style:none}"
    "li{border:1px solid;border-radius:.5rem;padding:.75rem 1rem;margin:0 0 1rem}"
    "button{font:inherit;min-height:2.75rem;padding:.5rem 1.25rem;margin:.25rem .5rem .25rem 0;"
    "border:2px solid #0b5cab;border-radius:.5rem;background:#fff;color:#0b5cab;cursor:pointer}"
    "button.main{background:#0b5cab;color:#fff}button:focus-visible{outline:3px solid #f49756;outline-offset:2px}"
    "form{display:inline}"
)
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = ("default-src 'none'", f"style-src 'sha256-{_HASH}'", "base-uri 'none'", "frame-ancestors 'none'")
HEADERS: Final = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# No form-action: browsers hold the redirects behind a form to it too, and these lead to Salesforce and to any client.


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """Return a page; `body` is HTML whose texts are escaped."""
    text = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(text, status, HEADERS)


def button(action: str, label: str, fields: Sequence[tuple[str, str]], *, is_main: bool = False) -> str:
    """Return a form that is one button."""
    hidden = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields)
    kind = ' class="main"' if is_main else ""
    return f'<form method="post" action="{escape(action)}">{hidden}<button{kind}>{escape(label)}</button></form>'


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Return a list of names with their values."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in rows)}</dl>"


def showing(endpoint: Endpoint) -> Endpoint:
    """Return `endpoint`, whose refusals are pages for people."""
    return refusing(endpoint, _as_page)


def _as_page(refused: OAuthRefusedError) -> Response:
    advice = "<p>Go back to the program that sent you here, and start again from there.</p>"
    answer = page(
        "This does not work", f"<p>{escape(refused.description)}</p>{advice}<p>{refused.error}</p>", refused.status
    )
    if again := refused.headers.get("Retry-After"):
        answer.headers["Retry-After"] = again
    return answer
