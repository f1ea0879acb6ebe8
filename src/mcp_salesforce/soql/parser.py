"""Parse SOQL text into a tree, by recursive descent, written by hand.

There is no grammar file, for two reasons. Salesforce's errors name the token that does not fit, where a generated
parser knows only a set of states. And many words are keywords in one place and names in another (`SELECT Offset FROM A
offset OFFSET 5`); the next two tokens decide. The rules are those of Salesforce's own parser
(`@salesforce/soql-common`) for the API, not for Apex; the tests compare the two and list the differences.
"""

from typing import cast

from mcp_salesforce.soql import tree
from mcp_salesforce.soql.errors import SoqlError
from mcp_salesforce.soql.literals import BIND_REFUSED, read_integer, read_string, read_value
from mcp_salesforce.soql.operands import at_type_of, read_field, read_field_or_function, read_operand, read_type_of
from mcp_salesforce.soql.tokens import TokenReader, is_plain_name


def parse(text: str) -> tree.Query:
    """Return the tree of `text`.

    Raises:
        SoqlError: `text` is not one SOQL query as Salesforce's REST API takes it; the error has what could stand there.
    """
    try:
        return _whole(TokenReader(text))
    except SoqlError:
        return _whole(TokenReader(text, is_noting=True))


def _whole(cursor: TokenReader) -> tree.Query:
    query = _query(cursor)
    cursor.expect_kind("end")
    return query


# --- Clauses --------------------------------------------------------------------------------------


def _query(cursor: TokenReader) -> tree.Query:
    position = cursor.token.position
    cursor.expect("select")
    return tree.Query(
        select=_select(cursor),
        from_=_from(cursor),
        where=read_where(cursor),
        with_=_with(cursor),
        group_by=_group_by(cursor),
        order_by=read_order_by(cursor),
        limit=read_count(cursor, "limit"),
        offset=read_count(cursor, "offset"),
        bind=cursor.list_of(_binding) if cursor.take("bind") else (),
        tracking=_tracking(cursor),
        update=cursor.list_of(TokenReader.plain_name) if cursor.take("update") else (),
        position=position,
    )


def _select(cursor: TokenReader) -> tuple[tree.SelectItem, ...]:
    position = cursor.token.position
    if cursor.token.word == "count" and cursor.ahead(1).word == "(" and cursor.ahead(2).word == ")":
        for _ in range(3):
            cursor.step()
        return (tree.SelectItem(tree.CountRows(position=position), position=position),)
    return cursor.list_of(_select_item)


def _select_item(cursor: TokenReader) -> tree.SelectItem:
    position = cursor.token.position
    expression: tree.Operand | tree.TypeOf | tree.Query
    if cursor.at("("):
        expression = cursor.in_parentheses(_query)
    else:
        expression = read_type_of(cursor) if at_type_of(cursor) else read_operand(cursor)
    return tree.SelectItem(expression, cursor.name() if cursor.at_name() else None, position=position)


def _from(cursor: TokenReader) -> tuple[tree.FromItem, ...]:
    cursor.expect("from")
    return cursor.list_of(_from_item)


def _from_item(cursor: TokenReader) -> tree.FromItem:
    position = cursor.token.position
    name = cursor.name()
    cursor.take("as")
    alias = cursor.name() if cursor.at_name() and not _at_clause(cursor) else None
    return tree.FromItem(name, alias, _using(cursor), position=position)


def _at_clause(cursor: TokenReader) -> bool:
    """Tell whether GROUP BY, ORDER BY or OFFSET n stands at the cursor, and not an alias called like that."""
    word, after = cursor.token.word, cursor.ahead(1).word
    if word in {"group", "order"}:
        return after == "by"
    return word == "offset" and (after[:1].isdigit() or after in {"-", "+"})


def _using(cursor: TokenReader) -> tuple[tree.Using, ...]:
    if not cursor.take("using"):
        return ()
    clauses = []
    while True:
        position = cursor.token.position
        kind = cast("tree.UsingKind", cursor.expect("scope", "lookup").upper())
        clauses.append(tree.Using(kind, cursor.plain_name(), position=position))
        if cursor.token.word != "," or not _at_using(cursor):
            return tuple(clauses)
        cursor.step()


