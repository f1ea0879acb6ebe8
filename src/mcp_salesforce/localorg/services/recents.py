"""List the records that were viewed last."""

from typing import Any, Final

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.access import Access
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.sqlite import Store, quote

MOST: Final = 200


class Recents:
    """Reads the LastViewedDate that SOQL's FOR VIEW leaves on records."""

    def __init__(self, store: Store, schema: Schema) -> None:
        """Read `store`."""
        self._store = store
        self._schema = schema
        self._access = Access(store, schema)

    @evidence("Recent records", "simulated", "Views are the same for every user")
    def viewed(self, sobject: str = "", user_id: str = "") -> list[dict[str, Any]]:
        """Return type, Id and name of up to 200 viewed records of an object, or of all, the latest first.

        Only those that the user may see; without a user, all.
        """
        found: list[tuple[str, dict[str, Any]]] = []
        for definition in self._schema:
            name = next((field.name for field in definition.fields if field.name_field), "Id")
            if sobject not in {"", definition.name} or not definition.field("LastViewedDate"):
                continue
            condition, values = self._access.condition(definition, user_id)
            sql = (
                f"SELECT Id, {quote(name)}, LastViewedDate FROM {quote(definition.name)} t "  # noqa: S608 - names of the schema
                f"WHERE LastViewedDate IS NOT NULL AND IsDeleted = 0 AND {condition} "
                f"ORDER BY LastViewedDate DESC LIMIT {MOST}"
            )
            found += [
                (row["LastViewedDate"], {"type": definition.name, "Id": row["Id"], name: row[name]})
                for row in self._store.rows(sql, values)
            ]
        return [record for _, record in sorted(found, key=lambda each: each[0], reverse=True)][:MOST]
