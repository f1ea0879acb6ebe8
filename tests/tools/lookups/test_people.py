"""People are found as somebody writes them, whatever way somebody else has saved them."""

from collections.abc import AsyncIterator, Iterator

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of
from tests.orgs import new_org
from tests.tools.calls import call, rows_as_dicts

SAVED = [
    ("Beatriz", "Tanner"), ("Zoë", "Müller"), ("Jean-Luc", "O'Brien"), ("Ludwig", "van der Berg"),
    ("María José", "García-López"), ("Anne", "St. John"), ("Søren", "Kierkegård"), ("Nuñez", "D\u2019Angelo"),
    ("Björn", "Strauß"), ("Tom", "de la Cruz"), ("Lee", "Ng"),
]  # fmt: skip
NUMBERS = {"Here": "(604) 555-0101", "Berlin": "+49 30 1234567", "London": "020 7946 0958"}
ASKED = [
    ("Tanner, Beatriz", "Tanner"), ("Ms. Beatriz Tanner", "Tanner"), ("Prof. Dr. Tanner", "Tanner"),
    ("Beatriz Tanner, MD", "Tanner"), ("Tanner Jr.", "Tanner"), ("B. Tanner", "Tanner"), ("Tanner, B", "Tanner"),
    ("Tanner / Beatriz", "Tanner"), ('Beatriz "Bea" Tanner', "Tanner"), ("Tom de la Cruz (work)", "de la Cruz"),
    ("Zoe", "Müller"), ("Zoe Mueller", "Müller"), ("muller zoe", "Müller"), ("Zoe\u0308", "Müller"),
    ("Jean-Luc OBrien", "O'Brien"), ("O\u2019Brien", "O'Brien"), ("Obrien", "O'Brien"), ("JeanLuc", "O'Brien"),
    ("Berg, Ludwig van der", "van der Berg"), ("Vanderberg", "van der Berg"), ("Delacruz", "de la Cruz"),
    ("Maria Jose Garcia Lopez", "García-López"), ("Garcia-Lopez", "García-López"), ("Anne St John", "St. John"),
    ("Soren Kierkegaard", "Kierkegård"), ("D'Angelo", "D\u2019Angelo"), ("Nunez d'Angelo", "D\u2019Angelo"),
    ("Bjoern Strauss", "Strauß"), ("Mr Lee Ng", "Ng"),
]  # fmt: skip
DIALLED = [
    ("+1 604 555 0101", "Here"), ("001 604 555 0101", "Here"), ("1-604-555-0101", "Here"), ("604.555.0101", "Here"),
    ("+1 (604) 555-0101 ext. 5", "Here"), ("604 555 0101 x12", "Here"), ("tel:+16045550101", "Here"),
    ("555 0101", "Here"), ("+49 (0)30 1234567", "Berlin"), ("030/1234567", "Berlin"), ("0049 30 1234567", "Berlin"),
    ("+44 20 7946 0958", "London"), ("\uff10\uff12\uff10 7946 0958", "London"),
]  # fmt: skip


@pytest.fixture
def book() -> Iterator[LocalOrg]:
    with new_org(lambda: NOW, seed=False, then=with_people) as org:
        yield org


def with_people(org: LocalOrg) -> None:
    for first, last in SAVED:
        org.insert("Contact", FirstName=first, LastName=last)
    for last, number in NUMBERS.items():
        org.insert("Contact", LastName=last, MobilePhone=number)


@pytest.fixture
async def desk(book: LocalOrg) -> AsyncIterator[Client]:
    async with Client(
        create_server(settings_of(book), transport=AsgiTransport(book.app)), raise_exceptions=True
    ) as mcp:
        yield mcp


async def found(mcp: Client, **asked: str) -> list[str]:
    return [row["LastName"] for row in rows_as_dicts(await call(mcp, "list_contacts", fields=["LastName"], **asked))]


@pytest.mark.parametrize(("name", "last"), ASKED)
async def test_a_name_finds_the_person_and_nobody_else(desk: Client, name: str, last: str) -> None:
    assert await found(desk, name=name) == [last]


@pytest.mark.parametrize(("phone", "last"), DIALLED)
async def test_a_number_finds_the_person_and_nobody_else(desk: Client, phone: str, last: str) -> None:
    assert await found(desk, phone=phone) == [last]


@pytest.mark.parametrize("name", ["M. O'Brien", "%", "_", "Tanner-Smith", "Zo Miller", "(nobody)", "X. Tanner"])
async def test_a_name_that_is_nobodys_finds_nobody_and_says_what_to_try(desk: Client, name: str) -> None:
    told = await call(desk, "list_contacts", name=name)

    assert told["rows"] == []
    assert "one part of the name" in told["note"]
