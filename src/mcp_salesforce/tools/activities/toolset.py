"""The toolset that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

activities = Toolset(
    "activities",
    "Calls, e-mails, notes and tasks: log, complete, postpone, and the timeline of a record",
    "Calls, e-mails, notes and tasks are Task records: salesforce_log_activity, salesforce_list_activities.",
    "Task",
    is_default=False,
)
