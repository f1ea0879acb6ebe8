"""What an org holds, without stamps: to tell whether it is as it was."""

from typing import Any, Final

from mcp_salesforce.localorg import LocalOrg

_STAMPS: Final = frozenset(
    {"LastModifiedDate", "SystemModstamp", "LastModifiedById", "LastViewedDate", "LastReferencedDate", "CreatedDate"}
)
_OBJECTS: Final = ("Account", "Contact", "Event", "EventRelation", "Lead", "Opportunity", "Task", "Visit__c")
_FOLLOWS: Final = frozenset({"LastActivityDate"})  # the org reckons it of the activities that there are
_ANSWERS: Final = frozenset({"Status", "Response", "RespondedDate"})  # a move resets them
_OF_INVITATIONS: Final = frozenset({"IsGroupEvent", "GroupEventType"})  # once a group event, always one
_MADE_ANEW: Final = frozenset({"Id"})  # of an invitation that was made again
_ID_OF_EVENT: Final = "IIF(IsChild, NULL, Id)"  # an invitee's event is made anew with the invitation


def state_of(org: LocalOrg) -> dict[str, list[dict[str, Any]]]:
    """Return all records that are not deleted, by object."""
    names = {each.name for each in org.schema}
    return {sobject: _rows(org, sobject) for sobject in _OBJECTS if sobject in names}


def _rows(org: LocalOrg, sobject: str) -> list[dict[str, Any]]:
    known = [column["name"] for column in org.store.rows(f'PRAGMA table_info("{sobject}")')]
    names = [each for each in known if each not in _left_out(sobject) and not each.startswith("_deleted")]
    columns = ", ".join(_ID_OF_EVENT if sobject == "Event" and each == "Id" else f'"{each}"' for each in names)
    has_ids = "Id" in names and sobject != "Event"
    order = "Id" if has_ids else ", ".join(f"{number} COLLATE BINARY" for number in range(1, len(names) + 1))
    rows = org.store.rows(f'SELECT {columns} FROM "{sobject}" WHERE IsDeleted = 0 ORDER BY {order}')
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return [{name: row[name] for name in row if name != "Id" or row[name]} for row in found] if not has_ids else found


def _left_out(sobject: str) -> frozenset[str]:
    if sobject == "EventRelation":
        return _STAMPS | _FOLLOWS | _MADE_ANEW | _ANSWERS
    return _STAMPS | _FOLLOWS | (_OF_INVITATIONS if sobject == "Event" else frozenset())
