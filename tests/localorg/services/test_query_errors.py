"""Queries that are refused, in Salesforce's words and with a caret under the place."""

import json
from collections.abc import Iterator

import pytest

from mcp_salesforce.localorg.errors import OrgError
from tests.evidence import facts
from tests.localorg.services.soql_org import SoqlOrg, soql_org

WSDL = "Please reference your WSDL or the describe call for the appropriate names."


@pytest.fixture(scope="module")
def org() -> Iterator[SoqlOrg]:
    with soql_org() as org:
        yield org


def refusal(org: SoqlOrg, soql: str, **options: str) -> OrgError:
    with pytest.raises(OrgError) as caught:
        org.ask(soql, **options)
    return caught.value


@pytest.mark.parametrize(
    ("soql", "code", "reason"),
    [
        (
            "SELECT Id FROM XYZZY",
            "INVALID_TYPE",
            (
                "sObject type 'XYZZY' is not supported. If you are attempting to use a custom "
                "object, be sure to append the "
                f"'__c' after the entity name. {WSDL}"
            ),
        ),
        (
            "SELECT Nope FROM Contact",
            "INVALID_FIELD",
            (
                "No such column 'Nope' on entity 'Contact'. If you are attempting to use a custom "
                "field, be sure to append "
                f"the '__c' after the custom field name. {WSDL}"
            ),
        ),
        (
            "SELECT Who.Nope FROM Event",
            "INVALID_FIELD",
            (
                "No such column 'Nope' on entity 'Name'. If you are attempting to use a custom "
                "field, be sure to append "
                f"the '__c' after the custom field name. {WSDL}"
            ),
        ),
        (
            "SELECT Nope.Name FROM Contact",
            "INVALID_FIELD",
            (
                "Didn't understand relationship 'Nope' in field path. If you are attempting to use a "
                "custom relationship, "
                f"be sure to append the '__r' after the custom relationship name. {WSDL}"
            ),
        ),
        (
            "SELECT (SELECT Id FROM Nopes) FROM Account",
            "INVALID_TYPE",
            (
                "Didn't understand relationship 'Nopes' in FROM part of query call. If you are "
                "attempting to use a custom "
                f"relationship, be sure to append the '__r' after the custom relationship name. {WSDL}"
            ),
        ),
    ],
)
def test_an_unknown_name_is_told_with_its_place(org: SoqlOrg, soql: str, code: str, reason: str) -> None:
    error = refusal(org, soql)

    place = soql.lower().index("nope" if "ope" in soql else "xyzzy")
    if "Who." in soql:
        place = soql.index("Who.")
    head, snippet, caret, where, said = error.message.split("\n")
    assert (error.status, error.error_code, head, said) == (400, code, "", reason)
    assert where == f"ERROR at Row:1:Column:{place + 1}"
    assert snippet[caret.index("^") :].startswith(soql[place:])


def test_the_recorded_error_for_an_unknown_object_is_reproduced_to_the_letter(org: SoqlOrg) -> None:
    [recorded] = [each["body"][0] for each in facts.errors() if "XYZZY" in json.dumps(each["body"])]

    assert refusal(org, "select count() from XYZZY").body() == recorded


