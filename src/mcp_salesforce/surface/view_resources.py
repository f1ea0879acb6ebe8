"""The views as resources: what a host reads to show an answer in the chat."""

from collections.abc import Sequence
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.resources.base import Resource

from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import SalesforceTool
from mcp_salesforce.views import MIME_TYPE, RESOURCE_META, html_of, manifest, uri_of


class ViewResource(Resource):
    """A view, read from the package when a host asks for it."""

    view: str

    async def read(self) -> str:
        """Return the view's HTML."""
        return html_of(self.view)


def add_views(server: MCPServer[OrgSession], tools: Sequence[SalesforceTool]) -> None:
    """Add to `server` the views that `tools` name."""
    named: set[Any] = {(tool.meta or {}).get("ui/resourceUri") for tool in tools}
    for view, said in manifest().items():
        uri = uri_of(view)
        if uri in named:
            server.add_resource(
                ViewResource(
                    uri=uri,
                    name=view,
                    title=said["title"],
                    mime_type=MIME_TYPE,
                    meta={**RESOURCE_META},
                    view=view,
                )
            )
