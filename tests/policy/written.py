"""Attempts to tell two orgs apart that differ only in what a policy hides, as a clever reader of it makes them."""

from typing import Any, Final

from tests.policy.attempts import ATTEMPTS

_SOQL: Final = """\
SELECT FirstName Email, COUNT(Id) c FROM Contact WHERE LastName = 'Ode' GROUP BY FirstName HAVING MAX(Email) LIKE 'h%'
SELECT FirstName Email, COUNT(Id) c FROM Contact GROUP BY FirstName ORDER BY MAX(Email)
SELECT FirstName email, COUNT(Id) c FROM Contact GROUP BY FirstName ORDER BY Email
SELECT FORMAT(CreatedDate) Email FROM Contact ORDER BY Email
SELECT toLabel(LeadSource) Email FROM Contact ORDER BY Email DESC NULLS LAST
SELECT FORMAT(CreatedDate) Contact.Email FROM Contact ORDER BY Contact.Email
SELECT Id, (SELECT FORMAT(CreatedDate) Email FROM Contacts ORDER BY Email LIMIT 2) FROM Account
SELECT LastName expr0, COUNT(Id) FROM Contact GROUP BY LastName HAVING MIN(Birthdate) > 1970-01-01
SELECT COUNT(Id) FROM Contact HAVING COUNT(Email) > 3
SELECT LastName, COUNT(Id) c FROM Contact GROUP BY LastName HAVING COUNT_DISTINCT(Email) > 0
SELECT LastName, COUNT(Id) c FROM Contact GROUP BY ROLLUP(LastName, Email)
SELECT LastName, COUNT(Id) c FROM Contact GROUP BY CUBE(LastName, MailingCity)
SELECT LastName FROM Contact GROUP BY LastName ORDER BY COUNT(Email)
SELECT Id FROM Contact Email ORDER BY Email.LastName
SELECT Account.Name FROM Contact Account
SELECT Owner.Email FROM Contact c, c.Account Owner
SELECT Owner.Phone FROM Contact c, c.ReportsTo Owner
SELECT o.Email FROM Contact c, c.Owner o
SELECT Id FROM Contact c, c.Account a WHERE a.Industry != null
SELECT Id FROM Contact c, c.Account.Parent p ORDER BY p.Name
SELECT Id FROM Contact USING SCOPE mine
SELECT Id FROM Contact USING SCOPE delegated
SELECT Id FROM Account USING SCOPE mine
SELECT Id FROM Opportunity USING SCOPE everything
SELECT Id FROM Opportunity USING SCOPE delegated
SELECT COUNT() FROM Opportunity USING SCOPE team
SELECT COUNT() FROM Opportunity
SELECT COUNT(Id) FROM Opportunity
SELECT COUNT_DISTINCT(OwnerId) FROM Opportunity
SELECT OwnerId, COUNT(Id) FROM Opportunity GROUP BY OwnerId
SELECT MAX(Name), MIN(Name), MAX(Amount) FROM Opportunity
SELECT Id, Name FROM Opportunity ORDER BY Amount DESC LIMIT 1
SELECT Id, Name FROM Opportunity ORDER BY Name LIMIT 1 OFFSET 1
SELECT Id FROM Opportunity WHERE OwnerId != '{me}' OR OwnerId = '{me}'
SELECT Id FROM Opportunity WHERE (NOT OwnerId = '{me}')
SELECT Id FROM Opportunity WHERE Id = '{opportunity}'
SELECT Id FROM Opportunity WHERE Id IN ('{opportunity}', '{deal}')
SELECT Id FROM Opportunity WHERE Name LIKE 'Secret%' OR Id != null
SELECT Id FROM Opportunity WHERE Owner.Name LIKE '%' OR AccountId = null
SELECT Id FROM Opportunity WHERE Account.Name LIKE 'Hidden%'
SELECT Id, (SELECT ContactId FROM OpportunityContactRoles) FROM Opportunity
SELECT Id, Role FROM OpportunityContactRole
SELECT COUNT() FROM OpportunityContactRole
SELECT COUNT() FROM OpportunityContactRole WHERE ContactId = '{contact}'
SELECT Role, COUNT(Id) FROM OpportunityContactRole GROUP BY Role
SELECT OpportunityId FROM OpportunityContactRole ORDER BY Id DESC
SELECT Opportunity.Amount FROM OpportunityContactRole
SELECT Id FROM OpportunityContactRole WHERE Opportunity.OwnerId != '{me}'
SELECT Id FROM OpportunityContactRole ORDER BY Opportunity.Name
SELECT Id, (SELECT Id FROM OpportunityContactRoles) FROM Contact
SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM OpportunityContactRole)
SELECT Id FROM Contact WHERE Id NOT IN (SELECT ContactId FROM OpportunityContactRole)
SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM OpportunityContactRole WHERE Role = 'Decision Maker')
SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity)
SELECT Id FROM Contact WHERE AccountId IN (SELECT AccountId FROM Opportunity)
SELECT Id FROM Case WHERE AccountId IN (SELECT Id FROM Account)
SELECT Id, CampaignId FROM CampaignMember
SELECT COUNT() FROM CampaignMember
SELECT COUNT() FROM CampaignMember WHERE ContactId = '{contact}'
SELECT Campaign.Name FROM CampaignMember
SELECT Id FROM CampaignMember WHERE Campaign.Name LIKE 'Hidden%'
SELECT Status, COUNT(Id) FROM CampaignMember GROUP BY Status
SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM CampaignMember)
SELECT Id FROM Lead WHERE Id IN (SELECT LeadId FROM CampaignMember)
SELECT FirstName, Phone FROM CampaignMember
SELECT Email, City FROM CampaignMember
SELECT Id, (SELECT Id FROM CampaignMembers) FROM Campaign
SELECT Id, NumberOfContacts FROM Campaign
SELECT Id FROM Campaign WHERE Parent.Name != null
SELECT Id, EventId, RelationId FROM EventRelation
SELECT COUNT() FROM EventRelation
SELECT COUNT() FROM EventRelation WHERE RelationId = '{contact}'
SELECT COUNT() FROM EventRelation WHERE EventId = '{others_event}'
SELECT Event.Subject FROM EventRelation
SELECT Event.StartDateTime, Relation.Name FROM EventRelation
SELECT Id FROM EventRelation WHERE Event.Subject LIKE 'Hidden%'
SELECT Id FROM EventRelation ORDER BY Event.Location
SELECT Id, (SELECT Id FROM EventRelations) FROM Event
SELECT Id, (SELECT EventId FROM EventRelations) FROM Contact
SELECT Id FROM Contact WHERE Id IN (SELECT RelationId FROM EventRelation)
SELECT StartDateTime FROM Event
SELECT ActivityDateTime FROM Event
SELECT ActivityDate FROM Event
SELECT DurationInMinutes, EndDateTime FROM Event
SELECT Id FROM Event ORDER BY ActivityDate
SELECT Id FROM Event WHERE ActivityDate = 2026-11-24
SELECT ActivityDate, COUNT(Id) FROM Event GROUP BY ActivityDate
SELECT DAY_ONLY(StartDateTime), COUNT(Id) FROM Event GROUP BY DAY_ONLY(StartDateTime)
SELECT AccountId FROM Event
SELECT COUNT() FROM Event WHERE AccountId != null
SELECT AccountId, COUNT(Id) FROM Event GROUP BY AccountId
SELECT AccountId FROM Task
SELECT WhoId FROM Event
SELECT Who.Name, Who.Type FROM Event
SELECT Who.Type, COUNT(Id) FROM Event GROUP BY Who.Type
SELECT What.Name, COUNT(Id) FROM Event GROUP BY What.Name
SELECT FORMAT(What.Name) n FROM Event
SELECT Id FROM Event WHERE Who.Type = 'Contact'
SELECT Id FROM Event WHERE WhoId IN (SELECT Id FROM Contact WHERE Email LIKE 'h%')
SELECT Id FROM Event WHERE WhatId IN (SELECT Id FROM Account WHERE Name LIKE 'Hidden%')
SELECT Id FROM Event WHERE Description != null
SELECT Id FROM Event ORDER BY Location
SELECT COUNT(Location) FROM Event
SELECT Id FROM Event WHERE OwnerId = '{other}'
SELECT COUNT() FROM Event WHERE OwnerId = '{other}'
SELECT Subject FROM Event WHERE Id = '{others_event}'
SELECT Id FROM Task WHERE OwnerId = '{other}'
SELECT COUNT() FROM Task
SELECT Subject, COUNT(Id) FROM Task GROUP BY Subject
SELECT Id, (SELECT Id FROM Tasks LIMIT 1) FROM Contact
SELECT Id FROM Case WHERE IsClosed = true
SELECT IsClosed, COUNT(Id) FROM Case GROUP BY IsClosed
SELECT Id FROM Case ORDER BY ClosedDate
SELECT ContactPhone, ContactMobile, ContactFax FROM Case
SELECT Id FROM Case WHERE ContactPhone != null
SELECT Id FROM Case WHERE Contact.LastName = 'Ode'
SELECT Contact.LastName FROM Case
SELECT Id, (SELECT Id FROM Cases) FROM Contact
SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM Case WHERE Status = 'New')
SELECT IsWon, COUNT(Id) FROM Opportunity GROUP BY IsWon
SELECT Probability FROM Opportunity
SELECT ForecastCategoryName FROM Opportunity
SELECT Fiscal, FiscalYear FROM Opportunity
SELECT ExpectedRevenue FROM Opportunity
SELECT Id FROM Opportunity ORDER BY ExpectedRevenue
SELECT SUM(ExpectedRevenue) FROM Opportunity
SELECT Name FROM Lead
SELECT FirstName FROM Lead
SELECT Id FROM Lead WHERE Name LIKE 'S%'
SELECT Id FROM Lead ORDER BY Name
SELECT Id FROM Lead WHERE Status = 'Open'
SELECT COUNT() FROM Lead WHERE LastName LIKE 'Secret%'
SELECT COUNT() FROM Lead
SELECT Id FROM Lead WHERE IsConverted = false
SELECT Name FROM User WHERE Email LIKE 'k%'
SELECT Title, Phone FROM User
SELECT Id FROM User ORDER BY Email
SELECT Id FROM User WHERE Id IN (SELECT OwnerId FROM Account)
SELECT Manager.Email FROM User
SELECT CreatedBy.Email, LastModifiedBy.Email FROM Contact
SELECT Id FROM Contact ORDER BY Owner.Email
SELECT Id FROM Contact ORDER BY Account.Name
SELECT Id FROM Contact ORDER BY AccountId
SELECT MailingAddress FROM Contact
SELECT MailingStreet, MailingPostalCode FROM Contact
SELECT Id FROM Contact WHERE MailingCity LIKE 'Hid%'
SELECT Id FROM Contact WHERE EmailBouncedReason != null
SELECT Id FROM Contact WHERE IsEmailBounced = true
SELECT FIELDS(STANDARD) FROM Contact LIMIT 1
SELECT FIELDS(CUSTOM) FROM Contact LIMIT 1
SELECT FIELDS(ALL) FROM OpportunityContactRole LIMIT 5
SELECT FIELDS(STANDARD) FROM EventRelation LIMIT 5
SELECT Id FROM ContactShare
SELECT Id FROM OpportunityHistory
SELECT NewValue FROM OpportunityFieldHistory
SELECT Id FROM EventChangeEvent
SELECT Id FROM EventFeed
SELECT Id FROM OpenActivity
SELECT Id, (SELECT Id FROM ActivityHistories) FROM Contact
SELECT Id FROM Attachment
SELECT Id FROM ContentDocumentLink
SELECT Id FROM Nope
SELECT Nope FROM Contact
SELECT Nope FROM Account
SELECT Account.Nope FROM Contact
SELECT Id FROM Contact WHERE Email = 5
SELECT Id FROM Contact LIMIT 1 FOR VIEW
SELECT Id FROM Contact WHERE LastName = 'Ode' FOR REFERENCE
SELECT LastViewedDate FROM Contact
SELECT LastActivityDate FROM Contact
SELECT Id FROM Contact ORDER BY LastActivityDate DESC
SELECT SystemModstamp, LastModifiedDate FROM Contact ORDER BY Id
SELECT LastModifiedById FROM Account
SELECT TYPEOF What WHEN Opportunity THEN Amount, Name WHEN Account THEN Phone ELSE Name END FROM Event
SELECT TYPEOF Owner WHEN User THEN Email ELSE Name END FROM Case
"""

