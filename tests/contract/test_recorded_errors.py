"""Error bodies seen from real orgs: the local org gives the same status, code, words and keys for the same mistake."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.contract.asking import Asker
from tests.evidence import facts

DATA = "/services/data/v60.0"
TOKEN = "/services/oauth2/token"
POSITION = re.compile(r"line:\d+, column:\d+")
PLACE = re.compile(r"\A\n.*\n *\^\nERROR at Row:\d+:Column:\d+\n")


@dataclass(frozen=True)
class Mistake:
    """A request that goes wrong, and the words by which the known error for it is found.

    Attributes:
        words: A part of the known error.
        method: HTTP method.
        target: Path and query; `{deleted}` stands for the Id of a deleted account.
        body: JSON value, or form fields for the token endpoint.
        renamed: Names in the known error, and what they are called here.
    """

    words: str
    method: str
    target: str
    body: object = None
    renamed: dict[str, str] = field(default_factory=dict)


def query(soql: str) -> str:
    return f"{DATA}/query?q={quote(soql)}"


def refresh(**changed: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "client_id": "{id}", "client_secret": "{secret}", **changed}


EVENT = {"StartDateTime": "2031-03-05T09:00:00Z", "Subject": "x"}
MISTAKES = [
    Mistake("Provided external ID field does not exist", "GET", f"{DATA}/sobjects/Account/123"),
    Mistake("The requested resource does not exist", "GET", f"{DATA}/sobjects/Nope"),
    Mistake("The requested resource does not exist", "GET", f"{DATA}/nowhere"),
    Mistake("well-formed, absent", "GET", f"{DATA}/sobjects/Account/001000000000001"),
    Mistake("invalid cross reference id", "DELETE", f"{DATA}/sobjects/Account/001000000000001"),
    Mistake("invalid cross reference id", "PATCH", f"{DATA}/sobjects/Account/001000000000001", {"Name": "x"}),
    Mistake("entity is deleted", "PATCH", f"{DATA}/sobjects/Account/{{deleted}}", {"Name": "x"}),
    Mistake("entity is deleted", "DELETE", f"{DATA}/sobjects/Account/{{deleted}}"),
    Mistake("Required fields are missing: [Name]", "POST", f"{DATA}/sobjects/Account", {"Phone": "1"}),
    Mistake("sobject of type Bar", "POST", f"{DATA}/sobjects/Contact", {"foo": 1}, {"Bar": "Contact"}),
    Mistake("select count() from XYZZY", "GET", query("select count() from XYZZY")),
    Mistake("SELECT ,    FROM hed__Facility__c", "GET", query("SELECT Id, FROM hed__Facility__c")),
    Mistake("Didn't understand relationship", "GET", query("SELECT ConvertedAccount.Name FROM Contact")),
    Mistake("only aggregate expressions use field aliasing", "GET", query("SELECT DISTINCT Name FROM Account")),
    Mistake("FIELDS function must have a LIMIT", "GET", query("SELECT FIELDS(ALL) FROM Account")),
    Mistake("Maximum SOQL offset allowed is 2000", "GET", query("SELECT Id FROM Account LIMIT 1 OFFSET 2001")),
    Mistake("invalid query locator", "GET", f"{DATA}/query/0r8xx0000000000AAA-2000"),
    Mistake("No search term found", "GET", f"{DATA}/search?q=FIND"),
    Mistake(
        "data value too large: AAAA...", "POST", f"{DATA}/sobjects/Account", {"Name": "A" * 256}, {"AAAA...": "A" * 256}
    ),
    Mistake(
        "Cannot deserialize instance of currency",
        "POST",
        f"{DATA}/sobjects/Account",
        {"Name": "x", "AnnualRevenue": "banana"},
    ),
    Mistake(
        "bad value for restricted picklist field",
        "POST",
        f"{DATA}/sobjects/Event",
        {**EVENT, "DurationInMinutes": 60, "ShowAs": "Asleep"},
        {"Job Category": "Show Time As", "NURSE PRACTITIONER": "Asleep", "Job_Category__c": "ShowAs"},
    ),
    Mistake("Unable to create/update fields: Name", "POST", f"{DATA}/sobjects/Contact", {"LastName": "x", "Name": "y"}),
    Mistake("Duration must be between", "POST", f"{DATA}/sobjects/Event", {**EVENT, "DurationInMinutes": 1441}),
    Mistake("invalid email address", "POST", f"{DATA}/sobjects/Contact", {"LastName": "x", "Email": "foo"}),
    Mistake("HTTP Method 'PUT' not allowed", "PUT", f"{DATA}/sobjects/Account", {"Name": "x"}),
    Mistake("GET /services/data/v1.0/...", "GET", "/services/data/v1.0/limits"),
    Mistake("invalid client credentials", "POST", TOKEN, refresh(client_secret="wrong", refresh_token="{refresh}")),
    Mistake("expired access/refresh token", "POST", TOKEN, refresh(refresh_token="5Aep861.nothing")),
    Mistake("grant type not supported", "POST", TOKEN, refresh(grant_type="telepathy")),
    Mistake(
        "must have an attributes field before any other fields",
        "PATCH",
        f"{DATA}/composite/sobjects/Account/Id",
        {"records": [{"Name": "x"}]},
    ),
    Mistake(
        '"statusCode": "INVALID_CROSS_REFERENCE_KEY"',
        "PATCH",
        f"{DATA}/composite/sobjects",
        {"records": [{"attributes": {"type": "Account"}, "Id": "001000000000001", "Name": "x"}]},
    ),
]


def entry_of(words: str) -> dict[str, Any]:
    """The first known error that holds `words`."""
    for entry in facts.errors():
        if words in json.dumps(entry, ensure_ascii=False).replace('\\"', '"'):
            return entry
    pytest.fail(f"no error is known with {words!r}")


def errors_in(body: Any) -> Iterator[dict[str, Any]]:
    """Every error of a body: a list of them, one OAuth error, or those inside collection results."""
    for element in body if isinstance(body, list) else [body]:
        yield element
        yield from element.get("errors", [])


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.method} {mistake.words}")
def test_the_mistake_gets_the_answer_that_real_orgs_give(mistake: Mistake, org: LocalOrg, ask: Asker) -> None:
    entry = entry_of(mistake.words)
    recorded = json.dumps(entry["body"])
    for name, here in mistake.renamed.items():
        recorded = recorded.replace(name, here)
    deleted = org.insert("Account", Name="Gone")
    ask("DELETE", f"{DATA}/sobjects/Account/{deleted}")

    answer = ask(mistake.method, mistake.target.replace("{deleted}", deleted), *sent(mistake, org))

    assert answer.status == entry["http"], answer.body
    for known, found in zip(errors_in(json.loads(recorded)), errors_in(answer.json), strict=True):
        # Words from somebody's memory are no evidence.
        expected = {"errorCode": known["errorCode"]} if entry["known"] == "unverified" else known
        told = {key: found[key] for key in found if key in expected}
        assert as_compared(told) == as_compared(expected)
        if entry["known"] == "recorded":  # those quoted elsewhere have their keys in any order
            assert list(told) == list(expected)


def sent(mistake: Mistake, org: LocalOrg) -> tuple[object, dict[str, str]]:
    """The body and headers to send: a form to the token endpoint, JSON to the rest."""
    if mistake.target != TOKEN:
        return mistake.body, {}
    known = {
        "{id}": org.credentials.client_id,
        "{secret}": org.credentials.client_secret,
        "{refresh}": org.credentials.refresh_token,
    }
    assert isinstance(mistake.body, dict)
    form = {name: known.get(value, value) for name, value in mistake.body.items()}
    return urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def as_compared(error: dict[str, object]) -> dict[str, object]:
    """The error without what differs with the request: its position in it, and the piece of it that is shown."""
    return {
        key: PLACE.sub("", POSITION.sub("", value)) if isinstance(value, str) else value for key, value in error.items()
    }


def test_an_unknown_session_gets_the_answer_that_real_orgs_give(ask: Asker) -> None:
    answer = ask("GET", f"{DATA}/limits", headers={"Authorization": "Bearer 00D000000000001!nothing"})

    entry = entry_of("INVALID_SESSION_ID")
    assert (answer.status, answer.json) == (entry["http"], entry["body"])
