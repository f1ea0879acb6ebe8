"""An org with users and nothing else, and its clock."""

from collections.abc import Iterator

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.localorg.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def org(clock: Clock) -> Iterator[LocalOrg]:
    with LocalOrg.open(seed=False, now=clock) as opened:
        yield opened