@pytest.mark.parametrize(
    ("soql", "code", "reason"),
    [
        (
            "SELECT Id FROM Event WHERE StartDateTime > '2026-01-01T00:00:00Z'",
            "INVALID_FIELD",
            (
                "value of filter criterion for field 'StartDateTime' must be of type dateTime and "
                "should not be enclosed "
                "in quotes"
            ),
        ),
        (
            "SELECT Id FROM Event WHERE StartDateTime > 2026-01-01",
            "INVALID_FIELD",
            (
                "value of filter criterion for field 'StartDateTime' must be of type dateTime and "
                "should not be enclosed "
                "in quotes"
            ),
        ),
        (
            "SELECT Id FROM Contact WHERE Birthdate = '2026-01-01'",
            "INVALID_FIELD",
            "value of filter criterion for field 'Birthdate' must be of type date and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = TODAY",
            "INVALID_FIELD",
            "value of filter criterion for field 'LastName' must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE LastName = 5",
            "INVALID_FIELD",
            "value of filter criterion for field 'LastName' must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Contact WHERE IsDeleted = 'true'",
            "INVALID_FIELD",
            (
                "value of filter criterion for field 'IsDeleted' must be of type boolean and should not be enclosed in "
                "quotes"
            ),
        ),
        (
            "SELECT Id FROM Account WHERE NumberOfEmployees IN (5, '6')",
            "INVALID_FIELD",
            (
                "value of filter criterion for field 'NumberOfEmployees' must be of type int and "
                "should not be enclosed in "
                "quotes"
            ),
        ),
        ("SELECT Id FROM Account WHERE Id = '53'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: 53"),
        (
            "SELECT Id FROM Account WHERE Id LIKE '001%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on id field",
        ),
        (
            "SELECT Id FROM Account WHERE NumberOfEmployees LIKE '5'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on int field",
        ),
        (
            "SELECT Id FROM Account WHERE IsDeleted > false",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on boolean field",
        ),
        (
            "SELECT Id FROM Account WHERE Industry INCLUDES ('Energy')",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on picklist field",
        ),
        (
            "SELECT Id FROM Account WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Contact WHERE MailingAddress = null",
            "INVALID_FIELD",
            "Address fields can only be filtered using Distance expressions",
        ),
        (
            "SELECT Id FROM Account ORDER BY Description",
            "MALFORMED_QUERY",
            "field 'Description' can not be sorted in a query call",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) OR Name = 'x'",
            "MALFORMED_QUERY",
            "Semi join sub-selects are not allowed with the 'OR' operator",
        ),
        (
            "SELECT Id FROM Account WHERE (NOT Id IN (SELECT AccountId FROM Contact))",
            "MALFORMED_QUERY",
            "Semi join sub-selects are only allowed at the top level WHERE expressions.",
        ),
        (
            (
                "SELECT Id FROM Account WHERE Id IN (SELECT WhatId FROM X) AND Id IN (SELECT WhatId FROM "
                "X) AND Id IN (SELECT WhatId FROM X)"
            ),
            "MALFORMED_QUERY",
            "Maximum 2 semi join sub-selects are allowed",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT Id FROM Lead))",
            "MALFORMED_QUERY",
            "Nesting of semi join sub-selects is not supported",
        ),
    ],
)
def test_a_condition_that_its_field_does_not_take(org: SoqlOrg, soql: str, code: str, reason: str) -> None:
    error = refusal(org, soql)

    assert (error.status, error.error_code, error.message.split("\n")[-1]) == (400, code, reason)


def test_the_caret_stands_under_the_field_of_a_refused_comparison(org: SoqlOrg) -> None:
    # As a real org words it for an id that is none.
    error = refusal(org, "SELECT Id, Name, BillingPostalCode FROM Account WHERE Id = '53'")

    assert error.message == (
        "\nBillingPostalCode FROM Account WHERE Id = '53'\n" + " " * 37 + "^\nERROR at Row:1:Column:55\n"
        "invalid ID field: 53"
    )


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT DISTINCT Name FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Id, Name, id FROM Account", "INVALID_FIELD", "duplicate field selected: id"),
        (
            "SELECT TYPEOF Who WHEN Contact THEN Id END, Who.Name FROM Event",
            "INVALID_FIELD",
            "duplicate field selected: Who.Name",
        ),
        *(
            (
                f"SELECT {function}, TYPEOF Who WHEN Contact THEN Id END FROM Event",
                "MALFORMED_QUERY",
                "TYPEOF cannot be used in a SELECT clause that has a function",
            )
            for function in ("toLabel(ShowAs)", "FORMAT(StartDateTime)", "FIELDS(STANDARD)", "convertTimezone(EndDate)")
        ),
        ("SELECT FIELDS(STANDARD), Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        (
            "SELECT FIELDS(ALL) FROM Account",
            "MALFORMED_QUERY",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        ),
        (
            "SELECT FIELDS(CUSTOM) FROM Account LIMIT 201",
            "MALFORMED_QUERY",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        ),
        (
            "SELECT FIELDS(CUSTOM) FROM Account LIMIT 200",
            "MALFORMED_QUERY",
            "'FIELDS(...)' expansion function must result in at least one field being selected.",
        ),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        (
            "SELECT Id FROM Account WHERE Name = '" + "x" * 100_000 + "'",
            "MALFORMED_QUERY",
            "SOQL statements cannot be longer than 100000 characters.",
        ),
    ],
)
def test_what_a_query_may_not_ask(org: SoqlOrg, soql: str, code: str, message: str) -> None:
    error = refusal(org, soql)

    assert (error.status, error.error_code, error.message) == (400, code, message)


