"""The toolsets that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

appointments = Toolset(
    "appointments",
    "Appointments in the calendar: create, read, move, cancel, delete and list them; find free times; invite people",
    "Appointments are Event records. Use their own tools, which handle calendars, zones and series.",
    "Event",
)

scheduling = Toolset(
    "scheduling",
    "Many appointments at once: move, hand over, close or delete them, checked against calendars and each other",
    "To move or close several appointments, use one call of salesforce_reschedule_appointments.",
    "Event",
    is_default=False,
)
