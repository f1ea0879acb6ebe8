"""The toolset that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

insight = Toolset(
    "insight",
    "Count appointments and working time; explain who can see or change a record; list who changed it",
    "To count appointments or explain access, use salesforce_count_appointments and salesforce_explain_access.",
    is_default=False,
)
