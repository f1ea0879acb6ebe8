"""Write a SOQL or SOSL tree as text: one line, keywords in capitals, only the parentheses that it needs."""

import re
from functools import singledispatch

from mcp_salesforce.soql import sosl_tree, tree

_ESCAPES = str.maketrans({"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\u000C"})
_PATTERN_ESCAPES = {key: value for key, value in _ESCAPES.items() if key != ord("\\")}


def format_query(query: tree.Query) -> str:
    """Return the text of `query`; parsing it gives an equal tree."""
    clauses = [
        "SELECT " + _list(query.select),
        "FROM " + _list(query.from_),
        "WHERE " + format_condition(query.where) if query.where else "",
        *(_text(clause) for clause in query.with_),
        _text(query.group_by) if query.group_by else "",
        "ORDER BY " + _list(query.order_by) if query.order_by else "",
        "" if query.limit is None else f"LIMIT {query.limit}",
        "" if query.offset is None else f"OFFSET {query.offset}",
        "BIND " + _list(query.bind) if query.bind else "",
        f"FOR {query.tracking}" if query.tracking else "",
        "UPDATE " + ", ".join(query.update) if query.update else "",
    ]
    return " ".join(clause for clause in clauses if clause)


def format_sosl(search: sosl_tree.Search) -> str:
    """Return the text of `search`; parsing it gives an equal tree."""
    clauses = [
        f"FIND {{{_text(search.find)}}}",
        f"IN {search.group} FIELDS",
        "RETURNING " + _list(search.returning) if search.returning else "",
        *(_text(clause) for clause in search.with_),
        "" if search.limit is None else f"LIMIT {search.limit}",
        "" if search.offset is None else f"OFFSET {search.offset}",
        "UPDATE " + ", ".join(search.update) if search.update else "",
    ]
    return " ".join(clause for clause in clauses if clause)


def format_condition(condition: tree.Condition) -> str:
    """Return the text of a condition, as written after WHERE or HAVING."""
    match condition:
        case tree.Not():
            return "NOT " + _grouped(condition.operand)
        case tree.And():
            return " AND ".join(map(_grouped, condition.operands))
        case tree.Or():
            return " OR ".join(map(_grouped, condition.operands))
        case _:
            return _text(condition)


def _grouped(condition: tree.Condition) -> str:
    """Return the text of a condition, as written next to AND, OR or NOT."""
    text = format_condition(condition)
    return f"({text})" if isinstance(condition, tree.Not | tree.And | tree.Or) else text


def _list(nodes: tuple[tree.Node, ...]) -> str:
    return ", ".join(map(_text, nodes))


@singledispatch
def _text(node: tree.Node) -> str:
    """Return the text of any node that is not a condition with operands."""
    raise TypeError(f"not a SOQL node: {node!r}")


@_text.register
def _(node: tree.Query) -> str:
    return f"({format_query(node)})"


@_text.register
def _(node: tree.String) -> str:
    return "'" + node.value.translate(_ESCAPES) + "'"


@_text.register
def _(node: tree.Pattern) -> str:
    return "'" + node.text.translate(_PATTERN_ESCAPES) + "'"


@_text.register
def _(node: tree.Number) -> str:
    return f"{node.value:f}"


@_text.register
def _(node: tree.Currency) -> str:
    return f"{node.code}{node.amount:f}"


@_text.register
def _(node: tree.Boolean) -> str:
    return "TRUE" if node.value else "FALSE"


@_text.register
def _(_node: tree.Null) -> str:
    return "NULL"


@_text.register(tree.Date)
@_text.register(tree.DateTime)
@_text.register(tree.Time)
def _(node: tree.Date | tree.DateTime | tree.Time) -> str:
    return node.text


@_text.register
def _(node: tree.DateFormula) -> str:
    return node.name if node.n is None else f"{node.name}:{node.n}"


@_text.register
def _(node: tree.Field) -> str:
    return node.name


@_text.register
def _(node: tree.Function) -> str:
    return f"{node.name}({_text(node.argument)})"


@_text.register
def _(_node: tree.CountRows) -> str:
    return "COUNT()"


@_text.register
def _(node: tree.Geolocation) -> str:
    return f"GEOLOCATION({node.latitude:f}, {node.longitude:f})"


@_text.register
def _(node: tree.Distance) -> str:
    return f"DISTANCE({_text(node.location)}, {_text(node.center)}, '{node.unit}')"


@_text.register
def _(node: tree.When) -> str:
    return f"WHEN {node.sobject} THEN {_list(node.fields)}"


@_text.register
def _(node: tree.TypeOf) -> str:
    otherwise = f" ELSE {_list(node.otherwise)}" if node.otherwise else ""
    return f"TYPEOF {_text(node.relationship)} {' '.join(map(_text, node.whens))}{otherwise} END"


