"""Task: something to do, or a call or e-mail that was."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, IS_DELETED, SObjectDef
from mcp_salesforce.localorg.standard.picklists import MONTHS, RECURRENCE_INSTANCES, RECURRENCE_TYPES, TIME_ZONES, WHAT

TASK = SObjectDef(
    name="Task",
    label="Task",
    label_plural="Tasks",
    key_prefix="00T",
    sharing="Private",
    controlled_by=("WhoId", "WhatId"),
    fields=(
        field.record_id("Activity ID"),
        field.reference(
            "WhoId", "Name ID", ("Contact", "Lead"), "CUNP", child_relationship="Tasks", cascade_delete=True
        ),
        field.reference("WhatId", "Related To ID", WHAT, "CUNP", child_relationship="Tasks", cascade_delete=True),
        field.picklist(
            "Subject",
            "Subject",
            ("Call", "Send Letter", "Send Quote", "Other"),
            "CUN",
            length=255,
            type="combobox",
            name_field=True,
        ),
        field.date("ActivityDate", "Due Date Only"),
        field.picklist(
            "Status",
            "Status",
            ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"),
            "CUD",
            default="Not Started",
        ),
        field.picklist("Priority", "Priority", ("High", "Normal", "Low"), "CUD", default="Normal"),
        field.boolean("IsHighPriority", "High Priority"),
        field.reference("OwnerId", "Assigned To ID", ("Group", "User"), "CUD"),
        field.textarea("Description", "Description", 32000),
        IS_DELETED,
        field.reference("AccountId", "Account ID", "Account", "N"),
        field.boolean("IsClosed", "Closed"),
        *AUDIT,
        field.boolean("IsArchived", "Archived"),
        field.integer("CallDurationInSeconds", "Call Duration"),
        field.picklist("CallType", "Call Type", ("Internal", "Inbound", "Outbound"), "CUNR"),
        field.string("CallDisposition", "Call Result", 255, "CUN"),
        field.string("CallObject", "Call Object Identifier", 255, "CUN"),
        field.datetime("ReminderDateTime", "Reminder Date/Time"),
        field.boolean("IsReminderSet", "Reminder Set", "CUD"),
        field.reference(
            "RecurrenceActivityId",
            "Recurrence Activity ID",
            "Task",
            "N",
            relationship_name=None,
            child_relationship="RecurringTasks",
        ),
        field.boolean("IsRecurrence", "Create Recurring Series of Tasks", "CD"),
        field.date("RecurrenceStartDateOnly", "Recurrence Start"),
        field.date("RecurrenceEndDateOnly", "Recurrence End"),
        field.picklist("RecurrenceTimeZoneSidKey", "Recurrence Time Zone", TIME_ZONES, "CUNR"),
        field.picklist("RecurrenceType", "Recurrence Type", RECURRENCE_TYPES, "CUNR"),
        field.integer("RecurrenceInterval", "Recurrence Interval", digits=9),
        field.integer("RecurrenceDayOfWeekMask", "Recurrence Day of Week Mask", digits=9),
        field.integer("RecurrenceDayOfMonth", "Recurrence Day of Month", digits=9),
        field.picklist("RecurrenceInstance", "Recurrence Instance", RECURRENCE_INSTANCES, "CUNR"),
        field.picklist("RecurrenceMonthOfYear", "Recurrence Month of Year", MONTHS, "CUNR"),
        field.picklist(
            "RecurrenceRegeneratedType",
            "Repeat This Task",
            (
                ("RecurrenceRegenerateAfterDueDate", "After due date"),
                ("RecurrenceRegenerateAfterToday", "After date completed"),
                ("RecurrenceRegenerated", "(Task Closed)"),
            ),
            "CUNR",
        ),
        field.picklist(
            "TaskSubtype", "Task Subtype", ("Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn"), "CNR"
        ),
        field.datetime("CompletedDateTime", "Completed Date/Time", "N"),
    ),
    scopes=(
        ("delegated", "My delegated tasks"),
        ("everything", "All tasks"),
        ("mine", "My tasks"),
        ("team", "My team's tasks"),
    ),
)
