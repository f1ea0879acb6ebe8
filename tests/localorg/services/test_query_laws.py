"""WHERE against a plain evaluation of the same condition in Python, over random conditions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import examples
from tests.localorg.services.soql_org import SoqlOrg, soql_org

Row = dict[str, Any]

NAMES = ["Ann", "ann", "Bob", "Ünal", "ünal", "a%b", "a_b", "Zed"]
INDUSTRIES = [None, "Banking", "Energy", "Media"]
SIZES = [None, 0, 1, 5, 5, 100]


@dataclass(frozen=True)
class Case:
    """A condition as SOQL, and what it says of a row."""

    soql: str
    holds: Callable[[Row], bool]


@pytest.fixture(scope="module")
def org() -> Iterator[SoqlOrg]:
    with soql_org() as org:
        parents: list[str | None] = [None]
        for number in range(72):
            values = {
                "Name": NAMES[number % len(NAMES)],
                "Industry": INDUSTRIES[number // 3 % len(INDUSTRIES)],
                "NumberOfEmployees": SIZES[number // 5 % len(SIZES)],
                "ParentId": parents[number % len(parents)],
            }
            parents.append(org.add(str(number), "Account", **values))
        yield org


def text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def compare(field: str, get: Callable[[Row], Any], operator: str, value: str | int | None) -> Case:
    shown = "null" if value is None else text(value) if isinstance(value, str) else str(value)

    def fold(each: Any) -> Any:
        return each.casefold() if isinstance(each, str) else each

    def holds(row: Row) -> bool:
        found, wanted = fold(get(row)), fold(value)
        if operator == "=":
            return bool(found == wanted)
        if operator == "!=":
            return bool(found != wanted)
        if found is None or wanted is None:
            return False
        return bool({"<": found < wanted, "<=": found <= wanted, ">": found > wanted, ">=": found >= wanted}[operator])

    return Case(f"{field} {operator} {shown}", holds)


def within(field: str, get: Callable[[Row], Any], values: list[Any], *, negated: bool) -> Case:
    shown = ", ".join("null" if each is None else text(each) if isinstance(each, str) else str(each) for each in values)
    folded = [each.casefold() if isinstance(each, str) else each for each in values]

    def holds(row: Row) -> bool:
        found = get(row)
        return ((found.casefold() if isinstance(found, str) else found) in folded) != negated

    return Case(f"{field} {'NOT IN' if negated else 'IN'} ({shown})", holds)


def starts(prefix: str) -> Case:
    escaped = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("'", "\\'")
    return Case(f"Name LIKE '{escaped}%'", lambda row: row["Name"].casefold().startswith(prefix.casefold()))


def negation(case: Case) -> Case:
    return Case(f"(NOT {case.soql})", lambda row: not case.holds(row))


def junction(word: str, cases: list[Case]) -> Case:
    every = all if word == "AND" else any
    return Case(
        "(" + f" {word} ".join(each.soql for each in cases) + ")",
        lambda row: every(each.holds(row) for each in cases),
    )


def own(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name]


def parents(name: str) -> Callable[[Row], Any]:
    return lambda row: row["Parent"][name] if row["Parent"] else None


equal = st.sampled_from(["=", "!="])
ordered = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
industries = st.sampled_from(INDUSTRIES)
sizes = st.sampled_from([*SIZES, -1, 6])
names = st.sampled_from([*NAMES, "ANN", "none'such", "back\\slash"])
atoms = st.one_of(
    st.builds(compare, st.just("Industry"), st.just(own("Industry")), equal, industries),
    st.builds(compare, st.just("NumberOfEmployees"), st.just(own("NumberOfEmployees")), ordered, sizes),
    st.builds(compare, st.just("Name"), st.just(own("Name")), equal, names),
    st.builds(compare, st.just("Parent.Name"), st.just(parents("Name")), equal, st.one_of(names, st.none())),
    st.builds(compare, st.just("Parent.NumberOfEmployees"), st.just(parents("NumberOfEmployees")), ordered, sizes),
    st.builds(
        within,
        st.just("Industry"),
        st.just(own("Industry")),
        st.lists(industries, min_size=1, max_size=3),
        negated=st.booleans(),
    ),
    st.builds(
        within, st.just("Name"), st.just(own("Name")), st.lists(names, min_size=1, max_size=3), negated=st.booleans()
    ),
    st.builds(starts, st.sampled_from(["a", "A%", "a_", "ü", "Ü", "zed", "'", "\\"])),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(negation, inner),
        st.builds(junction, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=8,
)


@settings(max_examples=examples(150))
@given(conditions)
def test_where_finds_what_a_plain_evaluation_finds(org: SoqlOrg, case: Case) -> None:
    select = "SELECT Id, Name, Industry, NumberOfEmployees, Parent.Name, Parent.NumberOfEmployees FROM Account"
    everything = org.records(f"{select} ORDER BY Id")

    found = org.records(f"{select} WHERE {case.soql} ORDER BY Id")

    assert [row["Id"] for row in found] == [row["Id"] for row in everything if case.holds(row)]
    assert org.ask(f"SELECT COUNT() FROM Account WHERE {case.soql}")["totalSize"] == len(found)


@given(conditions)
def test_a_condition_and_its_negation_share_out_the_records(org: SoqlOrg, case: Case) -> None:
    counts = [org.ask(f"SELECT COUNT() FROM Account WHERE {each.soql}")["totalSize"] for each in (case, negation(case))]

    assert sum(counts) == 72


@given(
    st.sampled_from(["Name", "Industry", "NumberOfEmployees", "Parent.Name"]),
    st.sampled_from(["", " DESC"]),
    st.sampled_from(["FIRST", "LAST"]),
)
def test_order_by_sorts_and_puts_nulls_where_asked(org: SoqlOrg, field: str, direction: str, nulls: str) -> None:
    rows = org.records(f"SELECT {field} FROM Account ORDER BY {field}{direction} NULLS {nulls}")
    column = [parents("Name")(row) if "." in field else row[field] for row in rows]

    known = [each for each in column if each is not None]
    missing = [None] * (len(column) - len(known))
    assert column == ([*known, *missing] if nulls == "LAST" else [*missing, *known])
    if field in {"NumberOfEmployees", "Industry"}:
        assert known == sorted(known, reverse=bool(direction))


@given(conditions)
def test_groups_add_up_to_what_is_grouped(org: SoqlOrg, case: Case) -> None:
    rows = org.records(f"SELECT Industry, NumberOfEmployees FROM Account WHERE {case.soql}")
    aggregates = "COUNT(Id), COUNT(NumberOfEmployees), SUM(NumberOfEmployees), MIN(NumberOfEmployees)"

    groups = org.records(f"SELECT Industry, {aggregates} FROM Account WHERE {case.soql} GROUP BY Industry")
    [total] = org.records(f"SELECT {aggregates} FROM Account WHERE {case.soql}")

    def expected(industry: str | None) -> dict[str, Any]:
        sizes = [row["NumberOfEmployees"] for row in rows if row["Industry"] == industry]
        return {"Industry": industry, **figures(sizes)}

    assert {group["Industry"]: group for group in groups} == {
        industry: expected(industry) for industry in {row["Industry"] for row in rows}
    }
    assert total == figures([row["NumberOfEmployees"] for row in rows])


def figures(sizes: list[int | None]) -> dict[str, Any]:
    known = [size for size in sizes if size is not None]
    return {
        "expr0": len(sizes),
        "expr1": len(known),
        "expr2": sum(known) if known else None,
        "expr3": min(known, default=None),
    }
