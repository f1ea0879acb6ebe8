"""Appointments: Salesforce's Event records, with times that cannot be misread.

Each module adds its tools to the toolset as it is imported here, in the order of the list.
"""

from mcp_salesforce.tools.appointments import availability, records

# isort: split
from mcp_salesforce.tools.appointments import changes

# isort: split
from mcp_salesforce.tools.appointments import closing, invitees
from mcp_salesforce.tools.appointments.toolset import appointments

__all__ = ["appointments", "availability", "changes", "closing", "invitees", "records"]
