"""The toolset that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

appointments = Toolset(
    "appointments",
    "The calendar: create, read, move, delete and list appointments",
    "Appointments are Event records: use their tools, which know calendars, zones and series.",
    "Event",
)
