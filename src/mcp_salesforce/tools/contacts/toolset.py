"""Contacts: people, with their phone numbers and addresses."""

from dataclasses import replace
from typing import Annotated, cast

from pydantic import Field

from mcp_salesforce.salesforce.literals import like_literal, quote
from mcp_salesforce.tools.answers.results import Contact, Deleted, Rows, Updated
from mcp_salesforce.tools.framework.params import (
    AccountFilter,
    AllowDuplicate,
    ContactId,
    Cursor,
    FieldNames,
    FieldSlices,
    Limit,
    data_schema,
)
from mcp_salesforce.tools.framework.toolset import CREATES, DELETES, READS, UPDATES, ToolContext, Toolset, org_of
from mcp_salesforce.tools.lookups.contact_data import ContactData, NewContactData, create_contact_record, read_contact
from mcp_salesforce.tools.lookups.keyset_pages import Listing, read_page
from mcp_salesforce.tools.lookups.people import among, name_conditions, phone_pattern, spelt_otherwise
from mcp_salesforce.tools.lookups.record import delete_record, read_fields, update_record

contacts = Toolset(
    "contacts", "Contacts: create, read, change, delete and find people", "Contacts have their own tools.", "Contact"
)

_COLUMNS = ("Id", "Name", "Email", "Phone", "Account.Name")
_NOBODY = (
    "No contact matches. Try one part of the name, or fewer filters, or salesforce_search, which searches every field."
)


_SHOWN = (
    "LastName", "FirstName", "Salutation", "Title", "Department", "Email", "Phone", "MobilePhone", "AccountId",
    "MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry", "LeadSource", "Birthdate",
    "Description",
)  # fmt: skip
NewData = Annotated[
    NewContactData,
    data_schema(
        "Contact fields by API name: these, other standard fields, custom fields (X__c)",
        {name: {"type": "string"} for name in _SHOWN},
        required=["LastName"],
    ),
]
ChangedData = Annotated[
    ContactData, data_schema("Fields to change, as in salesforce_create_contact; null clears a field")
]


@contacts.tool(
    CREATES,
    title="Create a contact",
    hint="add, save or enter a new person, customer, phone number or e-mail address",
    example={"data": {"LastName": "Ode", "FirstName": "Ada", "Title": "CTO"}},
)
async def create_contact(ctx: ToolContext, data: NewData, allow_duplicate: AllowDuplicate = False) -> Contact:
    """Create a contact and return it. First look for the person with salesforce_list_contacts."""
    return await create_contact_record(org_of(ctx), data.given(), allow_duplicate=allow_duplicate)


@contacts.tool(
    READS,
    title="Get a contact",
    hint="one person's details: phone, e-mail, address, notes",
    example={"contact_id": "003lo0000000001AAA"},
    is_long=True,
    view="people",
)
async def get_contact(ctx: ToolContext, contact_id: ContactId, fields: FieldSlices = ()) -> Contact:
    """Get one contact by Id: all fields that have a value, or only those in fields.

    To find a contact whose Id you do not know, use salesforce_list_contacts.
    """
    if fields:
        return cast("Contact", await read_fields(org_of(ctx), "Contact", contact_id, fields))
    return await read_contact(org_of(ctx), contact_id)


@contacts.tool(
    UPDATES,
    title="Change a contact",
    hint="edit or correct a person's phone, e-mail, address, title",
    example={"contact_id": "003lo0000000001AAA", "data": {"Title": "CFO"}},
)
async def update_contact(ctx: ToolContext, contact_id: ContactId, data: ChangedData) -> Updated:
    """Change fields of a contact. Returns the old and new value of each."""
    return await update_record(org_of(ctx), "Contact", contact_id, data.given())


@contacts.tool(
    DELETES,
    title="Delete a contact",
    hint="remove or erase a person",
    example={"contact_id": "003lo0000000001AAA"},
)
async def delete_contact(ctx: ToolContext, contact_id: ContactId) -> Deleted:
    """Move a contact to the recycle bin. It can be restored for 15 days."""
    return await delete_record(org_of(ctx), "Contact", contact_id)


@contacts.tool(
    READS,
    title="List contacts",
    hint="find or look up a person or customer by name, phone, e-mail or company",
    example={"name": "ada", "limit": 3},
    is_long=True,
)
async def list_contacts(
    ctx: ToolContext,
    *,
    limit: Limit = 10,
    cursor: Cursor = "",
    name: Annotated[str, Field(description="Part of the name; several words in any order")] = "",
    email: Annotated[str, Field(description="Address or part of it, such as @acme.com")] = "",
    phone: Annotated[str, Field(description="Number in any format, or part of it")] = "",
    account_id: AccountFilter = "",
    fields: FieldNames = (),
) -> Rows:
    """List the contacts that match every filter, newest first: Id, Name, Email, Phone, Account.Name, or fields.

    For other filters or another order, use salesforce_query.
    """
    columns = tuple(dict.fromkeys(("Id", *fields))) if fields else _COLUMNS
    by_name = name_conditions(name)
    conditions: list[str] = []
    if email:
        is_whole = email.find("@") > 0 and "." in email.rpartition("@")[2]
        conditions.append(f"Email = {quote(email)}" if is_whole else f"Email LIKE {like_literal(email)}")
    if phone:
        pattern = phone_pattern(phone)
        numbers = ("Phone", "MobilePhone", "HomePhone", "OtherPhone")
        conditions.append(f"({' OR '.join(f'{number} LIKE {pattern}' for number in numbers)})")
    if account_id:
        conditions.append(f"AccountId = {quote(account_id)}")
    whole = [*by_name, *conditions]
    listing = Listing("Contact", "003", columns, whole, "CreatedDate", descending=True, is_named=bool(fields))
    org, call = org_of(ctx), ("list_contacts", name, email, phone, account_id, *fields)
    page = await read_page(org, listing, limit, cursor, call)
    if cursor or "next_cursor" in page:
        return page
    if by_name and len(alike := await spelt_otherwise(org, name)) > len(page["rows"]):
        page = await read_page(org, replace(listing, conditions=[among(alike), *conditions]), limit, "", call)
        if page.pop("next_cursor", ""):
            return {**page, "note": "More contacts have such a name. Give more of the name, or a higher limit."}
    return page if page["rows"] else {**page, "note": _NOBODY if whole else "There are no contacts that you can see."}
