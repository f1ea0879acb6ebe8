"""JSON schemas for models: Pydantic's, without what a model does not need."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from mcp_salesforce.salesforce.errors import UnreadableReplyError

_ANYTHING: Final = {"maxLength": 131_072}
"""The schema of members that are not named: any value, as long as Salesforce's longest text at most.

It stands for `true`, because google-genai offers no tool at all where a boolean is. It says something about the value,
because MCP Inspector warns of a schema that does not.
"""
_EMPTY_DEFAULTS: tuple[object, ...] = ("", None, [], {})


def input_schema(model: Any) -> dict[str, Any]:  # noqa: ANN401 - a model class
    """Return the slim schema of a tool's arguments.

    It does not say that unknown ones are refused, and has no boolean in the place of a schema: some hosts fail on one.
    """
    schema = _slim(TypeAdapter(model).json_schema())
    schema.pop("additionalProperties", None)
    opened: dict[str, Any] = _opened(schema)
    return opened


def output_schema(shape: TypeAdapter[Any]) -> dict[str, Any]:
    """Return the slim schema of a tool's result."""
    return _slim(shape.json_schema())


def conforming(shape: TypeAdapter[Any], result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the result of a tool if it conforms to its output schema: clients refuse any other.

    A member that is a text, and came from the org as another value, becomes that value's JSON.
    """
    for flaw in _flaws(shape, result):
        place, value = flaw["loc"], flaw["input"]
        if flaw["type"] != "string_type" or value is None or len(place) != 1:
            raise UnreadableReplyError(f"The org sent no value that fits {'.'.join(map(str, place))}.", status=0)
        result = {**result, str(place[0]): orjson.dumps(value).decode()}
    return result


def is_conforming(shape: TypeAdapter[Any], result: Mapping[str, Any]) -> bool:
    """Tell whether a result is of a tool's shape, or is a preview of it."""
    plan = result.get("preview")
    if plan is None:
        return not _flaws(shape, result)
    is_plan = isinstance(plan, list) and all(isinstance(write, dict) for write in plan)
    return is_plan and all(flaw["type"] == "missing" and len(flaw["loc"]) == 1 for flaw in _flaws(shape, result))


def _flaws(shape: TypeAdapter[Any], result: Mapping[str, Any]) -> list[ErrorDetails]:
    try:
        shape.validate_python(result, strict=True)
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False)
    return []


def _opened(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(node, list):
        return [_opened(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _ANYTHING if key == "additionalProperties" and value is True else _opened(value)
        for key, value in node.items()
    }


def _slim(schema: dict[str, Any]) -> dict[str, Any]:
    definitions = schema.pop("$defs", {})
    slimmed: dict[str, Any] = _without_noise(schema, definitions)
    return slimmed


def _without_noise(node: Any, definitions: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(node, list):
        return [_without_noise(entry, definitions) for entry in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        own = {key: value for key, value in node.items() if key != "$ref"}
        node = {**definitions[node["$ref"].rpartition("/")[2]], **own}
    return {
        key: {name: _without_noise(entry, definitions) for name, entry in value.items()}
        if key == "properties"
        else _without_noise(value, definitions)
        for key, value in node.items()
        if not (key == "title" or (key == "default" and value in _EMPTY_DEFAULTS))
    }
