"""Activities: what was said, sent and is still to be done, beside the appointments."""

from mcp_salesforce.tools.activities import logging, tasks, timeline
from mcp_salesforce.tools.activities.toolset import activities

__all__ = ["activities", "logging", "tasks", "timeline"]
