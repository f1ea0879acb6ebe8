"""An org with users and nothing else, and its clock."""

from collections.abc import Iterator

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.localorg.clock import Clock
from tests.orgs import new_org


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def org(clock: Clock) -> Iterator[LocalOrg]:
    with new_org(clock, seed=False) as opened:
        yield opened
