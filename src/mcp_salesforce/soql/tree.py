"""The tree of a SOQL query, as frozen values.

Every node knows the `position` of its first character in the text it came from (0-based), for errors; the comparison of
trees ignores positions, so a tree equals the tree of its own text.

Names are kept as they were written: Salesforce ignores case, and only a schema knows the right one.
"""

from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Node:
    """Any node of a query, with its position."""

    _: KW_ONLY
    position: int = field(default=0, compare=False, repr=False)


# --- Literals -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class String(Node):
    """A quoted text; `value` has its escapes undone."""

    value: str


@dataclass(frozen=True, slots=True)
class Pattern(Node):
    r"""The quoted text after LIKE, in which `%` and `_` are wildcards.

    `text` has every escape undone but three: `\%`, `\_` and `\\` stay as they are, so that a plain `%` differs from
    a wildcard. This is the form SQL takes with ESCAPE '\'.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number, with as many decimals as were written."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Currency(Node):
    """An amount in a currency, as in USD5000; `code` is in capitals."""

    code: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class Null(Node):
    """NULL."""


@dataclass(frozen=True, slots=True)
class Date(Node):
    """A day as `YYYY-MM-DD`."""

    text: str

    @property
    def value(self) -> date:
        """Return the day."""
        return date.fromisoformat(self.text)


@dataclass(frozen=True, slots=True)
class DateTime(Node):
    """An instant as `YYYY-MM-DDThh:mm:ss[.s…](Z|±hh:mm|±hhmm)`."""

    text: str

    @property
    def value(self) -> datetime:
        """Return the instant, in UTC, to the microsecond."""
        return datetime.fromisoformat(self.text).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Time(Node):
    """A time of day as `hh:mm:ss[.s…](Z|±hh:mm|±hhmm)`."""

    text: str

    @property
    def value(self) -> time:
        """Return the time of day, with its offset."""
        return time.fromisoformat(self.text)


@dataclass(frozen=True, slots=True)
class DateFormula(Node):
    """What Salesforce's guide calls a date literal: TODAY, LAST_N_DAYS:5; `name` is in capitals.

    The grammar takes any of them with and without `n`.
    """

    name: str
    n: int | None = None


Value: TypeAlias = String | Pattern | Number | Currency | Boolean | Null | Date | DateTime | Time | DateFormula


# --- What is selected, compared, grouped and ordered ----------------------------------------------


@dataclass(frozen=True, slots=True)
class Field(Node):
    """A field or a path to one: `Name`, `Account.Owner.Name`, and also the ALL of FIELDS(ALL)."""

    name: str

    @property
    def path(self) -> tuple[str, ...]:
        """Return the parts between the dots."""
        return tuple(self.name.split("."))


@dataclass(frozen=True, slots=True)
class Function(Node):
    """A function of one argument; the grammar allows two levels of nesting, not three, and any name."""

    name: str
    argument: "Field | Function"


@dataclass(frozen=True, slots=True)
class CountRows(Node):
    """COUNT() without an argument: the whole list of what is selected."""


@dataclass(frozen=True, slots=True)
class Geolocation(Node):
    """GEOLOCATION(latitude, longitude), in degrees."""

    latitude: Decimal
    longitude: Decimal


@dataclass(frozen=True, slots=True)
class Distance(Node):
    """DISTANCE(location, center, 'unit'); the grammar takes any text as `unit`, and reads no escapes in it."""

    location: Field
    center: Geolocation
    unit: str


@dataclass(frozen=True, slots=True)
class When(Node):
    """WHEN sobject THEN fields, inside TYPEOF."""

    sobject: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class TypeOf(Node):
    """TYPEOF relationship WHEN … ELSE otherwise END; `otherwise` is empty if there is no ELSE."""

    relationship: Field
    whens: tuple[When, ...]
    otherwise: tuple[Field, ...] = ()


Operand: TypeAlias = Field | Function | Distance


@dataclass(frozen=True, slots=True)
class SelectItem(Node):
    """One entry of the SELECT list; a Query is a sub-query over a child relationship."""

    expression: "Field | Function | CountRows | Distance | TypeOf | Query"
    alias: str | None = None


# --- Conditions -----------------------------------------------------------------------------------

ComparisonOperator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE"]
Sign: TypeAlias = Literal["+", "-"]


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """The sum or difference of two fields, on the left of a comparison; the grammar has it, few pages do."""

    left: Field
    operator: Sign
    right: Field


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """Operand, operator, value; `<>` is `!=`."""

    left: Operand | Arithmetic
    operator: ComparisonOperator
    right: Value


@dataclass(frozen=True, slots=True)
class InValues(Node):
    """IN or NOT IN a list of values."""

    left: Field | Function
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InQuery(Node):
    """A semi-join (IN) or an anti-join (NOT IN): `query` selects one field and has only FROM, WHERE and WITH."""

    left: Field | Function
    query: "Query"
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Includes(Node):
    """INCLUDES, or EXCLUDES when `negated`, of a multi-select picklist; "a;b" in a value means both."""

    left: Field | Function
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not(Node):
    """NOT operand."""

    operand: "Condition"


@dataclass(frozen=True, slots=True)
class And(Node):
    """Two or more operands, all of which must hold."""

    operands: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Or(Node):
    """Two or more operands, one of which must hold."""

    operands: "tuple[Condition, ...]"


Condition: TypeAlias = Comparison | InValues | InQuery | Includes | Not | And | Or


# --- Clauses --------------------------------------------------------------------------------------


UsingKind: TypeAlias = Literal["SCOPE", "LOOKUP"]


@dataclass(frozen=True, slots=True)
class Using(Node):
    """USING SCOPE name, or USING LOOKUP name; the grammar takes any name."""

    kind: UsingKind
    name: str


@dataclass(frozen=True, slots=True)
class FromItem(Node):
    """An sobject, or a child relationship in a sub-query, or a path from another one's alias (`c.Account a`)."""

    name: str
    alias: str | None = None
    using: tuple[Using, ...] = ()


