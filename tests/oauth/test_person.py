"""A person's repr can stand in a log."""

from mcp_salesforce.oauth.person import Person
from mcp_salesforce.salesforce import StaticTokenSource


def test_the_repr_of_a_person_shows_neither_a_token_nor_a_claim() -> None:
    tokens = StaticTokenSource("00Dx!SECRET", "https://acme.my.salesforce.com")
    claims = {"email": "ana@acme.example"}
    person = Person("00Dx.005x", "00Dx", "005x", "ana@acme.com", "https://acme.my.salesforce.com", claims, tokens)

    assert "SECRET" not in repr(person)
    assert "acme.example" not in repr(person)
