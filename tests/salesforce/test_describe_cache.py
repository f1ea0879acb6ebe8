"""The cache of describes: what it asks of the org, and what it forgets."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import (
    AsgiTransport,
    InvalidRequestError,
    LimitExceededError,
    RefreshTokenSource,
    SalesforceClient,
)
from mcp_salesforce.salesforce.describe_cache import FRESH_S, DescribeCache
from tests.salesforce.scripted import Answer, ScriptedOrg, refusal

MONDAY, TUESDAY = "Mon, 23 Nov 2026 09:00:00 GMT", "Tue, 24 Nov 2026 09:00:00 GMT"
NOT_MODIFIED = Answer(304)


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scripted() -> ScriptedOrg:
    return ScriptedOrg()


@pytest.fixture
async def cache(scripted: ScriptedOrg, clock: Clock) -> AsyncIterator[DescribeCache]:
    async with scripted.client() as client:
        yield DescribeCache(client.describe, now=clock)


@pytest.fixture
async def local(org: LocalOrg) -> AsyncIterator[DescribeCache]:
    """A cache of the local org's describes."""
    credentials = org.credentials
    tokens = RefreshTokenSource(
        credentials.client_id, credentials.client_secret, credentials.refresh_token, "http://127.0.0.1:1"
    )
    async with SalesforceClient(tokens, transport=AsgiTransport(org.app)) as client:
        yield DescribeCache(client.describe)


def described(*fields: str, stamp: str = MONDAY, name: str = "Contact") -> Answer:
    value: dict[str, Any] = {
        "name": name,
        "label": name,
        "fields": [{"name": field, "label": field, "type": "string"} for field in fields],
    }
    return Answer(value=value, headers={"content-type": "application/json", "last-modified": stamp})


def objects(*names: str) -> Answer:
    return Answer(value={"sobjects": [{"name": name, "label": name.replace("_", " ")} for name in names]})


def since(scripted: ScriptedOrg) -> list[str]:
    return [call.headers.get("if-modified-since", "") for call in scripted.data_calls]


async def test_calls_at_once_share_one_request_and_later_ones_need_none(
    scripted: ScriptedOrg, cache: DescribeCache
) -> None:
    scripted.answers.append(described("Id", "LastName"))

    found = await asyncio.gather(*(cache.describe(name) for name in ["Contact", "contact", "CONTACT"] * 7))

    assert {tuple(field.name for field in each.fields) for each in found} == {("Id", "LastName")}
    assert (await cache.describe("Contact")) is found[0]
    assert len(scripted.data_calls) == 1


async def test_a_field_added_since_is_seen_when_the_describe_is_no_longer_fresh(
    scripted: ScriptedOrg, cache: DescribeCache, clock: Clock
) -> None:
    scripted.answers.extend([described("Id"), NOT_MODIFIED, described("Id", "Tier__c", stamp=TUESDAY), NOT_MODIFIED])
    before = await cache.describe("Contact")
    clock.now += FRESH_S

    assert (await cache.describe("Contact")) is before
    clock.now += FRESH_S
    assert (await cache.describe("Contact")).field("tier__C") is not None
    clock.now += FRESH_S - 1
    await cache.describe("Contact")
    await cache.describe("Contact", max_age_s=0)
    assert since(scripted) == ["", MONDAY, MONDAY, TUESDAY]


async def test_the_orgs_stamp_confirms_every_describe_that_carries_it(
    scripted: ScriptedOrg, cache: DescribeCache, clock: Clock
) -> None:
    scripted.answers.extend([described("Id"), described("Id", name="Account"), NOT_MODIFIED])
    await cache.describe("Contact")
    await cache.describe("Account")
    clock.now += FRESH_S

    await cache.describe("Contact")
    await cache.describe("Account")

    assert since(scripted) == ["", "", MONDAY]


async def test_a_describe_is_read_whole_after_an_hour_whatever_the_stamp_says(
    scripted: ScriptedOrg, cache: DescribeCache, clock: Clock
) -> None:
    scripted.answers.extend([described("Id", "Secret__c"), described("Id")])
    await cache.describe("Contact")
    clock.now += 3600

    assert (await cache.describe("Contact")).field("Secret__c") is None
    assert since(scripted) == ["", ""]


