"""The API versions, and the resources of one."""

import re

from mcp_salesforce.localorg.errors import OrgError, not_found
from mcp_salesforce.localorg.routes.call import Call, Family, Reply

OLDEST = 31
NEWEST = 66
_OLDEST_EVER = 7
_SPRING_15 = 33

RESOURCES = (
    "tooling", "metadata", "eclair", "folders", "prechatForms", "chatter", "tabs", "appMenu", "quickActions",
    "queryAll", "wave", "iot", "analytics", "search", "identity", "composite", "parameterizedSearch", "fingerprint",
    "theme", "nouns", "domino", "event", "serviceTemplates", "recent", "connect", "licensing", "limits", "process",
    "dedupe", "async-queries", "query", "jobs", "localizedvalue", "mobile", "emailConnect", "consent", "tokenizer",
    "compactLayouts", "sobjects", "actions", "knowledgeManagement", "support",
)  # fmt: skip

versions = Family("versions")


@versions.route("GET", "/services/data", "recorded", needs_session=False)
def list_versions(call: Call) -> Reply:
    """Return every version with its label and URL, the oldest first."""
    del call
    return Reply(
        body=[
            {"label": _label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in range(OLDEST, NEWEST + 1)
        ]
    )


@versions.route("GET", "", "documented")
def list_resources(call: Call) -> Reply:
    """Return the resources of one version by name; those that are not served here answer 501."""
    identity = f"{call.base_url}/id/{call.org.oauth.organization_id}/{call.user_id}"
    return Reply(body={name: call.data_url(name) for name in RESOURCES} | {"identity": identity})


def check_version(version: str) -> None:
    """Accept a version such as `v60.0`.

    Raises:
        OrgError: 410 when the version is retired, 404 when there never was one.
    """
    match = re.fullmatch(r"v(\d+)\.0", version)
    number = int(match[1]) if match else 0
    if OLDEST <= number <= NEWEST:
        return
    if _OLDEST_EVER <= number < OLDEST:
        raise OrgError(410, "GONE", "The requested resource has been retired or removed", None)
    raise not_found()


def _label(number: int) -> str:
    year, season = divmod(number - _SPRING_15, 3)
    name, later = (("Spring", 0), ("Summer", 0), ("Winter", 1))[season]
    return f"{name} '{15 + year + later}"
