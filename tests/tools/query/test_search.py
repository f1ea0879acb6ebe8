"""Search by plain words: nothing in them is an operator, and what is found comes by object."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.soql import format_sosl, parse_sosl
from mcp_salesforce.soql.sosl_tree import AllOf, Returning, Search, Word
from mcp_salesforce.tools.query.search import search_term
from tests.conftest import settings_of
from tests.salesforce.scripted import Answer, ScriptedOrg
from tests.tools.calls import call, refusal, rows_as_dicts, server_on, text_of
from tests.tools.tokens import tokens

letters = st.text(st.characters(categories=["L", "Nd"]), min_size=2)
signs = st.text("aB3 ?&|!{}[]()^~*:\\\"'+-")
words = st.tuples(st.text() | signs, letters, st.text() | signs).map("".join)


@given(words)
def test_any_text_is_a_search_for_its_words_and_nothing_else(text: str) -> None:
    term = search_term(text)
    sosl = format_sosl(Search(term, "ALL", (Returning("Contact"),)))

    assert parse_sosl(sosl) == Search(term, "ALL", (Returning("Contact"),))
    assert isinstance(term, Word | AllOf)
    operands = term.operands if isinstance(term, AllOf) else (term,)
    assert all(isinstance(operand, Word) for operand in operands)
    assert set("".join(text.split())) >= {
        character for operand in operands if isinstance(operand, Word) for character in operand.pattern
    } - {"*", "\\"}


async def test_records_are_found_by_words_in_any_order_and_grouped_by_object(org: LocalOrg, mcp: Client) -> None:
    account_id = org.insert("Account", Name="Quokka Works", Phone="555 0100")
    contact_id = org.insert("Contact", FirstName="Ann", LastName="Quokka", Email="ann@quokka.example.com")

    everywhere = (await call(mcp, "search", text="quok"))["found"]
    person = (await call(mcp, "search", text="QUOKKA ann"))["found"]

    assert everywhere == {
        "Account": {"columns": ["Id", "Name", "Phone"], "rows": [[account_id, "Quokka Works", "555 0100"]]},
        "Contact": {
            "columns": ["Id", "Name", "Email", "Phone"],
            "rows": [[contact_id, "Ann Quokka", "ann@quokka.example.com", None]],
        },
    }
    assert list(person) == ["Contact"]


@pytest.mark.parametrize("text", ["ann@quokka.example.com", "ann@quokka", "o'Quokka", "OR quokka", "quokka & sons"])
async def test_signs_and_operators_are_plain_text(org: LocalOrg, mcp: Client, text: str) -> None:
    org.insert("Contact", FirstName="Sons or", LastName="O'Quokka", Email="ann@quokka.example.com")

    assert (await call(mcp, "search", text=text))["found"]["Contact"]["rows"]


async def test_objects_and_fields_can_be_chosen(org: LocalOrg, mcp: Client) -> None:
    account_id = org.insert("Account", Name="Acme")
    org.insert("Contact", LastName="Quokka", Title="CTO", AccountId=account_id)

    chosen = ["contact ( Title, Account.Name , LastName )", "Lead"]
    found = (await call(mcp, "search", text="quokka", sobjects=chosen))["found"]

    assert found == {"Contact": {"columns": ["Title", "Account.Name", "LastName"], "rows": [["CTO", "Acme", "Quokka"]]}}


async def test_more_than_the_limit_is_said_to_be_there(org: LocalOrg, mcp: Client) -> None:
    for number in range(3):
        org.insert("Contact", LastName=f"Quokka {number}")

    two = (await call(mcp, "search", text="quokka", limit=2))["found"]["Contact"]
    three = (await call(mcp, "search", text="quokka", limit=3))["found"]["Contact"]

    assert (len(two["rows"]), two["more"]) == (2, True)
    assert len(three["rows"]) == 3
    assert "more" not in three


async def test_what_is_found_is_cut_to_the_budget_on_a_row_boundary(org: LocalOrg) -> None:
    for number in range(40):
        org.insert("Contact", LastName=f"Quokka {number}", Email=f"quokka.{number}@example.com")
        org.insert("Lead", LastName=f"Quokka {number}", Company="Quokka Works")

    server = create_server(settings_of(org, max_answer_tokens=1000), transport=AsgiTransport(org.app))
    async with Client(server) as mcp:
        result = await mcp.call_tool("salesforce_search", {"text": "quokka", "limit": 40})

    found = (result.structured_content or {})["found"]
    assert set(found) == {"Contact", "Lead"}
    assert all(len(group["rows"]) + group["left_out"] == 40 for group in found.values())
    assert tokens(text_of(result.content)) <= 1000


async def test_nothing_found_says_that_the_index_may_lag(mcp: Client) -> None:
    found = await call(mcp, "search", text="nobody at all")

    assert found["found"] == {}
    assert "updated with a delay" in found["note"]


@pytest.mark.parametrize("text", ["", "a", "  x ", "?!", "{}", "- 7 -", "7 7"])
async def test_a_text_that_is_too_short_is_refused(mcp: Client, text: str) -> None:
    error = await refusal(mcp, "search", text=text)

    assert (error["code"], error["hint"]) == ("INVALID_SEARCH", "Give at least two letters or digits.")


@pytest.mark.parametrize(
    ("sobjects", "code", "hint"),
    [
        (["Kontact"], "INVALID_TYPE", "Did you mean Contact?"),
        (["Contact(Emial)"], "INVALID_FIELD", "Did you mean Email?"),
        (["Profile"], "INVALID_TYPE", "Use salesforce_query with LIKE."),
        (["Contact(Id"], "INVALID_ARGUMENT", "Write Contact or Contact(Id,Name)."),
        (["Contact(Id) LIMIT 1"], "INVALID_ARGUMENT", "Write Contact or Contact(Id,Name)."),
    ],
)
async def test_objects_and_fields_that_are_none_are_refused(
    mcp: Client, sobjects: list[str], code: str, hint: str
) -> None:
    error = await refusal(mcp, "search", text="quokka", sobjects=sobjects)

    assert (error["code"], error["hint"]) == (code, hint)


async def test_without_objects_those_are_searched_that_the_org_has() -> None:
    scripted = ScriptedOrg()
    known: list[dict[str, Any]] = [
        {"name": "Contact", "label": "Contact", "searchable": True},
        {"name": "Case", "label": "Case"},
    ]
    fields = [{"name": name, "label": name, "type": "string", "nameField": name == "Name"} for name in ("Id", "Name")]
    scripted.answers.append(Answer(value={"sobjects": known}))
    scripted.answers.append(Answer(value={**known[0], "fields": fields}))
    scripted.answers.append(Answer(value={"searchRecords": []}))

    async with Client(server_on(scripted)) as mcp:
        await call(mcp, "search", text="quokka")

    assert "RETURNING%20Contact%28Id%2C%20Name%20LIMIT%2021%29" in scripted.data_calls[-1].query


async def test_names_alone_are_searched_where_a_policy_hides_what_else_is_searched(
    org: LocalOrg, tmp_path: Path
) -> None:
    org.insert("Contact", LastName="Quokka", Phone="5550100")
    policy = tmp_path / "policy.toml"
    policy.write_text('[objects.Contact]\nhide = ["Phone"]\n')
    settings = settings_of(org, policy=policy)

    async with Client(create_server(settings, transport=AsgiTransport(org.app))) as mcp:
        by_name: dict[str, Any] = await call(mcp, "search", text="quokka", sobjects=["Contact"])
        by_phone = await call(mcp, "search", text="5550100", sobjects=["Contact"])
        hidden = await refusal(mcp, "search", text="quokka", sobjects=["Contact(Phone)"])

    assert rows_as_dicts(by_name["found"]["Contact"])[0]["Name"] == "Quokka"
    assert "Phone" not in by_name["found"]["Contact"]["columns"]
    assert "Only names were searched" in by_name["note"]
    assert by_phone["found"] == {}
    assert hidden["code"] == "POLICY_REFUSED"
