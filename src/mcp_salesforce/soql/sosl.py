"""Parse SOSL text into a tree; WHERE, ORDER BY and the field lists are SOQL, which the SOQL parser reads.

The grammar is that of Salesforce's guide (SOSL Syntax); Salesforce has published no parser to compare with.
"""

import re
from typing import Final, cast

from mcp_salesforce.soql import sosl_tree, tree
from mcp_salesforce.soql.errors import SearchTermError, SoslError
from mcp_salesforce.soql.operands import read_field_or_function
from mcp_salesforce.soql.parser import (
    read_count,
    read_data_category_filter,
    read_order_by,
    read_setting_value,
    read_settings,
    read_where,
)
from mcp_salesforce.soql.search_term import read_search_term
from mcp_salesforce.soql.tokens import TokenReader

_FIND: Final = re.compile(r"[ \t\r\n]*FIND[ \t\r\n]*\{((?:\\.|[^\\{}])*)\}", re.IGNORECASE | re.DOTALL)
_FIND_WORD: Final = re.compile(r"[ \t\r\n]*FIND\b", re.IGNORECASE)


def parse_sosl(text: str) -> sosl_tree.Search:
    """Return the tree of `text`.

    Raises:
        SearchTermError: The term between the braces is missing, or has fewer than two characters.
        SoslError: `text` is otherwise not one SOSL search.
    """
    found = _FIND.match(text)
    if found is None:
        if _FIND_WORD.match(text) is None:
            TokenReader(text, error=SoslError).expect("find")
        raise SearchTermError(text, 0, "No search term found. The search term must be enclosed in braces.")
    cursor = TokenReader(text, found.end(), SoslError)
    search = sosl_tree.Search(
        find=read_search_term(text, *found.span(1)),
        group=_group(cursor),
        returning=cursor.list_of(_returning) if cursor.take("returning") else (),
        with_=_with(cursor),
        limit=read_count(cursor, "limit"),
        offset=read_count(cursor, "offset"),
        update=cursor.list_of(TokenReader.plain_name) if cursor.take("update") else (),
    )
    cursor.expect_kind("end")
    return search


def _group(cursor: TokenReader) -> sosl_tree.SearchGroup:
    if not cursor.take("in"):
        return "ALL"
    group = cursor.expect("all", "email", "name", "phone", "sidebar").upper()
    cursor.expect("fields")
    return cast("sosl_tree.SearchGroup", group)


def _returning(cursor: TokenReader) -> sosl_tree.Returning:
    position = cursor.token.position
    sobject = cursor.name()
    if cursor.token.word != "(":
        return sosl_tree.Returning(sobject, position=position)
    return cursor.in_parentheses(lambda inside: _returned(inside, sobject, position))


def _returned(cursor: TokenReader, sobject: str, position: int) -> sosl_tree.Returning:
    """Read the text between the parentheses after `sobject`."""
    return sosl_tree.Returning(
        sobject,
        fields=cursor.list_of(_field),
        where=read_where(cursor),
        list_view=_list_view(cursor),
        order_by=read_order_by(cursor),
        limit=read_count(cursor, "limit"),
        offset=read_count(cursor, "offset"),
        position=position,
    )


def _field(cursor: TokenReader) -> tree.SelectItem:
    field = read_field_or_function(cursor)
    at_alias = cursor.at_name() and cursor.token.word not in {"order", "offset"}
    return tree.SelectItem(field, cursor.name() if at_alias else None, position=field.position)


def _list_view(cursor: TokenReader) -> str | None:
    """Read USING ListView = name, if it stands there."""
    if not cursor.take("using"):
        return None
    cursor.expect("listview")
    cursor.expect("=")
    return cursor.name()


def _with(cursor: TokenReader) -> tuple[tree.WithDataCategory | sosl_tree.SearchWith, ...]:
    clauses: list[tree.WithDataCategory | sosl_tree.SearchWith] = []
    while cursor.token.word == "with":
        clauses.append(read_data_category_filter(cursor) or _with_name(cursor))
    return tuple(clauses)


def _with_name(cursor: TokenReader) -> sosl_tree.SearchWith:
    position = cursor.step().position
    name = cursor.name()
    if cursor.take("="):
        return sosl_tree.SearchWith(name, (read_setting_value(cursor),), position=position)
    if cursor.take("in"):
        values = cursor.in_parentheses(lambda inside: inside.list_of(read_setting_value))
        return sosl_tree.SearchWith(name, values, position=position)
    return sosl_tree.SearchWith(name, settings=read_settings(cursor), position=position)