CategoryOperator: TypeAlias = Literal["AT", "ABOVE", "BELOW", "ABOVE_OR_BELOW"]


@dataclass(frozen=True, slots=True)
class DataCategory(Node):
    """One selection of WITH DATA CATEGORY: group, operator, one or more categories."""

    group: str
    operator: CategoryOperator
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WithDataCategory(Node):
    """WITH DATA CATEGORY, and selections that must all hold."""

    selections: tuple[DataCategory, ...]


@dataclass(frozen=True, slots=True)
class WithFilter(Node):
    """WITH name = 'value', as in WITH NETWORK = '0DB…'."""

    name: str
    value: String


SettingValue: TypeAlias = String | Number | Boolean


@dataclass(frozen=True, slots=True)
class Setting(Node):
    """One `name = value` between the parentheses of WITH name (…)."""

    name: str
    value: SettingValue


@dataclass(frozen=True, slots=True)
class WithOption(Node):
    """WITH SECURITY_ENFORCED, USER_MODE, RecordVisibilityContext (…).

    The grammar accepts any name. The REST API does not: it answers "SECURITY_ENFORCED not allowed in this context".
    """

    name: str
    settings: tuple[Setting, ...] = ()


With: TypeAlias = WithDataCategory | WithFilter | WithOption


Totals: TypeAlias = Literal["ROLLUP", "CUBE"]


@dataclass(frozen=True, slots=True)
class GroupBy(Node):
    """GROUP BY, with sub-totals where `totals` says so, and the HAVING that follows."""

    fields: tuple[Field | Function, ...]
    totals: Totals | None = None
    having: Condition | None = None


Nulls: TypeAlias = Literal["FIRST", "LAST"]


@dataclass(frozen=True, slots=True)
class OrderItem(Node):
    """One entry of ORDER BY; without `nulls`, Salesforce puts nulls first."""

    expression: Operand
    descending: bool = False
    nulls: Nulls | None = None


@dataclass(frozen=True, slots=True)
class Binding(Node):
    """One `name = value` of BIND; the grammar has it, the guide does not."""

    name: str
    value: Value


Tracking: TypeAlias = Literal["VIEW", "REFERENCE"]


@dataclass(frozen=True, slots=True)
class Query(Node):
    """A query, a sub-query over a child relationship, or the query of a semi-join.

    The attributes are in the order that the language requires for the clauses. `limit` and `offset` can be negative:
    the grammar allows that. `tracking` is FOR VIEW or FOR REFERENCE; `update` holds the names after UPDATE (TRACKING,
    VIEWSTAT), any name.
    """

    select: tuple[SelectItem, ...]
    from_: tuple[FromItem, ...]
    where: Condition | None = None
    with_: tuple[With, ...] = ()
    group_by: GroupBy | None = None
    order_by: tuple[OrderItem, ...] = ()
    limit: int | None = None
    offset: int | None = None
    bind: tuple[Binding, ...] = ()
    tracking: Tracking | None = None
    update: tuple[str, ...] = ()
