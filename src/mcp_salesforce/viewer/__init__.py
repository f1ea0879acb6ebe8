"""A host for one view: a page in a browser on this machine, for people whose chat shows no views.

The page speaks MCP Apps (2026-01-26) to the view, and passes its calls on. The view lies in a frame of an origin of its
own, under the policy that hosts give views.
"""

from mcp_salesforce.viewer.until_closed import serve
from mcp_salesforce.viewer.view_site import Shown, Site

__all__ = ["Shown", "Site", "serve"]