@pytest.mark.parametrize("mode", ["SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"])
def test_modes_are_for_apex(org: SoqlOrg, mode: str) -> None:
    error = refusal(org, f"SELECT Id FROM Account WITH {mode.lower()}")

    assert (error.status, error.error_code) == (400, "MALFORMED_QUERY")
    assert error.message.endswith(f"ERROR at Row:1:Column:24\n{mode} not allowed in this context")


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)",
        "SELECT Id FROM Contact WHERE Account.Id IN (SELECT AccountId FROM Event)",
        "SELECT Id FROM Contact WHERE Id IN (SELECT WhoId FROM Event)",
        "SELECT Id FROM Account WHERE Name IN (SELECT LastName FROM Contact)",
        "SELECT Id FROM Account WHERE Id IN (SELECT LastName FROM Contact)",
        "SELECT Id FROM Account WHERE Id IN (SELECT Account.Id FROM Contact)",
        "SELECT Id FROM Account WHERE Name = '" + "x" * 4001 + "'",
        "SELECT Parent.Parent.Parent.Parent.Parent.Parent.Name FROM Account",
        "SELECT Id FROM Account LIMIT -1",
        "SELECT (SELECT Id FROM Contacts OFFSET 1) FROM Account",
        "SELECT TYPEOF Account WHEN Account THEN Name END FROM Contact",
        "SELECT convertTimezone(CreatedDate) FROM Account",
        "SELECT Id FROM Account WHERE HOUR_IN_DAY(LastActivityDate) = 1",
        "SELECT Id FROM Account WHERE CreatedDate = NEXT_N_YEARS:5000",
        "SELECT nosuch(Name) FROM Account",
        "SELECT COUNT(), Id FROM Account",
        "SELECT COUNT() FROM Account ORDER BY Name",
        "SELECT Id FROM Contact WHERE Birthdate = 2026-99-99",
        "SELECT FROM Account",
        "SELECT Id FROM Account USING SCOPE delegated",
        "SELECT Id FROM Account USING SCOPE nonsense",
        "SELECT Id FROM Account, Contact",
        "SELECT Id FROM Contact c, x.Account a",
        "SELECT COUNT(Id), (SELECT Id FROM Contacts) FROM Account",
        "SELECT LeadSource FROM Contact GROUP BY LeadSource HAVING Id IN (SELECT AccountId FROM Contact)",
        "SELECT GROUPING(LeadSource) FROM Contact GROUP BY LeadSource",
        "SELECT SUM(toLabel(LeadSource)) FROM Contact",
        "SELECT COUNT(Id) FROM Contact GROUP BY CUBE(LastName, FirstName, LeadSource, Salutation)",
        "SELECT LeadSource FROM Contact GROUP BY LeadSource FOR VIEW",
        "SELECT toLabel(toLabel(LeadSource)) FROM Contact",
        "SELECT DAY_ONLY(toLabel(LeadSource)) FROM Contact GROUP BY LeadSource",
        "SELECT FIELDS(SOME) FROM Contact LIMIT 1",
    ],
)
def test_malformed_queries_are_refused(org: SoqlOrg, soql: str) -> None:
    error = refusal(org, soql)

    assert (error.status, error.error_code) == (400, "MALFORMED_QUERY")


