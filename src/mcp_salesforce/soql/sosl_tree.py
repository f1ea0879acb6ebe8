"""The tree of a SOSL text, as frozen values; positions as in `tree`."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mcp_salesforce.soql.tree import Condition, Node, OrderItem, SelectItem, Setting, SettingValue, WithDataCategory

# --- The search term ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Word(Node):
    r"""One word of the search term, in which `*` and `?` are wildcards.

    `pattern` keeps a backslash before each character that is not a wildcard or operator: `\*`, `\?`, `\\`, `\-`.
    """

    pattern: str


@dataclass(frozen=True, slots=True)
class Phrase(Node):
    """A text in double quotes, to be found exactly; escapes are undone."""

    text: str


@dataclass(frozen=True, slots=True)
class AllOf(Node):
    """Two or more operands, all of which must be found; without an operator between two, AND applies."""

    operands: "tuple[SearchTerm | Without, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf(Node):
    """Two or more operands, one of which must be found."""

    operands: "tuple[SearchTerm, ...]"


@dataclass(frozen=True, slots=True)
class Without(Node):
    """What follows AND NOT: `operand` must not be found. Never the first operand of an AllOf."""

    operand: "SearchTerm"


SearchTerm: TypeAlias = Word | Phrase | AllOf | AnyOf

# --- Clauses --------------------------------------------------------------------------------------

SearchGroup: TypeAlias = Literal["ALL", "EMAIL", "NAME", "PHONE", "SIDEBAR"]


@dataclass(frozen=True, slots=True)
class Returning(Node):
    """One sobject of RETURNING: without `fields`, Salesforce returns only the Id, and no other clause is allowed.

    The attributes after `sobject` are in the order that the language requires.
    """

    sobject: str
    fields: tuple[SelectItem, ...] = ()
    where: Condition | None = None
    list_view: str | None = None
    order_by: tuple[OrderItem, ...] = ()
    limit: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class SearchWith(Node):
    """WITH name, as in WITH HIGHLIGHT; name = value; name (settings); or name IN (values)."""

    name: str
    values: tuple[SettingValue, ...] = ()
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class Search(Node):
    """A whole SOSL text; the attributes are in the order that the language requires for the clauses."""

    find: SearchTerm
    group: SearchGroup = "ALL"
    returning: tuple[Returning, ...] = ()
    with_: tuple[WithDataCategory | SearchWith, ...] = ()
    limit: int | None = None
    offset: int | None = None
    update: tuple[str, ...] = ()
