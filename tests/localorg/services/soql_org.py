"""An org with few, chosen records, and ways to ask it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.query import Queries
from tests.orgs import new_org

# A Sunday evening in New York, Monday morning in Berlin.
NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)


@dataclass
class SoqlOrg:
    """An org without seed data, its queries, and ids of records under names that tests choose."""

    org: LocalOrg
    queries: Queries
    user_id: str
    ids: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, sobject: str, **fields: Any) -> str:
        self.ids[name] = self.org.insert(sobject, **fields)
        return self.ids[name]

    def ask(self, soql: str, **options: Any) -> dict[str, Any]:
        return self.queries.query(soql, self.user_id, **options)

    def records(self, soql: str, **options: Any) -> list[dict[str, Any]]:
        """Return records without their attributes, whatever the level."""
        found = plain(self.ask(soql, **options)["records"])
        assert isinstance(found, list)
        return found

    def column(self, soql: str, **options: Any) -> list[Any]:
        """Return the only value of each record."""
        return [next(iter(record.values())) for record in self.records(soql, **options)]


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if key != "attributes"}
    return value


@contextmanager
def soql_org(zone: str = "America/New_York", locale: str = "en_US") -> Iterator[SoqlOrg]:
    with new_org(lambda: NOW, seed=False) as org:
        user = {"TimeZoneSidKey": zone, "LocaleSidKey": locale}
        org.store.update(org.schema["User"], org.user_id, user)
        yield SoqlOrg(org, org.queries, org.user_id)
