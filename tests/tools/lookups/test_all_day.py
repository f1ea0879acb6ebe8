"""All-day appointments are days in every answer, whatever zone is asked; appointments at midnight UTC are times."""

from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from tests.salesforce.scripted import Answer, ScriptedOrg
from tests.tools.calls import call, rows_as_dicts, server_on
from tests.tools.events import all_day, timed

ZONES = ["", "America/Vancouver", "Pacific/Auckland"]
FAIR, MIDNIGHT = "2026-11-24", "2026-11-25T00:00:00Z"  # the afternoon of the 24th in Vancouver


pytestmark = pytest.mark.usefixtures("calendar")


@pytest.fixture
def calendar(empty_org: LocalOrg) -> LocalOrg:
    """One appointment of a day, and one at midnight UTC, both of one contact."""
    contact = empty_org.insert("Contact", LastName="Ode")
    fair = all_day(empty_org, "Fair", FAIR, WhoId=contact)
    timed(empty_org, "Call", MIDNIGHT, 30, WhoId=contact)
    empty_org.insert("EventRelation", EventId=fair, RelationId=empty_org.insert("Contact", LastName="Guest"))
    return empty_org


async def rows_of(mcp: Client, soql: str, zone: str) -> list[dict[str, Any]]:
    asked = {"time_zone": zone} if zone else {}
    return rows_as_dicts(await call(mcp, "query", soql=soql, **asked))


def is_time(value: str, zone: str) -> bool:
    return "T" in value and (value.endswith("Z") or bool(zone))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("more", ["", ", IsAllDayEvent", ", Id", ", Who.Name"])
async def test_the_columns_of_a_query(more: str, zone: str, mcp: Client) -> None:
    fair, midnight = await rows_of(
        mcp, f"SELECT StartDateTime, EndDateTime{more} FROM Event ORDER BY StartDateTime", zone
    )

    assert (fair["StartDateTime"], fair["EndDateTime"]) == (FAIR, FAIR)
    assert is_time(midnight["StartDateTime"], zone)
    assert is_time(midnight["EndDateTime"], zone)


@pytest.mark.parametrize("zone", ZONES)
async def test_the_rows_of_a_sub_query(zone: str, mcp: Client) -> None:
    soql = "SELECT Name, (SELECT StartDateTime FROM Events ORDER BY StartDateTime) FROM Contact WHERE LastName = 'Ode'"
    (ode,) = await rows_of(mcp, soql, zone)

    (fair,), (midnight,) = ode["Events"]["rows"]
    assert fair == FAIR
    assert is_time(midnight, zone)


@pytest.mark.parametrize("zone", ZONES)
async def test_the_columns_of_a_parent(zone: str, mcp: Client) -> None:
    rows = await rows_of(mcp, "SELECT RelationId, Event.StartDateTime, Event.EndDateTime FROM EventRelation", zone)

    assert {(row["Event.StartDateTime"], row["Event.EndDateTime"]) for row in rows} == {(FAIR, FAIR)}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "soql",
    [
        "SELECT MIN(StartDateTime) earliest, MAX(EndDateTime) latest FROM Event",
        "SELECT min(e.startdatetime) earliest, MAX(e.EndDateTime) latest FROM Event e",
        "SELECT OwnerId, MIN(StartDateTime) earliest, MAX(EndDateTime) latest FROM Event GROUP BY OwnerId LIMIT 9",
        "SELECT MIN(StartDateTime) earliest, MAX(EndDateTime) latest, COUNT(Id) FROM Event WHERE Subject != 'x'",
        "SELECT Who.Name, MIN(StartDateTime) earliest, MAX(EndDateTime) latest FROM Event GROUP BY Who.Name LIMIT 9",
    ],
)
async def test_the_extremes_of_groups(soql: str, zone: str, mcp: Client) -> None:
    (row,) = await rows_of(mcp, soql, zone)

    assert row["earliest"] == FAIR
    assert is_time(row["latest"], zone)


