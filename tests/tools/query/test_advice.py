"""What SOQL does not take says what to write instead, and no cause that is not this one."""

import pytest
from mcp import Client

from tests.tools.calls import refusal
from tests.tools.tokens import tokens

WORDS = [
    ("SELECT COUNT(DISTINCT(AccountId)) FROM Contact", "COUNT_DISTINCT(field)"),
    ("SELECT COUNT(DISTINCT AccountId) FROM Contact", "COUNT_DISTINCT(field)"),
    ("SELECT DISTINCT Name FROM Contact", "GROUP BY on the field"),
    ("SELECT COUNT(), Name FROM Contact", "COUNT(Id)"),
    ("SELECT COUNT() FROM Contact GROUP BY AccountId", "COUNT(Id)"),
    ("SELECT Id FROM Contact WHERE COUNT(Id) > 1", "HAVING"),
    ("SELECT (SELECT COUNT(Id) FROM Contacts) FROM Account", "outer query"),
    ("SELECT AccountId, (SELECT Id FROM Cases) FROM Contact GROUP BY AccountId", "two queries"),
    ("SELECT UPPER(Name) FROM Contact", "ignore case"),
    ("SELECT Id FROM Contact WHERE LOWER(Name) = 'x'", "ignore case"),
    ("SELECT Id FROM Contact WHERE Name ILIKE 'x'", "ignores case"),
    ("SELECT YEAR(CreatedDate) FROM Contact", "CALENDAR_YEAR"),
    ("SELECT Id FROM Event WHERE DATE(StartDateTime) = 2026-11-24", "DAY_ONLY"),
    ("SELECT Id FROM Contact WHERE Name NOT LIKE 'x%'", "(NOT Name LIKE 'x%')"),
    ("SELECT Id FROM Contact WHERE Name CONTAINS 'x'", "LIKE '%x%'"),
    ("SELECT Id FROM Contact JOIN Account ON x", "Account.Name"),
    ("SELECT Id FROM Contact LEFT JOIN Account", "Account.Name"),
    ("SELECT Id FROM Contact LIMIT 5 ORDER BY Name", "ORDER BY, LIMIT"),
    ("SELECT Id FROM Contact ORDER BY Name WHERE Name = 'x'", "WHERE, GROUP BY"),
    ("SELECT Id FROM Contact; DELETE FROM Contact", "one query"),
    ("SELECT Id FROM Contact WHERE Name == 'x'", "single ="),
    ("SELECT Description, COUNT(Id) FROM Contact GROUP BY Description", "Use another"),
    ("SELECT FIELDS(ALL) FROM Contact", "LIMIT 200"),
    ("SELECT Id FROM Contact OFFSET 3000", "Id >"),
    ("SELECT Id FROM Event ALL ROWS", "include_archived"),
    ("SELECT Name n FROM Contact", "Remove the alias"),
    ("SELECT Id FROM Contact WHERE Id IN (SELECT WhoId FROM Event)", "Ids first"),
    ("SELECT Id FROM Account WHERE Name IN (SELECT Name FROM Contact)", "Ids first"),
    ("SELECT Who.Foo FROM Event", "TYPEOF Who WHEN"),
    ("SELECT Who.Account.Name FROM Event", "TYPEOF Who WHEN"),
]
VALUES = [
    ("WHERE Name = 'O'Brien'", r"'O\'Brien'"),
    ("WHERE Name = 'It''s'", r"'O\'Brien'"),
    ("WHERE Name = Smith", "single quotes"),
    ("WHERE Id = 'abc'", "This is not an Id"),
    ("WHERE CreatedDate > TODAY - 7", "LAST_N_DAYS:7"),
    ("WHERE CreatedDate = LAST_7_DAYS", "LAST_N_DAYS:7"),
    ("WHERE CreatedDate = DAYS_AGO:3", "LAST_N_DAYS:7"),
    ("WHERE CreatedDate = NOW()", "TODAY"),
    ("WHERE CreatedDate > 2026-11-24T15:00", "T15:00:00Z"),
    ("WHERE CreatedDate > 2026-11-24T15:00:00", "T15:00:00Z"),
    ("WHERE CreatedDate > 2026-11-24 15:00:00", "T15:00:00Z"),
    ("WHERE CreatedDate > 24.11.2026", "2026-11-24"),
    ("WHERE CreatedDate > 11/24/2026", "2026-11-24"),
    ("WHERE CreatedDate > '2026-11-24'", "with a time and without quotes"),
    ("WHERE Birthdate > '2026-11-24'", "without quotes: 2026-11-24"),
]


@pytest.mark.parametrize(
    ("soql", "said"), [*WORDS, *((f"SELECT Id FROM Contact {where}", said) for where, said in VALUES)]
)
async def test_what_is_refused_says_what_to_write(mcp: Client, soql: str, said: str) -> None:
    error = await refusal(mcp, "query", soql=soql)

    assert said in error["hint"]
    assert error["retryable"] is False
    assert tokens(error) <= 120


@pytest.mark.parametrize(
    ("soql", "foreign"),
    [
        ("SELECT Id FROM Contact WHERE Id = 'abc'", "operator"),
        ("SELECT Id FROM Contact WHERE CreatedDate = LAST_7_DAYS", "quotes"),
        ("SELECT Who.Foo FROM Event", "custom"),
        ("SELECT Name FROM Contact GROUP BY AccountId", "row and column"),
        ("SELECT SUM(Name) FROM Contact", "row and column"),
        ("SELECT Id FROM Contact LIMIT 5 ORDER BY Name", "Expected"),
    ],
)
async def test_no_cause_is_told_that_is_not_this_one(mcp: Client, soql: str, foreign: str) -> None:
    assert foreign not in (await refusal(mcp, "query", soql=soql))["hint"]
