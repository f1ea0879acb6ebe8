"""One save of one record, for the rules of its object."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mcp_salesforce.localorg.services.field_values import Stored
from mcp_salesforce.localorg.store.schema import Schema, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Row, Store
from mcp_salesforce.zones import ZoneInfo


@dataclass(frozen=True, slots=True)
class Save:
    """A record about to be stored.

    Attributes:
        row: Every column after the save; rules change it in place.
        given: The columns that the caller named, with their values.
        before: The stored row before the save; None for a new record.
        user_id: Who saves.
    """

    store: Store
    schema: Schema
    now: Callable[[], datetime]
    definition: SObjectDef
    row: dict[str, Stored]
    given: dict[str, Stored]
    before: Row | None
    user_id: str

    @property
    def user_zone(self) -> ZoneInfo:
        """The time zone of the user who saves."""
        return user_zone(self.store, self.user_id)

    def record(self, record_id: Stored) -> Row | None:
        """Return the stored row of any record, by its id."""
        if not isinstance(record_id, str):
            return None
        definition = self.schema.of_record(record_id)
        return self.store.find(definition, record_id) if definition else None


def user_zone(store: Store, user_id: str) -> ZoneInfo:
    """Return the time zone of a user; UTC for somebody who is not a user of the org."""
    user = store.row("SELECT TimeZoneSidKey FROM User WHERE Id = ?", [user_id])
    return ZoneInfo(str(user["TimeZoneSidKey"]) if user else "UTC")
