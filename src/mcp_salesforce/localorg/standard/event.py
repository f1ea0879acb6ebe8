"""Event: an appointment in the calendar of a user or a resource."""

from mcp_salesforce.localorg.standard.definitions import (
    AUDIT,
    IS_DELETED,
    SObjectDef,
    boolean,
    date,
    datetime,
    integer,
    picklist,
    record_id,
    reference,
    string,
    textarea,
    words,
)
from mcp_salesforce.localorg.standard.picklists import TIME_ZONES

WHAT = words("""
    Account ApptBundleAggrDurDnscale ApptBundleAggrPolicy ApptBundleConfig ApptBundlePolicy
    ApptBundlePolicySvcTerr ApptBundlePropagatePolicy ApptBundleRestrictPolicy ApptBundleSortPolicy Asset
    AssetRelationship AssetWarranty AssignedResource AttributeDefinition AttributePicklist
    AttributePicklistValue Campaign Case ChannelProgram ChannelProgramLevel CommSubscriptionConsent
    ContactRequest Contract ContractLineItem CreditMemo DelegatedAccount Entitlement Expense ExpenseReport
    ExpenseReportEntry Image Invoice LegalEntity ListEmail Location MaintenanceAsset MaintenancePlan
    OperatingHoursHoliday Opportunity Order PartnerFundAllocation PartnerFundClaim PartnerFundRequest
    PartnerMarketingBudget PartyConsent ProcessException Product2 ProductConsumed ProductItem ProductRequest
    ProductRequestLineItem ProductServiceCampaign ProductServiceCampaignItem ProductTransfer ResourceAbsence
    ReturnOrder ReturnOrderLineItem ServiceAppointment ServiceContract ServiceCrew ServiceCrewMember
    ServiceResource Shift ShiftPattern ShiftPatternEntry Shipment ShipmentItem Solution TimeSheet
    TimeSheetEntry TravelMode WarrantyTerm WorkOrder WorkOrderLineItem WorkPlan WorkPlanSelectionRule
    WorkPlanTemplate WorkPlanTemplateEntry WorkStep WorkStepTemplate
    """)

EVENT = SObjectDef(
    name="Event",
    label="Event",
    label_plural="Events",
    key_prefix="00U",
    fields=(
        record_id("Activity ID"),
        reference("WhoId", "Name ID", ("Contact", "Lead"), "CUNP", child_relationship="Events", cascade_delete=True),
        reference("WhatId", "Related To ID", WHAT, "CUNP", child_relationship="Events", cascade_delete=True),
        picklist(
            "Subject",
            "Subject",
            ("Call", "Email", "Meeting", "Send Letter/Quote", "Other"),
            "CUN",
            length=255,
            type="combobox",
            name_field=True,
        ),
        string("Location", "Location", 255),
        boolean("IsAllDayEvent", "All-Day Event", "CUDP"),
        datetime("ActivityDateTime", "Due Date Time"),
        date("ActivityDate", "Due Date Only", aggregatable=False),
        integer("DurationInMinutes", "Duration"),
        datetime("StartDateTime", "Start Date Time"),
        datetime("EndDateTime", "End Date Time"),
        date("EndDate", "End Date", "N"),
        textarea("Description", "Description", 32000),
        reference("AccountId", "Account ID", "Account", "N"),
        reference("OwnerId", "Assigned To ID", ("Calendar", "User"), "CUD"),
        boolean("IsPrivate", "Private", "CUD"),
        picklist("ShowAs", "Show Time As", ("Busy", ("OutOfOffice", "Out of Office"), "Free"), "CUNDR", default="Busy"),
        IS_DELETED,
        boolean("IsChild", "Is Child"),
        boolean("IsGroupEvent", "Is Group Event"),
        picklist(
            "GroupEventType",
            "Group Event Type",
            (
                ("0", "Non-group Event"),
                ("1", "Group Event"),
                ("2", "Proposed Event"),
                ("3", "IsRecurrence2 Series Pattern"),
            ),
            "NDR",
            default="0",
        ),
        *AUDIT,
        boolean("IsArchived", "Archived"),
        reference(
            "RecurrenceActivityId",
            "Recurrence Activity ID",
            "Event",
            "N",
            relationship_name=None,
            child_relationship="RecurringEvents",
            search_prefilterable=False,
        ),
        boolean("IsRecurrence", "Create Recurring Series of Events", "CD"),
        datetime("RecurrenceStartDateTime", "Recurrence Start"),
        date("RecurrenceEndDateOnly", "Recurrence End"),
        picklist("RecurrenceTimeZoneSidKey", "Recurrence Time Zone", TIME_ZONES, "CUNR"),
        picklist(
            "RecurrenceType",
            "Recurrence Type",
            (
                ("RecursDaily", "Recurs Daily"),
                ("RecursEveryWeekday", "Recurs Every Weekday"),
                ("RecursMonthly", "Recurs Monthly"),
                ("RecursMonthlyNth", "Recurs Monthly Nth"),
                ("RecursWeekly", "Recurs Weekly"),
                ("RecursYearly", "Recurs Yearly"),
                ("RecursYearlyNth", "Recurs Yearly Nth"),
            ),
            "CUNR",
        ),
        integer("RecurrenceInterval", "Recurrence Interval", digits=9),
        integer("RecurrenceDayOfWeekMask", "Recurrence Day of Week Mask", digits=9),
        integer("RecurrenceDayOfMonth", "Recurrence Day of Month", digits=9),
        picklist(
            "RecurrenceInstance",
            "Recurrence Instance",
            (("First", "1st"), ("Second", "2nd"), ("Third", "3rd"), ("Fourth", "4th"), ("Last", "last")),
            "CUNR",
        ),
        picklist(
            "RecurrenceMonthOfYear",
            "Recurrence Month of Year",
            (
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ),
            "CUNR",
        ),
        datetime("ReminderDateTime", "Reminder Date/Time"),
        boolean("IsReminderSet", "Reminder Set", "CUD"),
        picklist("EventSubtype", "Event Subtype", ("Event",), "CNR"),
        boolean("IsRecurrence2Exclusion", "Historical Event, Not Following Recurrence"),
        textarea("Recurrence2PatternText", "Recurrence Pattern", 512, "CN"),
        picklist(
            "Recurrence2PatternVersion",
            "Pattern Version",
            (("1", "RFC 5545 v4 RRULE"), ("2", "RFC 5545 v4_2 RRULE")),
            "NR",
        ),
        boolean("IsRecurrence2", "Repeat"),
        boolean("IsRecurrence2Exception", "Is Exception"),
        datetime("Recurrence2PatternStartDate", "Recurrence Pattern Start Date", "N"),
        string("Recurrence2PatternTimeZone", "Recurrence Pattern Time Zone Reference", 255, "N"),
    ),
    scopes=(
        ("delegated", "My delegated events"),
        ("everything", "All events"),
        ("mine", "My events"),
        ("scopingRule", "Filter by scope"),
        ("team", "My team's events"),
    ),
)
