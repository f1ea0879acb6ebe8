"""The recorded promise: what programs may rely on in each tool, and the error codes. It only grows."""

import json
import re
from pathlib import Path
from typing import Any

from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.toolset import build_tool

SOURCES = Path(__file__).parents[2] / "src" / "mcp_salesforce"
RECORD = "tests/tools/promise.json"
_CODE = re.compile(r"""\bcode(?:: str)? ?= ?"([A-Z][A-Z_]+)\"""")
_NAMED_CODE = re.compile(r"\bcode=([A-Z][A-Z_]*)\b")
_NAMED = re.compile(r"""^([A-Z][A-Z_]*): Final = "([A-Z][A-Z_]+)"$""", re.MULTILINE)


def promised_now() -> dict[str, Any]:
    """Return what the code has: tools by name, with arguments and fields of the answer; codes of our own errors."""
    texts = [file.read_text("utf-8") for file in SOURCES.rglob("*.py") if "localorg" not in file.parts]
    return {
        "tools": {spec.name: _of_tool(build_tool(spec)) for toolset in TOOLSETS for spec in toolset.specs},
        "former_names": {spec.former_name: spec.name for each in TOOLSETS for spec in each.specs if spec.former_name},
        "toolsets": sorted(toolset.name for toolset in TOOLSETS),
        "error_codes": sorted({code for text in texts for code in _codes_in(text)}),
    }


def _codes_in(text: str) -> set[str]:
    """Return the codes of errors that a module raises: as they stand there, or by a name."""
    named = dict(_NAMED.findall(text))
    return {*_CODE.findall(text), *(named[name] for name in _NAMED_CODE.findall(text) if name in named)}


def _of_tool(tool: Any) -> dict[str, Any]:
    arguments, answer = tool.parameters, tool.output_schema or {}
    return {
        "arguments": sorted(arguments.get("properties", {})),
        "required": sorted(arguments.get("required", [])),
        "answer": sorted(answer.get("properties", {})),
        "always_in_answer": sorted(answer.get("required", [])),
    }


def render_promise(before: str) -> str:
    """Return the record with what is new; what is recorded stays, though the code may have lost it."""
    merged = _grown(json.loads(before or "{}"), promised_now())
    return f"{json.dumps(merged, indent=1, sort_keys=True)}\n"


def _grown(recorded: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    grown: dict[str, Any] = dict(recorded)
    for name, value in now.items():
        if isinstance(value, dict):
            grown[name] = _grown(recorded.get(name, {}), value)
        elif isinstance(value, list) and name not in {"required", "always_in_answer"}:
            grown[name] = sorted({*recorded.get(name, []), *value})
        else:
            grown.setdefault(name, value)
    return grown
