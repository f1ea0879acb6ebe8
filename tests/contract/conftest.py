"""A local org on a port, for requests as any client makes them.

One org serves the tests of a module, since its seed takes longer than they do; each makes the records that it changes.
"""

from collections.abc import Iterator

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening
from tests.contract.asking import Asker


@pytest.fixture(scope="module")
def org() -> Iterator[LocalOrg]:
    with LocalOrg.open() as opened:
        yield opened


@pytest.fixture(scope="module")
def ask(org: LocalOrg) -> Iterator[Asker]:
    with listening(org.app) as url:
        yield Asker(url, org.credentials.access_token)
