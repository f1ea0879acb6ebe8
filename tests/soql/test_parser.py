"""What SOQL texts mean."""

from decimal import Decimal

import pytest

from mcp_salesforce.soql import SoqlError, caret_text, format_query, parse
from mcp_salesforce.soql.tree import (
    And,
    Arithmetic,
    Boolean,
    Comparison,
    Condition,
    CountRows,
    Currency,
    DataCategory,
    Date,
    DateFormula,
    DateTime,
    Distance,
    Field,
    FromItem,
    Function,
    Geolocation,
    GroupBy,
    Includes,
    InQuery,
    InValues,
    Not,
    Null,
    Number,
    Or,
    OrderItem,
    Pattern,
    Query,
    SelectItem,
    Setting,
    String,
    Time,
    TypeOf,
    Using,
    Value,
    When,
    WithDataCategory,
    WithFilter,
    WithOption,
)

OPEN_TEXT = "a quoted text has no end, or a line break in it: write \\n for one"


def condition_of(text: str) -> Condition:
    condition = parse(f"SELECT Id FROM Contact WHERE {text}").where
    assert condition
    return condition


def value_of(text: str) -> Value:
    condition = condition_of(f"x = {text}")
    assert isinstance(condition, Comparison)
    return condition.right


def pattern_of(text: str) -> Value:
    condition = condition_of(f"x LIKE {text}")
    assert isinstance(condition, Comparison)
    return condition.right


def tail_of(text: str) -> Query:
    return parse(f"SELECT Id FROM Contact {text}")


def select_of(text: str) -> SelectItem:
    (item,) = parse(f"SELECT {text} FROM Contact").select
    return item


def test_every_clause_stands_in_the_tree() -> None:
    query = parse(
        "SELECT Name n, COUNT(Id) FROM Contact c USING SCOPE mine WHERE Name != NULL WITH USER_MODE "
        "GROUP BY Name HAVING COUNT(Id) > 1 ORDER BY Name DESC NULLS LAST LIMIT 10 OFFSET 5 "
        "BIND x = 1 FOR VIEW UPDATE TRACKING, VIEWSTAT"
    )

    assert query == Query(
        select=(SelectItem(Field("Name"), "n"), SelectItem(Function("COUNT", Field("Id")))),
        from_=(FromItem("Contact", "c", (Using("SCOPE", "mine"),)),),
        where=Comparison(Field("Name"), "!=", Null()),
        with_=(WithOption("USER_MODE"),),
        group_by=GroupBy((Field("Name"),), having=Comparison(Function("COUNT", Field("Id")), ">", Number(Decimal(1)))),
        order_by=(OrderItem(Field("Name"), descending=True, nulls="LAST"),),
        limit=10,
        offset=5,
        bind=query.bind,
        tracking="VIEW",
        update=("TRACKING", "VIEWSTAT"),
    )
    assert [(binding.name, binding.value) for binding in query.bind] == [("x", Number(Decimal(1)))]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it\\'s'", String("it's")),
        (r"'\n\r\t\b\f\"\\'", String('\n\r\t\b\f"\\')),
        (r"'\N\T'", String("\n\t")),
        (r"'\u00e9\uD83D\uDE00'", String("é😀")),
        ("''", String("")),
        ("5", Number(Decimal(5))),
        ("+5", Number(Decimal(5))),
        ("- 5.25", Number(Decimal("-5.25"))),
        (".5", Number(Decimal("0.5"))),
        ("true", Boolean(value=True)),
        ("FALSE", Boolean(value=False)),
        ("null", Null()),
        ("USD5000", Currency("USD", Decimal(5000))),
        ("eur5.25", Currency("EUR", Decimal("5.25"))),
        ("USD5.", Currency("USD", Decimal(5))),
        ("USD-500", Currency("USD", Decimal(-500))),
        ("2026-02-28", Date("2026-02-28")),
        ("2026-02-28t10:00:00z", DateTime("2026-02-28T10:00:00Z")),
        ("2026-02-28T10:00:00.123+0100", DateTime("2026-02-28T10:00:00.123+0100")),
        ("2026-02-28T10:00:00-05:30", DateTime("2026-02-28T10:00:00-05:30")),
        ("10:00:00.000Z", Time("10:00:00.000Z")),
        ("today", DateFormula("TODAY")),
        ("LAST_N_DAYS:30", DateFormula("LAST_N_DAYS", 30)),
        ("n_fiscal_years_ago : 2", DateFormula("N_FISCAL_YEARS_AGO", 2)),
    ],
)
def test_literals_have_their_value(text: str, value: Value) -> None:
    assert value_of(text) == value


