import pytest

from mcp_salesforce.localorg import LocalOrg


@pytest.fixture
def empty_org(org: LocalOrg) -> LocalOrg:
    """The org without the seed's appointments."""
    for row in org.store.rows("SELECT Id FROM Event WHERE IsDeleted = 0"):
        org.records.delete("Event", row["Id"], org.user_id)
    return org
