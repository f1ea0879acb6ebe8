"""The local org's own pages: what is in it, what clients asked of it, and failures to switch on.

They stand in front of the org's application, at `/` and below `/_local/explorer`; every other path is the org's.
"""

from mcp_salesforce.localorg.explorer.site import Explorer

__all__ = ["Explorer"]
