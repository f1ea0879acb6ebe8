"""`mcp-salesforce tools` lists what the server offers."""

import json

import pytest
from click.testing import CliRunner

from mcp_salesforce.cli import cli
from mcp_salesforce.tools import TOOLSETS

OFFERED = [spec.name for toolset in TOOLSETS for spec in toolset.specs]


def test_the_table_names_each_tool_once() -> None:
    result = CliRunner().invoke(cli, ["tools"])

    assert result.exit_code == 0
    assert [word for line in result.output.splitlines() for word in line.split() if word in OFFERED] == OFFERED


@pytest.mark.parametrize("columns", ["40", "80"])
def test_in_a_pipe_a_tool_is_one_line_with_its_whole_reason(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("SALESFORCE_TOOLSETS", "contacts")
    monkeypatch.setenv("SALESFORCE_READ_ONLY", "true")

    _head, _rule, *lines = CliRunner().invoke(cli, ["tools"], env={"COLUMNS": columns}).output.splitlines()

    assert [line.split()[:2] for line in lines] == [
        [toolset.name, spec.name] for toolset in TOOLSETS for spec in toolset.specs
    ]
    assert [line.split()[-1] for line in lines if "salesforce_delete_contact" in line] == ["SALESFORCE_READ_ONLY"]


def test_json_has_each_tool_with_its_description_and_effect() -> None:
    listed = json.loads(CliRunner().invoke(cli, ["tools", "--json"]).output)
    effects = {entry["name"]: entry["effect"] for entry in listed}

    assert [entry["name"] for entry in listed] == OFFERED
    assert all(entry["description"] and entry["title"] and entry["toolset"] for entry in listed)
    assert effects["salesforce_get_contact"] == "reads"
    assert effects["salesforce_create_contact"] == "creates"
    assert effects["salesforce_delete_contact"] == "changes"


def test_what_a_setting_forbids_is_shown_with_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFORCE_TOOLSETS", "contacts")
    monkeypatch.setenv("SALESFORCE_READ_ONLY", "true")

    listed = json.loads(CliRunner().invoke(cli, ["tools", "--json"]).output)
    table = CliRunner().invoke(cli, ["tools"], env={"COLUMNS": "160"}).output

    assert {entry["name"]: entry["forbidden_by"] for entry in listed if entry["toolset"] in {"contacts", "query"}} == {
        "salesforce_create_contact": "SALESFORCE_READ_ONLY",
        "salesforce_get_contact": "",
        "salesforce_update_contact": "SALESFORCE_READ_ONLY",
        "salesforce_delete_contact": "SALESFORCE_READ_ONLY",
        "salesforce_list_contacts": "",
        "salesforce_query": "SALESFORCE_TOOLSETS",
        "salesforce_search": "SALESFORCE_TOOLSETS",
    }
    assert "off: SALESFORCE_READ_ONLY" in table
    assert [word for line in table.splitlines() for word in line.split() if word in OFFERED] == OFFERED


@pytest.mark.parametrize(("name", "value"), [("TOOLSETS", "contcts"), ("READ_ONLY", "perhaps")])
def test_a_setting_that_cannot_be_read_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SALESFORCE_{name}", value)

    result = CliRunner().invoke(cli, ["tools"])

    assert result.exit_code == 2
    assert f"SALESFORCE_{name}" in result.stderr