async def test_extremes_without_an_alias_and_of_parents(mcp: Client) -> None:
    (row,) = await rows_of(mcp, "SELECT MIN(StartDateTime), MAX(StartDateTime) FROM Event", "")
    (parents,) = await rows_of(mcp, "SELECT MAX(Event.StartDateTime) FROM EventRelation", "")

    assert row == {"MIN(StartDateTime)": FAIR, "MAX(StartDateTime)": MIDNIGHT}
    assert parents == {"MAX(Event.StartDateTime)": FAIR}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("fields", [[], ["StartDateTime", "EndDateTime"], ["StartDateTime", "EndDateTime", "Who.Name"]])
async def test_records_by_their_ids(fields: list[str], zone: str, mcp: Client) -> None:
    ids = [row["Id"] for row in await rows_of(mcp, "SELECT Id FROM Event ORDER BY StartDateTime", "")]
    asked: dict[str, Any] = {"fields": fields} | ({"time_zone": zone} if zone else {})

    one = await call(mcp, "get_record", sobject="event", record_ids=ids[:1], **asked)
    fair, midnight = rows_as_dicts(await call(mcp, "get_record", sobject="Event", record_ids=ids, **asked))

    for told in (one, fair):
        assert (told["StartDateTime"], told["EndDateTime"]) == (FAIR, FAIR)
    assert is_time(midnight["StartDateTime"], zone)


async def test_the_other_tools(mcp: Client) -> None:
    (row,) = await rows_of(mcp, "SELECT Id FROM Event WHERE Subject = 'Fair'", "")

    named = await call(mcp, "get_appointment", event_id=row["Id"], fields=["StartDateTime", "EndDateTime"])
    found = await call(mcp, "search", text="Fair", sobjects=["Event"])

    assert (named["StartDateTime"], named["EndDateTime"]) == (FAIR, FAIR)
    assert [row["StartDateTime"] for row in rows_as_dicts(found["found"]["Event"])] == [FAIR]


async def test_pages_of_rows_without_ids_stay_exact(mcp: Client) -> None:
    soql = "SELECT StartDateTime FROM Event ORDER BY StartDateTime"
    first = await call(mcp, "query", soql=soql, limit=1)
    second = await call(mcp, "query", soql=soql, limit=1, cursor=first["next_cursor"])

    assert [first["rows"], second["rows"]] == [[[FAIR]], [[MIDNIGHT]]]


def attachment(kind: str, **fields: Any) -> dict[str, Any]:
    """A row of a query with TYPEOF: the parent has the fields of its kind."""
    url = f"/services/data/v60.0/sobjects/{kind}/00U000000000001AAA"
    return {"attributes": {"type": "Attachment"}, "Parent": {"attributes": {"type": kind, "url": url}, **fields}}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("is_all_day", [False, True])
async def test_the_fields_of_a_kind(zone: str, *, is_known: bool, is_all_day: bool) -> None:
    scripted, midnight = ScriptedOrg(), "2026-11-24T00:00:00.000+0000"
    more = {"IsAllDayEvent": is_all_day} if is_known else {}
    records = [
        attachment("Event", StartDateTime=midnight, **more),
        attachment("Case", Subject="x", CreatedDate=midnight),
    ]
    asked = [] if is_known or not is_all_day else [{"Id": "00U000000000001AAA"}]
    scripted.answers.extend(
        Answer(value={"totalSize": len(found), "done": True, "records": found}) for found in (records, asked)
    )
    soql = "SELECT TYPEOF Parent WHEN Event THEN StartDateTime WHEN Case THEN Subject, CreatedDate END FROM Attachment"

    async with Client(server_on(scripted)) as mcp:
        told = await call(mcp, "query", soql=soql, **({"time_zone": zone} if zone else {}))

    event, case = rows_as_dicts(told)
    assert (event["Parent.StartDateTime"] == "2026-11-24") == is_all_day
    assert is_all_day or is_time(event["Parent.StartDateTime"], zone)
    assert is_time(case["Parent.CreatedDate"], zone)
