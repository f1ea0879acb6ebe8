"""What a real org serves and the local org does not: 501, by name, and never something plausible."""

from typing import Final

from mcp_salesforce.localorg.errors import not_implemented
from mcp_salesforce.localorg.routes.call import Call, Family, Reply

_RESOURCES: Final = (
    "actions", "analytics", "appMenu", "async-queries", "chatter", "compactLayouts", "connect", "consent", "dedupe",
    "domino", "eclair", "emailConnect", "event", "fingerprint", "folders", "graphql", "iot", "jobs",
    "knowledgeManagement", "licensing", "localizedvalue", "metadata", "mobile", "nouns",
    "prechatForms", "process", "quickActions", "scheduling", "search/", "serviceTemplates", "support", "tabs", "theme",
    "tokenizer", "tooling", "ui-api", "wave",
)  # fmt: skip
_UNDER_SOBJECTS: Final = (
    "defaultValues", "describe/approvalLayouts", "describe/compactLayouts", "describe/layouts", "describe/namedLayouts",
    "listviews", "platformAction", "quickActions", "relevantItems", "{record_id}/password",
)  # fmt: skip
_ELSEWHERE: Final = (
    "/services/apexrest", "/services/async", "/services/Soap", "/cometd", "/services/proxy",
    "/services/oauth2/singleaccess", "/secur/frontdoor.jsp",
)  # fmt: skip

NAMES: Final = (*_RESOURCES, *(f"sobjects/{{sobject}}/{name}" for name in _UNDER_SOBJECTS), *_ELSEWHERE)
"""The resources that answer 501, with all that is below them."""

missing_of_sobjects = Family("not implemented")
missing = Family("not implemented")


def _refusal(family: Family, path: str, what: str, *, needs_session: bool = True) -> None:
    def refuse(call: Call, rest: str, **_names: str) -> Reply:
        del call, rest
        raise not_implemented(what)

    family.route("*", path + "{rest:path}", None, needs_session=needs_session)(refuse)


for _name in _UNDER_SOBJECTS:
    _refusal(missing_of_sobjects, f"sobjects/{{sobject}}/{_name}", _name)
for _name in _RESOURCES:
    _refusal(missing, _name, _name)
for _name in _ELSEWHERE:
    _refusal(missing, _name, _name, needs_session=False)  # they carry their sessions in other ways than REST
