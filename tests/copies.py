"""Many records at once: one that is made the usual way, and copies of its row."""

from typing import Any

from mcp_salesforce.localorg import LocalOrg


def insert_copies(org: LocalOrg, sobject: str, count: int, **fields: Any) -> None:
    """Insert `count` records that differ in their Ids alone."""
    if not count:
        return
    definition = org.schema[sobject]
    model = org.store.find(definition, org.insert(sobject, **fields))
    assert model is not None
    columns = [*dict(model)]
    with org.store.transaction():
        rows = [[*({**dict(model), "Id": org.store.new_id(definition)}).values()] for _ in range(count - 1)]
        org.store.insert_many(definition, columns, rows)
