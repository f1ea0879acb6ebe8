"""HTTP to services and back: one module for each family of the REST API."""

from mcp_salesforce.localorg.routes.bulk import bulk
from mcp_salesforce.localorg.routes.collections import collections
from mcp_salesforce.localorg.routes.composite import composite
from mcp_salesforce.localorg.routes.content import content
from mcp_salesforce.localorg.routes.describe import describes
from mcp_salesforce.localorg.routes.faults import faults
from mcp_salesforce.localorg.routes.limits import limits
from mcp_salesforce.localorg.routes.missing import missing, missing_of_sobjects
from mcp_salesforce.localorg.routes.oauth import oauth
from mcp_salesforce.localorg.routes.query import query
from mcp_salesforce.localorg.routes.search import search
from mcp_salesforce.localorg.routes.soap import soap
from mcp_salesforce.localorg.routes.sobjects import sobjects
from mcp_salesforce.localorg.routes.versions import versions

FAMILIES = (
    versions,
    oauth,
    soap,
    limits,
    query,
    search,
    describes,
    missing_of_sobjects,
    content,
    sobjects,
    composite,
    collections,
    bulk,
    faults,
    missing,
)
"""Every route, in the order in which they are tried."""
