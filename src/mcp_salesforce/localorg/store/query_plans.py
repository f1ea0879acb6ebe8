"""How SQLite would run a query, in the words of Salesforce's query plans."""

import re
from typing import Any, Final

from mcp_salesforce.localorg.store.shapes import Count, Plan, RowsQuery
from mcp_salesforce.localorg.store.sqlite import Store, quote

_LEADING: Final = re.compile(r"SEARCH t\d+ USING (?:COVERING )?INDEX \S+ \((?P<fields>[^)]*)\)")
_FIELD: Final = re.compile(r"(\w+)[=<>]")


def explain(store: Store, planned: Plan) -> dict[str, Any]:
    """Return the plan of a query: the index it starts from, and how many records it finds and its object has."""
    sql = planned.row_ids if isinstance(planned, RowsQuery) else planned.sql
    steps = [row["detail"] for row in store.rows(f"EXPLAIN QUERY PLAN {sql.text}", sql.values)]
    found = next((match for step in steps if (match := _LEADING.search(step))), None)
    total = store.rows(f"SELECT COUNT(*) FROM {quote(planned.sobject.name)}")[0][0]  # noqa: S608 - a name of the schema
    counted = sql.text if isinstance(planned, Count) else f"SELECT COUNT(*) FROM ({sql.text})"  # noqa: S608 - the query itself
    cardinality = store.rows(counted, sql.values)[0][0]
    return {
        "cardinality": cardinality,
        "fields": _FIELD.findall(found["fields"]) if found else [],
        "leadingOperationType": "Index" if found else "TableScan",
        "notes": [],
        "relativeCost": round(cardinality / max(total, 1), 3),
        "sobjectCardinality": total,
        "sobjectType": planned.sobject.name,
    }
