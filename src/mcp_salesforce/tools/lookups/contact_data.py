"""The fields of a contact, and how one is created and read: shared by the tools that do either."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, cast

from pydantic import Field

from mcp_salesforce.tools.answers.results import Contact
from mcp_salesforce.tools.framework.params import (
    AccountReference,
    ContactReference,
    Day,
    LongText,
    RecordData,
    Text20,
    Text40,
    Text80,
    Text128,
    Text255,
    UserReference,
)
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.record import create_record, shown_record

_OWNER: Final = "OwnerId"
_PARENTS: Final = {"Account": "AccountId", "ReportsTo": "ReportsToId", "Owner": _OWNER}


class ContactData(RecordData):
    """The writable standard fields of a Contact."""

    picklists: ClassVar[frozenset[str]] = frozenset({"Salutation", "LeadSource"})
    LastName: Text80 = None
    FirstName: Text40 = None
    MiddleName: Text40 = None
    Suffix: Text40 = None
    Salutation: Text40 = None
    Title: Text128 = None
    Department: Text80 = None
    AccountId: AccountReference = None
    ReportsToId: ContactReference = None
    OwnerId: UserReference = None
    Email: Text80 = None
    Phone: Text40 = None
    MobilePhone: Text40 = None
    HomePhone: Text40 = None
    OtherPhone: Text40 = None
    AssistantPhone: Text40 = None
    AssistantName: Text40 = None
    Fax: Text40 = None
    MailingStreet: Text255 = None
    MailingCity: Text40 = None
    MailingState: Text80 = None
    MailingPostalCode: Text20 = None
    MailingCountry: Text80 = None
    OtherStreet: Text255 = None
    OtherCity: Text40 = None
    OtherState: Text80 = None
    OtherPostalCode: Text20 = None
    OtherCountry: Text80 = None
    LeadSource: Text255 = None
    Birthdate: Day = None
    Description: LongText = None


class NewContactData(ContactData):
    """The fields of a new Contact."""

    is_new: ClassVar[bool] = True
    LastName: Annotated[str, Field(min_length=1, max_length=80)]


async def create_contact_record(org: OrgSession, values: Mapping[str, Any], *, allow_duplicate: bool) -> Contact:
    """Create a contact and return it, with the names of its account, its manager and its owner."""
    parents = [name for name, field in _PARENTS.items() if field == _OWNER or values.get(field)]
    made = await create_record(org, "Contact", values, allow_duplicate=allow_duplicate, parents=parents)
    return cast("Contact", made)


async def read_contact(org: OrgSession, contact_id: str) -> Contact:
    """Return a contact: the fields that have a value, with the names of its account, its manager and its owner."""
    record = await org.retrieve("Contact", contact_id, names=[f"{name}.Name" for name in _PARENTS])
    return cast("Contact", shown_record(record))