async def test_a_clock_that_went_back_makes_nothing_fresh_for_ever(
    scripted: ScriptedOrg, cache: DescribeCache, clock: Clock
) -> None:
    scripted.answers.extend([described("Id"), described("Id", "Tier__c")])
    await cache.describe("Contact")
    clock.now -= 86_400

    assert (await cache.describe("Contact")).field("Tier__c") is not None


async def test_a_failure_is_not_kept(scripted: ScriptedOrg, cache: DescribeCache) -> None:
    scripted.answers.extend([refusal(403, "REQUEST_LIMIT_EXCEEDED"), described("Id")])
    with pytest.raises(LimitExceededError):
        await cache.describe("Contact")

    assert (await cache.describe("Contact")).name == "Contact"


async def test_a_reading_goes_on_for_others_when_who_began_it_gives_up(
    scripted: ScriptedOrg, cache: DescribeCache
) -> None:
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def wait(_call: Any) -> None:
        arrived.set()
        await answer.wait()

    scripted.answers.append(described("Id"))
    scripted.before_answer = wait
    first = asyncio.create_task(cache.describe("Contact"))
    second = asyncio.create_task(cache.describe("Contact"))
    await arrived.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    answer.set()

    assert (await second).name == "Contact"


async def test_what_was_not_used_for_the_longest_time_is_forgotten(scripted: ScriptedOrg, clock: Clock) -> None:
    async with scripted.client() as client:
        cache = DescribeCache(client.describe, most_parts=25, now=clock)
        names = ["Account", "Contact", "Lead"]
        scripted.answers.extend(described(*(f"F{n}__c" for n in range(10)), name=name) for name in names)
        for name in ["Account", "Contact", "Account", "Lead", "Account", "Lead"]:
            await cache.describe(name)
        assert len(scripted.data_calls) == 3
        scripted.answers.append(described("Id", name="Contact"))

        await cache.describe("Contact")

    assert [call.path.split("/")[-2] for call in scripted.data_calls] == ["Account", "Contact", "Lead", "Contact"]


async def test_an_object_larger_than_the_bound_is_kept_alone(scripted: ScriptedOrg, clock: Clock) -> None:
    async with scripted.client() as client:
        cache = DescribeCache(client.describe, most_parts=2, now=clock)
        scripted.answers.append(described("A", "B", "C"))

        await cache.describe("Contact")
        await cache.describe("Contact")

    assert len(scripted.data_calls) == 1


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("Contakt", "Contact"), ("contact role", "Opportunity_Contact_Role__c"), ("Opportunity", "Opportunity_Item__c")],
)
async def test_a_wrong_name_is_answered_with_those_like_it(
    scripted: ScriptedOrg, cache: DescribeCache, wrong: str, right: str
) -> None:
    known = objects("Contact", "Opportunity_Contact_Role__c", "Opportunity_Item__c")
    known.value["sobjects"][1]["label"] = "Contact Roles"
    scripted.answers.extend([known] if " " in wrong else [refusal(404, "NOT_FOUND"), known])

    with pytest.raises(InvalidRequestError) as caught:
        await cache.describe(wrong)

    assert caught.value.code == "INVALID_TYPE"
    assert wrong in caught.value.message
    assert right in caught.value.hint


async def test_a_wrong_name_is_said_to_be_one_where_the_others_cannot_be_read(
    scripted: ScriptedOrg, cache: DescribeCache
) -> None:
    scripted.answers.extend([refusal(404, "NOT_FOUND"), refusal(403, "REQUEST_LIMIT_EXCEEDED")])

    with pytest.raises(InvalidRequestError, match="'Contakt' is not supported"):
        await cache.describe("Contakt")


async def test_the_local_org_confirms_its_describes_without_sending_them(local: DescribeCache) -> None:
    contact, names = await local.describe("contact"), await local.names()

    assert contact.name == "Contact"
    assert (await local.describe("Contact", max_age_s=0)) is contact
    assert "Contact" in names
    assert (await local.summaries(max_age_s=0)) is (await local.summaries())
    assert [kind.name for kind in contact.record_type_infos] == ["Master"]
