"""The check of an import: every row is read, mapped and checked, and the good ones are kept to be sent."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from mcp_salesforce.changes.import_store import ImportStore
from mcp_salesforce.salesforce import InvalidArgumentError, SObjectDescribe
from mcp_salesforce.salesforce.api.collections import MOST_RECORDS
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.ids import KEY_PREFIXES
from mcp_salesforce.tools.files.checking import CheckedRow, RowCheck
from mcp_salesforce.tools.files.folder import FilesFolder, no_folder
from mcp_salesforce.tools.files.import_state import ImportState
from mcp_salesforce.tools.files.job_files import Rows
from mcp_salesforce.tools.files.mapping import Column, ColumnMapping, mapping_of, target_of
from mcp_salesforce.tools.files.org_checks import OrgChecks, refuse_hidden
from mcp_salesforce.tools.files.read_tables import FileSource, Row, RowsSource, Source, Table, as_text
from mcp_salesforce.tools.framework.session import OrgSession

FEW: Final = 2_000
"""Rows up to which collections, ten calls of 200, cost less than a bulk job."""
BULK_ROWS: Final = 10_000
"""Rows of a bulk job where all fit into one: as many as the journal keeps one by one."""
MANY_ROWS: Final = 20_000
"""Rows of each bulk job of a larger import."""
_BLOCK: Final = 1_000
_SAMPLES: Final = 20  # bad rows whose cells an answer shows
_SAMPLE: Final = 30  # characters of a cell
_ELSEWHERE: Final[Mapping[str, str]] = {
    "Event": "the tools for appointments, which check conflicts",
    "EventRelation": "salesforce_set_invitees",
}


class Preparation:
    """One check of one import."""

    def __init__(
        self, org: OrgSession, store: ImportStore, folder: FilesFolder | None, import_id: str, state: ImportState
    ) -> None:
        """Check what `state` says, and keep its rows in `store`."""
        self._org = org
        self._store = store
        self._import_id = import_id
        self._state = state
        self._source = source_of(state, folder)
        # A bulk job cannot save duplicates, and after a restart a policy does not know whose job it is.
        self._goes_by_calls = state.allow_duplicate or org.is_guarded
        self._parts = _Parts(store, import_id, are_small=self._goes_by_calls)
        self._fields: dict[str, None] = {}
        self._places: dict[int, str] = {}
        self._times: Counter[bytes] = Counter()

    async def run(self) -> None:
        """Check every row, and keep the good ones.

        Raises:
            InvalidArgumentError: The table cannot be read or mapped, or a correction is of no row; nothing was sent.
        """
        state = self._state
        described = await described_for(self._org, state)
        self._store.clear_rows(self._import_id)
        state.total = state.ready = state.already = state.skipped = state.bad = 0
        state.samples = {}
        digest = await asyncio.to_thread(self._source.digest)
        state.digest = digest
        origin = state.source(self._store, await self._org.owner())
        has_saved = state.operation == "insert" and self._store.has_saved(origin)
        with self._source.opened() as table:
            mapped = self._mapped(described, table)
            await refuse_hidden(self._org, state.sobject, mapped.left_out, state.mapping)
            rows = await self._reader(described, mapped, len(table.header))
            checks = OrgChecks(
                self._org, described, mapped.columns, state.operation, state.key, allow_duplicate=state.allow_duplicate
            )
            fixes = dict(state.fixes)
            reading = self._read(table, rows, fixes)
            while block := await asyncio.to_thread(lambda: list(islice(reading, _BLOCK))):
                await self._require_count(described.name)
                await checks.find_parents(block)
                good = [row for row in block if not row.failures]
                if has_saved:
                    good = await self._without_saved(good, origin, checks)
                await checks.check(good)
                await asyncio.to_thread(self._keep, block, [row for row in good if not row.failures])
        if fixes:
            raise _no_row(next(iter(fixes)), state.total)
        if await asyncio.to_thread(self._source.digest) != digest:
            raise changed(state.path)
        self._parts.end(state.ready)
        state.fields = list(self._fields)
        state.bulk = state.ready > FEW and not self._goes_by_calls

    async def _require_count(self, sobject: str) -> None:
        """Refuse a table with more rows of an object than a policy allows; rows that the caller leaves out are none.

        Raises:
            InvalidArgumentError: It has more; nothing was sent.
        """
        count = self._state.total - self._state.skipped
        if (most := await self._org.most_records(sobject, count)) < count:
            raise refused(
                f"The policy allows {most} rows of {sobject}; the table has more.",
                code="POLICY_REFUSED",
                hint="Nothing was sent. Tell the user: only the person who runs this server can change the policy.",
                fields=["path"],
            )

    def _mapped(self, described: SObjectDescribe, table: Table) -> ColumnMapping:
        state = self._state
        mapped = mapping_of(described, table.header, state.mapping, operation=state.operation, key=state.key)
        state.header = list(table.header)
        state.targets = {column.header: column.target for column in mapped.columns}
        state.left_out = list(mapped.left_out)
        self._places = {column.place: column.field.name for column in mapped.columns}
        known = {name.casefold() for column in mapped.columns for name in (column.header, column.field.name)}
        columns = list(mapped.columns)
        for fix in state.fixes.values():
            for name in fix or ():
                if name.casefold() not in known:  # a field that the table does not have
                    columns.append(target_of(described, len(table.header), name, name, state.operation, state.key))
                    known |= {name.casefold(), columns[-1].field.name.casefold()}
        return ColumnMapping(columns, mapped.left_out)

    async def _reader(self, described: SObjectDescribe, mapped: ColumnMapping, width: int) -> RowCheck:
        state = self._state
        types = {column.field.type for column in mapped.columns}
        zone = await self._org.zone("" if "datetime" in types else "UTC")
        return RowCheck(
            described, mapped.columns, state.operation, state.key, await self._prefixes(mapped.columns), zone,
            width=width, allow_duplicate=state.allow_duplicate,
        )  # fmt: skip

    async def _prefixes(self, columns: Sequence[Column]) -> Mapping[str, str]:
        targets = {target for column in columns for target in column.field.reference_to}
        return KEY_PREFIXES if targets <= set(KEY_PREFIXES.values()) else await self._org.schema.by_prefix()

    def _read(self, table: Table, check: RowCheck, fixes: dict[str, Any]) -> Iterator[CheckedRow]:
        """Yield the rows, those with corrections corrected; a correction is taken out of `fixes` when it is used."""
        row: Row
        for row in table.rows:
            number, cells = row
            self._state.total += 1
            fixed = fixes.pop(str(number), {})
            if fixed is None:
                self._state.skipped += 1
                continue
            yield check.read(number, cells, _folded(fixed))

    async def _without_saved(self, rows: Sequence[CheckedRow], origin: bytes, checks: OrgChecks) -> list[CheckedRow]:
        """Return the rows without those that became records in an earlier import, and are there still."""
        marks = [self._store.digest_of(row.values) for row in rows]
        saved = self._store.saved_of(origin, marks)
        there = await checks.there([record for records in saved.values() for record in records])
        left: list[CheckedRow] = []
        for row, mark in zip(rows, marks, strict=True):
            records = [each for each in saved.get(mark, ()) if each in there]
            if self._times[mark] < len(records):
                self._times[mark] += 1
                self._state.already += 1
            else:
                left.append(row)
        return left

    def _keep(self, block: Sequence[CheckedRow], good: Sequence[CheckedRow]) -> None:
        failures = [row.failures[0] for row in block if row.failures]
        for row in block if len(self._state.samples) < _SAMPLES else ():
            if row.failures and len(self._state.samples) < _SAMPLES:
                self._state.samples[str(row.number)] = self._sample(row)
        self._state.bad += len(failures)
        self._store.add_failures(self._import_id, failures)
        self._state.ready += len(good)
        for row in good:
            self._fields.update(dict.fromkeys(row.values))
        self._parts.add(Rows.packed((row.number, row.values) for row in good))

    def _sample(self, row: CheckedRow) -> str:
        """Return the cell that the first failure of a row is about; nothing if it is about no cell."""
        name = row.failures[0].field
        place = next((place for place, each in self._places.items() if each == name), None)
        fixed = _folded(self._state.fixes.get(str(row.number)) or {})
        if name.casefold() in fixed:
            return as_text(fixed[name.casefold()])[:_SAMPLE]
        return as_text(row.cells[place])[:_SAMPLE] if place is not None and place < len(row.cells) else ""


class _Parts:
    """Keeps rows in the parts that they are sent in: small ones as long as they may all go by collections."""

    def __init__(self, store: ImportStore, import_id: str, *, are_small: bool) -> None:
        self._store = store
        self._import_id = import_id
        self._are_small = are_small
        self._rows: list[str] = []
        self._number = 0

    def add(self, rows: Sequence[str]) -> None:
        self._rows += rows
        size = MOST_RECORDS if self._are_small else MANY_ROWS
        while len(self._rows) >= size:
            self._put(size)

    def end(self, ready: int) -> None:
        size = MOST_RECORDS if self._are_small or ready <= FEW else BULK_ROWS if ready <= BULK_ROWS else MANY_ROWS
        while self._rows:
            self._put(size)

    def _put(self, count: int) -> None:
        self._store.add_part(self._import_id, self._number, self._rows[:count])
        self._number += 1
        del self._rows[:count]


def source_of(state: ImportState, folder: FilesFolder | None) -> Source:
    """Return what an import reads.

    Raises:
        InvalidArgumentError: Its file is not below the folder, or of no known format.
    """
    if not state.path:
        return RowsSource(state.columns, state.rows)
    if folder is None:
        raise no_folder()
    return FileSource(folder.place(state.path), state.path, state.encoding)


async def described_for(org: OrgSession, state: ImportState) -> SObjectDescribe:
    """Return what the org says of the object of an import.

    Raises:
        InvalidArgumentError: Its records cannot be written in this way.
    """
    described = await org.schema.describe(state.sobject)
    state.sobject = described.name
    if tool := _ELSEWHERE.get(described.name):
        raise refused(
            f"{described.name} records cannot be imported.",
            code="NOT_SUPPORTED",
            hint=f"Use {tool}.",
            fields=["sobject"],
        )
    may = {
        "insert": described.createable,
        "update": described.updateable,
        "upsert": described.createable and described.updateable,
        "delete": described.deletable,
    }
    if not may[state.operation]:
        verb = {"insert": "create"}.get(state.operation, state.operation)
        raise refused(
            f"This user cannot {verb} {described.name} records.",
            code="CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            hint="An administrator can grant this for most objects; some objects do not allow it at all.",
        )
    state.key = _key_of(described, state)
    return described


def _key_of(described: SObjectDescribe, state: ImportState) -> str:
    if state.operation == "insert":
        return ""
    field = described.field(state.key or "Id")
    is_key = field is not None and (field.name == "Id" or field.external_id or field.id_lookup)
    if field is None or not (is_key if state.operation == "upsert" else is_key or field.filterable):
        keys = [each.name for each in described.fields if each.external_id or each.id_lookup]
        raise refused(
            f"{state.key} is not a field by which {described.name} records are found.",
            code="INVALID_FIELD",
            hint=f"Nothing was sent. Use {', '.join(keys[:6])}.",
            fields=["key"],
        )
    return field.name


def changed(path: str) -> InvalidArgumentError:
    """Return the error for a file that is not what was checked any more."""
    return refused(
        f"{path or 'The table'} changed since it was checked.",
        code="FILE_CHANGED",
        hint="Nothing was sent. Call salesforce_import with the path to check the file as it is now.",
        fields=["path"],
    )


def _no_row(number: str, total: int) -> InvalidArgumentError:
    return refused(
        f"fix is of row {number[:20]}, but the rows are 1 to {total}.",
        hint="Nothing was sent. Row 1 is the first below the header.",
        fields=["fix"],
    )


def _folded(fixed: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name.casefold(): cell for name, cell in fixed.items()} if fixed else {}