def test_dates_and_times_can_be_read() -> None:
    assert str(Date("2026-02-28").value) == "2026-02-28"
    assert str(DateTime("2026-02-28T10:00:00.123+0100").value) == "2026-02-28 09:00:00.123000+00:00"
    assert str(Time("10:00:00.500Z").value) == "10:00:00.500000+00:00"


def test_a_like_pattern_tells_wildcards_from_plain_characters() -> None:
    assert pattern_of(r"'50\%_\_\\\'%'") == Pattern(r"50\%_\_\\'%")
    assert pattern_of("NULL") == Null()


def test_conditions_nest_by_parentheses_only() -> None:
    a, b, c = (Comparison(Field(name), "=", Number(Decimal(1))) for name in "abc")

    assert condition_of("a = 1 AND b = 1 AND c = 1") == And((a, b, c))
    assert condition_of("(a = 1 OR b = 1) AND (((c = 1)))") == And((Or((a, b)), c))
    assert condition_of("NOT (NOT a = 1)") == Not(Not(a))
    assert condition_of("(NOT a = 1) AND b = 1") == And((Not(a), b))


@pytest.mark.parametrize(
    ("text", "operator"), [("<>", "!="), ("> =", ">="), ("<=", "<="), ("<", "<"), (">", ">"), ("!=", "!=")]
)
def test_comparison_operators_have_one_spelling(text: str, operator: str) -> None:
    condition = condition_of(f"a {text} 1")

    assert isinstance(condition, Comparison)
    assert condition.operator == operator


def test_lists_and_semi_joins() -> None:
    assert condition_of("a NOT IN ('x', NULL)") == InValues(Field("a"), (String("x"), Null()), negated=True)
    assert condition_of("a EXCLUDES ('x;y')") == Includes(Field("a"), (String("x;y"),), negated=True)
    assert condition_of("a INCLUDES ('x')") == Includes(Field("a"), (String("x"),))
    assert condition_of("Id IN (SELECT WhoId FROM Event WHERE a = TRUE)") == InQuery(
        Field("Id"),
        Query(
            (SelectItem(Field("WhoId")),),
            (FromItem("Event"),),
            where=Comparison(Field("a"), "=", Boolean(value=True)),
        ),
    )


def test_the_sum_of_two_fields_can_be_compared() -> None:
    assert condition_of("a - b > 1") == Comparison(Arithmetic(Field("a"), "-", Field("b")), ">", Number(Decimal(1)))


def test_select_takes_functions_type_of_distance_and_sub_queries() -> None:
    assert select_of("COUNT()") == SelectItem(CountRows())
    assert select_of("FORMAT(convertCurrency(Amount)) a") == SelectItem(
        Function("FORMAT", Function("convertCurrency", Field("Amount"))), "a"
    )
    assert select_of("FIELDS(ALL)") == SelectItem(Function("FIELDS", Field("ALL")))
    assert select_of("TYPEOF Who WHEN Contact THEN Name, Email ELSE Id END") == SelectItem(
        TypeOf(Field("Who"), (When("Contact", (Field("Name"), Field("Email"))),), (Field("Id"),))
    )
    assert select_of("DISTANCE(Place, GEOLOCATION(-1.5, 2), 'km')") == SelectItem(
        Distance(Field("Place"), Geolocation(Decimal("-1.5"), Decimal(2)), "km")
    )
    assert select_of("(SELECT Id FROM Events) e") == SelectItem(
        Query((SelectItem(Field("Id")),), (FromItem("Events"),)), "e"
    )


def test_a_path_has_parts() -> None:
    assert Field("Account.Owner.Name").path == ("Account", "Owner", "Name")


