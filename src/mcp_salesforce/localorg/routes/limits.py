"""Limits, and how many records there are."""

from mcp_salesforce.localorg.routes.call import Call, Family, Reply

limits = Family("limits")


@limits.route("GET", "limits", "documented")
def org_limits(call: Call) -> Reply:
    """Return maximum and remainder of each limit of the org."""
    return Reply(body=call.org.limits.limits())


@limits.route("GET", "limits/recordCount", "recorded")
def record_count(call: Call) -> Reply:
    """Return the number of records of each object in `sObjects`, or of every object that has any."""
    names = call.params.get("sObjects")
    return Reply(body={"sObjects": call.org.limits.record_counts(names.split(",") if names else None)})
