"""Cells and rows of a table, read for the fields of an object."""

from datetime import UTC, datetime

import pytest

from mcp_salesforce.salesforce import SObjectDescribe
from mcp_salesforce.salesforce.models import FieldDescribe
from mcp_salesforce.tools.files.cells import reader_of
from mcp_salesforce.tools.files.checking import CheckedRow, RowCheck
from mcp_salesforce.tools.files.mapping import Column
from mcp_salesforce.zones import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def field_of(name: str, kind: str) -> FieldDescribe:
    return FieldDescribe(name=name, label=name, type=kind, createable=True, updateable=True, nillable=kind != "id")


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        (datetime(2026, 11, 24, 23, 30, tzinfo=UTC), "2026-11-25"),
        (datetime(2026, 11, 24, 23, 30), "2026-11-24"),  # noqa: DTZ001 - a spreadsheet's time has no zone
    ],
)
def test_a_time_is_the_day_that_it_is_in_the_users_zone(cell: datetime, day: str) -> None:
    assert reader_of(field_of("Birthdate", "date"), {}, BERLIN)(cell) == day


def checked(*cells: str | None) -> CheckedRow:
    """A row that changes the title of a contact."""
    fields = (field_of("Id", "id"), field_of("Title", "string"))
    described = SObjectDescribe(name="Contact", label="Contact", fields=fields)
    columns = [Column(place, field.name, field) for place, field in enumerate(fields)]
    check = RowCheck(described, columns, "update", "Id", {}, BERLIN, width=2, allow_duplicate=False)
    return check.read(1, cells, {})


@pytest.mark.parametrize("cell", ["#N/A", None, "", " "])
def test_a_row_that_clears_the_field_that_identifies_it_means_no_record(cell: str | None) -> None:
    row = checked(cell, "Dr")

    assert [(each.code, each.field) for each in row.failures] == [("MISSING_ARGUMENT", "Id")]
    assert "Id" not in row.values


def test_a_row_with_nothing_but_its_id_changes_nothing() -> None:
    row = checked("003000000000001AAA", "")

    assert [(each.code, each.words) for each in row.failures] == [("MISSING_ARGUMENT", "Has nothing to change.")]
