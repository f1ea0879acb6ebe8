"""What a policy costs: no object is described for it a second time, and no query parsed."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.describe_cache import FRESH_S
from mcp_salesforce.server import create_server
from mcp_salesforce.soql.tree_cache import tree_of
from tests.conftest import NOW, settings_of
from tests.tools.calls import call, refusal

POLICY = '[objects.Contact]\nhide = ["Email"]\n[objects.Account]\nactions = []'
DESCRIBES = "/services/data/v60.0/sobjects"


class Time:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def watched(org: LocalOrg, folder: Path, now: Time) -> AsyncIterator[tuple[Client, Counter[str]]]:
    """A client under the policy, and how often each path is asked for."""
    asked: Counter[str] = Counter()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked[scope["path"].removeprefix(DESCRIBES)] += scope["path"].startswith(DESCRIBES)
        await org.app(scope, receive, send)

    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    settings = settings_of(org, policy=folder / "policy.toml")
    async with Client(create_server(settings, transport=AsgiTransport(app), now=now)) as client:
        yield client, asked


@pytest.fixture
def now() -> Time:
    return Time()


async def test_each_object_is_described_once(org: LocalOrg, tmp_path: Path, now: Time) -> None:
    async with watched(org, tmp_path, now) as (mcp, asked):
        await call(mcp, "query", soql="SELECT Id, Who.Name FROM Event LIMIT 1")
        shown = await call(mcp, "describe", sobject="Contact")
        await call(mcp, "describe", sobject="Event", fields=["Subject"])
        await call(mcp, "describe", search="contact")
        await call(mcp, "list_contacts")
        await call(mcp, "search", text="Logistics", sobjects=["Contact(Name)"])
        await call(mcp, "create_records", sobject="Contact", records=[{"LastName": "Ode"}])

    assert "Email" not in [row[0] for row in shown["rows"]]
    assert {path: count for path, count in asked.items() if count > 1} == {}
    assert asked["/Contact/describe"] == asked["/Event/describe"] == asked[""] == 1


async def test_after_a_while_one_question_confirms_what_is_known(org: LocalOrg, tmp_path: Path, now: Time) -> None:
    async with watched(org, tmp_path, now) as (mcp, asked):
        for sobject in ("Contact", "Event"):
            await call(mcp, "describe", sobject=sobject)
        asked.clear()
        now.now += timedelta(seconds=FRESH_S + 1)
        for sobject in ("Contact", "Event"):
            await call(mcp, "describe", sobject=sobject)

    assert asked.total() == 1


async def test_what_may_not_be_read_is_not_described(org: LocalOrg, tmp_path: Path, now: Time) -> None:
    async with watched(org, tmp_path, now) as (mcp, asked):
        error = await refusal(mcp, "describe", sobject="Account")
        objects = await call(mcp, "describe", search="Account")
        asked_of_account = asked["/Account/describe"]

    assert (error["code"], asked_of_account) == ("POLICY_REFUSED", 1)  # the policy itself was checked
    assert "Account" not in [row[0] for row in objects["rows"]]


async def test_each_query_is_parsed_once(org: LocalOrg, tmp_path: Path, now: Time) -> None:
    async with watched(org, tmp_path, now) as (mcp, _):
        await call(mcp, "query", soql="SELECT Id FROM Contact LIMIT 1")
        before = tree_of.cache_info().misses
        await call(mcp, "query", soql="SELECT Id, LastName FROM Contact ORDER BY LastName LIMIT 3")

    assert tree_of.cache_info().misses == before + 1
