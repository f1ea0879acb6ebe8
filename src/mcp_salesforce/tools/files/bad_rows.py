"""The rows of an import that are not saved, in a file of their own, each with the reason."""

import csv
from collections.abc import Iterator
from itertools import count
from pathlib import PurePosixPath

from mcp_salesforce.changes.import_parts import Failure
from mcp_salesforce.changes.import_store import ImportStore
from mcp_salesforce.tools.files.folder import FilesFolder
from mcp_salesforce.tools.files.import_state import ImportState
from mcp_salesforce.tools.files.mapping import REASON
from mcp_salesforce.tools.files.preparing import source_of
from mcp_salesforce.tools.files.read_tables import as_text
from mcp_salesforce.tools.files.state import written


def write_bad_rows(store: ImportStore, folder: FilesFolder, import_id: str, state: ImportState) -> None:
    """Write the rows that are not saved, and note the name of the file, if there are any.

    Raises:
        InvalidArgumentError: The disk does not take it.
    """
    if state.bad_file or not state.bad + state.failed:
        return
    name = _free_name(folder, state.path or f"rows-{import_id}.csv")
    path = folder.for_new(name, overwrite=False)
    try:
        with written(name), path.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*state.header, REASON])
            writer.writerows(_bad_rows(store, folder, import_id, state))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    state.bad_file = name


def _free_name(folder: FilesFolder, path: str) -> str:
    stem = PurePosixPath(path).with_suffix("")
    names = (f"{stem}.failed{f'-{number}' if number > 1 else ''}.csv" for number in count(1))
    return next(name for name in names if not folder.place(name).exists())


def _bad_rows(store: ImportStore, folder: FilesFolder, import_id: str, state: ImportState) -> Iterator[list[str]]:
    """Yield the rows as they are in the table, but for the corrections, each with its reason.

    Of a table that has changed since, the values are not these rows': they have number and reason only.
    """
    failures = _failures(store, import_id)
    source = source_of(state, folder)
    if source.digest() != state.digest:
        for failure in failures:
            yield [f"row {failure.row}", *[""] * (len(state.header) - 1), _reason(failure)]
        return
    following = next(failures, None)
    with source.opened() as table:
        for number, cells in table.rows:
            if following is None:
                return
            if number == following.row:
                yield [*_shown(state, number, [as_text(cell) for cell in cells]), _reason(following)]
                following = next(failures, None)


def _shown(state: ImportState, number: int, cells: list[str]) -> list[str]:
    fixes = {name.casefold(): as_text(cell) for name, cell in (state.fixes.get(str(number)) or {}).items()}
    padded = [*cells, *[""] * (len(state.header) - len(cells))]
    return [
        fixes.get(header.casefold(), fixes.get(state.targets.get(header, header).casefold(), cell))
        for header, cell in zip(state.header, padded, strict=False)
    ]


def _failures(store: ImportStore, import_id: str) -> Iterator[Failure]:
    after = 0
    while some := store.failures(import_id, after):
        yield from some
        after = some[-1].row


def _reason(failure: Failure) -> str:
    return f"{failure.field}: {failure.words}" if failure.field else failure.words
