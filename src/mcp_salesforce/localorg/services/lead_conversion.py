"""Convert a lead into a contact, an account and usually an opportunity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.inputs import Changes
from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.services.saves import user_zone
from mcp_salesforce.localorg.store.schema import Schema, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Row, Store

_PARTS: Final = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
_ACCOUNT: Final[Mapping[str, str]] = {
    "Name": "Company", "Phone": "Phone", "Fax": "Fax", "Website": "Website", "Industry": "Industry",
    "AnnualRevenue": "AnnualRevenue", "NumberOfEmployees": "NumberOfEmployees", "Rating": "Rating",
    "AccountSource": "LeadSource", **{f"Billing{part}": part for part in _PARTS},
}  # fmt: skip
_CONTACT: Final[Mapping[str, str]] = {
    **{name: name for name in ("FirstName", "LastName", "Salutation", "Title", "Email", "Phone", "MobilePhone", "Fax",
                               "LeadSource", "Description")},
    **{f"Mailing{part}": part for part in _PARTS},
}  # fmt: skip
_MONTHS_A_QUARTER: Final = 3


@dataclass(frozen=True, slots=True)
class Conversion:
    """How to convert a lead; records that are not given are created."""

    lead_id: str
    status: str
    account_id: str = ""
    contact_id: str = ""
    opportunity_id: str = ""
    opportunity_name: str = ""
    owner_id: str = ""
    makes_opportunity: bool = True
    overwrites_source: bool = False


class LeadConversions:
    """Converts the leads of an org."""

    def __init__(self, store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
        """Convert leads of `schema` in `store`; `now` is the org's clock."""
        self._store = store
        self._schema = schema
        self._now = now

    @evidence(
        "Lead conversion",
        "documented",
        "A lead becomes a contact with an account and an opportunity, or uses given ones",
    )
    @evidence("Lead conversion", "recorded", "A status that LeadStatus does not have as IsConverted is INVALID_STATUS")
    @evidence(
        "Lead conversion", "documented", "The lead stays, with IsConverted, the day, and the ids of what it became"
    )
    def convert(self, records: Records, asked: Conversion, user_id: str) -> dict[str, str | None]:
        """Convert a lead, and return the ids of its new records, with the names of convertLead's result."""
        definition = self._schema["Lead"]
        with self._store.transaction():
            lead = records.row_to_change(definition, asked.lead_id, user_id)
            if lead["IsConverted"]:
                raise errors.converted_lead()
            converted = "SELECT Id FROM LeadStatus WHERE ApiName = ? AND IsConverted = 1"
            if self._store.row(converted, [asked.status]) is None:
                raise errors.OrgError(400, "INVALID_STATUS", f"invalid convertedStatus: {asked.status}")
            owner: Changes = {"OwnerId": _owner(lead, asked)}
            account_id = self._account(records, lead, asked, owner, user_id)
            contact_id = self._contact(records, lead, asked, {**owner, "AccountId": account_id}, user_id)
            opportunity_id = self._opportunity(records, lead, asked, {**owner, "AccountId": account_id}, user_id)
            if opportunity_id:
                role = {"OpportunityId": opportunity_id, "ContactId": contact_id, "IsPrimary": True}
                records.create("OpportunityContactRole", role, user_id)
            self._move(records, lead["Id"], contact_id, account_id, user_id)
            became: Changes = {
                "ConvertedAccountId": account_id,
                "ConvertedContactId": contact_id,
                "ConvertedOpportunityId": opportunity_id,
                "ConvertedDate": self._today(user_id).isoformat(),
                "IsConverted": 1,
                "Status": asked.status,
            }
            self._store.update(definition, lead["Id"], became | records.touched(definition, user_id))
        ids = {"accountId": account_id, "contactId": contact_id, "leadId": lead["Id"]}
        return {**ids, "opportunityId": opportunity_id}

    @evidence("Lead conversion", "documented", "If an account or contact is given, only its empty fields are filled")
    def _account(self, records: Records, lead: Row, asked: Conversion, owner: Changes, user_id: str) -> str:
        values = {ours: lead[theirs] for ours, theirs in _ACCOUNT.items() if lead[theirs] is not None}
        if not asked.account_id:
            return records.create("Account", values | owner, user_id)
        return self._fill(records, self._schema["Account"], asked.account_id, values, user_id)["Id"]  # type: ignore[no-any-return]

    @evidence("Lead conversion", "documented", "overwriteLeadSource is the only exception: it copies LeadSource")
    @evidence("Lead conversion", "simulated", "A contact of another account is INVALID_CROSS_REFERENCE_KEY")
    def _contact(self, records: Records, lead: Row, asked: Conversion, of: Changes, user_id: str) -> str:
        values = {ours: lead[theirs] for ours, theirs in _CONTACT.items() if lead[theirs] is not None}
        if not asked.contact_id:
            return records.create("Contact", values | of, user_id)
        definition = self._schema["Contact"]
        if records.row_to_change(definition, asked.contact_id, user_id)["AccountId"] != of["AccountId"]:
            raise errors.invalid_cross_reference_key(["ContactId"])
        contact = self._fill(records, definition, asked.contact_id, values, user_id)
        if asked.overwrites_source and lead["LeadSource"]:
            records.update("Contact", contact["Id"], {"LeadSource": lead["LeadSource"]}, user_id)
        return str(contact["Id"])

    @evidence("Lead conversion", "documented", "The opportunity has the company's name and closes with the quarter")
    @evidence(
        "Lead conversion", "simulated", "The opportunity has the first stage, and the contact as primary contact role"
    )
    def _opportunity(self, records: Records, lead: Row, asked: Conversion, of: Changes, user_id: str) -> str | None:
        if asked.opportunity_id:
            definition = self._schema["Opportunity"]
            return str(records.row_to_change(definition, asked.opportunity_id, user_id)["Id"])
        if not asked.makes_opportunity:
            return None
        stage = self._schema["Opportunity"].field("StageName")
        values = {
            "Name": asked.opportunity_name or lead["Company"],
            "StageName": stage.picklist_values[0].value if stage else "Prospecting",
            "CloseDate": _end_of_quarter(self._today(user_id)).isoformat(),
            "LeadSource": lead["LeadSource"],
        }
        return records.create("Opportunity", values | of, user_id)

    def _fill(
        self, records: Records, definition: SObjectDef, record_id: str, values: Mapping[str, Any], user_id: str
    ) -> Row:
        row = records.row_to_change(definition, record_id, user_id)
        records.update(definition.name, record_id, {n: v for n, v in values.items() if row[n] is None}, user_id)
        return row

    @evidence("Lead conversion", "documented", "The lead's tasks, events and invitations become the contact's")
    @evidence("Lead conversion", "simulated", "The lead's campaign members become the contact's")
    def _move(self, records: Records, lead_id: str, contact_id: str, account_id: str, user_id: str) -> None:
        contact: Changes = {"ContactId": contact_id, "LeadOrContactId": contact_id, "Type": "Contact"}
        moves: tuple[tuple[str, str, Changes], ...] = (
            ("Task", "WhoId", {"WhoId": contact_id, "AccountId": account_id}),
            ("Event", "WhoId", {"WhoId": contact_id, "AccountId": account_id}),
            ("EventRelation", "RelationId", {"RelationId": contact_id}),
            ("CampaignMember", "LeadId", contact),
        )
        for sobject, field, changes in moves:
            definition = self._schema[sobject]
            for row in self._store.rows(f'SELECT Id FROM "{sobject}" WHERE {field} = ? AND IsDeleted = 0', [lead_id]):  # noqa: S608 - constants
                self._store.update(definition, row["Id"], changes | records.touched(definition, user_id))

    def _today(self, user_id: str) -> date:
        return self._now().astimezone(user_zone(self._store, user_id)).date()


@evidence(
    "Lead conversion",
    "documented",
    "The lead's owner owns the new records, or the user in ownerId; if a queue owns the lead, ownerId is required",
)
def _owner(lead: Row, asked: Conversion) -> str:
    owner = asked.owner_id or str(lead["OwnerId"])
    if not owner.startswith("005"):
        raise errors.owner_blank()
    return owner


def _end_of_quarter(day: date) -> date:
    month = (day.month - 1) // _MONTHS_A_QUARTER * _MONTHS_A_QUARTER + _MONTHS_A_QUARTER
    following = date(day.year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)
