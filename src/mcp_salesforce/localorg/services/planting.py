"""Put the first records into a new org."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.standard import seed
from mcp_salesforce.localorg.store.ids import mint
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.sqlite import Store

_TOLD_EVERY: Final = 100


def plant(
    store: Store,
    schema: Schema,
    now: Callable[[], datetime],
    *,
    contacts: int | None,
    on_progress: Callable[[int], None] = lambda _contacts: None,
) -> None:
    """Fill an org that has no records yet; leave any other unchanged.

    Args:
        store: The database of the org, with the tables of `schema`.
        schema: The objects of the org.
        now: The clock: appointments are around this time, and every record is created at it.
        contacts: How many contacts, with matching accounts, leads and appointments; None for only the organization and
            its users.
        on_progress: Gets how many contacts there are so far, every hundred.
    """
    with store.transaction():
        if store.row("SELECT Id FROM Organization") is not None:
            return
        records = Records(store, schema, now)
        admin = mint(schema["User"].key_prefix, 1)

        def load(sobject: str, values: Iterable[Mapping[str, Any]]) -> None:
            records.load(sobject, _with_ids(schema, values), admin)

        load("Organization", [seed.organization()])
        load("Profile", seed.profiles())
        load("UserRole", seed.roles())
        load("User", seed.users())
        load("Calendar", seed.calendars())
        if contacts is not None:
            load("Account", seed.accounts(seed.account_count(contacts)))
            load("Contact", _counted(seed.contacts(contacts), on_progress))
            load("Lead", seed.leads())
            load("Event", seed.events(now(), contacts))


def plant_record_types(store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
    """Add the record types from the schema file that the org does not have yet, with the ids that a describe shows."""
    records = Records(store, schema, now)
    admin = mint(schema["User"].key_prefix, 1)
    with store.transaction():
        for sobject in schema:
            for each in sobject.record_types:
                known = "SELECT Id FROM RecordType WHERE SobjectType = ? AND DeveloperName = ?"
                if store.row(known, [sobject.name, each.developer_name]) is None:
                    names = {"Name": each.name, "DeveloperName": each.developer_name, "SobjectType": sobject.name}
                    own_id = {"Id": each.record_id} if each.record_id else {}
                    records.load("RecordType", [{**names, "IsActive": each.active, **own_id}], admin)


def plant_lead_statuses(store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
    """Give an org the records of its lead statuses, if it has none."""
    status = schema["Lead"].field("Status")
    with store.transaction():
        if status is None or store.row("SELECT Id FROM LeadStatus") is not None:
            return
        values = [
            {
                "MasterLabel": each.label,
                "ApiName": each.value,
                "SortOrder": number,
                "IsDefault": each.default,
                "IsConverted": each.value == seed.CONVERTED,
            }
            for number, each in enumerate(status.picklist_values, start=1)
        ]
        Records(store, schema, now).load("LeadStatus", values, mint(schema["User"].key_prefix, 1))


def plant_business_hours(store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
    """Give an org its default business hours, if it has none."""
    with store.transaction():
        if store.row("SELECT Id FROM BusinessHours") is None:
            Records(store, schema, now).load("BusinessHours", seed.business_hours(), mint(schema["User"].key_prefix, 1))


def _counted(records: Iterable[Mapping[str, Any]], on_progress: Callable[[int], None]) -> Iterator[Mapping[str, Any]]:
    for number, record in enumerate(records):
        if number % _TOLD_EVERY == 0:
            on_progress(number)
        yield record


def _with_ids(schema: Schema, records: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Replace keys with ids: the first record of an object in a new org is number 1."""
    for record in records:
        yield {
            name: mint(schema[value.sobject].key_prefix, value.number + 1) if isinstance(value, seed.Key) else value
            for name, value in record.items()
        }
