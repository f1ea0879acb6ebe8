"""Attempts to read, find, filter by or change what a policy forbids; one line each, through every tool."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.toolset import NAME_PREFIX, ToolSpec, build_tool

POLICY: Final = """\
[objects.Contact]
hide = ["Email", "Birthdate", "Description", "MailingCity"]
max_rows = 40

[objects.Account]
actions = []

[objects.Opportunity]
owner_only = true

[objects.Lead]
actions = ["read"]
fields = ["Name", "Company"]

[objects.User]
hide = ["Email"]

[objects.Event]
hide = ["Description"]

[objects.Task]
actions = ["read"]
max_rows = 1
"""

SECRETS: Final = (
    "hidden-4711", "1971-07-04", "hidden-0815", "Hiddenville", "Hidden Holdings", "Hidden Deal", "555-0199",
    "hidden-2342", "hidden-user",
)  # fmt: skip
"""What no answer may hold, in any form."""

Outcome = Literal["refused", "withheld", "absent", "missing"]


@dataclass(frozen=True)
class Attempt:
    """A call, and what comes of it: `refused`, `withheld` (it says what), `absent` (nothing there to be told of), or
    `missing` (refused as a record that does not exist).

    Names in braces in the arguments stand for the Ids of the records that the test makes.
    """

    tool: str
    arguments: dict[str, Any]
    outcome: Outcome = "refused"
    named: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        return f"{self.tool}: {self.named or str(self.arguments)[:90]}"


def filled(value: Any, records: Mapping[str, str]) -> Any:
    """Return arguments with the Ids of `records` for the names in braces."""
    text = json.dumps(value)
    for name, record_id in records.items():
        text = text.replace(f"{{{name}}}", record_id)
    return json.loads(text)


def _query(soql: str, outcome: Outcome = "refused") -> Attempt:
    return Attempt("query", {"soql": soql}, outcome, soql[:120])


QUERIES: Final = [
    # a hidden field
    _query("SELECT Email FROM Contact"),
    _query("select contact.EMAIL from contact"),
    _query("SELECT c.Email FROM Contact c"),
    _query("SELECT Email e FROM Contact GROUP BY Email"),
    _query("SELECT Id FROM Contact WHERE Email LIKE 'hidden%'"),
    _query("SELECT Id FROM Contact WHERE Birthdate > 1970-01-01"),
    _query("SELECT Id FROM Contact WHERE CALENDAR_YEAR(Birthdate) = 1971"),
    _query("SELECT Id FROM Contact WHERE NOT (LastName = 'x' OR (FirstName = 'y' AND Email != null))"),
    _query("SELECT Id FROM Contact WHERE Email IN ('a', 'b')"),
    _query("SELECT Id FROM Contact ORDER BY Birthdate"),
    _query("SELECT Id FROM Contact ORDER BY LastName, Email DESC NULLS LAST"),
    _query("SELECT COUNT() FROM Contact WHERE Email LIKE '%4711%'"),
    _query("SELECT COUNT(Email) FROM Contact"),
    _query("SELECT MIN(Birthdate), MAX(Birthdate) FROM Contact"),
    _query("SELECT CALENDAR_YEAR(Birthdate), COUNT(Id) FROM Contact GROUP BY CALENDAR_YEAR(Birthdate)"),
    _query("SELECT LastName, COUNT(Id) FROM Contact GROUP BY LastName HAVING MAX(Birthdate) > 1970-01-01"),
    _query("SELECT FORMAT(Birthdate) b FROM Contact"),
    _query("SELECT FIELDS(ALL) FROM Contact LIMIT 5"),
    _query("SELECT FIELDS(STANDARD) FROM Contact"),
    _query("SELECT MailingAddress FROM Contact"),
    _query("SELECT Id FROM Contact WHERE DISTANCE(MailingAddress, GEOLOCATION(1, 2), 'km') < 5"),
    # through relationships
    _query("SELECT Id FROM Case WHERE Contact.Email = 'hidden-4711@example.com'"),
    _query("SELECT Contact.Email FROM Case"),
    _query("SELECT ContactEmail FROM Case"),
    _query("SELECT Id FROM Contact WHERE ReportsTo.Birthdate != null"),
    _query("SELECT ReportsTo.ReportsTo.Email FROM Contact"),
    _query("SELECT r.Email FROM Contact c, c.ReportsTo r"),
    _query("SELECT Owner.Email FROM Contact"),
    _query("SELECT CreatedBy.Email FROM Contact"),
    _query("SELECT Who.Email, Who.Name FROM Event WHERE WhoId != null", "withheld"),
    _query("SELECT Id FROM Event WHERE Who.Email LIKE 'hidden%'"),
    _query("SELECT Id FROM Event ORDER BY Who.Email"),
    _query("SELECT TYPEOF Who WHEN Contact THEN Email END FROM Event"),
    _query("SELECT TYPEOF Who WHEN Lead THEN Phone ELSE Name END FROM Event"),
    _query("SELECT Description FROM Event"),
    # sub-queries and joins
    _query("SELECT Name, (SELECT Email FROM Contacts) FROM Account"),
    _query("SELECT Subject, (SELECT Description FROM Events) FROM Case"),
    _query("SELECT Id, (SELECT Id FROM Tasks) FROM Contact"),
    _query("SELECT Id FROM Case WHERE ContactId IN (SELECT Id FROM Contact WHERE Email LIKE 'hidden%')"),
    _query("SELECT Id FROM Contact WHERE Id NOT IN (SELECT ContactId FROM Case WHERE Contact.Birthdate = null)"),
    # a forbidden object
    _query("SELECT Name FROM Account"),
    _query("SELECT COUNT() FROM Account"),
    _query("SELECT Account.Name FROM Contact"),
    _query("SELECT a.Name FROM Contact c, c.Account a"),
    _query("SELECT Id FROM Contact WHERE Account.Name LIKE 'Hidden%'"),
    _query("SELECT Account.Parent.Name FROM Contact"),
    _query("SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Name LIKE 'Hidden%')"),
    _query("SELECT What.Name FROM Event WHERE WhatId != null", "withheld"),
    _query("SELECT Id FROM Event WHERE What.Name LIKE 'Hidden%'"),
    _query("SELECT TYPEOF What WHEN Account THEN Name END FROM Event"),
    _query("SELECT Id, (SELECT Id FROM Opportunities) FROM Account"),
    # others' records
    _query("SELECT Name FROM Opportunity", "absent"),
    _query("SELECT Name FROM Opportunity WHERE Id = '{opportunity}' OR Name LIKE 'Hidden%'", "absent"),
    _query("SELECT Name FROM Opportunity WHERE OwnerId != '{me}'", "absent"),
    _query("SELECT Opportunity.Name FROM OpportunityContactRole"),
    _query("SELECT Id FROM OpportunityContactRole WHERE Opportunity.Name LIKE 'Hidden%'"),
    _query("SELECT Id FROM Case WHERE ContactId IN (SELECT ContactId FROM OpportunityContactRole "
           "WHERE Opportunity.Name != null)"),
    # only some fields
    _query("SELECT Phone FROM Lead"),
    _query("SELECT Id FROM Lead WHERE Phone LIKE '%0199'"),
    _query("SELECT FIELDS(ALL) FROM Lead LIMIT 1"),
    _query("SELECT Owner.Name FROM Lead"),
    # what repeats a restricted object, and what is not understood
    _query("SELECT OldValue FROM ContactHistory"),
    _query("SELECT Id FROM ContactFeed"),
    _query("SELECT Email FROM RecentlyViewed"),
    _query("SELECT Id FROM Contact WITH SECURITY_ENFORCED"),
    _query("SELECT Id FROM Contact USING SCOPE mine WHERE Email != null"),
    _query("SELECT Id FROM Contact WHERE LastName = 'x' AND Email = '" + "x" * 13_000 + "'"),
]  # fmt: skip

TIMES: Final = {"StartDateTime": "2026-11-26T10:00:00Z", "DurationInMinutes": 30}

CALLS: Final = [
    Attempt("get_contact", {"contact_id": "{contact}"}, "withheld"),
    Attempt("get_contact", {"contact_id": "{contact}", "fields": ["Email"]}),
    Attempt("get_contact", {"contact_id": "{contact}", "fields": ["lastname", "birthDATE"]}),
    Attempt("get_contact", {"contact_id": "{contact}", "fields": ["Account.Name"]}),
    Attempt("get_contact", {"contact_id": "{contact}", "fields": ["MailingAddress"]}),
    Attempt("get_contact", {"contact_id": "{contact}", "fields": ["Owner.Email"]}),
    Attempt("list_contacts", {}, "withheld"),
    Attempt("list_contacts", {"fields": ["Name", "Email"]}),
    Attempt("list_contacts", {"fields": ["Account.Name"]}),
    Attempt("list_contacts", {"email": "@example.com"}),
    Attempt("list_contacts", {"email": "ode@example.com", "name": "Ode"}),
    Attempt("create_contact", {"data": {"LastName": "Ode"}}, "withheld"),
    Attempt("create_contact", {"data": {"LastName": "Ode", "Email": "x@example.com"}}),
    Attempt("create_contact", {"data": {"LastName": "Ode", "email": "x@example.com"}}),
    Attempt("create_contact", {"data": {"LastName": "Ode", "MailingCity": "X"}}),
    Attempt("update_contact", {"contact_id": "{contact}", "data": {"Birthdate": None}}),
    Attempt("update_contact", {"contact_id": "{contact}", "data": {"Title": "CEO", "Description": "x"}}),
    Attempt("list_appointments", {}, "withheld"),
    Attempt("list_appointments", {"start": "2026-11-23", "end": "2026-11-29"}, "withheld"),
    Attempt("get_appointment", {"event_id": "{event}"}, "withheld"),
    Attempt("get_appointment", {"event_id": "{event}", "fields": ["Description"]}),
    Attempt("get_appointment", {"event_id": "{event}", "fields": ["Who.Email", "Subject"]}, "withheld"),
    Attempt("get_appointment", {"event_id": "{event}", "fields": ["What.Name"]}, "withheld"),
    Attempt("create_appointment", {"data": {"Subject": "Call", **TIMES}}, "withheld"),
    Attempt("create_appointment", {"data": {"Subject": "Call", "Description": "x", **TIMES}}),
    Attempt("update_appointment", {"event_id": "{event}", "data": {"Description": "x"}}),
    Attempt("update_appointment", {"event_id": "{event}", "data": {"Description": None, "Location": "x"}}),
    Attempt("get_free_busy", {"calendars": ["me"], "start": "2026-11-24", "end": "2026-11-25"}, "absent"),
    Attempt("get_free_busy", {"calendars": ["hidden-user@example.com"], "start": "2026-11-24", "end": "2026-11-25"}),
    Attempt(
        "find_free_times",
        {"calendars": ["me"], "duration_minutes": 30, "start": "2026-11-24", "end": "2026-11-25"},
        "absent",
    ),
    Attempt(
        "find_free_times",
        {
            "calendars": ["hidden-user@example.com"],
            "duration_minutes": 30,
            "start": "2026-11-24",
            "end": "2026-11-25",
        },
    ),
    Attempt("count_appointments", {"start": "2026-11-24", "end": "2026-11-25", "by": ["Description"]}),
    Attempt("count_appointments", {"start": "2026-11-24", "end": "2026-11-25", "by": ["WhatId"]}, "withheld"),
    Attempt("count_appointments", {"start": "2026-11-24", "end": "2026-11-25", "by": ["owner", "week"]}, "absent"),
    Attempt("log_activity", {"kind": "call", "data": {"Subject": "Call", "WhoId": "{contact}"}}),
    Attempt("update_tasks", {"task_ids": ["00Tlo0000000001EAA"], "done": True}),
    Attempt("list_activities", {"record_id": "{contact}"}, "withheld"),
    Attempt("find_or_create_contact", {"data": {"LastName": "Ode"}}, "withheld"),
    Attempt("find_or_create_contact", {"data": {"LastName": "Ode", "Email": "x@example.com"}}),
    Attempt("find_or_create_contact", {"data": {"LastName": "New", "FirstName": "Nobody", "Title": "x"}}, "withheld"),
    Attempt("list_history", {"sobject": "Contact", "record_id": "{contact}"}),
    Attempt("list_history", {"sobject": "Opportunity", "record_id": "{opportunity}"}),
    Attempt("list_history", {"sobject": "Lead", "record_id": "{lead}", "fields": ["Phone"]}),
    Attempt("explain_access", {"sobject": "Account", "record_id": "{account}"}),
    Attempt("explain_access", {"sobject": "Opportunity", "record_id": "{opportunity}"}, "absent"),
    Attempt("explain_access", {"sobject": "Contact", "record_id": "{contact}", "user": "hidden-user@example.com"}),
    Attempt("close_appointment", {"event_id": "{event}", "outcome": "cancelled"}, "withheld"),
    Attempt("close_appointment", {"event_id": "{event}", "outcome": "cancelled", "reason": "ill"}),
    Attempt(
        "close_appointment",
        {"event_id": "{event}", "outcome": "cancelled", "follow_up": {"Subject": "Call", "ActivityDate": "2026-12-01"}},
    ),
    Attempt("set_invitees", {"event_id": "{event}", "add": ["{contact}", "{lead}"]}, "withheld"),
    Attempt("get_record", {"sobject": "Contact", "record_ids": ["{contact}"]}, "withheld"),
    Attempt("get_record", {"sobject": "Contact", "record_ids": ["{contact}", "{ada}"]}, "withheld"),
    Attempt("get_record", {"sobject": "Contact", "record_ids": ["{contact}"], "fields": ["Email"]}),
    Attempt("get_record", {"sobject": "Contact", "record_ids": ["{contact}", "{ada}"], "fields": ["Birthdate"]}),
    Attempt("get_record", {"sobject": "Contact", "record_ids": ["{contact}"], "fields": ["ReportsTo.Email"]}),
    Attempt("get_record", {"sobject": "Account", "record_ids": ["{account}"]}),
    Attempt("get_record", {"sobject": "Account", "record_ids": ["{account}", "{account2}"]}),
    Attempt("get_record", {"sobject": "Opportunity", "record_ids": ["{opportunity}"]}, "missing"),
    Attempt("get_record", {"sobject": "Opportunity", "record_ids": ["{opportunity}"], "fields": ["Name"]}, "missing"),
    Attempt("get_record", {"sobject": "Lead", "record_ids": ["{lead}"]}, "withheld"),
    Attempt("get_record", {"sobject": "Lead", "record_ids": ["{lead}"], "fields": ["Phone"]}),
    Attempt("create_records", {"sobject": "Contact", "records": [{"LastName": "Ode", "Email": "x@example.com"}]}),
    Attempt("create_records", {"sobject": "Account", "records": [{"Name": "Acme"}]}),
    Attempt("create_records", {"sobject": "Task", "records": [{"Subject": "Call"}]}),
    Attempt("create_records", {"sobject": "Contact", "records": [{"LastName": "Ode", "Account": {"Name": "Hidden"}}]}),
    Attempt(
        "create_records",
        {
            "sobject": "Opportunity",
            "records": [
                {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-12-01", "OwnerId": "{other}"},
            ],
        },
    ),
    Attempt("update_records", {"sobject": "Contact", "records": [{"Id": "{contact}", "Birthdate": None}]}),
    Attempt(
        "update_records", {"sobject": "Contact", "records": [{"Id": "{contact}", "Title": "x", "Nope": 1, "Email": ""}]}
    ),
    Attempt("update_records", {"sobject": "Account", "records": [{"Id": "{account}", "Name": "x"}]}),
    Attempt("update_records", {"sobject": "Lead", "records": [{"Id": "{lead}", "Company": "x"}]}),
    Attempt("update_records", {"sobject": "Opportunity", "records": [{"Id": "{opportunity}", "Name": "x"}]}, "missing"),
    Attempt(
        "upsert_records",
        {"sobject": "Contact", "external_id_field": "Email", "records": [{"Email": "x", "LastName": "y"}]},
    ),
    Attempt(
        "upsert_records", {"sobject": "Lead", "external_id_field": "Id", "records": [{"Id": None, "LastName": "y"}]}
    ),
    Attempt("upsert_records", {"sobject": "Account", "external_id_field": "Id", "records": [{"Id": "{account}"}]}),
    Attempt("delete_records", {"sobject": "Account", "record_ids": ["{account}"]}),
    Attempt("restore_records", {"record_ids": ["{account}"]}),
    Attempt("restore_records", {"record_ids": ["{account}", "{opportunity}", "{lead}"]}),
    Attempt("delete_records", {"sobject": "Lead", "record_ids": ["{lead}"]}),
    Attempt("delete_records", {"sobject": "Opportunity", "record_ids": ["{opportunity}"]}, "missing"),
    Attempt("search", {"text": "Holdings"}, "absent"),
    Attempt("search", {"text": "4711"}, "absent"),
    Attempt("search", {"text": "0815", "sobjects": ["Contact"]}, "absent"),
    Attempt("search", {"text": "Deal", "sobjects": ["Opportunity"]}, "absent"),
    Attempt("search", {"text": "Ode", "sobjects": ["Contact(Id,Email)"]}),
    Attempt("search", {"text": "Ode", "sobjects": ["Contact(Account.Name)"]}),
    Attempt("search", {"text": "Ode", "sobjects": ["Contact(Owner.Email)"]}),
    Attempt("search", {"text": "Holdings", "sobjects": ["Account"]}),
    Attempt("search", {"text": "Lead", "sobjects": ["Lead(Phone)"]}),
    Attempt("describe", {"sobject": "Account"}),
    Attempt("describe", {"sobject": "account", "fields": ["Industry"]}),
    Attempt("describe", {"sobject": "Contact"}, "withheld"),
    Attempt("describe", {"sobject": "Contact", "fields": ["Email"]}),
    Attempt("describe", {"sobject": "Contact", "fields": ["Account.Industry"]}),
    Attempt("describe", {"sobject": "Lead"}, "withheld"),
    Attempt("describe", {"search": "Account"}, "absent"),
    Attempt("delete_contact", {"contact_id": "{contact}"}),
    Attempt("delete_appointment", {"event_id": "{event}"}, "withheld"),
    Attempt(
        "reschedule_appointments",
        {"action": "close", "appointments": ["{event}"], "outcome": "cancelled", "reason": "x"},
    ),
    Attempt(
        "reschedule_appointments",
        {"action": "hand_over", "appointments": ["{event}"], "new_owner": "hidden-user@example.com"},
    ),
    Attempt("reschedule_appointments", {"action": "move", "appointments": ["{event}"], "shift_days": 1}, "withheld"),
    Attempt("export", {"path": "a.csv", "soql": "SELECT Id, Email FROM Contact"}),
    Attempt("export", {"path": "a.csv", "soql": "SELECT Name FROM Account"}),
    Attempt("import", {"sobject": "Account", "columns": ["Name"], "rows": [["Acme"]], "go": True}),
    Attempt("import", {"sobject": "Task", "columns": ["Subject"], "rows": [["Call"]], "go": True}),
    Attempt(
        "import",
        {"sobject": "Contact", "columns": ["LastName", "Email"], "rows": [["Ode", "x@example.com"]], "go": True},
    ),
    Attempt(
        "import",
        {"sobject": "Contact", "operation": "update", "columns": ["Id", "Birthdate"], "rows": [["{contact}", ""]]},
    ),
    Attempt(
        "import",
        {"sobject": "Contact", "columns": ["LastName", "Shoe", "Size of it"], "rows": [["Ode", 1, 2]]},
        "withheld",
    ),
    Attempt(
        "import",
        {
            "sobject": "Contact",
            "columns": ["LastName", "Email"],
            "rows": [["Ode", "x@example.com"]],
            "mapping": {"Email": ""},
        },
        "withheld",
        "a hidden column that is left out",
    ),
    Attempt("import", {"sobject": "Lead", "operation": "delete", "columns": ["Id"], "rows": [["{lead}"]], "go": True}),
    Attempt("list_files", {"record_id": "{account}"}),
    Attempt("list_files", {"record_id": "{contact}"}),
    Attempt("attach_file", {"record_id": "{account}", "path": "kept.csv"}),
    Attempt("merge_records", {"sobject": "Account", "master_id": "{account}", "loser_ids": ["{account2}"]}),
    Attempt("merge_records", {"sobject": "Contact", "master_id": "{ada}", "loser_ids": ["{contact}"]}),
    Attempt("convert_lead", {"lead_id": "{lead}"}),
]


def _derived(spec: ToolSpec) -> Iterator[Attempt]:
    """Yield attempts on what `POLICY` forbids, made of a tool's example by what it takes."""
    takes = build_tool(spec).parameters["properties"]
    tool, hidden = spec.name.removeprefix(NAME_PREFIX), HIDDEN_FIELD[spec.sobject or "Contact"]
    example = json.loads(json.dumps(spec.example).replace(SEEDED_CONTACT, "{contact}").replace(SEEDED_EVENT, "{event}"))
    with_hidden: dict[str, Any] = {
        "fields": lambda _fields: [hidden],
        "data": lambda data: {**(data or {}), hidden: "x"},
        "records": lambda records: [{**record, hidden: "x"} for record in records],
    }
    for name, hiding in with_hidden.items():
        if name in takes:
            arguments = {**example, name: hiding(example.get(name))}
            yield Attempt(tool, arguments, named=f"example, {hidden} in {name}")
    if "records" in takes:
        yield Attempt(tool, {**example, "sobject": "Account"}, named="example, for Account")


SEEDED_CONTACT, SEEDED_EVENT = "003lo0000000001AAA", "00Ulo0000000001EAA"
HIDDEN_FIELD: Final = {"Contact": "Email", "Event": "Description", "Task": "Description"}
DERIVED: Final = [attempt for toolset in TOOLSETS for spec in toolset.specs for attempt in _derived(spec)]

ATTEMPTS: Final = [*QUERIES, *CALLS, *DERIVED]
