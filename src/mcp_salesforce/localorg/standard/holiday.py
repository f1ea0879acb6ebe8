"""Holiday: a day, or hours of one, on which the support of the org does not work."""

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, SObjectDef
from mcp_salesforce.localorg.standard.picklists import MONTHS, RECURRENCE_INSTANCES, RECURRENCE_TYPES


@evidence("Holiday", "documented", "Every user can read holidays; no field names their business hours")
def _holiday() -> SObjectDef:
    return SObjectDef(
        name="Holiday",
        label="Holiday",
        label_plural="Holidays",
        key_prefix="0C0",
        undeletable=False,
        searchable=False,
        sharing="Setup",
        fields=(
            field.record_id("Holiday ID"),
            field.string("Name", "Holiday Name", 80, "CUL", name_field=True),
            field.string("Description", "Description", 100, "CUN"),
            field.boolean("IsAllDay", "All Day", "CUD"),
            field.date("ActivityDate", "Holiday Date"),
            field.integer("StartTimeInMinutes", "Start Time In Minutes From Midnight", digits=9),
            field.integer("EndTimeInMinutes", "End Time In Minutes From Midnight", digits=9),
            *AUDIT,
            field.boolean("IsRecurrence", "Recurring Holiday", "CUD"),
            field.date("RecurrenceStartDate", "Recurrence Start"),
            field.date("RecurrenceEndDateOnly", "Recurrence End"),
            field.picklist("RecurrenceType", "Recurrence Type", RECURRENCE_TYPES, "CUNR"),
            field.integer("RecurrenceInterval", "Recurrence Interval", digits=9),
            field.integer("RecurrenceDayOfWeekMask", "Recurrence Day of Week Mask", digits=9),
            field.integer("RecurrenceDayOfMonth", "Recurrence Day of Month", digits=9),
            field.picklist("RecurrenceInstance", "Recurrence Instance", RECURRENCE_INSTANCES, "CUNR"),
            field.picklist("RecurrenceMonthOfYear", "Recurrence Month of Year", MONTHS, "CUNR"),
        ),
    )


HOLIDAY = _holiday()
