"""The MCP layer: what models see of an org, one package a toolset."""

from mcp_salesforce.tools.activities import activities
from mcp_salesforce.tools.appointments import appointments, scheduling
from mcp_salesforce.tools.changes import changes
from mcp_salesforce.tools.contacts import contacts
from mcp_salesforce.tools.files import files
from mcp_salesforce.tools.framework.toolset import Toolset
from mcp_salesforce.tools.insight import insight
from mcp_salesforce.tools.org import orgs
from mcp_salesforce.tools.query import queries
from mcp_salesforce.tools.records import records
from mcp_salesforce.tools.schema import schema
from mcp_salesforce.tools.stewardship import stewardship

TOOLSETS: tuple[Toolset, ...] = (
    contacts,
    appointments,
    records,
    changes,
    queries,
    schema,
    orgs,
    activities,
    insight,
    stewardship,
    files,
    scheduling,
)
"""Everything that is exposed, in the order in which it is listed."""