@_text.register
def _(node: tree.SelectItem) -> str:
    return f"{_text(node.expression)} {node.alias}" if node.alias else _text(node.expression)


@_text.register
def _(node: tree.Arithmetic) -> str:
    return f"{_text(node.left)} {node.operator} {_text(node.right)}"


@_text.register
def _(node: tree.Comparison) -> str:
    return f"{_text(node.left)} {node.operator} {_text(node.right)}"


@_text.register
def _(node: tree.InValues) -> str:
    return f"{_text(node.left)} {'NOT IN' if node.negated else 'IN'} ({_list(node.values)})"


@_text.register
def _(node: tree.InQuery) -> str:
    return f"{_text(node.left)} {'NOT IN' if node.negated else 'IN'} {_text(node.query)}"


@_text.register
def _(node: tree.Includes) -> str:
    return f"{_text(node.left)} {'EXCLUDES' if node.negated else 'INCLUDES'} ({_list(node.values)})"


@_text.register
def _(node: tree.FromItem) -> str:
    word = " AS" if node.name.lower() == "scope" else ""  # after a comma, SCOPE x would continue the USING before it
    alias = f"{word} {node.alias}" if node.alias else ""
    return node.name + alias + (f" USING {_list(node.using)}" if node.using else "")


@_text.register
def _(node: tree.Using) -> str:
    return f"{node.kind} {node.name}"


@_text.register
def _(node: tree.WithDataCategory) -> str:
    return "WITH DATA CATEGORY " + " AND ".join(map(_text, node.selections))


@_text.register
def _(node: tree.DataCategory) -> str:
    categories = ", ".join(node.categories)
    return f"{node.group} {node.operator} " + (f"({categories})" if len(node.categories) > 1 else categories)


@_text.register
def _(node: tree.WithFilter) -> str:
    return f"WITH {node.name} = {_text(node.value)}"


@_text.register
def _(node: tree.WithOption) -> str:
    return f"WITH {node.name} ({_list(node.settings)})" if node.settings else f"WITH {node.name}"


@_text.register(tree.Setting)
@_text.register(tree.Binding)
def _(node: tree.Setting | tree.Binding) -> str:
    return f"{node.name} = {_text(node.value)}"


@_text.register
def _(node: tree.GroupBy) -> str:
    fields = f"{node.totals}({_list(node.fields)})" if node.totals else _list(node.fields)
    return f"GROUP BY {fields}" + (f" HAVING {format_condition(node.having)}" if node.having else "")


@_text.register
def _(node: tree.OrderItem) -> str:
    descending = " DESC" if node.descending else ""
    return _text(node.expression) + descending + (f" NULLS {node.nulls}" if node.nulls else "")


# --- SOSL -----------------------------------------------------------------------------------------


@_text.register
def _(node: sosl_tree.Word) -> str:
    return node.pattern


@_text.register
def _(node: sosl_tree.Phrase) -> str:
    return '"' + re.sub(r'([\\"{}])', r"\\\1", node.text) + '"'


@_text.register
def _(node: sosl_tree.AllOf) -> str:
    first, *others = node.operands
    return _term(first) + "".join(map(_and_term, others))


@_text.register
def _(node: sosl_tree.AnyOf) -> str:
    return " OR ".join(map(_term, node.operands))


def _and_term(term: sosl_tree.SearchTerm | sosl_tree.Without) -> str:
    return f" AND NOT {_term(term.operand)}" if isinstance(term, sosl_tree.Without) else f" AND {_term(term)}"


def _term(term: tree.Node) -> str:
    return f"({_text(term)})" if isinstance(term, sosl_tree.AllOf | sosl_tree.AnyOf) else _text(term)


@_text.register
def _(node: sosl_tree.Returning) -> str:
    clauses = [
        _list(node.fields),
        "WHERE " + format_condition(node.where) if node.where else "",
        f"USING ListView = {node.list_view}" if node.list_view else "",
        "ORDER BY " + _list(node.order_by) if node.order_by else "",
        "" if node.limit is None else f"LIMIT {node.limit}",
        "" if node.offset is None else f"OFFSET {node.offset}",
    ]
    inside = " ".join(clause for clause in clauses if clause)
    return f"{node.sobject}({inside})" if inside else node.sobject


@_text.register
def _(node: sosl_tree.SearchWith) -> str:
    if len(node.values) == 1:
        return f"WITH {node.name} = {_text(node.values[0])}"
    if node.values:
        return f"WITH {node.name} IN ({_list(node.values)})"
    return f"WITH {node.name} ({_list(node.settings)})" if node.settings else f"WITH {node.name}"
