"""What the user may do with an object, as describe tells."""

from collections.abc import Mapping
from typing import Final

from mcp_salesforce.salesforce import SObjectDescribe

_RIGHTS: Final[Mapping[str, str]] = {
    "read": "queryable",
    "create": "createable",
    "update": "updateable",
    "delete": "deletable",
}


def rights_of(described: SObjectDescribe) -> str:
    """Return in words what the user may do with records of an object, as far as a policy leaves it."""
    return ", ".join(word for word, flag in _RIGHTS.items() if getattr(described, flag)) or "nothing"
