"""Rows of a table as records, checked against describe before anything is sent. Pure; no I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp_salesforce.changes.import_parts import Failure
from mcp_salesforce.salesforce import InvalidArgumentError, SObjectDescribe
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.models import FieldDescribe
from mcp_salesforce.tools.files.cells import is_clearing, is_empty, reader_of
from mcp_salesforce.tools.files.mapping import Column, Operation
from mcp_salesforce.tools.files.read_tables import Cell, as_text
from mcp_salesforce.tools.files.seen_rows import SeenRows
from mcp_salesforce.tools.lookups.field_values import ValueProblem

_MISSING: Final = "REQUIRED_FIELD_MISSING"
_NAMES: Final = ("FirstName", "LastName")


@dataclass(frozen=True, slots=True)
class ByName:
    """A parent given by a name or another value, and not by its Id: `field` of the parent has `text`."""

    field: str
    text: str


@dataclass(slots=True)
class CheckedRow:
    """A row as a record.

    Attributes:
        number: Its number in the table.
        cells: Its cells.
        values: What is to be written; a parent that is looked for is a `ByName`.
        failures: What is wrong with it.
    """

    number: int
    cells: Sequence[Cell] = ()
    values: dict[str, Any] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def fail(self, code: str, name: str, words: str) -> None:
        """Note what is wrong with it."""
        self.failures.append(Failure(self.number, code, name, words, is_checked=True))


class RowCheck:
    """Reads rows of a table, and remembers their keys: a record must not be meant twice."""

    def __init__(
        self,
        described: SObjectDescribe,
        columns: Sequence[Column],
        operation: Operation,
        key: str,
        prefixes: Mapping[str, str],
        zone: ZoneInfo,
        *,
        width: int,
        allow_duplicate: bool,
    ) -> None:
        """Read rows of `width` cells as records of an object.

        Args:
            described: The object.
            columns: Where the cells go.
            operation: What is done with the records.
            key: The field that tells which record is meant; empty where all are new.
            prefixes: Known key prefixes, each with the object that has it.
            zone: The zone of times that name none.
            width: How many cells a row has.
            allow_duplicate: Whether rows may be alike.
        """
        self._operation = operation
        self._key = key
        self._width = width
        self._allow_duplicate = allow_duplicate
        self._columns = [(column, reader_of(column.field, prefixes, zone)) for column in columns]
        self._unique = [
            column.field.name for column in columns if column.field.unique or column.field.name == key
        ] if operation != "delete" else [key]  # fmt: skip
        given = {column.field.name for column in columns}
        self._required = [
            each for each in described.fields if is_required(each) and operation in {"insert", "upsert"}
            and (operation == "insert" or each.name in given)
        ]  # fmt: skip
        self._seen = SeenRows()

    def read(self, number: int, cells: Sequence[Cell], fixed: Mapping[str, Cell]) -> CheckedRow:
        """Return a row as a record; `fixed` has other cells by header, or by field, folded."""
        row = CheckedRow(number, cells)
        if len(cells) != self._width:
            row.fail("MALFORMED_ROW", "", f"Has {len(cells)} cells; the header has {self._width}.")
            return row
        for column, read in self._columns:
            cell = self._cell(column, cells, fixed) if fixed else _at(cells, column.place)
            if is_empty(cell):
                continue
            self._read(row, column, cell, read)
        self._check_whole(row)
        return row

    def _cell(self, column: Column, cells: Sequence[Cell], fixed: Mapping[str, Cell]) -> Cell:
        for name in (column.header, column.field.name):
            if name.casefold() in fixed:
                return fixed[name.casefold()]
        return _at(cells, column.place)

    def _read(self, row: CheckedRow, column: Column, cell: Cell, read: Any) -> None:  # noqa: ANN401 - a reader
        name = column.field.name
        if is_clearing(cell):
            if self._operation != "insert" and name != self._key:
                row.values[name] = None
                if not (column.field.nillable or column.field.type == "boolean"):
                    row.fail(_MISSING, name, "Cannot be empty.")
            return
        if column.field.type == "reference" and name != self._key:
            text = as_text(cell).strip()
            if column.lookup or not _is_id(text):
                row.values[name] = ByName(column.lookup, text)
                return
        try:
            row.values[name] = read(cell)
        except ValueProblem as problem:
            row.fail(problem.code, name, problem.words)
            row.values[name] = None  # it is there, if wrong

    def _check_whole(self, row: CheckedRow) -> None:
        values = row.values
        needs_key = bool(self._key) and not (self._operation == "upsert" and self._key == "Id")
        is_told = any(each.field == self._key for each in row.failures)
        if needs_key and values.get(self._key) in {None, ""} and not is_told:
            row.fail("MISSING_ARGUMENT", self._key, "Is empty: it tells which record is meant.")
        for each in self._required:
            if each.name not in values:
                row.fail(_MISSING, each.name, "Is required.")
        if self._operation == "update" and len(values) == 1 and not row.failures:
            row.fail("MISSING_ARGUMENT", "", "Has nothing to change.")
        if not values and not row.failures:
            row.fail("MISSING_ARGUMENT", "", "Is empty.")
        if not row.failures:
            self._check_seen(row)

    def _check_seen(self, row: CheckedRow) -> None:
        """Find the row before it that means the same record, or says the same."""
        for name, what in self._identities(row.values):
            before = self._seen.first((name, what), row.number)
            if before != row.number:
                row.fail("DUPLICATE_IN_FILE", name, f"The same as row {before}.")
                return

    def _identities(self, values: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
        for name in self._unique:
            value = values.get(name)
            if value is not None:
                yield name, str(value).strip().casefold()
        if self._operation != "insert" or self._allow_duplicate:
            return
        if (person := person_of(values)) is not None:
            yield "Email", person
        yield "", tuple(sorted((name, str(value)) for name, value in values.items()))


def person_of(values: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return what two rows, or a row and a record, of one person have in common: name and e-mail address."""
    if not values.get("Email") or not values.get("LastName"):
        return None
    return tuple(str(values.get(name) or "").strip().casefold() for name in ("Email", *_NAMES))


def is_required(each: FieldDescribe) -> bool:
    """Tell whether a new record needs the field."""
    is_clearable = each.nillable or each.type in {"boolean", "id"}
    return each.createable and not is_clearable and not each.defaulted_on_create


def _at(cells: Sequence[Cell], place: int) -> Cell:
    """Return a cell; a column that only corrections have is behind the others, and empty."""
    return cells[place] if place < len(cells) else ""


def _is_id(text: str) -> bool:
    try:
        to_18(text)
    except InvalidArgumentError:
        return False
    return True
