"""BusinessHours: when the support of the org works; from midnight to midnight is all day."""

from collections.abc import Iterator
from typing import Final

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, VIEWED, FieldDef, SObjectDef
from mcp_salesforce.localorg.standard.picklists import TIME_ZONES

WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
*_CREATED_AND_MODIFIED, _SYSTEM_MODSTAMP = AUDIT


@evidence("BusinessHours", "documented", "A new org is open from midnight to midnight. Every user can read it")
def _hours() -> Iterator[FieldDef]:
    for day in WEEKDAYS:
        yield field.define("time", f"{day}StartTime", f"{day} Start", "CUN")
        yield field.define("time", f"{day}EndTime", f"{day} End", "CUN")


BUSINESS_HOURS = SObjectDef(
    name="BusinessHours",
    label="Business Hours",
    label_plural="Business Hours",
    key_prefix="01m",
    deletable=False,
    undeletable=False,
    sharing="Setup",
    fields=(
        field.record_id("Business Hours ID"),
        field.string("Name", "Business Hours Name", 80, "CUL", name_field=True),
        field.boolean("IsActive", "Active", "CUD"),
        field.boolean("IsDefault", "Default Business Hours", "CUD"),
        *_hours(),
        field.picklist("TimeZoneSidKey", "Time Zone", TIME_ZONES, "CUR"),
        _SYSTEM_MODSTAMP,
        *_CREATED_AND_MODIFIED,
        VIEWED[0],
    ),
)
