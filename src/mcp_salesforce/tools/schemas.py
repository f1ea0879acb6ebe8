"""JSON schemas as a model should read them: what Pydantic writes, without what says nothing."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

_EMPTY_DEFAULTS: tuple[object, ...] = ("", None, [], {})


def input_schema(model: Any) -> dict[str, Any]:  # noqa: ANN401 - a model class
    """Return the slim schema of a tool's arguments.

    It does not say that unknown ones are refused: some hosts fail on a boolean there.
    """
    schema = _slim(TypeAdapter(model).json_schema())
    schema.pop("additionalProperties", None)
    return schema


def output_schema(shape: Any) -> dict[str, Any]:  # noqa: ANN401 - any type Pydantic can describe
    """Return the slim schema of a tool's result."""
    return _slim(TypeAdapter(shape).json_schema())


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
