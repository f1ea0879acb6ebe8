"""What hosts read of the views: the tools' `_meta`, the resources, and the files of the package."""

import gzip
import hashlib
import json
from importlib import resources
from pathlib import Path

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import TextResourceContents

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.views import MIME_TYPE, manifest, uri_of
from tests.conftest import NOW, settings_of

ROOT = Path(__file__).parents[2]
MOST_GZIP_BYTES = 40 * 1024
WITH_VIEW = {
    **{spec.name: "approval" for toolset in TOOLSETS for spec in toolset.specs if not spec.effect.is_reading},
    "salesforce_list_appointments": "agenda",
    "salesforce_get_free_busy": "agenda",
    "salesforce_find_free_times": "free",
    "salesforce_get_appointment": "appointment",
    "salesforce_get_contact": "people",
    "salesforce_list_activities": "people",
    "salesforce_describe": "schema",
    "salesforce_import": "import",
}


async def html(mcp: Client, uri: str) -> str:
    (content,) = (await mcp.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == MIME_TYPE == "text/html;profile=mcp-app"
    assert content.meta == {"ui": {"csp": {"connectDomains": [], "resourceDomains": []}, "prefersBorder": True}}
    return content.text


def test_the_package_has_each_view_with_the_hash_and_the_size_of_the_manifest() -> None:
    files = {file.name: file for file in resources.files("mcp_salesforce.views").iterdir()}

    assert {name for name in files if name.endswith(".html")} == {f"{view}.html" for view in manifest()}
    for view, said in manifest().items():
        content = files[f"{view}.html"].read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (said["sha256"], said["bytes"])
        assert len(gzip.compress(content)) <= MOST_GZIP_BYTES
        assert b"https://" not in content


async def test_tools_name_their_view_in_every_form_that_hosts_read(mcp: Client) -> None:
    tools = {tool.name: tool.meta or {} for tool in (await mcp.list_tools()).tools}

    assert {name for name, meta in tools.items() if "ui" in meta} == set(WITH_VIEW)
    for name, view in WITH_VIEW.items():
        uri = uri_of(view)
        assert tools[name]["ui"] == {"resourceUri": uri, "visibility": ["model", "app"]}
        assert tools[name]["ui/resourceUri"] == tools[name]["openai/outputTemplate"] == uri
        assert tools[name]["openai/widgetAccessible"] is True


async def test_a_view_is_listed_and_read_and_its_former_address_leads_to_the_newest(mcp: Client) -> None:
    listed = {resource.uri: resource for resource in (await mcp.list_resources()).resources}

    assert set(listed) == {uri_of(view) for view in manifest()}
    for view in manifest():
        found = listed[uri_of(view)]
        assert found.mime_type == MIME_TYPE
        assert found.meta == {"ui": {"csp": {"connectDomains": [], "resourceDomains": []}, "prefersBorder": True}}
        newest = await html(mcp, found.uri)
        assert newest.startswith("<!doctype html>")
        assert await html(mcp, f"ui://mcp-salesforce/{view}-{'0' * 16}.html") == newest


@pytest.mark.parametrize("uri", ["ui://mcp-salesforce/none-0000000000000000.html", "ui://mcp-salesforce/agenda.html"])
async def test_an_address_of_no_view_is_refused(mcp: Client, uri: str) -> None:
    with pytest.raises(MCPError, match="Unknown resource"):
        await mcp.read_resource(uri)


async def test_without_the_tools_there_is_no_view(org: LocalOrg) -> None:
    server = create_server(settings_of(org, toolsets="query"), transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server) as client:
        assert not (await client.list_resources()).resources
        with pytest.raises(MCPError, match="Unknown resource"):
            await client.read_resource(uri_of("agenda"))


def test_the_packages_of_the_views_have_exact_versions() -> None:
    package = json.loads((ROOT / "views" / "package.json").read_text("utf-8"))

    pinned = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert all(version[0].isdigit() for version in pinned)
