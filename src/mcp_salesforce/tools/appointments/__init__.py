"""Appointments: Salesforce's Event records, with times that cannot be misread.

Each module adds its tools to the toolset as it is imported.
"""

from mcp_salesforce.tools.appointments import availability, closing, events, invitees, rescheduling, updating
from mcp_salesforce.tools.appointments.toolset import appointments, scheduling

__all__ = ["appointments", "rescheduling", "scheduling"]

_FIRST = (
    events.create_appointment,
    events.get_appointment,
    updating.update_appointment,
    events.delete_appointment,
    events.list_appointments,
    availability.get_free_busy,
    availability.find_free_times,
    closing.close_appointment,
    invitees.set_invitees,
)
"""Tools in the order in which they are listed; others come behind, as their modules add them."""
appointments.specs.sort(key=lambda spec: _FIRST.index(spec.function) if spec.function in _FIRST else len(_FIRST))
