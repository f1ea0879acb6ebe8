"""A client whose writes pass the gate, with a journal of the test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.changes.change import Change
from mcp_salesforce.changes.gate import Gate
from mcp_salesforce.changes.journal import Journal
from mcp_salesforce.changes.journal_file import JournalFile
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, RefreshTokenSource, SalesforceClient
from tests.conftest import NOW
from tests.tools.records.clinic import clinic_org

KEY = bytes(range(32))
OWNER = ("00D000000000001EAA", "005000000000001AAA")


async def owner() -> tuple[str, ...]:
    return OWNER


def change_of(tool: str = "salesforce_test", **more: Any) -> Change:
    """A change that nobody has begun."""
    return Change(tool, owner, **more)


def journal_in(folder: Path, *, now: datetime = NOW, key: bytes = KEY, is_wanted: bool = True) -> JournalFile:
    return JournalFile(folder / "journal" / "journal.db", lambda: key, now=now.timestamp, is_wanted=is_wanted)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[JournalFile]:
    kept = journal_in(tmp_path)
    yield kept
    await kept.close()


@asynccontextmanager
async def client_of(org: LocalOrg, journal: Journal) -> AsyncIterator[SalesforceClient]:
    credentials = org.credentials
    tokens = RefreshTokenSource(
        credentials.client_id, credentials.client_secret, credentials.refresh_token, "http://127.0.0.1:1"
    )
    async with SalesforceClient(tokens, transport=AsgiTransport(org.app), gate=Gate(journal).over) as client:
        yield client


@pytest.fixture
async def client(org: LocalOrg, journal: Journal) -> AsyncIterator[SalesforceClient]:
    async with client_of(org, journal) as client:
        yield client


@pytest.fixture
async def clinic_client(journal: Journal) -> AsyncIterator[SalesforceClient]:
    """A client of an org that has an object with an external id."""
    with clinic_org() as org:
        async with client_of(org, journal) as client:
            yield client
