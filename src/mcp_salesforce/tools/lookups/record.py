"""One record by its Id: what reading, changing and deleting have in common, whatever the object."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, cast

from mcp_salesforce.changes.change import current_change
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.api.sobjects import record_from, retrieving, updating
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.tools.answers.budgets import cut_text, sliced
from mcp_salesforce.tools.answers.results import Change, Deleted, Updated, flat_record, record_of, table
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.all_day import record_with_days, with_days
from mcp_salesforce.tools.lookups.cascades import going_along

NOISE: Final = frozenset({
    "IsDeleted", "MasterRecordId", "SystemModstamp", "CreatedById", "LastModifiedById", "LastViewedDate",
    "LastReferencedDate", "LastCURequestDate", "LastCUUpdateDate", "PhotoUrl", "CleanStatus", "Jigsaw",
    "JigsawContactId", "JigsawCompanyId", "DandbCompanyId", "MailingGeocodeAccuracy", "OtherGeocodeAccuracy",
    "BillingGeocodeAccuracy", "ShippingGeocodeAccuracy", "GeocodeAccuracy", "IsPriorityRecord",
})  # fmt: skip
"""Fields that say nothing to somebody who asks for a record without naming fields."""
_ARCHIVED: Final = frozenset({"event", "task"})
LONG_TEXT: Final = 500
"""Characters of a text that are shown to such a one; the rest is a call away."""


def is_archived(sobject: str) -> bool:
    """Tell whether Salesforce archives an object's old records, so that only queryAll finds them: activities."""
    return sobject.casefold() in _ARCHIVED


def shown_record(record: Mapping[str, Any], leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the fields of a record that have a value, without noise and compounds whose parts are there."""
    values = record_of(record, leave_out=NOISE | leave_out | _compounds(record))
    return {
        name: cut_text(name, value, LONG_TEXT) if isinstance(value, str) else value for name, value in values.items()
    }


def _compounds(record: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        name
        for name, value in record.items()
        if isinstance(value, dict)
        and (f"{name.removesuffix('Address')}City" in record or f"{name.removesuffix('__c')}__Latitude__s" in record)
    )


async def read_fields(org: OrgSession, sobject: str, record_id: str, fields: Sequence[str]) -> dict[str, Any]:
    """Return the named fields, empty ones included, under the names of Salesforce; a parent's as `Account.Name`.

    `Description[500:]` is a text from its 501st character on.
    """
    slices = [sliced(name) for name in fields]
    names: Sequence[str] = list(dict.fromkeys(name for name, _ in slices))
    if any("." in name for name in names):
        where = f"Id = {quote(record_id)}{' AND IsDeleted = false' if is_archived(sobject) else ''}"
        soql = f"SELECT {', '.join(names)} FROM {sobject} WHERE {where}"  # noqa: S608 - SOQL, checked names
        found = await org.client.queries.query(soql, query_all=is_archived(sobject))
        if found.records:
            rows = table(await with_days(org, found.records), names)
            return _cut({"Id": record_id, **dict(zip(rows["columns"], rows["rows"][0], strict=True))}, slices)
        names = ("Id",)  # Salesforce's own error says whether the record was deleted or never there
    record = await org.retrieve(sobject, record_id, fields=names)
    return _cut({"Id": record_id, **flat_record(await record_with_days(org, sobject, record_id, record))}, slices)


def _cut(read: dict[str, Any], slices: Iterable[tuple[str, int]]) -> dict[str, Any]:
    folded = {name.casefold(): name for name in read}
    for name, start in slices:
        if start:
            found = folded.get(name.casefold(), name)
            read[f"{found}[{start}:]"] = str(read.pop(found, None) or "")[start:]
    return read


async def create_record(
    org: OrgSession, sobject: str, values: Mapping[str, Any], *, allow_duplicate: bool, parents: Sequence[str] = ()
) -> dict[str, Any]:
    """Create a record; return it as it is then, with the names of its `parents` (`Owner`) where no policy judges it."""
    record_id, read = await org.client.create_and_read(
        sobject, values, allow_duplicate=allow_duplicate, parents=parents
    )
    if isinstance(read, SalesforceError):
        return _unread(read, {**values, "Id": record_id})
    return shown_record(read)


async def update_record(org: OrgSession, sobject: str, record_id: str, values: Mapping[str, Any]) -> Updated:
    """Change fields of a record; return those whose value is another one now."""
    fields = require_fields(values)
    before = await read_fields(org, sobject, record_id, fields)
    change, reading = updating(sobject, record_id, values), retrieving(sobject, record_id, fields=fields)
    _, after = await org.client.composite.run_led([change, reading])
    return difference(before, {"Id": record_id, **flat_record(outcome_of(after, {**before, **values}))})


def outcome_of(read: object, written: dict[str, Any]) -> dict[str, Any]:
    """Return the record that was read in the call of a write; or what was written, with why it could not be read."""
    return _unread(read, written) if isinstance(read, SalesforceError) else record_from(read)


@contextmanager
def read_back(into: dict[str, Any], written: Mapping[str, Any]) -> Iterator[None]:
    """Let the block read `into` what is there after a write; where it fails, that is what was written, with a warning.

    The write is done whatever becomes of the read.
    """
    try:
        yield
    except SalesforceError as error:
        into |= _unread(error, written)


def _unread(error: SalesforceError, written: Mapping[str, Any]) -> dict[str, Any]:
    if (change := current_change()) and change.is_preview:
        return {**written}  # it is not there to be read
    return {**written, "warning": f"Saved, but it could not be read back: {error.message}"}


def require_fields(values: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields to change."""
    if not values:
        raise refused("data is empty.", hint="Give the fields to change; null clears a field.", fields=["data"])
    return list(values)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Updated:
    """Return what is another value in `after`."""
    changed: dict[str, Change] = {
        name: {"before": before.get(name), "after": value}
        for name, value in after.items()
        if before.get(name) != value and name != "warning"
    }
    told: Updated = {"Id": after["Id"], "changed": changed}
    if "warning" in after:
        told["warning"] = after["warning"]
    return told


def last_changed(record: Mapping[str, Any]) -> datetime | None:
    """Return when a record was last changed, or None where that was not read; Salesforce keeps whole seconds."""
    stamps = [record[name] for name in ("LastModifiedDate", "SystemModstamp") if record.get(name)]
    return max(map(datetime.fromisoformat, stamps), default=None)


async def delete_record(org: OrgSession, sobject: str, record_id: str) -> Deleted:
    """Move a record to the recycle bin; return also which other records were deleted with it."""
    alongside = await going_along(org, sobject, [record_id])
    await org.client.sobjects.delete(sobject, record_id)
    return cast("Deleted", {"Id": record_id, "deleted": True, **alongside})