def _at_using(cursor: TokenReader) -> bool:
    """Tell whether one more LOOKUP or SCOPE follows the comma at the cursor, and not an sobject called Scope."""
    word = cursor.ahead(1).word
    return word == "lookup" or (word == "scope" and is_plain_name(cursor.ahead(2)) and cursor.ahead(3).word != "using")


def _with(cursor: TokenReader) -> tuple[tree.With, ...]:
    clauses: list[tree.With] = []
    first = _with_filter(cursor)
    if first:
        clauses.append(first)
    while cursor.at("with"):
        position = cursor.step().position
        name = cursor.name()
        clauses.append(tree.WithOption(name, read_settings(cursor), position=position))
    return tuple(clauses)


def _with_filter(cursor: TokenReader) -> tree.WithDataCategory | tree.WithFilter | None:
    """Read WITH DATA CATEGORY … or WITH name = 'value', if one stands there."""
    categories = read_data_category_filter(cursor)
    if categories or cursor.token.word != "with" or cursor.ahead(2).word != "=":
        return categories
    position = cursor.step().position
    name = cursor.name()
    cursor.expect("=")
    if cursor.token.word == ":":
        cursor.refuse(BIND_REFUSED)
    return tree.WithFilter(name, read_string(cursor), position=position)


def read_data_category_filter(cursor: TokenReader) -> tree.WithDataCategory | None:
    """Read WITH DATA CATEGORY …, if it stands there."""
    position = cursor.token.position
    if [cursor.ahead(steps).word for steps in range(3)] != ["with", "data", "category"]:
        return None
    for _ in range(3):
        cursor.step()
    selections = [_data_category(cursor)]
    while cursor.take("and"):
        selections.append(_data_category(cursor))
    return tree.WithDataCategory(tuple(selections), position=position)


def _data_category(cursor: TokenReader) -> tree.DataCategory:
    position = cursor.token.position
    group = cursor.name()
    operator = cast("tree.CategoryOperator", cursor.expect("at", "above", "below", "above_or_below").upper())
    many = cursor.token.word == "("
    categories = cursor.in_parentheses(lambda inside: inside.list_of(TokenReader.name)) if many else (cursor.name(),)
    return tree.DataCategory(group, operator, categories, position=position)


def read_settings(cursor: TokenReader) -> tuple[tree.Setting, ...]:
    """Read (name = value, …), if it stands there."""
    return cursor.in_parentheses(lambda inside: inside.list_of(_setting)) if cursor.token.word == "(" else ()


def _setting(cursor: TokenReader) -> tree.Setting:
    position = cursor.token.position
    name = cursor.name()
    cursor.expect("=")
    return tree.Setting(name, read_setting_value(cursor), position=position)


def read_setting_value(cursor: TokenReader) -> tree.SettingValue:
    """Read a quoted text, an integer without a sign, TRUE or FALSE."""
    if cursor.token.kind not in {"text", "integer"} and cursor.token.word not in {"true", "false"}:
        cursor.refuse()
    return cast("tree.SettingValue", read_value(cursor))


def _group_by(cursor: TokenReader) -> tree.GroupBy | None:
    position = cursor.token.position
    if not cursor.take("group"):
        return None
    cursor.expect("by")
    totals = cast("tree.Totals", cursor.step().word.upper()) if cursor.token.word in {"rollup", "cube"} else None
    fields = cursor.in_parentheses(_group_fields) if totals else _group_fields(cursor)
    having = _conditions(cursor) if cursor.take("having") else None
    return tree.GroupBy(fields, totals, having, position=position)


def _group_fields(cursor: TokenReader) -> tuple[tree.Field | tree.Function, ...]:
    return cursor.list_of(read_field_or_function)


def read_order_by(cursor: TokenReader) -> tuple[tree.OrderItem, ...]:
    """Read ORDER BY and its list, if one stands there."""
    if not cursor.take("order"):
        return ()
    cursor.expect("by")
    return cursor.list_of(_order_item)


