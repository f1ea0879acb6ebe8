"""Aggregate queries."""

from collections.abc import Iterator

import pytest

from mcp_salesforce.localorg.errors import OrgError
from tests.localorg.services.soql_org import SoqlOrg, soql_org


@pytest.fixture(scope="module")
def org() -> Iterator[SoqlOrg]:
    with soql_org() as org:
        rows = [
            ("Ann", "Web", "Mr.", None),
            ("Bob", "Web", "Ms.", None),
            ("bob", "Web", None, "2000-02-29"),
            ("Cid", "Other", "Mr.", "2001-03-01"),
            ("Dan", None, None, None),
        ]
        for name, source, salutation, birthdate in rows:
            org.add(name, "Contact", LastName=name, LeadSource=source, Salutation=salutation, Birthdate=birthdate)
        for name, employees, revenue in [("Acme", 10, 5), ("Bolt", 4, None), ("Cook", None, 2)]:
            org.add(name, "Account", Name=name, NumberOfEmployees=employees, AnnualRevenue=revenue)
        yield org


def test_an_aggregate_is_a_record_without_url_under_expr0(org: SoqlOrg) -> None:
    assert org.ask("SELECT COUNT(Id) FROM Contact") == {
        "totalSize": 1,
        "done": True,
        "records": [{"attributes": {"type": "AggregateResult"}, "expr0": 5}],
    }


def test_aggregates_ignore_nulls_and_keep_their_types(org: SoqlOrg) -> None:
    soql = (
        "SELECT COUNT(NumberOfEmployees), SUM(NumberOfEmployees) total, AVG(NumberOfEmployees), MIN(AnnualRevenue), "
        "MAX(Name) FROM Account"
    )

    assert org.records(soql) == [{"expr0": 2, "total": 14, "expr1": 7.0, "expr2": 2.0, "expr3": "Cook"}]


def test_distinct_texts_are_counted_whatever_their_case(org: SoqlOrg) -> None:
    assert org.records("SELECT COUNT(LastName) n, COUNT_DISTINCT(LastName) d FROM Contact") == [{"n": 5, "d": 4}]


def test_aggregates_of_nothing_are_null_and_their_count_zero(org: SoqlOrg) -> None:
    soql = "SELECT COUNT(Id), SUM(AnnualRevenue) FROM Account WHERE Name = 'nobody'"

    assert org.records(soql) == [{"expr0": 0, "expr1": None}]


def test_groups_have_the_fields_name_and_null_is_a_group(org: SoqlOrg) -> None:
    soql = "SELECT leadsource, COUNT(Id) n FROM Contact GROUP BY LeadSource ORDER BY COUNT(Id) DESC, LeadSource"

    assert org.records(soql) == [
        {"LeadSource": "Web", "n": 3},
        {"LeadSource": None, "n": 1},
        {"LeadSource": "Other", "n": 1},
    ]


def test_group_by_without_an_aggregate_gives_the_distinct_values(org: SoqlOrg) -> None:
    assert org.column("SELECT LastName FROM Contact WHERE LastName > 'b' GROUP BY LastName ORDER BY LastName") == [
        "Bob",
        "Cid",
        "Dan",
    ]


def test_group_by_a_parents_field_keeps_the_fields_own_name(org: SoqlOrg) -> None:
    [row] = org.records("SELECT Owner.Name, COUNT(Id) n FROM Account GROUP BY Owner.Name")

    assert row["n"] == 3
    assert isinstance(row["Name"], str)


def test_having_filters_groups(org: SoqlOrg) -> None:
    soql = "SELECT LeadSource, COUNT(Id) FROM Contact GROUP BY LeadSource HAVING COUNT(Id) > 1 AND LeadSource LIKE 'W%'"

    assert org.records(soql) == [{"LeadSource": "Web", "expr0": 3}]


def test_rollup_adds_sub_totals_after_what_they_sum_up(org: SoqlOrg) -> None:
    soql = (
        "SELECT LeadSource s, Salutation t, GROUPING(LeadSource) gs, GROUPING(Salutation) gt, COUNT(Id) n "
        "FROM Contact GROUP BY ROLLUP(LeadSource, Salutation)"
    )

    assert [tuple(row.values()) for row in org.records(soql)] == [
        (None, None, 0, 0, 1),
        (None, None, 0, 1, 1),
        ("Web", None, 0, 0, 1),
        ("Web", "Mr.", 0, 0, 1),
        ("Web", "Ms.", 0, 0, 1),
        ("Web", None, 0, 1, 3),
        ("Other", "Mr.", 0, 0, 1),
        ("Other", None, 0, 1, 1),
        (None, None, 1, 1, 5),
    ]


