"""The toolset that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

insight = Toolset(
    "insight",
    "Reports and reasons: appointments counted, working time used, access explained",
    "Do not count appointments or guess at rights: salesforce_count_appointments, salesforce_explain_access.",
    is_default=False,
)
