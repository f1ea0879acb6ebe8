"""Read what SOQL selects, compares, groups and orders by from a cursor."""

from mcp_salesforce.soql import tree
from mcp_salesforce.soql.literals import BIND_REFUSED, read_number
from mcp_salesforce.soql.tokens import TokenReader


def read_field(cursor: TokenReader) -> tree.Field:
    """Read a field or a path, without a function."""
    position = cursor.token.position
    return tree.Field(cursor.name(), position=position)


def read_field_or_function(cursor: TokenReader) -> tree.Field | tree.Function:
    """Read a field, a function of one, or a function of a function of one."""
    field = read_field(cursor)
    if not cursor.take("("):
        return field
    argument: tree.Field | tree.Function = read_field(cursor)
    if cursor.take("("):
        argument = tree.Function(argument.name, read_field(cursor), position=argument.position)
        cursor.expect(")")
    cursor.expect(")")
    return tree.Function(field.name, argument, position=field.position)


def read_operand(cursor: TokenReader) -> tree.Operand:
    """Read a field, a function or a DISTANCE."""
    at_distance = cursor.token.word == "distance" and cursor.ahead(1).word == "(" and cursor.ahead(3).word == ","
    return _distance(cursor) if at_distance else read_field_or_function(cursor)


def _distance(cursor: TokenReader) -> tree.Distance:
    position = cursor.step().position
    cursor.expect("(")
    location = read_field(cursor)
    cursor.expect(",")
    center = _geolocation(cursor)
    cursor.expect(",")
    unit = cursor.expect_kind("text").text[1:-1]
    cursor.expect(")")
    return tree.Distance(location, center, unit, position=position)


def _geolocation(cursor: TokenReader) -> tree.Geolocation:
    position = cursor.token.position
    if cursor.token.word == ":":
        cursor.refuse(BIND_REFUSED)
    cursor.expect("geolocation")
    cursor.expect("(")
    latitude = read_number(cursor)
    cursor.expect(",")
    longitude = read_number(cursor)
    cursor.expect(")")
    return tree.Geolocation(latitude, longitude, position=position)


def at_type_of(cursor: TokenReader) -> bool:
    """Return whether TYPEOF x WHEN stands at the cursor, and not a field called TypeOf."""
    return cursor.token.word == "typeof" and cursor.ahead(2).word == "when"


def read_type_of(cursor: TokenReader) -> tree.TypeOf:
    """Read TYPEOF … END."""
    position = cursor.step().position
    relationship = read_field(cursor)
    whens = []
    while cursor.token.word == "when":
        at = cursor.step().position
        sobject = cursor.name()
        cursor.expect("then")
        whens.append(tree.When(sobject, cursor.list_of(read_field), position=at))
    otherwise = cursor.list_of(read_field) if cursor.take("else") else ()
    cursor.expect("end")
    return tree.TypeOf(relationship, tuple(whens), otherwise, position=position)
