#!/usr/bin/env bash
# google-genai 3.6.1 turns no MCP tool into a declaration whose input schema has `additionalProperties: true` at any
# depth, though a boolean is a JSON schema: it takes it for an object. An empty schema, which means the same, is taken.
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
uv venv -q --no-project "$work/venv"
uv pip install -q --no-config --python "$work/venv/bin/python" google-genai==3.6.1 mcp==2.3.0
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version
from google.genai import _mcp_utils
from mcp.types import Tool

def declared(anything):
    data = {"type": "object", "additionalProperties": anything}
    schema = {"type": "object", "properties": {"data": data}}
    try:
        return len(_mcp_utils.mcp_to_gemini_tool(Tool(name="tool", input_schema=schema)).function_declarations)
    except AttributeError as error:
        return str(error)

seen = {"true": declared(True), "{}": declared({})}
print("google-genai", version("google-genai"), seen)
assert seen == {"true": "'bool' object has no attribute 'items'", "{}": 1}, seen
PY
