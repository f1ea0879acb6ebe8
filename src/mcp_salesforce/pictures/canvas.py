"""What the pictures share: colours, texts that fit, and the picture as a whole."""

import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal

from mcp_salesforce.markup import Content, Markup, element, joined
from mcp_salesforce.pictures.entries import Entry

Theme = Literal["auto", "light", "dark"]
"""`auto` follows the person who looks at the picture."""

_EM: Final = 0.58  # the mean width of a character, by the size of the font
_READABLE: Final = 24  # pixels
_LIGHT: Final = "--back:#fff;--text:#1b1b1b;--quiet:#565656;--line:#d6d6d6;--busy:#d7e7fb;--edge:#0b5cab;--slot:#c9efd2;--slot-edge:#1c7a37;--private:#e4e4e4;--unseen:#fbf0d0;--now:#c4161c"  # noqa: E501 - one colour after the other
_DARK: Final = "--back:#161616;--text:#ededed;--quiet:#b4b4b4;--line:#3c3c3c;--busy:#12365c;--edge:#8cc1ff;--slot:#12401f;--slot-edge:#7fd897;--private:#343434;--unseen:#463a12;--now:#ff7b7b"  # noqa: E501 - as above
_RULES: Final = (
    "text{font-family:system-ui,sans-serif;font-size:12px;fill:var(--text);unicode-bidi:plaintext}"
    ".head{font-size:13px;font-weight:600}.title{font-size:17px;font-weight:600}.quiet{fill:var(--quiet)}"
    ".back{fill:var(--back)}.line{stroke:var(--line)}.block rect{fill:var(--busy);stroke:var(--edge)}"
    ".private rect{fill:var(--private);stroke:var(--quiet);stroke-dasharray:4 3}.unseen{fill:var(--unseen)}"
    ".slot{fill:var(--slot);stroke:var(--slot-edge);stroke-width:1.5}.now{stroke:var(--now);stroke-width:2}"
)
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def picture(
    width: float, height: float, title: str, told: Sequence[str], theme: Theme, *content: Content, language: str = "en"
) -> str:
    """Return an SVG document; `told` says all that is in it, for those who do not see it."""
    return element(
        "svg",
        element("title", title, id="title"),
        element("desc", "\n".join(told), id="desc"),
        Markup(f"<style>{_style(theme)}</style>"),
        element("rect", class_="back", width=f"{width:g}", height=f"{height:g}"),
        *content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        height=f"{height:g}",
        role="img",
        aria_labelledby="title desc",
        lang=language,
    )


def label(x: float, y: float, words: str, width: float, *, kind: str = "", size: int = 12) -> Markup:
    """Return a text at a place, cut to a width."""
    return element("text", fitted(words, width, size), x=f"{x:g}", y=f"{y:g}", class_=kind or None)


def block(x: float, y: float, width: float, height: float, title: str, lines: Sequence[str], *, kind: str) -> Markup:
    """Return a block with lines of text, of which nothing leaves it; as many lines as there is room for."""
    rows = enumerate(lines if width >= _READABLE else ())
    shown = [label(6, 14 + 15 * at, line, width - 10) for at, line in rows if at == 0 or height >= 20 + 15 * at]
    frame = element("rect", x=0.5, y=0.5, width=f"{width - 1:g}", height=f"{height - 1:g}", rx=4)
    return element(
        "svg",
        element("title", title),
        frame,
        shown,
        x=f"{x:g}",
        y=f"{y:g}",
        width=f"{width:g}",
        height=f"{height:g}",
        class_=kind,
    )


def of_entry(entry: Entry, x: float, y: float, width: float, height: float, lines: Sequence[str]) -> Markup:
    """Return the block of an entry; a private one looks different."""
    return block(x, y, width, height, entry.said, lines, kind="block private" if entry.is_private else "block")


def line(x1: float, y1: float, x2: float, y2: float, *, kind: str = "line") -> Markup:
    """Return a line."""
    return element("line", x1=f"{x1:g}", y1=f"{y1:g}", x2=f"{x2:g}", y2=f"{y2:g}", class_=kind)


def fitted(words: str, width: float, size: int = 12) -> str:
    """Return a text in one line, cut to about a width in pixels."""
    room = width / (size * _EM)
    words = " ".join(words.split())
    for at, character in enumerate(words):
        room -= 1.8 if unicodedata.east_asian_width(character) in "WF" else 1
        if room < 0:
            return f"{words[: max(at - 1, 0)]}…"
    return words


def day_name(day: str) -> str:
    """Return a day with its weekday."""
    return f"{_WEEKDAYS[date.fromisoformat(day).weekday()]} {day}"


def heading(title: str, about: str, width: float) -> Markup:
    """Return the title of a picture, with a sentence below it."""
    return joined(label(16, 30, title, width - 16, kind="title", size=17), label(16, 50, about, width, kind="quiet"))


def notes(x: float, y: float, said: Sequence[str], width: float) -> tuple[list[Markup], float]:
    """Return sentences below each other from a place on, whole, and how high they are."""
    lines = [line for each in said for line in textwrap.wrap(each, int(width / (12 * _EM)))]
    shown = [element("text", line, x=f"{x:g}", y=f"{y + 18 * at:g}", class_="quiet") for at, line in enumerate(lines)]
    return shown, 18.0 * len(lines)


def named(x: float, y: float, who: str, mark: str, width: float, *, kind: str = "") -> Markup:
    """Return a name at a place with a mark behind it, which is not cut."""
    return element(
        "text", fitted(who, width - len(mark) * 12 * _EM) + mark, x=f"{x:g}", y=f"{y:g}", class_=kind or None
    )


def partly(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return what to say beside the names of calendars of which not all can be seen."""
    words = {"partial": " (partly visible)", "unknown": " (not visible)"}
    calendars: Sequence[Mapping[str, str]] = answer.get("calendars", ())
    return {each["name"]: words[each["visibility"]] for each in calendars if each["visibility"] in words}


def listed(names: Sequence[str]) -> str:
    """Return names as people say them."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "nobody"


def _style(theme: Theme) -> str:
    first = _DARK if theme == "dark" else _LIGHT
    other = f"@media(prefers-color-scheme:dark){{svg{{{_DARK}}}}}" if theme == "auto" else ""
    return f"svg{{{first}}}{other}{_RULES}"
