"""The views that hosts show in a chat (MCP Apps, 2026-01-26): one HTML file each, built by `views/build.mjs`.

A tool names its view in its `_meta`, which no model reads. The address of a view carries a hash of its content, because
hosts keep what they read; an older address leads to the newest file.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

MIME_TYPE: Final = "text/html;profile=mcp-app"
RESOURCE_META: Final[Mapping[str, Any]] = {
    "ui": {"csp": {"connectDomains": [], "resourceDomains": []}, "prefersBorder": True}
}
"""What a host needs to know to show a view: it loads nothing and connects to nothing."""
_HERE: Final = Path(__file__).parent
_URI: Final = re.compile(r"ui://mcp-salesforce/([a-z]+)-[0-9a-f]{16}\.html", re.ASCII)


@cache
def manifest() -> dict[str, dict[str, Any]]:
    """Return the title, hash and size of each view, by its name."""
    found: dict[str, dict[str, Any]] = json.loads((_HERE / "manifest.json").read_text("utf-8"))
    return found


def uri_of(view: str) -> str:
    """Return the address of a view as it is now."""
    return f"ui://mcp-salesforce/{view}-{manifest()[view]['sha256'][:16]}.html"


def newest(uri: str) -> str:
    """Return the present address of the view that `uri` is or was of; any other address as it is."""
    found = _URI.fullmatch(uri)
    return uri_of(found[1]) if found and found[1] in manifest() else uri


def html_of(view: str) -> str:
    """Return a view's file."""
    return (_HERE / f"{view}.html").read_text("utf-8")


def tool_meta(view: str) -> dict[str, Any]:
    """Return what a tool's `_meta` says of its view, also in the forms of older hosts and of ChatGPT."""
    uri = uri_of(view)
    return {
        "ui": {"resourceUri": uri, "visibility": ["model", "app"]},
        "ui/resourceUri": uri,
        "openai/outputTemplate": uri,
        "openai/widgetAccessible": True,
    }
