"""What the org's objects are: describeGlobal, describe, and the basic information of one."""

from mcp_salesforce.localorg.errors import not_found
from mcp_salesforce.localorg.routes.call import Call, Family, Reply
from mcp_salesforce.localorg.routes.preconditions import reply_if_modified

describes = Family("describe")


@describes.route("GET", "sobjects", "recorded")
def describe_global(call: Call) -> Reply:
    """Return every object with its abilities and URLs."""
    reply = Reply(body=call.org.describes.describe_global(call.version))
    return reply_if_modified(call, reply, *call.org.describes.stamp())


@describes.route("GET", "sobjects/{sobject}", "documented")
def basic_info(call: Call, sobject: str) -> Reply:
    """Return an object's abilities and its recently viewed records."""
    definition = call.org.records.sobject(sobject)
    described = call.org.describes.basic_info(definition, call.version)
    return Reply(body={"objectDescribe": described, "recentItems": call.recent(definition.name)})


@describes.route("GET", "sobjects/{sobject}/describe", "recorded")
def describe(call: Call, sobject: str) -> Reply:
    """Return all that is known of an object: fields, child relationships, abilities."""
    reply = Reply(body=call.org.describes.describe(sobject, call.version))
    return reply_if_modified(call, reply, *call.org.describes.stamp())


_PICKLISTS = "ui-api/object-info/{sobject}/picklist-values/{record_type_id}"


@describes.route("GET", _PICKLISTS, "recorded")
def picklists(call: Call, sobject: str, record_type_id: str) -> Reply:
    """Return the values of all picklists that a record type allows."""
    return Reply(body=call.org.describes.picklists(sobject, record_type_id, call.version))


@describes.route("GET", _PICKLISTS + "/{field}", "recorded")
def picklist(call: Call, sobject: str, record_type_id: str, field: str) -> Reply:
    """Return the values of one picklist that a record type allows."""
    found = call.org.describes.picklists(sobject, record_type_id, call.version)["picklistFieldValues"]
    if field not in found:
        raise not_found()
    return Reply(body=found[field])
