"""`mcp-salesforce tools` lists what the server offers."""

import json

from click.testing import CliRunner

from mcp_salesforce.cli import cli
from mcp_salesforce.tools import TOOLSETS

OFFERED = [spec.name for toolset in TOOLSETS for spec in toolset.specs]


def test_the_table_names_each_tool_once() -> None:
    result = CliRunner().invoke(cli, ["tools"])

    assert result.exit_code == 0
    assert [word for line in result.output.splitlines() for word in line.split() if word in OFFERED] == OFFERED


def test_json_has_each_tool_with_its_description_and_effect() -> None:
    listed = json.loads(CliRunner().invoke(cli, ["tools", "--json"]).output)
    effects = {entry["name"]: entry["effect"] for entry in listed}

    assert [entry["name"] for entry in listed] == OFFERED
    assert all(entry["description"] and entry["title"] and entry["toolset"] for entry in listed)
    assert effects["salesforce_get_contact"] == "reads"
    assert effects["salesforce_create_contact"] == "creates"
    assert effects["salesforce_delete_contact"] == "changes"
