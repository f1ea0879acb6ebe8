"""The law of imports: a table that is imported and exported again is the same table, by the types of its fields."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.files import preparing
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.effort import examples
from tests.orgs import new_org
from tests.tools.calls import called
from tests.tools.files.test_import import SCHEMA

FIELDS = ["Number__c", "LastName", "Description", "Birthdate", "Seen__c", "Score__c", "Called__c", "Visit__c", "Email"]
LABELS = {"Number__c": "Patient Number", "LastName": "Last Name", "Seen__c": "Last Seen", "Visit__c": "Visit"}


characters = st.characters(
    codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"], include_characters="\n"
)
texts = st.text(characters, max_size=60).map(str.strip)
days = st.dates(min_value=NOW.date().replace(year=1901), max_value=NOW.date().replace(year=2999))
moments = st.datetimes(min_value=NOW.replace(year=1990, tzinfo=None), max_value=NOW.replace(year=2060, tzinfo=None))
rows = st.fixed_dictionaries({
    "LastName": texts.filter(lambda text: text not in {"", "#N/A"}),
    "Description": texts.filter(lambda text: text != "#N/A"),
    "Birthdate": st.one_of(st.just(""), days.map(lambda day: day.isoformat())),
    "Seen__c": st.one_of(st.just(""), moments.map(lambda at: f"{at.replace(microsecond=0).isoformat()}.000Z")),
    "Score__c": st.one_of(st.just(""), st.integers(-99_999_999, 99_999_999).map(lambda n: repr(n / 100))),
    "Called__c": st.sampled_from(["true", "false"]),
    "Visit__c": st.sampled_from(["", "First", "Again"]),
    "Email": st.sampled_from(["", "ada@acme.example"]),
})  # fmt: skip
tables = st.lists(rows, min_size=1, max_size=12)


def write(folder: Path, name: str, table: list[dict[str, str]], order: list[str], delimiter: str) -> None:
    """Write a table as CSV, or as JSON Lines where the name ends so."""
    with (folder / name).open("w", encoding="utf-8", newline="") as out:
        if name.endswith("jsonl"):
            named = ({LABELS.get(field, field): row[field] for field in order} for row in table)
            out.writelines(f"{json.dumps(row)}\n" for row in named)
            return
        writer = csv.writer(out, delimiter=delimiter)
        writer.writerow([LABELS.get(field, field) for field in order])
        writer.writerows([row[field] for field in order] for row in table)


def plain(row: dict[str, str]) -> dict[str, Any]:
    """A row in the form in which two that say the same are equal."""
    score = float(row["Score__c"]) if row["Score__c"] else None
    return {**row, "Score__c": score, "Description": row["Description"].replace("\r\n", "\n")}


@pytest.mark.parametrize("by_jobs", [False, True])
@given(
    table=tables,
    order=st.permutations(FIELDS),
    name=st.sampled_from(["in.csv", "in.jsonl"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
@settings(
    max_examples=examples(60, 10),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
async def test_any_table_imported_and_exported_again_is_the_same_table(
    tmp_path_factory: pytest.TempPathFactory,
    by_jobs: bool,
    table: list[dict[str, str]],
    order: list[str],
    name: str,
    delimiter: str,
) -> None:
    folder = tmp_path_factory.mktemp("law")
    numbered = [{**row, "Number__c": f"N{number:03}"} for number, row in enumerate(table)]
    write(folder, name, numbered, list(order), delimiter)
    with pytest.MonkeyPatch.context() as patched, new_org(lambda: NOW, seed=False, schema=SCHEMA) as org:
        if by_jobs:
            patched.setattr(preparing, "FEW", 0)
            patched.setattr(preparing, "BULK_ROWS", 4)
            patched.setattr(preparing, "MANY_ROWS", 5)
        exported = await there_and_back(org, folder, name)

    assert [plain(row) for row in exported] == [plain({field: row[field] for field in FIELDS}) for row in numbered]


async def there_and_back(org: LocalOrg, folder: Path, name: str) -> list[dict[str, str]]:
    """Import the file, export what it became, and return the rows of that."""
    made = create_server(
        settings_of(org, toolsets="files", files=folder, journal="off"),
        transport=AsgiTransport(org.app),
        now=lambda: NOW,
    )
    async with Client(made, raise_exceptions=True, elicitation_callback=approve) as mcp:
        checked, _ = await called(mcp, "import", path=name, sobject="Contact", allow_duplicate=True)
        assert "not_mapped" not in checked
        done, _ = await called(mcp, "import", import_id=checked["import_id"], go=True)
        soql = f"SELECT {', '.join(FIELDS)} FROM Contact ORDER BY Number__c"
        await called(mcp, "export", path="out.csv", soql=soql)
    assert done.get("problems") is None, done
    with (folder / "out.csv").open(encoding="utf-8", newline="") as out:
        return list(csv.DictReader(out))
