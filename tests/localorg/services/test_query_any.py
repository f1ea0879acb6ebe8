"""Whatever SOQL says, the local org answers it or refuses it in its own words; nothing else comes out."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.localorg.errors import OrgError
from tests.effort import examples
from tests.localorg.services.soql_org import SoqlOrg, soql_org

FIELDS = {
    "Contact": "Id Name LastName Email AccountId Account.Name Account.Owner.Name CreatedDate Birthdate MailingAddress "
    "MailingCity HasOptedOutOfEmail OwnerId LeadSource",
    "Event": "Id Subject StartDateTime EndDateTime ActivityDate IsAllDayEvent DurationInMinutes WhoId WhatId Who.Name "
    "Who.Type What.Name Owner.Name ShowAs Location",
    "Account": "Id Name Industry AnnualRevenue NumberOfEmployees CreatedDate OwnerId Owner.Name BillingAddress",
}
VALUES = r"""
    'a' 'A%' NULL 5 5.5 -1 99999999999999999999999 TRUE '' '\'\\%_' '003000000000001' 2026-01-01 2026-01-01T00:00:00Z
    10:00:00Z TODAY TODAY:3 LAST_N_DAYS:5 LAST_N_DAYS N_WEEKS_AGO:2 NEXT_N_YEARS:99999 LAST_N_DAYS:99999999999999999999
"""
FUNCTIONS = """
    COUNT(x) COUNT_DISTINCT(x) MIN(x) MAX(x) SUM(x) AVG(x) GROUPING(x) CALENDAR_YEAR(x) DAY_ONLY(x) WEEK_IN_YEAR(x)
    HOUR_IN_DAY(convertTimezone(x)) FISCAL_QUARTER(x) toLabel(x) FORMAT(x) FORMAT(MIN(x)) FIELDS(STANDARD) nothing(x)
"""
ITEMS = [
    "(SELECT Id FROM Contacts LIMIT 2)",
    "(SELECT Who.Name FROM Events ORDER BY StartDateTime)",
    "TYPEOF Who WHEN Contact THEN Email ELSE Name END",
    "Owner.Name x",
]


@st.composite
def soql(draw: st.DrawFn) -> str:
    """Draw a query over the fields of one object that is good more often than not."""
    sobject = draw(st.sampled_from(sorted(FIELDS)))

    def field() -> str:
        return draw(st.sampled_from(FIELDS[sobject].split()))

    def operand() -> str:
        plain = draw(st.integers(0, 3))
        return field() if plain else draw(st.sampled_from(FUNCTIONS.split())).replace("x)", f"{field()})")

    def condition(depth: int) -> str:
        if depth and draw(st.booleans()):
            joined = draw(st.sampled_from([" AND ", " OR "])).join(f"({condition(depth - 1)})" for _ in range(2))
            return draw(st.sampled_from([joined, f"NOT ({joined})"]))
        value, other = draw(st.sampled_from(VALUES.split())), draw(st.sampled_from(VALUES.split()))
        operator = draw(st.sampled_from(["=", "!=", "<", ">=", "LIKE", "IN", "NOT IN", "INCLUDES"]))
        semi_join = f"(SELECT AccountId FROM Contact WHERE CreatedDate > {value})"
        listed = draw(st.sampled_from([f"({value}, {other})", semi_join])) if "IN" in operator else value
        return f"{operand()} {operator} {listed}"

    def some(pieces: list[str]) -> str:
        return ", ".join(pieces)

    def perhaps(clause: str) -> str:
        return draw(st.sampled_from(["", clause]))

    items = [operand() for _ in range(draw(st.integers(1, 3)))] + draw(st.lists(st.sampled_from(ITEMS), max_size=1))
    grouped = some([operand(), field()])
    group = draw(st.sampled_from([grouped, f"ROLLUP({grouped})", f"CUBE({grouped})"]))
    order = some([operand() + draw(st.sampled_from([" DESC", " ASC NULLS LAST", ""])), field()])
    clauses = [
        perhaps(f"WHERE {condition(2)}"),
        perhaps(perhaps(f"GROUP BY {group} {perhaps(f'HAVING {condition(1)}')}")),
        perhaps(f"ORDER BY {order}"),
        perhaps(f"LIMIT {draw(st.sampled_from([0, 3, 10**30]))}"),
        perhaps(perhaps("OFFSET 2")),
    ]
    selected = draw(st.sampled_from([some(items), some(items), "COUNT()"]))
    return f"SELECT {selected} FROM {sobject} {' '.join(filter(None, clauses))}"


@pytest.fixture(scope="module")
def org() -> Iterator[SoqlOrg]:
    with soql_org() as org:
        org.add("acme", "Account", Name="Acme", Industry="Energy", NumberOfEmployees=5, AnnualRevenue=1.5)
        org.add("ann", "Contact", LastName="Ann", Email="ann@example.com", MailingCity="Köln")
        yield org


@given(soql())
@settings(max_examples=examples(400))
def test_any_query_is_answered_or_refused(org: SoqlOrg, soql: str) -> None:
    try:
        answer = org.ask(soql)
    except OrgError as caught:
        refusal = caught
    else:
        assert json.loads(json.dumps(answer)) == answer
        assert answer["done"] is True
        return

    assert refusal.status in {400, 501}
    assert refusal.error_code
