"""The law of the audit: whatever is called with whatever arguments, no value of a record and no secret stands in it."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.audit.subjects import Subjects
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.toolset import build_tool
from tests.audit.audits import audited, verified
from tests.conftest import NOW
from tests.effort import examples
from tests.orgs import new_org
from tests.stdio.host import SECRET

VALUES: Final = ("Quetzalcoatlus", "quetzal@example.com", "003491234567890", "Quetzal__c", "77.7031", "Consultation777")
"""Of fields of records: some have the form of an Id or of a name."""
POLICY: Final = """
[objects.Contact]
actions = ["read", "update"]
hide = ["Birthdate", "Description"]
[objects.Case]
actions = []
"""
SPECS: Final = [spec for toolset in TOOLSETS for spec in toolset.specs]


def _filled(org: LocalOrg) -> None:
    for number in range(3):
        person = org.insert(
            "Contact", LastName=VALUES[0], Email=VALUES[1], Phone=VALUES[2], Title=VALUES[3], Description=VALUES[5]
        )
        org.insert(
            "Event",
            Subject=VALUES[5],
            Location=VALUES[0],
            WhoId=person,
            StartDateTime=NOW.isoformat(),
            DurationInMinutes=30,
        )
        org.insert(
            "Opportunity", Name=VALUES[5], StageName="Prospecting", CloseDate="2026-12-01", Amount=77.7031 + number
        )


@cache
def ids() -> list[str]:
    with new_org(lambda: NOW, contacts=3, then=_filled) as org:
        names = ("Contact", "Event", "Opportunity", "Account", "User")
        return [
            str(row["Id"]) for name in names for row in org.store.rows(f'SELECT Id FROM "{name}" ORDER BY Id DESC')
        ][:40]


texts = st.one_of(
    st.sampled_from(VALUES),
    st.deferred(lambda: st.sampled_from(ids())),
    st.sampled_from(["Contact", "Event", "Opportunity", "Case", "me", "2026-12-01", "2026-12-01T10:00:00Z", "Title"]),
    st.sampled_from(
        [
            f"SELECT Id, LastName {VALUES[0]}, Email FROM Contact WHERE LastName = '{VALUES[0]}'",
            f"SELECT Title {VALUES[0]}, COUNT(Id) Id FROM Contact GROUP BY Title ORDER BY Title",
            f"SELECT {VALUES[0]} FROM Contact",
            f"SELECT Id FROM {VALUES[0]}",
            "SELECT Birthdate FROM Contact",
            "SELECT Id, (SELECT Id, Subject FROM Events) FROM Contact",
        ]
    ),
)
records = st.dictionaries(
    st.sampled_from(["Id", "LastName", "Title", "Subject", "StartDateTime", "DurationInMinutes", "Name", *VALUES]),
    st.one_of(texts, st.just(30), st.none()),
    max_size=3,
)


def _of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a parameter takes, as far as its kind goes; what it means is up to chance."""
    kinds = json.dumps(schema)
    if schema.get("enum"):
        return st.sampled_from([*schema["enum"], *VALUES])
    if schema.get("type") == "boolean":
        return st.booleans()
    if schema.get("type") in {"integer", "number"}:
        return st.integers(1, 60)
    if schema.get("type") == "object":
        return records
    if "array" in kinds:
        return st.lists(records if '"object"' in kinds else texts, min_size=1, max_size=3)
    return st.one_of(texts, records) if '"object"' in kinds else texts


def _calls() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    def of_tool(spec: Any) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        schema = build_tool(spec).parameters
        wanted = {name: _of(each) for name, each in schema["properties"].items()}
        required = {name: wanted.pop(name) for name in schema.get("required", ())}
        generated = st.fixed_dictionaries(required, optional=wanted)
        return st.tuples(st.just(spec.name), st.one_of(generated, st.just(dict(spec.example))))

    return st.sampled_from(SPECS).flatmap(of_tool)


def _has_values(text: str) -> list[str]:
    return [value for value in (*VALUES, SECRET) if value in text]


@pytest.mark.anyio
@given(calls=st.lists(st.deferred(_calls), min_size=1, max_size=8), has_policy=st.booleans())
@settings(max_examples=examples(1000, 60))
async def test_no_value_and_no_secret_stands_in_it(calls: list[tuple[str, dict[str, Any]]], has_policy: bool) -> None:
    with new_org(lambda: NOW, contacts=3, then=_filled) as org, TemporaryDirectory() as named:
        folder, policy = Path(named), Path(named, "policy.toml")
        policy.write_text(POLICY)  # noqa: ASYNC240 - a few bytes
        async with audited(org, folder, policy=str(policy) if has_policy else None) as client:
            for tool, arguments in calls:
                await client.call_tool(tool, arguments)
        text = (folder / "audit.jsonl").read_text()
        credentials = org.credentials
        assert _has_values(text) == []
        assert credentials.client_secret not in text
        assert credentials.refresh_token not in text
        assert len(text.splitlines()) >= len(calls)
        assert verified(folder / "audit.jsonl").exit_code == 0


@pytest.mark.anyio
async def test_the_example_of_every_tool_leaves_a_line_without_a_value(org: LocalOrg, tmp_path: Path) -> None:
    async with audited(org, tmp_path) as client:
        for spec in SPECS:
            await client.call_tool(spec.name, dict(spec.example))
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    told = [line["tool"] for line in lines if line["outcome"] != "asked"]
    assert told == [spec.name for spec in SPECS]
    names = {row["Name"] for row in org.store.rows("SELECT Name FROM Contact")} - {None}
    assert not [name for name in names if name in (tmp_path / "audit.jsonl").read_text()]


@given(calls=st.lists(records, max_size=4))
def test_names_that_nothing_is_known_of_are_left_out(calls: list[dict[str, Any]]) -> None:
    asked = Subjects()
    asked.add_arguments({"sobject": "Contact", "data": calls, VALUES[0]: VALUES[1]})
    told = json.dumps(asked.known(lambda _sobject: ("003", ["Title"])).told())
    assert _has_values(told) == []
