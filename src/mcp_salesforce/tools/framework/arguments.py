"""A tool's arguments: read once and checked; an error says what would be accepted."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mcp_salesforce.appointments.times import TimeError
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.spelling import did_you_mean, nearest

_JSON_START = re.compile(r"\s*[\[{]")
_CODES = {  # Salesforce's own, for what it would have refused as well
    "missing": "REQUIRED_FIELD_MISSING",
    "string_too_long": "STRING_TOO_LONG",
    "string_too_short": "REQUIRED_FIELD_MISSING",
}
_KINDS = {
    "bool": "true or false",
    "date": "a day such as 2026-11-24",
    "dict": "an object",
    "int": "a whole number",
    "float": "a number",
    "model": "an object",
    "string": "text",
    "tuple": "a list",
}


_TABLE = frozenset({"records", "columns", "rows"})
_SHOWN_ROWS = 10


class Arguments:
    """What one tool takes."""

    def __init__(self, model: type[BaseModel]) -> None:
        """Read arguments with `model`, whose fields are the tool's parameters."""
        self._model = model
        self.names = frozenset(model.model_fields)
        self._texts = frozenset(name for name, field in model.model_fields.items() if field.annotation is str)
        self._optional = frozenset(name for name, field in model.model_fields.items() if not field.is_required())

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values to call the tool with.

        Null, or an empty text where none is taken, stands for "not given" where a parameter may be left out. Some hosts
        send a list or an object as its JSON text; it is read as what it says.
        """
        if unknown := given.keys() - self.names:
            raise self._unknown(sorted(unknown))
        values = {
            name: value if name in self._texts else _unwrapped(value)
            for name, value in given.items()
            if name not in self._optional or not (value is None or (value == "" and name not in self._texts))
        }
        if self.names >= _TABLE:
            values = _with_records(values)
        try:
            model = self._model.model_validate(values)
        except ValidationError as error:
            raise worded(error) from None
        return {name: getattr(model, name) for name in self.names}

    def _unknown(self, names: list[str]) -> InvalidArgumentError:
        listed = ", ".join(names)
        near = [match for name in names for match in nearest(name, self.names, count=1)]
        hint = did_you_mean(near) or f"This tool takes {', '.join(self._model.model_fields) or 'no arguments'}."
        if "data" in self.names and not near:
            hint = "Fields of the record go inside data."
        return refused(f"Unknown argument: {listed}.", code="UNKNOWN_ARGUMENT", hint=hint, fields=names)


def _with_records(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with `records` instead of `columns` and `rows`, which say the same in fewer words.

    Raises:
        InvalidArgumentError: Both are given, or a row has not one value for each column.
    """
    rest = {name: value for name, value in values.items() if name not in {"columns", "rows"} and value != []}
    columns, rows = values.get("columns"), values.get("rows")
    if columns is None and rows is None:
        return rest
    if not isinstance(columns, list) or not isinstance(rows, list) or rest.get("records"):
        raise refused("Give either records, or columns and rows.", fields=["columns", "rows"])
    named = {str(name).strip().casefold() for name in columns}
    if len(named) < len(columns) or "" in named:
        raise refused("A column is given twice, or has no name.", fields=["columns"])
    wrong = [number for number, row in enumerate(rows, 1) if not isinstance(row, list) or len(row) != len(columns)]
    if wrong:
        more = f" and {len(wrong) - _SHOWN_ROWS} more" if wrong[_SHOWN_ROWS:] else ""
        shown = ", ".join(map(str, wrong[:_SHOWN_ROWS])) + more
        raise refused(
            f"Rows do not have {len(columns)} values, one for each column: {shown} (from 1). Nothing was sent.",
            hint="Give null for a value that a row does not have.",
            fields=["rows"],
        )
    return {**rest, "records": [dict(zip(map(str, columns), row, strict=True)) for row in rows]}


def worded(error: ValidationError) -> InvalidArgumentError:
    """Return every problem of the values, in our own words."""
    problems = error.errors(include_url=False, include_context=True)
    for problem in problems:
        own = problem.get("ctx", {}).get("error")
        if isinstance(own, InvalidArgumentError):
            own.fields = own.fields or (_path(problem["loc"]),)
            return own
        if isinstance(own, TimeError):
            return refused(str(own), code="INVALID_TIME", hint=own.hint, fields=[_path(problem["loc"])])
    texts = dict.fromkeys(_problem(_path(p["loc"]), p) for p in problems)
    kinds = {p["type"] if len(p["loc"]) > 1 else "" for p in problems}
    code = _CODES.get(kinds.pop(), "INVALID_ARGUMENT") if len(kinds) == 1 else "INVALID_ARGUMENT"
    return refused(" ".join(texts), code=code, fields=dict.fromkeys(_path(p["loc"]) for p in problems))


def _path(location: Iterable[int | str]) -> str:
    """Return the place of a value in the arguments: `LastName`, `fields[2]`."""
    steps = [step for step in location if step != "data"] or ["data"]
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _problem(name: str, problem: ErrorDetails) -> str:
    """Return one of Pydantic's problems in our words."""
    kind, context, given = problem["type"], problem.get("ctx", {}), problem["input"]
    words = {
        "missing": f"{name} is required.",
        "string_too_short": f"{name} is empty.",
        "string_too_long": f"{name} has {len(str(given))} characters; at most {context.get('max_length')} fit.",
        "too_short": f"{name} has too few entries; at least {context.get('min_length')}.",
        "too_long": f"{name} has too many entries; at most {context.get('max_length')}.",
        "greater_than_equal": f"{name} must be at least {context.get('ge')}, not {given}.",
        "less_than_equal": f"{name} must be at most {context.get('le')}, not {given}.",
        "literal_error": f"{name} must be {_choices(str(context.get('expected')))}.",
        "value_error": f"{name}: {context.get('error')}",
    }
    expected = next((words for prefix, words in _KINDS.items() if kind.startswith(prefix)), None)
    return words.get(kind) or (f"{name} must be {expected}." if expected else f"{name}: {problem['msg']}.")


def _choices(expected: str) -> str:
    """Return the choices of Pydantic's error without the empty one: it stands for an argument that is not given."""
    return expected.removeprefix("'', ").removeprefix("'' or ")


def _unwrapped(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the list or object in a JSON text; other values unchanged."""
    if not isinstance(value, str) or not _JSON_START.match(value):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
