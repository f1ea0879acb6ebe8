"""Search: SOSL in a URL, and the same by parameters."""

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.routes.call import Call, Family, Reply
from mcp_salesforce.localorg.services.search import parameters

search = Family("search")


@search.route("GET", "search", "recorded")
def run_search(call: Call) -> Reply:
    """Run the SOSL in `q`."""
    sosl = call.params.get("q")
    if sosl is None:
        reason = "No search term found. The search term must be enclosed in braces."
        raise OrgError(400, "MALFORMED_SEARCH", reason, None)
    return Reply(body=call.org.searches.search(sosl, call.user_id, version=call.version))


@search.route("GET", "parameterizedSearch", "documented")
def run_parameterized_search(call: Call) -> Reply:
    """Run the search that the URL's parameters say."""
    body = parameters(call.params)
    return Reply(body=call.org.searches.parameterized(body, call.user_id, version=call.version))


@search.route("POST", "parameterizedSearch", "documented")
def run_posted_search(call: Call) -> Reply:
    """Run the search that the body says."""
    return Reply(body=call.org.searches.parameterized(call.json_object(), call.user_id, version=call.version))
