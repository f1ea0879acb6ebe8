"""A contact found by e-mail address, phone number and name; created only where nobody is like the person."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import ERAS, NOW, settings_of
from tests.tools.calls import call, called, refusal, rows_as_dicts


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ada(org: LocalOrg) -> str:
    return org.insert("Contact", LastName="Müller", FirstName="Zoë", Email="zoe@acme.example", Phone="030 1234567")


async def find(mcp: Client, *, allow_duplicate: bool = False, **data: Any) -> dict[str, Any]:
    return await call(mcp, "find_or_create_contact", data=data, allow_duplicate=allow_duplicate)


def count(org: LocalOrg) -> int:
    return len(org.store.rows("SELECT Id FROM Contact"))


@pytest.mark.parametrize(
    ("known", "by"),
    [
        ({"Email": "ZOE@acme.example"}, ["Email"]),
        ({"Email": "zoe@acme.example", "LastName": "Mueller", "FirstName": "Zoe"}, ["Email", "Name"]),
        ({"Email": "zoe@acme.example", "LastName": "Müller", "FirstName": "Z."}, ["Email", "Name"]),
        ({"Phone": "+49 (0)30 1234567"}, ["Phone"]),
        ({"MobilePhone": "0049 30 1234567", "LastName": "muller"}, ["Phone", "Name"]),
        ({"LastName": "Mueller", "FirstName": "Zoe"}, ["Name"]),
    ],
)
async def test_one_contact_is_found_however_the_person_is_written(
    org: LocalOrg, mcp: Client, ada: str, known: dict[str, Any], by: list[str]
) -> None:
    before = count(org)

    found, change_id = await called(mcp, "find_or_create_contact", data=known)

    assert (found["outcome"], found["contact"]["Id"], found["matched_by"]) == ("found", ada, by)
    assert "question" not in found
    assert (count(org), change_id) == (before, "")


@pytest.mark.parametrize(
    "known",
    [
        {"LastName": "Müller", "FirstName": "Zoë", "Email": "zoe@other.example"},  # may be a new address
        {"LastName": "Mueller", "FirstName": "Zoe", "Phone": "040 999999"},
        {"LastName": "Berg", "FirstName": "Ada", "Email": "zoe@acme.example"},  # two people, one address
        {"LastName": "Müller"},
    ],
)
async def test_a_likely_match_is_a_question_and_nothing_is_created(
    org: LocalOrg, mcp: Client, ada: str, known: dict[str, Any]
) -> None:
    before = count(org)

    told = await find(mcp, **known)

    assert told["outcome"] == "undecided"
    assert [row["Id"] for row in rows_as_dicts(told["candidates"])] == [ada]
    assert told["question"].startswith("1 contact may be this person. Nothing was created.")
    assert count(org) == before

    made = await find(mcp, allow_duplicate=True, **known)

    assert made["outcome"] == "created"
    assert count(org) == before + 1


async def test_several_who_fit_are_never_chosen_from(org: LocalOrg, mcp: Client, ada: str) -> None:
    double = org.insert("Contact", LastName="Müller", FirstName="Zoë", MobilePhone="+49 30 1234567")

    told = await find(mcp, Email="zoe@acme.example", Phone="030 1234567", LastName="Müller", FirstName="Zoë")

    assert told["outcome"] == "undecided"
    matched = {row["Id"]: row["matched_by"] for row in rows_as_dicts(told["candidates"])}
    assert matched == {ada: "Email, Phone, Name", double: "MobilePhone, Name"}


async def test_a_contact_who_is_found_is_not_changed_and_the_answer_names_what_is_not_saved(
    org: LocalOrg, mcp: Client, ada: str
) -> None:
    told = await find(mcp, Email="zoe@acme.example", MobilePhone="030/1234567", Title="CTO")

    assert told["note"].startswith("Not saved, because the contact exists: Title.")
    [row] = org.store.rows(f"SELECT Title, MobilePhone FROM Contact WHERE Id = '{ada}'")
    assert (row["Title"], row["MobilePhone"]) == (None, None)


async def test_somebody_new_is_created_and_who_shares_the_number_is_shown(mcp: Client, ada: str) -> None:
    told, change_id = await called(
        mcp, "find_or_create_contact", data={"LastName": "Berg", "FirstName": "Tom", "Phone": "+49 30 1234567"}
    )

    assert (told["outcome"], told["contact"]["LastName"]) == ("created", "Berg")
    assert [(row["Id"], row["matched_by"]) for row in rows_as_dicts(told["candidates"])] == [(ada, "Phone")]
    assert change_id


@pytest.mark.usefixtures("ada")
async def test_a_namesake_with_another_first_name_is_another_person(mcp: Client) -> None:
    told = await find(mcp, LastName="Müller", FirstName="Tom", Email="tom@acme.example")

    assert told["outcome"] == "created"
    assert "candidates" not in told


class SlowOrg:
    """The app of an org in which somebody else saves a contact just before ours arrives."""

    def __init__(self, org: LocalOrg, **values: Any) -> None:
        self.org, self.values, self.inserted = org, values, ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        if b'"LastName"' in b"".join(each.get("body", b"") for each in messages) and not self.inserted:
            self.inserted = self.org.insert("Contact", **self.values)

        async def replay() -> Any:
            return messages.pop(0) if messages else await receive()

        await self.org.app(scope, replay, send)


async def test_the_duplicate_rule_of_the_org_is_asked_too(org: LocalOrg, tmp_path: Path) -> None:
    person = {"LastName": "Sand", "FirstName": "Ada", "Email": "ada@new.example"}
    app = SlowOrg(org, **person)
    settings = settings_of(org, journal=str(tmp_path / "journal.db"), toolsets="all")
    async with Client(create_server(settings, transport=AsgiTransport(app), now=lambda: NOW)) as mcp:
        told, change_id = await called(mcp, "find_or_create_contact", data=person)

    assert told["outcome"] == "undecided"
    assert [(row["Id"], row["Name"], row["matched_by"]) for row in rows_as_dicts(told["candidates"])] == [
        (app.inserted, "Ada Sand", "duplicate rule of the org")
    ]
    assert told["question"].startswith("1 contact may be this person.")
    assert change_id == ""


async def test_a_person_who_cannot_be_created_is_refused_with_what_is_missing(org: LocalOrg, mcp: Client) -> None:
    before = count(org)
    unknown = await refusal(mcp, "find_or_create_contact", data={"Email": "nobody@new.example"})
    nothing = await refusal(mcp, "find_or_create_contact", data={"Title": "CTO"})

    assert (unknown["code"], unknown["fields"]) == ("REQUIRED_FIELD_MISSING", ["LastName"])
    assert nothing["hint"] == "Give Email, Phone or LastName."
    assert count(org) == before


async def test_a_preview_creates_nobody(org: LocalOrg, mcp: Client) -> None:
    before = count(org)

    told = await call(mcp, "find_or_create_contact", data={"LastName": "New", "FirstName": "One"}, preview=True)

    assert [row["action"] for row in told["preview"]] == ["create"]
    assert count(org) == before
