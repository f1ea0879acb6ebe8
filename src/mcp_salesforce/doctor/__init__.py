"""Staged checks of one org and the way to it: which stages pass, and for one that fails its cause and its fix."""

from mcp_salesforce.doctor.causes import CAUSES, Cause, Finding, cause_of
from mcp_salesforce.doctor.examination import Report, StageResult, examine, examine_way

__all__ = ["CAUSES", "Cause", "Finding", "Report", "StageResult", "cause_of", "examine", "examine_way"]
