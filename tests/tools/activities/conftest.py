import pytest

from mcp_salesforce.localorg import LocalOrg


@pytest.fixture
def org(empty_org: LocalOrg) -> LocalOrg:
    """The org without the seed's appointments, which would be in the way."""
    return empty_org
