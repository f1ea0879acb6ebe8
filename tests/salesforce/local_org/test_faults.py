"""What the client makes of an org that fails in every way it can: reads get through, no write is done twice."""

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault, Kind
from mcp_salesforce.salesforce import (
    LimitExceededError,
    NotFoundError,
    OutcomeUnknownError,
    SalesforceClient,
)

HEALED_FOR_A_READ: list[Kind] = [
    *("expired_session", "unavailable", "reset_before", "reset_after"),
    *("hang", "truncated", "lock_row", "latency"),
]
HEALED_FOR_A_CREATE: list[Kind] = ["expired_session", "lock_row", "latency"]


async def called(client: SalesforceClient, name: str) -> int:
    return (await client.queries.query(f"SELECT Id FROM Contact WHERE LastName = '{name}'")).total_size


@pytest.mark.parametrize("kind", HEALED_FOR_A_READ)
async def test_a_read_gets_through(client: SalesforceClient, org: LocalOrg, kind: Kind) -> None:
    org.faults.add(Fault(kind, method="GET", path="*/limits"))

    assert (await client.limits.limits())["DailyApiRequests"].max > 0
    assert org.faults.pending == []


@pytest.mark.parametrize("kind", HEALED_FOR_A_CREATE)
async def test_a_create_of_which_nothing_was_done_is_done_once(
    client: SalesforceClient, org: LocalOrg, kind: Kind
) -> None:
    org.faults.add(Fault(kind, method="POST", path="*/sobjects/Contact"))

    await client.sobjects.create("Contact", {"LastName": "Once"})

    assert await called(client, "Once") == 1


@pytest.mark.parametrize(
    ("kind", "records"), [("reset_before", 0), ("hang", 0), ("reset_after", 1), ("truncated", 1), ("unavailable", 0)]
)
async def test_a_create_of_unknown_outcome_is_not_repeated_and_says_so(
    client: SalesforceClient, org: LocalOrg, kind: Kind, records: int
) -> None:
    org.faults.add(Fault(kind, method="POST", path="*/sobjects/Contact"))

    with pytest.raises(OutcomeUnknownError, match="Unknown whether the Contact was created"):
        await client.sobjects.create("Contact", {"LastName": "Once"})

    assert await called(client, "Once") == records


async def test_a_create_that_met_a_limit_was_not_done(client: SalesforceClient, org: LocalOrg) -> None:
    org.faults.add(Fault("request_limit", method="POST", path="*/sobjects/Contact"))

    with pytest.raises(LimitExceededError) as caught:
        await client.sobjects.create("Contact", {"LastName": "Once"})

    assert not caught.value.is_outcome_unknown
    assert await called(client, "Once") == 0


async def test_a_delete_whose_answer_was_lost_has_succeeded(client: SalesforceClient, org: LocalOrg) -> None:
    record_id = org.insert("Contact", LastName="Gone")
    org.faults.add(Fault("reset_after", method="DELETE"))

    await client.sobjects.delete("Contact", record_id)

    with pytest.raises(NotFoundError):
        await client.sobjects.delete("Contact", record_id)


async def test_a_used_up_limit_is_told_at_once(client: SalesforceClient, org: LocalOrg) -> None:
    org.faults.add(Fault("request_limit", path="*/limits", count=2))

    with pytest.raises(LimitExceededError, match="TotalRequests Limit exceeded"):
        await client.limits.limits()

    assert [fault.count for fault in org.faults.pending] == [1]
