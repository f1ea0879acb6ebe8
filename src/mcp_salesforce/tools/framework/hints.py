"""Better hints for errors, from the org's describes: similar names, or the allowed values."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.salesforce import ApiError, SalesforceError
from mcp_salesforce.salesforce.advice import is_told_by_words
from mcp_salesforce.salesforce.codes import NO_SUCH_FIELD, NO_SUCH_OBJECT
from mcp_salesforce.salesforce.models import SObjectDescribe
from mcp_salesforce.spelling import did_you_mean, nearest
from mcp_salesforce.tools.framework.session import OrgSession

_CHECK_NAMES: Final = "Check the fields' API names; custom ones end in __c, their relationships in __r."
_NOT_IN_PICKLIST: Final = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
_MOST_VALUES: Final = 12


async def hint_for(org: OrgSession, error: SalesforceError, sobject: str, arguments: Mapping[str, Any]) -> str:
    """Return a better hint than the error's own; empty if there is none.

    Args:
        org: The org, which describes its objects.
        error: What went wrong.
        sobject: The object that the call was about; empty where it could be any.
        arguments: What the tool was called with.
    """
    try:
        if field := NO_SUCH_FIELD.search(error.message):
            names = [known.name for known in (await org.schema.describe(field[2] or field[3])).fields]
            return did_you_mean(nearest(field[1].rpartition(".")[2], names)) or "Custom fields end in __c."
        if unknown := NO_SUCH_OBJECT.search(error.message):
            return did_you_mean(await org.schema.nearest(unknown[1])) or "Custom objects end in __c."
        if error.code == _NOT_IN_PICKLIST and error.fields and sobject:
            return await _allowed_values(org, await org.schema.describe(sobject), error, arguments)
    except SalesforceError:
        return ""  # a hint is not worth a second error
    if not isinstance(error, ApiError) or is_told_by_words(error.code, error.message):
        return ""
    return _CHECK_NAMES if error.code == "INVALID_FIELD" else ""


async def _allowed_values(
    org: OrgSession, described: SObjectDescribe, error: SalesforceError, arguments: Mapping[str, Any]
) -> str:
    """Return which values a picklist has; of one that it has itself, those that the record's type allows."""
    name, refusal = error.fields[0], error.message.rstrip(".")
    field = described.field(name)
    values = [value.value for value in field.picklist_values if value.active] if field else []
    wrong = refusal.rpartition(": ")[2]
    if not _has(values, refusal):
        return f"Allowed: {_some(values, wrong)}." if values else ""
    allowed = await _allowed_by_type(org, described, name, arguments)
    if allowed and not _has(allowed, refusal):
        return f"The record type allows: {_some(allowed, wrong)}. Or use another RecordTypeId."
    others = [value for value in values if not _has([value], refusal)]
    offer = f"Try another value ({_some(others, wrong)}), or another RecordTypeId."
    return f"The record type does not allow this value. {offer if others else ''}".rstrip()


async def _allowed_by_type(
    org: OrgSession, described: SObjectDescribe, field: str, arguments: Mapping[str, Any]
) -> Sequence[str]:
    """Return the values of a picklist for the type of the record that was to be saved; none where it is not known."""
    try:
        record_type = await _record_type(org, described, arguments)
        return await org.client.describe.picklist_values(described.name, record_type, field) if record_type else ()
    except SalesforceError:
        return ()  # the UI API can be closed to a user, and a policy can hide the record type


async def _record_type(org: OrgSession, described: SObjectDescribe, arguments: Mapping[str, Any]) -> str:
    """Return the Id of the record type of the one record that a call is about; empty where there are several."""
    records = [arguments["data"]] if "data" in arguments else arguments.get("records", [])
    if len(records) != 1 or not described.field("RecordTypeId"):
        return ""
    given = {name.casefold(): value for name, value in records[0].items()}
    if chosen := given.get("recordtypeid"):
        return str(chosen)
    own_id = given.get("id") or next((value for name, value in arguments.items() if name.endswith("_id")), "")
    if own_id:
        found = await org.client.sobjects.retrieve(described.name, str(own_id), fields=["RecordTypeId"])
        return str(found.get("RecordTypeId") or "")
    default = [each.record_type_id for each in described.record_type_infos if each.default_record_type_mapping]
    return default[0] if default else ""


def _has(values: Sequence[str], refusal: str) -> bool:
    """Tell whether a refusal ends with one of `values`, which may hold a colon itself."""
    return any(refusal.endswith(f": {value}") for value in values)


def _some(values: Sequence[str], wrong: str) -> str:
    """Return the values that fit into a hint: if there are many, those most similar to the wrong one."""
    near = nearest(wrong, values, count=3) if len(values) > _MOST_VALUES else []
    return f"{', '.join(near)}; describe the field for all {len(values)}" if near else ", ".join(values)