def test_with_has_three_forms() -> None:
    assert tail_of("WITH DATA CATEGORY g AT (a, b) AND h BELOW c").with_ == (
        WithDataCategory((DataCategory("g", "AT", ("a", "b")), DataCategory("h", "BELOW", ("c",)))),
    )
    assert tail_of("WITH NETWORK = 'x' WITH Context (a = 1, b = 'c', d = true)").with_ == (
        WithFilter("NETWORK", String("x")),
        WithOption(
            "Context",
            (Setting("a", Number(Decimal(1))), Setting("b", String("c")), Setting("d", Boolean(value=True))),
        ),
    )


def test_totals_of_groups() -> None:
    assert tail_of("GROUP BY ROLLUP(a, b)").group_by == GroupBy((Field("a"), Field("b")), "ROLLUP")
    assert tail_of("GROUP BY CUBE(f(a))").group_by == GroupBy((Function("f", Field("a")),), "CUBE")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT Group, Order, Case, Fields, Count, End FROM Group",
        "SELECT typeof, typeof x FROM a",
        "SELECT TYPEOF when WHEN then THEN end, else_ ELSE when END end FROM a",
        "SELECT distance(a), distance FROM distance",
        "SELECT Id FROM a order ORDER BY order",
        "SELECT Id FROM a offset OFFSET 5",
        "SELECT Id FROM a group GROUP BY group",
        "SELECT offset FROM a OFFSET -5",
        "SELECT Id FROM a WITH data",
        "SELECT count(count) count FROM count",
    ],
)
def test_words_of_the_language_can_be_names(text: str) -> None:
    assert format_query(parse(text)) == text


def test_positions_point_into_the_text() -> None:
    text = "SELECT Id,\n  Account.Nme FROM Contact"

    assert text[parse(text).select[1].expression.position :].startswith("Account.Nme")


@pytest.mark.parametrize(
    ("text", "row", "column", "reason"),
    [
        ("SELECT FROM Account", 1, 8, "unexpected token: 'FROM'"),
        ("SELECT Id FROM Account WHERE", 1, 29, "unexpected token: '<EOF>'"),
        ("SELECT Id\nFROM Account\nWHERE a = 1 OR b = 2 AND c = 3", 3, 22, "unexpected token: 'AND'"),
        ("SELECT Id FROM Account WHERE a = 1 ALL ROWS", 1, 36, "unexpected token: 'ALL'"),
        ("SELECT Id FROM Account FOR UPDATE", 1, 28, "unexpected token: 'UPDATE'"),
        ("SELECT * FROM Account", 1, 8, "unexpected token: '*'"),
        ("SELECT Id FROM Account LIMIT 1 LIMIT 2", 1, 32, "unexpected token: 'LIMIT'"),
        ("SELECT Id FROM Account OFFSET 1 LIMIT 2", 1, 33, "unexpected token: 'LIMIT'"),
        ("SELECT Id FROM Account WHERE Id IN ()", 1, 37, "unexpected token: ')'"),
        ("SELECT Id FROM Account WHERE Name = foo", 1, 37, "Bind variables only allowed in Apex code"),
        ("SELECT Id FROM Account WHERE Name = :foo", 1, 37, "Bind variables only allowed in Apex code"),
        ("SELECT Id FROM Account WHERE Name IN :foo", 1, 38, "Bind variables only allowed in Apex code"),
        ("SELECT Id FROM Account LIMIT :foo", 1, 30, "Bind variables only allowed in Apex code"),
        ("SELECT Id FROM Account WITH NETWORK = :x", 1, 39, "Bind variables only allowed in Apex code"),
        ("SELECT Id FROM Account WHERE DISTANCE(a, :x, 'km') < 1", 1, 42, "Bind variables only allowed in Apex code"),
        ("SELECT Id FROM $casecomment WHERE a = 1", 1, 16, "line 1:15 unexpected token: '$'"),
        ("SELECT Id FROM Account WHERE a = 2020-52-12", 1, 34, "Invalid date: 2020-52-12"),
        (
            "SELECT Id FROM Account WHERE a > 2020-12-12t12:12:00-25:00",
            1,
            34,
            "Invalid datetime: 2020-12-12t12:12:00-25:00",
        ),
        ("SELECT Id FROM Account WHERE a = 25:00:00Z", 1, 34, "Invalid time: 25:00:00Z"),
        (r"SELECT Id FROM Account WHERE Name = 'a\qb'", 1, 39, "Invalid Escape Character"),
        (r"SELECT Id FROM Account WHERE Name = 'a\_b'", 1, 39, "Invalid Escape Character"),
        (r"SELECT Id FROM Account WHERE Name = '\uD83D'", 1, 37, "Invalid Unicode Character"),
        ("SELECT Id FROM Account WHERE Name = 'a\nb'", 1, 37, OPEN_TEXT),
        ("SELECT Id FROM Account WHERE Name = 'ab", 1, 37, OPEN_TEXT),
        ("SELECT Id FROM Account WITH x (a = b)", 1, 36, "unexpected token: 'b'"),
        ("SELECT Id FROM Account USING everything", 1, 30, "unexpected token: 'everything'"),
    ],
)
def test_errors_say_where_and_what(text: str, row: int, column: int, reason: str) -> None:
    with pytest.raises(SoqlError) as caught:
        parse(text)

    error = caught.value
    assert (error.row, error.column, error.reason) == (row, column, reason)
    assert str(error).endswith(f"^\nERROR at Row:{row}:Column:{column}\n{reason}")
    assert error.error_code == "MALFORMED_QUERY"


