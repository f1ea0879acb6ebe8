"""Answers within a budget of bytes: rows are left out, long texts are cut, and the answer says so."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson

_ANSWER_FRAME: Final = 300  # bytes beside the rows: columns, total, cursor
_SHORTEST_CUT: Final = 100  # characters
_DATE, _TIME = len("2026-11-24"), len("2026-11-24T09:00:00.000+0000")
_DEEPEST: Final = 6
_FEWEST_KEYS: Final = 12
_SLICE: Final = re.compile(r"(?P<name>[\w.]+)\[(?P<start>\d+):\]", re.ASCII)


def cut_to_fit(rows: Any, budget_bytes: int) -> int:  # noqa: ANN401 - any result with rows
    """Cut `rows` after a whole row if they are too long for the budget; return how many stay, at least one.

    If its children make that row too long, they are cut. They lose their cursor, which would skip the rows that were
    cut.
    """
    count = len(rows["rows"])
    kept = _fitting(rows["rows"], budget_bytes)
    if kept < count:
        rows["rows"] = rows["rows"][:kept]
        rows["left_out"] = count - kept
    if kept == 1 and _size(rows["rows"][0]) > budget_bytes:
        _cut_children(rows["rows"][0], budget_bytes)
    return kept


def may_fit(records: Iterable[Mapping[str, Any]], budget_bytes: int) -> int:
    """Return how many of the records could fit into the budget as rows, at most; the others need not be shaped."""
    used = count = 0
    for record in records:
        if used > budget_bytes:
            break
        count += 1
        used += _least(record)
    return count


def _least(record: Mapping[str, Any]) -> int:
    """Return the least bytes that a record's values take as JSON; a time may become a date."""
    used = 0
    for name, value in record.items():
        if isinstance(value, str):
            used += (_DATE if len(value) == _TIME else len(value)) + 3  # quotes and a comma
        elif not isinstance(value, Mapping):
            used += 2
        elif name != "attributes":
            used += _least(value) if "attributes" in value else 2
    return used


def _cut_children(row: Sequence[Any], budget_bytes: int) -> None:
    tables = [cell for cell in row if isinstance(cell, dict) and "rows" in cell]
    rest = budget_bytes - _size([cell for cell in row if cell not in tables])
    for children in tables:
        count = len(children["rows"])
        children.setdefault("total", count)
        if cut_to_fit(children, rest // len(tables)) < count:
            children.pop("next_cursor", None)


def _fitting(rows: Sequence[Sequence[Any]], budget_bytes: int) -> int:
    if _size(rows) <= budget_bytes - _ANSWER_FRAME:
        return len(rows)
    used = _ANSWER_FRAME
    for count, row in enumerate(rows):
        used += _size(row) + 1
        if used > budget_bytes:
            return max(count, 1)
    return len(rows)


def _size(value: object) -> int:
    """Return the bytes of a value as JSON."""
    return len(orjson.dumps(value))


def sliced(name: str) -> tuple[str, int]:
    """Return the field in `name`, and the first character wanted: `Description[500:]` is the rest."""
    match = _SLICE.fullmatch(name)
    return (match["name"], int(match["start"])) if match else (name, 0)


def cut_text(name: str, text: str, characters: int) -> str:
    """Return at most `characters` of the field `name`; a cut text says how to get the rest."""
    if len(text) <= characters:
        return text
    field, start = sliced(name)
    rest = f'get fields ["{field}[{start + characters}:]"]' if field else "narrow the fields"
    return f"{text[:characters]} [{len(text) - characters} more characters: {rest}]"


def within(
    result: Mapping[str, Any], budget_bytes: int, is_conforming: Callable[[Mapping[str, Any]], bool] = lambda _: True
) -> Mapping[str, Any]:
    """Return `result` cut until its JSON is within the budget, and every cut said.

    Long texts are cut first; then rows, lists and fields beyond the first ones; at last what is nested deep. No cut is
    made after which it would not be of the tool's shape any more, as `is_conforming` tells.
    """
    longest = _longest(result)
    cuts = [_Cut(characters, longest, _DEEPEST) for characters in _halves(budget_bytes, _SHORTEST_CUT)]
    cuts += [_Cut(_SHORTEST_CUT, entries, _DEEPEST) for entries in _halves(longest, 1)]
    cuts += [_Cut(_SHORTEST_CUT, 1, depth) for depth in range(_DEEPEST - 1, 0, -1)]
    shorter = result
    for cut in cuts:
        if _size(shorter) <= budget_bytes:
            break
        attempt = cut.mapping(result, cut.depth, is_whole=True)
        shorter = attempt if is_conforming(attempt) else shorter
    return shorter


def _halves(most: int, least: int) -> Iterator[int]:
    while most > least:
        most = max(most // 2, least)
        yield most


def _longest(value: Any) -> int:  # noqa: ANN401 - any JSON value
    """Return the length of the longest list or object in `value`."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((len(value) if isinstance(value, dict | list) else 0, *map(_longest, inner)))


def _is_of_objects(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Tell whether a value is a list of objects, among which no text may say how many more there are."""
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


class _Cut(NamedTuple):
    """How much stays: characters of a text, entries of a list or object, levels of nesting."""

    characters: int
    entries: int
    depth: int

    def value(self, value: Any, name: str, depth: int) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, str):
            return cut_text(name, value, self.characters)
        if not isinstance(value, dict | list):
            return value
        if depth <= 0:
            return "[left out: nested too deep]"
        return self.mapping(value, depth) if isinstance(value, dict) else self._list(value, name, depth)

    def mapping(self, value: Mapping[str, Any], depth: int, *, is_whole: bool = False) -> dict[str, Any]:
        if "rows" in value and "columns" in value:
            return self._table(value, depth, is_whole=is_whole)
        kept = dict(list(value.items())[: max(self.entries, _FEWEST_KEYS)])
        cut = {key: self.value(entry, key, depth - 1) for key, entry in kept.items()}
        left_out = len(value) - len(kept)
        left_out += sum(max(len(entry) - self.entries, 0) for entry in kept.values() if _is_of_objects(entry))
        return cut | {"left_out": left_out} if left_out else cut

    def _list(self, value: list[Any], name: str, depth: int) -> list[Any]:
        more = len(value) - self.entries
        cut = [self.value(entry, name, depth - 1) for entry in value[: self.entries]]
        return [*cut, f"[{more} more]"] if more > 0 and not _is_of_objects(value) else cut

    def _table(self, value: Mapping[str, Any], depth: int, *, is_whole: bool) -> dict[str, Any]:
        """Return a table with its first columns and rows; if a cursor continues after its rows, all of them stay."""
        columns, rows = value["columns"][: self.entries], value["rows"]
        if not (is_whole and "next_cursor" in value):
            rows = rows[: self.entries]
        cut = {
            **value,
            "columns": columns,
            "rows": [
                [self.value(cell, column, depth - 1) for column, cell in zip(columns, row, strict=False)]
                for row in rows
            ],
        }
        if len(rows) < len(value["rows"]):
            cut["left_out"] = value.get("left_out", 0) + len(value["rows"]) - len(rows)
            cut.pop("next_cursor", None)  # it leads behind rows that are not here
        if len(columns) < len(value["columns"]):
            cut["left_out_columns"] = len(value["columns"]) - len(columns)
        return cut