def _order_item(cursor: TokenReader) -> tree.OrderItem:
    position = cursor.token.position
    operand = read_operand(cursor)
    descending = cursor.take("asc", "desc") == "desc"
    nulls = cast("tree.Nulls", cursor.expect("first", "last").upper()) if cursor.take("nulls") else None
    return tree.OrderItem(operand, descending, nulls, position=position)


def read_count(cursor: TokenReader, word: str) -> int | None:
    """Read LIMIT n or OFFSET n, whichever `word` says, if it stands there."""
    if not cursor.take(word):
        return None
    return cursor.refuse(BIND_REFUSED) if cursor.token.word == ":" else read_integer(cursor)


def _binding(cursor: TokenReader) -> tree.Binding:
    position = cursor.token.position
    name = cursor.name()
    cursor.expect("=")
    return tree.Binding(name, read_value(cursor), position=position)


def _tracking(cursor: TokenReader) -> tree.Tracking | None:
    if not cursor.take("for"):
        return None
    return cast("tree.Tracking", cursor.expect("view", "reference").upper())


# --- Conditions -----------------------------------------------------------------------------------


def read_where(cursor: TokenReader) -> tree.Condition | None:
    """Read WHERE and its condition, if one stands there."""
    return _conditions(cursor) if cursor.take("where") else None


def _conditions(cursor: TokenReader) -> tree.Condition:
    """Read conditions joined by AND, or joined by OR, or after one NOT; to mix them takes parentheses."""
    position = cursor.token.position
    if cursor.take("not"):
        return tree.Not(_condition(cursor), position=position)
    first = _condition(cursor)
    word = cursor.token.word
    if not cursor.at("and", "or"):
        return first
    operands = [first]
    while cursor.take(word):
        operands.append(_condition(cursor))
    joined = tree.And if word == "and" else tree.Or
    return joined(tuple(operands), position=position)


def _condition(cursor: TokenReader) -> tree.Condition:
    if cursor.at("("):
        return cursor.in_parentheses(_conditions)
    left = read_operand(cursor)
    word = cursor.token.word
    if isinstance(left, tree.Distance):
        return _comparison(cursor, left)
    if cursor.at("in", "not", "includes", "excludes"):
        return _membership(cursor, left)
    if cursor.take("like"):
        return tree.Comparison(left, "LIKE", read_value(cursor, like=True), position=left.position)
    if word in {"+", "-"} and isinstance(left, tree.Field):
        sign = cast("tree.Sign", cursor.step().word)
        return _comparison(cursor, tree.Arithmetic(left, sign, read_field(cursor), position=left.position))
    return _comparison(cursor, left)


def _comparison(cursor: TokenReader, left: tree.Operand | tree.Arithmetic) -> tree.Comparison:
    operator = cursor.expect("=", "!=", "<>", "<", ">")
    if operator == "<>":
        operator = "!="
    elif operator in {"<", ">"}:
        operator += cursor.take("=")
    value = read_value(cursor)
    return tree.Comparison(left, cast("tree.ComparisonOperator", operator), value, position=left.position)


def _membership(cursor: TokenReader, left: tree.Field | tree.Function) -> tree.InValues | tree.InQuery | tree.Includes:
    word = cursor.step().word
    if word in {"includes", "excludes"}:
        return tree.Includes(left, _values(cursor), word == "excludes", position=left.position)
    if word == "not":
        cursor.expect("in")
    if cursor.token.word == "(" and cursor.ahead(1).word == "select":
        return tree.InQuery(left, cursor.in_parentheses(_semi_join), word == "not", position=left.position)
    return tree.InValues(left, _values(cursor), word == "not", position=left.position)


def _semi_join(cursor: TokenReader) -> tree.Query:
    """Read the query of a semi-join, which has few clauses."""
    position = cursor.step().position
    field = read_field_or_function(cursor)
    item = tree.SelectItem(field, position=field.position)
    from_, where, with_ = _from(cursor), read_where(cursor), _with_filter(cursor)
    return tree.Query((item,), from_, where, (with_,) if with_ else (), position=position)


def _values(cursor: TokenReader) -> tuple[tree.Value, ...]:
    if cursor.token.word == ":":
        cursor.refuse(BIND_REFUSED)
    return cursor.in_parentheses(lambda inside: inside.list_of(read_value))