def test_the_caret_stands_under_the_token_in_a_piece_of_the_query() -> None:
    text = "SELECT Id, CreatedById,OCE__ActualCap__c,TPI_Product__c,Name,OCE__JobId__c, Other__c FROM OCE WHERE"
    with pytest.raises(SoqlError) as caught:
        parse(text.replace("TPI_Product__c", "* "))

    _, snippet, caret, *_ = str(caught.value).split("\n")

    assert snippet == "CreatedById,OCE__ActualCap__c,* ,Name,OCE__JobId__c, Other__c"
    assert snippet[caret.index("^")] == "*"


def test_the_caret_stays_in_the_line_of_the_token() -> None:
    with pytest.raises(SoqlError) as caught:
        parse("SELECT Id,\n\tName Name Name\nFROM Account")

    assert str(caught.value) == "\n Name Name Name\n           ^\nERROR at Row:2:Column:12\nunexpected token: 'Name'"


def test_the_caret_form_is_the_one_of_recorded_errors() -> None:
    assert caret_text("select count() from XYZZY", 20, "r") == (
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nr"
    )
    query = "WHERE AccountId = '0014000000p6XlS' AND LastName LIKE 'test' OR email LIKE 'test'"
    assert caret_text(query, 61, "r").startswith("\n'0014000000p6XlS' AND LastName LIKE 'test' OR email LIKE 'test'\n")


@pytest.mark.parametrize("nested", ["(" * 5_000, "NOT (" * 5_000, "a IN (SELECT b FROM c WHERE " * 3_000])
def test_deep_nesting_is_refused_like_any_other_error(nested: str) -> None:
    with pytest.raises(SoqlError, match="more than 100 levels"):
        parse("SELECT Id FROM Account WHERE " + nested)


def test_a_hundred_levels_are_read_and_written() -> None:
    text = "SELECT Id FROM Account WHERE " + "NOT (" * 100 + "a = 1" + ")" * 100

    assert format_query(parse(text)) == text.replace("NOT (a = 1)", "NOT a = 1")


def test_queries_beyond_the_limit_are_refused() -> None:
    text = "SELECT Id FROM Account WHERE Name = '" + "x" * 100_000 + "'"

    with pytest.raises(SoqlError, match=r"^SOQL statements cannot be longer than 100000 characters\.$"):
        parse(text)


def test_numbers_beyond_sense_are_refused() -> None:
    with pytest.raises(SoqlError, match="more than 1000 digits"):
        parse("SELECT Id FROM Account LIMIT " + "9" * 5_000)


def test_a_semicolon_at_the_end_is_overlooked() -> None:
    assert parse("SELECT Id FROM Account ; \n") == parse("SELECT Id FROM Account")
    with pytest.raises(SoqlError, match="unexpected token: ';'"):
        parse("SELECT Id; FROM Account")


def test_rows_are_in_descending_order_only_where_that_is_said() -> None:
    query = parse("SELECT Id FROM Contact ORDER BY LastName ASC, FirstName DESC, Email, Title asc NULLS LAST")

    assert [order.descending for order in query.order_by] == [False, True, False, False]
    assert [order.nulls for order in query.order_by] == [None, None, None, "LAST"]
