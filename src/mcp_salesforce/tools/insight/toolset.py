"""The toolset that the modules of this package add their tools to."""

from mcp_salesforce.tools.framework.toolset import Toolset

insight = Toolset(
    "insight",
    "Reports and reasons: appointments counted, working time used",
    "salesforce_count_appointments counts appointments by owner, week or outcome: do not count rows yourself.",
    is_default=False,
)
