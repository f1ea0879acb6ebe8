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


def state_of(org: LocalOrg) -> dict[str, list[dict[str, Any]]]:
    """Return all records that are not deleted, by object."""
    names = {each.name for each in org.schema}
    return {sobject: sorted(_rows(org, sobject), key=repr) for sobject in _OBJECTS if sobject in names}


def _rows(org: LocalOrg, sobject: str) -> list[dict[str, Any]]:
    rows = org.store.rows(f'SELECT * FROM "{sobject}" WHERE IsDeleted = 0')
    return [_plain(sobject, dict(row)) for row in rows]


def _plain(sobject: str, row: dict[str, Any]) -> dict[str, Any]:
    left_out = _STAMPS | _FOLLOWS
    if sobject == "EventRelation":
        left_out |= _MADE_ANEW | _ANSWERS
    if sobject == "Event":
        left_out |= _OF_INVITATIONS | (_MADE_ANEW if row["IsChild"] else frozenset())
    return {name: value for name, value in row.items() if name not in left_out and not name.startswith("_deleted")}
