"""The sf command line, unmodified, on the local org; and Salesforce's own MCP server on the same login."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client

from mcp_salesforce.cli import cli
from mcp_salesforce.salesforce import SalesforceClient, SfCliSource
from tests.clients.conftest import ServedOrg, Sf
from tests.clients.verified import VERIFIED

pytestmark = [pytest.mark.clients, pytest.mark.slow]


def test_sf_creates_reads_updates_and_deletes_a_record(sf: Sf, routes_answered: Callable[[], set[str]]) -> None:
    created = sf("data", "create", "record", "--sobject", "Contact", "--values", "LastName=Förster Title='Head of IT'")
    assert created["status"] == 0, created
    record_id = created["result"]["id"]
    by_id = ("--sobject", "Contact", "--record-id", record_id)

    assert sf("data", "update", "record", *by_id, "--values", "Title=Director")["status"] == 0
    read = sf("data", "get", "record", *by_id)["result"]
    assert (read["LastName"], read["Title"]) == ("Förster", "Director")
    assert sf("data", "delete", "record", *by_id)["status"] == 0
    gone = sf("data", "get", "record", *by_id)
    assert gone["status"] != 0
    assert gone["name"] in {"NOT_FOUND", "ENTITY_IS_DELETED"}
    assert routes_answered() >= VERIFIED["sf CLI"]


def test_sf_reads_every_page_of_a_query(sf: Sf, served_org: ServedOrg) -> None:
    result = sf("data", "query", "--query", "SELECT Id, Name FROM Contact")["result"]

    assert result["totalSize"] == len(result["records"]) == len({row["Id"] for row in result["records"]})
    assert result["totalSize"] >= served_org.contacts > 2000


def test_sf_shows_the_errors_of_the_org(sf: Sf) -> None:
    malformed = sf("data", "query", "--query", "SELECT Nmae FROM Contact")
    rejected = sf("data", "create", "record", "--sobject", "Contact", "--values", "FirstName=Ana")

    assert malformed["name"] == "INVALID_FIELD"
    assert "No such column 'Nmae' on entity 'Contact'" in malformed["message"]
    assert rejected["name"] == "REQUIRED_FIELD_MISSING"
    assert "[LastName]" in rejected["message"]


def test_sf_describes_an_object_and_reads_the_limits(sf: Sf) -> None:
    described = sf("sobject", "describe", "--sobject", "Event")["result"]
    limits = sf("org", "list", "limits")["result"]

    assert (described["name"], described["keyPrefix"]) == ("Event", "00U")
    assert {"StartDateTime", "WhoId"} <= {field["name"] for field in described["fields"]}
    assert "DailyApiRequests" in {limit["name"] for limit in limits}


def test_sf_knows_every_part_of_the_app_that_we_make(sf: Sf, tmp_path: Path) -> None:
    CliRunner().invoke(cli, ["app", "--email", "admin@acme.example", "--to", str(tmp_path / "app")])
    source, to = tmp_path / "app" / "force-app", tmp_path / "converted"

    # The command converts only inside a project, and only what its registry of types knows.
    done = sf("project", "convert", "source", "--root-dir", str(source), "--output-dir", str(to), cwd=tmp_path / "app")

    assert done["status"] == 0, done
    assert {path.relative_to(to).as_posix() for path in to.rglob("*.*")} == {
        "package.xml",
        "externalClientApps/McpSalesforce.eca",
        "extlClntAppOauthSettings/McpSalesforceOAuth.ecaOauth",
        "extlClntAppGlobalOauthSets/McpSalesforceGlobalOAuth.ecaGlblOauth",
    }


@pytest.mark.usefixtures("sf")
async def test_our_client_works_with_the_login_of_sf(
    node: Path, installed: Callable[[str], Path], environment: dict[str, str], served_org: ServedOrg, tmp_path: Path
) -> None:
    program = tmp_path / "sf"
    program.write_text(f'#!/bin/sh\nexec {node} {installed("@salesforce/cli/bin/run.js")} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    on_path = environment | {"PATH": f"{tmp_path}:{environment['PATH']}"}

    async with SalesforceClient(SfCliSource("local", on_path), timeout_s=120) as client:
        user = await client.userinfo()

    assert user.preferred_username == served_org.connection["username"]


@pytest.mark.usefixtures("sf")
async def test_the_mcp_server_of_salesforce_runs_a_query(
    node: Path, installed: Callable[[str], Path], environment: dict[str, str]
) -> None:
    script = installed("@salesforce/mcp/bin/run.js")
    server = StdioServerParameters(
        command=str(node),
        args=[str(script), "--orgs", "DEFAULT_TARGET_ORG", "--toolsets", "data,orgs", "--no-telemetry"],
        env=environment,
        cwd=environment["HOME"],
    )
    arguments = {
        "query": "SELECT Id, LastName FROM Contact ORDER BY LastName LIMIT 3",
        "usernameOrAlias": "local",
        "directory": environment["HOME"],
    }
    async with Client(stdio_client(server)) as client:
        good = await client.call_tool("run_soql_query", arguments)
        bad = await client.call_tool("run_soql_query", arguments | {"query": "SELECT Nmae FROM Contact"})

    assert good.content[0].type == "text"
    assert bad.content[0].type == "text"
    assert good.content[0].text.count('"LastName"') == 3
    assert "No such column 'Nmae' on entity 'Contact'" in bad.content[0].text
