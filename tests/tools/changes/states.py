"""What an org holds, without stamps: to tell whether it is as it was."""

from typing import Any

from mcp_salesforce.localorg import LocalOrg

_STAMPS = frozenset(
    {"LastModifiedDate", "SystemModstamp", "LastModifiedById", "LastViewedDate", "LastReferencedDate", "CreatedDate"}
)
_OBJECTS = ("Account", "Contact", "Event", "EventRelation", "Lead", "Opportunity", "Task")
_MADE_ANEW = frozenset({"Id"})  # of an invitation that was made again


def state_of(org: LocalOrg) -> dict[str, list[dict[str, Any]]]:
    """Return all records that are not deleted, by object."""
    return {sobject: sorted(_rows(org, sobject), key=repr) for sobject in _OBJECTS}


def _rows(org: LocalOrg, sobject: str) -> list[dict[str, Any]]:
    left_out = _STAMPS | (_MADE_ANEW if sobject == "EventRelation" else frozenset())
    rows = org.store.rows(f'SELECT * FROM "{sobject}" WHERE IsDeleted = 0')
    return [{name: value for name, value in dict(row).items() if name not in left_out} for row in rows]
