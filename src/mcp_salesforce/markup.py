"""HTML and SVG as text: whatever is not made by `element` is escaped."""

import re
from collections.abc import Iterable
from html import escape
from typing import Final

_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold, or no encoding can."""


class Markup(str):
    """Text that is HTML or SVG already."""

    __slots__ = ()


Content = str | Iterable[Markup]


def element(tag: str, /, *content: Content, **attributes: str | float | bool | None) -> Markup:
    """Return an element with its content; a `str` that is not Markup is text.

    Attributes are written in their order: `class_` is `class`, and `aria_label` is `aria-label`. One that is None or
    False is left out, and one that is True has no value of its own.
    """
    head = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    inner = joined(*content)
    return Markup(f"<{tag}{head}>{inner}</{tag}>" if content else f"<{tag}{head} />")


def joined(*content: Content) -> Markup:
    """Return the parts one after the other; a `str` that is not Markup is text."""
    return Markup("".join(text(each) if isinstance(each, str) else "".join(map(text, each)) for each in content))


def text(value: str) -> Markup:
    """Return a text as markup that shows it; characters that no page can hold become U+FFFD."""
    return value if isinstance(value, Markup) else Markup(escape(_UNWRITABLE.sub("\ufffd", value)))


def _attribute(key: str, value: str | float | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f' {name}="{name if value is True else text(str(value))}"'