_DAY: Final = {"start": "2026-11-24", "end": "2026-11-25"}
_DEAL: Final = {"Name": "New", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
_MORE: Final[list[tuple[str, dict[str, Any]]]] = [
    ("get_record", {"sobject": "Opportunity", "record_ids": ["{opportunity}", "{deal}"]}),
    ("get_record", {"sobject": "Opportunity", "record_ids": ["006lo00000099990AA"]}),
    ("get_record", {"sobject": "EventRelation", "record_ids": ["{others_relation}"]}),
    ("get_record", {"sobject": "EventRelation", "record_ids": ["{relation}", "{others_relation}"]}),
    ("get_record", {"sobject": "Campaign", "record_ids": ["{campaign}"]}),
    ("get_record", {"sobject": "Case", "record_ids": ["{case}"]}),
    ("get_record", {"sobject": "Task", "record_ids": ["{task}", "{others_task}"]}),
    ("get_record", {"sobject": "Lead", "record_ids": ["{others_lead}"], "fields": ["Company"]}),
    ("get_record", {"sobject": "User", "record_ids": ["{other}"]}),
    ("get_record", {"sobject": "Event", "record_ids": ["{event}"], "fields": ["ActivityDate"]}),
    ("get_record", {"sobject": "Event", "record_ids": ["{event}"], "fields": ["DurationInMinutes"]}),
    ("get_record", {"sobject": "Event", "record_ids": ["{others_event}"]}),
    ("get_appointment", {"event_id": "{others_event}"}),
    ("get_appointment", {"event_id": "{event}"}),
    ("list_appointments", {**_DAY, "contact_id": "{contact}"}),
    ("list_appointments", {**_DAY, "owner_id": "{other}"}),
    ("list_contacts", {"account_id": "{account}"}),
    ("list_contacts", {"name": "Ode", "limit": 1}),
    ("get_free_busy", {"calendars": ["me", "{other}"], **_DAY}),
    ("get_free_busy", {"calendars": ["Harbour Room"], **_DAY}),
    ("get_free_busy", {"calendars": ["k0@secret.example"], **_DAY}),
    ("find_free_times", {"calendars": ["me", "{other}"], "duration_minutes": 30, **_DAY}),
    ("find_free_times", {"calendars": ["{other}"], "duration_minutes": 60, **_DAY}),
    ("create_appointment", {"data": {"Subject": "New", "StartDateTime": "2026-11-24T10:00:00Z",
                                     "DurationInMinutes": 30}}),
    ("create_appointment", {"data": {"Subject": "New", "WhatId": "{opportunity}",
                                     "StartDateTime": "2026-12-24T10:00:00Z", "DurationInMinutes": 30}}),
    ("update_appointment", {"event_id": "{others_event}", "data": {"Subject": "x"}}),
    ("update_appointment", {"event_id": "{talk}", "data": {"Subject": "x"}}),
    ("close_appointment", {"event_id": "{others_event}", "outcome": "no_show"}),
    ("set_invitees", {"event_id": "{others_event}", "add": ["{contact}"]}),
    ("set_invitees", {"event_id": "{event}", "add": ["{lead}"], "remove": ["{ada}"]}),
    ("set_invitees", {"event_id": "{event}", "add": ["{others_lead}"]}),
    ("create_records", {"sobject": "EventRelation", "records": [{"EventId": "{others_event}",
                                                                 "RelationId": "{ada}"}]}),
    ("create_records", {"sobject": "OpportunityContactRole", "records": [{"OpportunityId": "{opportunity}",
                                                                          "ContactId": "{ada}"}]}),
    ("create_records", {"sobject": "OpportunityContactRole", "records": [{"OpportunityId": "{deal}",
                                                                          "ContactId": "{ada}"}]}),
    ("create_records", {"sobject": "CampaignMember", "records": [{"CampaignId": "{campaign}", "ContactId": "{ada}"}]}),
    ("create_records", {"sobject": "CampaignMember", "records": [{"CampaignId": "{fair}", "ContactId": "{ada}"}]}),
    ("create_records", {"sobject": "Task", "records": [{"Subject": "New", "WhatId": "{account}"}]}),
    ("create_records", {"sobject": "Contact", "records": [{"LastName": "New", "AccountId": "{account}"}]}),
    ("create_records", {"sobject": "Contact", "records": [{"LastName": "New", "AccountId": "001lo00000099990AA"}]}),
    ("create_records", {"sobject": "Opportunity", "records": [{**_DEAL, "AccountId": "{account}"}]}),
    ("create_records", {"sobject": "Opportunity", "records": [_DEAL]}),
    ("create_records", {"sobject": "Contact", "records": [{"LastName": "Ode", "FirstName": "Ada",
                                                           "Phone": "+1 555-0100"}]}),
    ("update_records", {"sobject": "EventRelation", "records": [{"Id": "{others_relation}", "Status": "Declined"}]}),
    ("update_records", {"sobject": "Opportunity", "records": [{"Id": "006lo00000099990AA", "Name": "x"}]}),
    ("update_records", {"sobject": "Opportunity", "records": [{"Id": "{deal}", "OwnerId": "{other}"}]}),
    ("update_records", {"sobject": "Contact", "records": [{"Id": "{contact}", "ReportsToId": "{ada}"}]}),
    ("update_records", {"sobject": "Case", "records": [{"Id": "{case}", "Subject": "x"}]}),
    ("update_records", {"sobject": "Task", "records": [{"Id": "{others_task}", "Subject": "x"}]}),
    ("delete_records", {"sobject": "EventRelation", "record_ids": ["{others_relation}"]}),
    ("delete_records", {"sobject": "OpportunityContactRole", "record_ids": ["00Klo00000099990AA"]}),
    ("delete_records", {"sobject": "Campaign", "record_ids": ["{campaign}"]}),
    ("delete_records", {"sobject": "Contact", "record_ids": ["{ada}", "{contact}"]}),
    ("delete_records", {"sobject": "Lead", "record_ids": ["{others_lead}"]}),
    ("delete_records", {"sobject": "Opportunity", "record_ids": ["{deal}"]}),
    ("restore_records", {"record_ids": ["{others_lead}"]}),
    ("restore_records", {"record_ids": ["{others_event}", "{talk}", "{deal}"]}),
    ("restore_records", {"record_ids": ["006lo00000099990AA", "{ada}", "{account}"]}),
    ("restore_records", {"record_ids": ["{others_relation}", "{campaign}"]}),
    ("delete_contact", {"contact_id": "{contact}"}),
    ("delete_appointment", {"event_id": "{others_event}"}),
    ("delete_appointment", {"event_id": "{talk}"}),
    ("search", {"text": "Secret"}),
    ("search", {"text": "Hidden", "sobjects": ["Event", "Task", "Campaign"]}),
    ("search", {"text": "Secret extra", "sobjects": ["Opportunity(Id)"]}),
    ("search", {"text": "Ode", "sobjects": ["Contact(Name,Phone)"]}),
    ("search", {"text": "555", "sobjects": ["Lead", "Contact"]}),
    ("search", {"text": "secret.example", "sobjects": ["User"]}),
    ("describe", {"sobject": "Event"}),
    ("describe", {"sobject": "Event", "search": "date"}),
    ("describe", {"sobject": "EventRelation"}),
    ("describe", {"sobject": "OpportunityContactRole"}),
    ("describe", {"sobject": "Opportunity", "fields": ["Amount", "StageName"]}),
    ("describe", {"search": "relation"}),
    ("describe", {"search": ""}),
    ("whoami", {}),
]  # fmt: skip

CALLS: Final = [
    *(("query", {"soql": line}) for line in _SOQL.splitlines()),
    *((attempt.tool, attempt.arguments) for attempt in ATTEMPTS),
    *_MORE,
]
"""Every attempt: a tool and its arguments, with names of records in braces."""

RESOURCES: Final = (
    "salesforce://agenda/2026-11-24", "salesforce://agenda/today", "salesforce://agenda/2026-11-24/picture", "salesforce://schema/Contact",
    "salesforce://schema/Event", "salesforce://schema/Account", "salesforce://schema/EventRelation",
    "salesforce://schema/Nope",
)  # fmt: skip
PROMPTS: Final = (
    ("day_sheet", {"date": "2026-11-24"}),
    ("book_appointment", {"person": "Ode", "date": "2026-11-24"}),
    ("move_my_day", {"date": "2026-11-24"}),
    ("plan_my_week", {"date": "2026-11-24"}),
    ("prepare_meeting", {"person": "Ode"}),
    ("cover_for", {"colleague": "me", "date": "2026-11-24"}),
    ("clean_up_contacts", {"account": "Acme"}),
)
COMPLETIONS: Final = (
    ("sobject", "Acc"), ("sobject", "Ev"), ("sobject", "op"), ("person", "Od"), ("person", "Se"), ("person", "Hid"),
    ("calendars", "No"), ("calendars", "Se"), ("date", "2026-11"),
)  # fmt: skip
