"""The pages that people see: plain HTML, without scripts, for keyboards, phones and screen readers."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from starlette.responses import HTMLResponse

from mcp_salesforce.markup import Markup, element, joined

_STYLE: Final = (
    ":root{color-scheme:light dark;background:light-dark(#fff,#161616);color:light-dark(#1b1b1b,#ededed)}"
    "a{color:light-dark(#0b5cab,#8cc1ff)}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:1.5rem;overflow-wrap:anywhere}"
    "body.wide{max-width:76rem}"
    "h1{font-size:1.4rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}dt{font-weight:600}dd{margin:0 0 .75rem}"
    "ul{padding:0;list-style:none}"
    "li{border:1px solid;border-radius:.5rem;padding:.75rem 1rem;margin:0 0 1rem}"
    "button{font:inherit;min-height:2.75rem;padding:.5rem 1.25rem;margin:.25rem .5rem .25rem 0;"
    "border:2px solid #0b5cab;border-radius:.5rem;background:#fff;color:#0b5cab;cursor:pointer}"
    "button.main{background:#0b5cab;color:#fff}"
    ":focus-visible{outline:3px solid #f49756;outline-offset:2px}"
    "form{display:inline}"
    "nav a{display:inline-block;padding:.6rem .9rem .6rem 0}nav a[aria-current]{font-weight:700;text-decoration:none}"
    ".rows{overflow-x:auto}table{border-collapse:collapse;width:100%;overflow-wrap:normal}"
    "th,td{text-align:start;vertical-align:top;padding:.4rem 1rem .4rem 0;border-bottom:1px solid #8888;"
    "unicode-bidi:isolate;max-width:32rem}"
    "td{overflow-wrap:break-word}.number{text-align:end}"
    "td a,a.page{display:inline-block;padding:.2rem 0}a.page{margin-right:1.5rem}"
    ".many a{display:inline-block;padding:.2rem .6rem .2rem 0}"
    "dl.fields{display:grid;grid-template-columns:minmax(8rem,max-content) minmax(0,1fr);gap:.25rem 1.25rem}"
    "dl.fields dd{margin:0;white-space:pre-wrap;unicode-bidi:isolate}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid #8888;border-radius:.5rem;padding:.75rem 1rem;"
    "margin:.25rem 0 1rem}"
    "label{display:block;margin:.75rem 0 .25rem;font-weight:600}"
    "input,select{font:inherit;min-height:2.75rem;max-width:100%;box-sizing:border-box;padding:.25rem .5rem}"
    "[role=alert]{border:2px solid;border-radius:.5rem;padding:.5rem 1rem}"
    "@media(max-width:30rem){body{padding:1rem}dl.fields{grid-template-columns:minmax(0,1fr)}"
    "dl.fields dd{margin:0 0 .5rem}}"
)
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = ("default-src 'none'", f"style-src 'sha256-{_HASH}'", "base-uri 'none'", "frame-ancestors 'none'")
_HEADERS: Final = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# No form-action: browsers hold the redirects behind a form to it too, and these lead to Salesforce and to any client.


def page(title: str, body: str, status: int = 200, *, above: str = "", is_wide: bool = False) -> HTMLResponse:
    """Return a page; `body` and what is `above` the title are HTML whose texts are escaped."""
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        element("title", title),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f"<style>{_STYLE}</style>"),
    )
    main = element("main", element("h1", title), Markup(body))
    shown = element("body", Markup(above), main, class_="wide" if is_wide else None)
    return HTMLResponse(f"<!DOCTYPE html>{element('html', head, shown, lang='en')}", status, _HEADERS)


def button(action: str, label: str, fields: Sequence[tuple[str, str]], *, is_main: bool = False) -> Markup:
    """Return a form that is one button."""
    pressed = element("button", label, class_="main" if is_main else None)
    return element("form", hidden(fields), pressed, method="post", action=action)


def hidden(fields: Sequence[tuple[str, str]]) -> Markup:
    """Return fields of a form that nobody sees."""
    return joined([element("input", type="hidden", name=name, value=value) for name, value in fields])


def facts(rows: Sequence[tuple[str, str]], *, kind: str | None = None) -> Markup:
    """Return a list of names with their values; a `kind` is a class of the page's style."""
    pairs = [each for name, value in rows for each in (element("dt", name), element("dd", value))]
    return element("dl", pairs, class_=kind)
