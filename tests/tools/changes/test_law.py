"""The law of undo: whatever was written, taking all of it back in reverse gives the org its former state.

What others changed between is kept, and named.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.effort import examples
from tests.tools.changes.generated import CHOICES, Choices, Writer, clinic, colleague
from tests.tools.changes.states import state_of

pytestmark = pytest.mark.anyio
WRITES = st.lists(CHOICES, min_size=1, max_size=6)


@asynccontextmanager
async def writer_in(org: LocalOrg) -> AsyncIterator[Writer]:
    with TemporaryDirectory() as folder:
        own = settings_of(org, journal=str(Path(folder, "journal.db")), toolsets="all")
        server = create_server(own, transport=AsgiTransport(org.app), now=lambda: NOW)
        async with Client(server, raise_exceptions=True, elicitation_callback=approve) as mcp:
            yield Writer(org, mcp)


@given(writes=WRITES)
@settings(max_examples=examples(1000, 20))
async def test_undoing_all_in_reverse_gives_the_former_state(writes: list[Choices]) -> None:
    with clinic() as org:
        async with writer_in(org) as writer:
            before = state_of(org)
            for choices in writes:
                await writer.write(choices)
            for change_id in reversed(writer.changes):
                told = await writer.undo(change_id)
                assert told.get("undid") == change_id or told["code"] in {"ALREADY_UNDONE", "NOTHING_TO_UNDO"}, told
                assert "failed" not in told, told
                assert "kept" not in told, told
            assert state_of(org) == before


@dataclass(slots=True)
class Others:
    """What a colleague has changed."""

    org: LocalOrg
    values: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def change(self, choice: int) -> None:
        """Change one field of a record that is there to a value that nobody else writes."""
        sobject, name = (("Contact", "Title"), ("Contact", "Phone"), ("Event", "Location"))[choice % 3]
        rows = self.org.store.rows(f'SELECT Id FROM "{sobject}" WHERE IsDeleted = 0 AND {_PLAIN[sobject]} ORDER BY Id')
        if rows:
            record_id, value = str(rows[choice % len(rows)]["Id"]), f"9{len(self.values)}"
            self.org.records.update(sobject, record_id, {name: value}, colleague(self.org))
            self.values[sobject, record_id, name] = value


_PLAIN = {"Contact": "1 = 1", "Event": "IsChild = 0 AND IsRecurrence2 = 0 AND RecurrenceActivityId IS NULL"}


@given(writes=st.lists(st.tuples(CHOICES, st.integers(0, 59)), min_size=1, max_size=5))
@settings(max_examples=examples(600, 12))
async def test_what_others_changed_between_is_kept(writes: list[tuple[Choices, int]]) -> None:
    with clinic() as org, clinic() as undisturbed:
        async with writer_in(org) as writer:
            others = Others(org)
            for choices, other in writes:
                await writer.write(choices)
                others.change(other)
            told = [await writer.undo(change_id) for change_id in reversed(writer.changes)]
        for (sobject, record_id, name), value in others.values.items():
            [record] = org.store.rows(f'SELECT * FROM "{sobject}" WHERE Id = ?', (record_id,))
            assert record["IsDeleted"] or record[name] == value
        kept = [row for each in told for row in each.get("rows", ()) if row[1] == "kept"]
        assert all("since." in why and "Nora Quill" not in why for _, _, why in kept), kept
        after = state_of(org)
        for sobject, rows in state_of(undisturbed).items():
            now = {row["Id"]: row for row in after[sobject] if "Id" in row}
            for row in rows:
                theirs = {name: value for (_, of, name), value in others.values.items() if of == row.get("Id")}
                assert "Id" not in row or now[row["Id"]] == row | theirs