@pytest.mark.parametrize(
    ("soql", "what"),
    [
        ("SELECT Id FROM Contact WHERE DISTANCE(MailingAddress, GEOLOCATION(1, 2), 'mi') < 20", "DISTANCE"),
        ("SELECT Id FROM Contact ORDER BY DISTANCE(MailingAddress, GEOLOCATION(1, 2), 'mi')", "DISTANCE"),
        ("SELECT Id FROM Account WHERE AnnualRevenue > USD5000", "USD"),
        ("SELECT convertCurrency(AnnualRevenue) FROM Account", "convertCurrency"),
        ("SELECT Id FROM Account WITH DATA CATEGORY Geography__c AT usa__c", "WITH"),
        ("SELECT Id FROM Account UPDATE TRACKING", "UPDATE TRACKING"),
    ],
)
def test_what_the_local_org_cannot_is_refused_by_name(org: SoqlOrg, soql: str, what: str) -> None:
    error = refusal(org, soql)

    assert (error.status, error.error_code) == (501, "NOT_IMPLEMENTED")
    assert what in error.message


@pytest.mark.parametrize(
    "where",
    [
        " OR ".join(f"Subject = 's{number}'" for number in range(4500)),
        " AND ".join(f"Subject != 's{number}'" for number in range(3800)) + " AND Subject = 's1'",
        f"DurationInMinutes IN ({','.join(str(number % 10) for number in range(49_000))})",
        f"Subject IN ({','.join(repr(str(number)) for number in range(11_000))})",
        "(" * 90 + "Subject = 'x'" + ")" * 90,
        "(NOT " * 90 + "Subject = 'x'" + ")" * 90,
        "(Subject = 'x' OR (Subject = 'y' AND " * 40 + "Subject = 'z'" + "))" * 40,
        "StartDateTime IN (" + ", ".join(["TODAY"] * 9000) + ")",
    ],
    ids=["or", "and", "numbers", "texts", "parentheses", "not", "or and", "date literals"],
)
def test_large_conditions_are_answered(org: SoqlOrg, where: str) -> None:
    assert org.ask(f"SELECT COUNT() FROM Event WHERE {where}")["totalSize"] == 0


def test_conditions_that_are_too_large_to_be_run_are_refused(org: SoqlOrg) -> None:
    where = " OR ".join(f"What.Name = '{number}'" for number in range(4000))

    error = refusal(org, f"SELECT Id FROM Event WHERE {where}")

    assert (error.status, error.error_code) == (400, "QUERY_TOO_COMPLICATED")


def test_more_fields_than_can_be_read_are_refused(org: SoqlOrg) -> None:
    people = ["o", "c", "m", "p.Owner", "p.CreatedBy", "p.LastModifiedBy", "pp.Owner", "pp.CreatedBy"]
    paths = [
        *people,
        "pp.LastModifiedBy",
        "ppp.Owner",
        "ppp.CreatedBy",
        "ppp.LastModifiedBy",
        "o.CreatedBy",
        "o.Manager",
    ]
    fields = [field.name for field in org.org.schema["User"].fields if field.type != "address"]
    soql = f"SELECT {', '.join(f'{path}.{field}' for path in paths for field in fields)} FROM Account a, "
    soql += "a.Owner o, a.CreatedBy c, a.LastModifiedBy m, a.Parent p, p.Parent pp, pp.Parent ppp"

    error = refusal(org, soql)

    assert len(soql) < 100_000
    assert (error.status, error.error_code) == (400, "QUERY_TOO_COMPLICATED")