def test_cube_adds_sub_totals_for_every_combination(org: SoqlOrg) -> None:
    soql = (
        "SELECT GROUPING(LeadSource) gs, GROUPING(Salutation) gt, SUM(Id) n FROM Contact "
        "GROUP BY CUBE(LeadSource, Salutation) ORDER BY GROUPING(LeadSource), GROUPING(Salutation)"
    ).replace("SUM(Id)", "COUNT(Id)")
    rows = [tuple(row.values()) for row in org.records(soql)]

    assert [row[:2] for row in rows] == sorted(row[:2] for row in rows)
    assert {kind: sum(row[2] for row in rows if row[:2] == kind) for kind in ((0, 0), (0, 1), (1, 0), (1, 1))} == {
        (0, 0): 5,
        (0, 1): 5,
        (1, 0): 5,
        (1, 1): 5,
    }
    assert rows[-1] == (1, 1, 5)


def test_having_tells_sub_totals_from_groups(org: SoqlOrg) -> None:
    soql = "SELECT LeadSource, COUNT(Id) n FROM Contact GROUP BY ROLLUP(LeadSource) HAVING GROUPING(LeadSource) = 1"

    assert org.records(soql) == [{"LeadSource": None, "n": 5}]


def test_date_functions_group(org: SoqlOrg) -> None:
    soql = (
        "SELECT CALENDAR_YEAR(Birthdate) y, CALENDAR_QUARTER(Birthdate), DAY_IN_YEAR(Birthdate), "
        "WEEK_IN_YEAR(Birthdate), WEEK_IN_MONTH(Birthdate), FISCAL_YEAR(Birthdate), COUNT(Id) FROM "
        "Contact WHERE Birthdate != null "
        "GROUP BY CALENDAR_YEAR(Birthdate), Birthdate ORDER BY CALENDAR_YEAR(Birthdate)"
    )

    assert [tuple(row.values()) for row in org.records(soql)] == [
        (2000, 1, 60, 9, 5, 2000, 1),
        (2001, 1, 60, 9, 1, 2001, 1),
    ]


@pytest.mark.parametrize(
    ("soql", "reason"),
    [
        ("SELECT LastName, COUNT(Id) FROM Contact", "Field must be grouped or aggregated: LastName"),
        ("SELECT LastName FROM Contact GROUP BY LeadSource", "Field must be grouped or aggregated: LastName"),
        (
            "SELECT CALENDAR_YEAR(CreatedDate), LastName FROM Contact",
            "Field must be grouped or aggregated: CreatedDate",
        ),
        (
            "SELECT COUNT(Id) FROM Contact GROUP BY LeadSource ORDER BY LastName",
            "Ordered field must be grouped or aggregated: LastName",
        ),
        (
            "SELECT LeadSource FROM Contact GROUP BY LeadSource HAVING LastName = 'x'",
            "Field must be grouped or aggregated: LastName",
        ),
        (
            "SELECT MAX(CreatedDate) FROM Account LIMIT 1",
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
        ),
        (
            "SELECT Description FROM Account GROUP BY Description",
            "field 'Description' can not be grouped in a query call",
        ),
        ("SELECT SUM(Name) FROM Account", "field Name does not support aggregate operator SUM"),
        ("SELECT MAX(IsDeleted) FROM Account", "field IsDeleted does not support aggregate operator MAX"),
        ("SELECT COUNT(Description) FROM Account", "field Description does not support aggregate operator COUNT"),
        ("SELECT COUNT(Id) n, MAX(Name) N FROM Account", "duplicate alias: N"),
    ],
)
def test_what_aggregates_may_not_ask(org: SoqlOrg, soql: str, reason: str) -> None:
    with pytest.raises(OrgError) as caught:
        org.ask(soql)

    assert caught.value.error_code == "MALFORMED_QUERY"
    assert caught.value.message.split("\n")[-1] == reason


def test_more_groups_than_a_page_holds_are_refused() -> None:
    with soql_org() as org:
        definition = org.org.schema["Account"]
        model = org.org.store.find(definition, org.add("model", "Account", Name="Account"))
        assert model is not None
        with org.org.store.transaction():
            for number in range(2000):
                row = {**dict(model), "Id": org.org.store.new_id(definition), "Name": f"Account {number}"}
                org.org.store.insert(definition, row)

        with pytest.raises(OrgError) as caught:
            org.ask("SELECT Name FROM Account GROUP BY Name")

        assert caught.value.body() == {
            "message": "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single "
            "batch",
            "errorCode": "EXCEEDED_ID_LIMIT",
        }
        assert org.ask("SELECT Name FROM Account GROUP BY Name LIMIT 2000")["totalSize"] == 2000
