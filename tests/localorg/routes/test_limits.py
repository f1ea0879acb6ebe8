"""Limits and record counts."""

import httpx2

from mcp_salesforce.localorg import LocalOrg

DATA = "/services/data/v60.0"
NOON = "2026-03-02T12:00:00Z"


async def test_limits_are_those_of_a_developer_edition_less_the_calls_so_far(http: httpx2.AsyncClient) -> None:
    await http.get(f"{DATA}/limits")

    limits = (await http.get(f"{DATA}/limits/")).json()

    assert limits["DailyApiRequests"] == {"Max": 15000, "Remaining": 14999}
    assert limits["DataStorageMB"]["Max"] == 5
    assert limits["FileStorageMB"]["Max"] == 20


async def test_record_counts_name_the_objects_asked_for_or_all_that_have_records(
    org: LocalOrg, http: httpx2.AsyncClient
) -> None:
    org.insert("Contact", LastName="A")
    org.records.delete("Contact", org.insert("Contact", LastName="B"), org.user_id)

    named = await http.get(f"{DATA}/limits/recordCount?sObjects=Contact,Nope")
    every = (await http.get(f"{DATA}/limits/recordCount")).json()["sObjects"]

    assert named.json() == {"sObjects": [{"count": 1, "name": "Contact"}]}
    assert {"count": 1, "name": "Contact"} in every
    assert {"count": 1, "name": "Organization"} in every


async def test_an_object_that_never_had_a_record_is_left_out(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    org.records.delete("Event", org.insert("Event", DurationInMinutes=30, ActivityDateTime=NOON), org.user_id)

    counts = (await http.get(f"{DATA}/limits/recordCount?sObjects=Opportunity,Event")).json()

    assert counts == {"sObjects": [{"count": 0, "name": "Event"}]}
