"""SOAP: login and logout, and what REST cannot do: undelete, merge, convert a lead."""

from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError, illegal_session, not_implemented, too_many_ids
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.routes.call import Call, Family, Reply
from mcp_salesforce.localorg.routes.envelope import PARTNER, SOAP_ROOT, Envelope, Part, failed, fault, reply
from mcp_salesforce.localorg.services.consents import OAuthError
from mcp_salesforce.localorg.services.lead_conversion import Conversion
from mcp_salesforce.localorg.services.sessions import SESSION_TIMEOUT, Session
from mcp_salesforce.localorg.store.ids import to_18
from mcp_salesforce.localorg.store.schema import SObjectDef

soap = Family("SOAP")

_NAMESPACES: Final = {"u": PARTNER, "c": "urn:enterprise.soap.sforce.com"}
_INVALID_LOGIN: Final = "Invalid username, password, security token; or user locked out."
_MOST_IDS: Final = 200
_MOST_CONVERTED: Final = 100
_MERGE_REQUESTS: Final = ("request", "mergeRequests")  # as the WSDL has it, and as jsforce calls it
_NO_FIELDS: Final = frozenset({"Id", "type", "fieldsToNull"})
_NOT_CONVERTED: Final = ("accountRecord", "contactRecord", "opportunityRecord")


@soap.route("POST", "/services/Soap/{api}/{version_and_org:path}", "documented", needs_session=False)
def call_soap(call: Call, api: str, version_and_org: str) -> Reply:
    """Answer login, logout, undelete, merge and convertLead of the partner and enterprise APIs, and no other call."""
    namespace = _NAMESPACES.get(api)
    if namespace is None:
        raise not_implemented(f"SOAP API {api}")
    try:
        asked = Envelope.read(call.body)
        if asked.operation == "login":
            path = f"{SOAP_ROOT}{api}/{version_and_org}"
            return reply(namespace, "login", [_login(call, asked, path)])
        operation = _OPERATIONS.get(asked.operation)
        if operation is None:
            raise not_implemented(f"SOAP {asked.operation}")
        session = _session(call, asked.session_id)
        limit_info = call.org.limits.count_call()
        return reply(namespace, asked.operation, operation(call, asked, session), limit_info=limit_info)
    except OrgError as error:
        return fault(namespace, error)


@evidence("SOAP", "recorded", "An invalid session is INVALID_SESSION_ID, 'Illegal Session'")
def _session(call: Call, session_id: str) -> Session:
    try:
        return call.org.sessions.require(session_id)
    except OrgError:
        raise illegal_session() from None


def _login(call: Call, asked: Envelope, path: str) -> dict[str, Any]:
    try:
        session = call.org.oauth.login(asked.arguments.text("username"), asked.arguments.text("password"))
    except OAuthError:
        raise OrgError(500, "INVALID_LOGIN", _INVALID_LOGIN, None) from None
    organization_id = call.org.oauth.organization_id
    server_url = f"{call.base_url}{path}".removesuffix("/")
    if not server_url.endswith(organization_id[:15]):
        server_url = f"{server_url}/{organization_id[:15]}"
    return {
        "metadataServerUrl": server_url,
        "passwordExpired": "false",
        "sandbox": "false",
        "serverUrl": server_url,
        "sessionId": session.access_token,
        "userId": session.user_id,
        "userInfo": _user_info(call, session),
    }


def _user_info(call: Call, session: Session) -> dict[str, Any]:
    user = call.org.identities.userinfo(session.user_id, call.base_url)
    return {
        "organizationId": call.org.oauth.organization_id,
        "organizationName": call.org.identities.organization_name(),
        "sessionSecondsValid": int(SESSION_TIMEOUT.total_seconds()),
        "userEmail": user["email"],
        "userFullName": user["name"],
        "userId": session.user_id,
        "userLanguage": user["language"],
        "userLocale": user["locale"],
        "userName": user["preferred_username"],
        "userTimeZone": user["zoneinfo"],
        "userType": "Standard",
    }


def _logout(call: Call, asked: Envelope, session: Session) -> list[dict[str, Any]]:
    del asked
    call.org.sessions.end(access_token=session.access_token)
    return []


@evidence("SOAP", "documented", "undelete accepts at most 200 ids; each has its own result")
def _undelete(call: Call, asked: Envelope, session: Session) -> list[dict[str, Any]]:
    record_ids = asked.arguments.all("ids")
    if len(record_ids) > _MOST_IDS:
        raise too_many_ids(_MOST_IDS)
    results = []
    for record_id in record_ids:
        try:
            call.org.records.undelete(record_id, session.user_id)
        except OrgError as error:
            results.append(failed(error, to_18(record_id)))
        else:
            results.append({"id": to_18(record_id), "success": "true"})
    return results


@evidence("SOAP", "documented", "merge accepts at most 200 requests, convertLead 100; each has its own result")
def _merge(call: Call, asked: Envelope, session: Session) -> list[dict[str, Any]]:
    requests = asked.parts(*_MERGE_REQUESTS)
    if len(requests) > _MOST_IDS:
        raise too_many_ids(_MOST_IDS)
    return [_merged(call, request, session) for request in requests]


def _merged(call: Call, request: Part, session: Session) -> dict[str, Any]:
    master = request.part("masterRecord")
    master_id = master.text("Id")
    try:
        definition = call.org.schema.get(master.kind)
        values = {name: _typed(definition, name, text) for name, text in master.texts(but=_NO_FIELDS).items()}
        cleared = dict.fromkeys(master.all("fieldsToNull"))
        losers = request.all("recordToMergeIds")
        merged, related = call.org.merges.merge(master.kind, master_id, losers, values | cleared, session.user_id)
    except OrgError as error:
        return failed(error, to_18(master_id))
    told = {"id": to_18(master_id), "mergedRecordIds": merged, "success": "true", "updatedRelatedIds": related}
    return {name: value for name, value in told.items() if value != []}


def _typed(definition: SObjectDef | None, name: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value that a field's text in XML stands for."""
    field = definition.field(name) if definition else None
    return text in {"true", "1"} if field is not None and field.type == "boolean" else text


def _convert_lead(call: Call, asked: Envelope, session: Session) -> list[dict[str, Any]]:
    requests = asked.parts("leadConverts")
    if len(requests) > _MOST_CONVERTED:
        raise too_many_ids(_MOST_CONVERTED)
    for name in _NOT_CONVERTED:
        if any(request.part(name) for request in requests):
            raise not_implemented(f"SOAP convertLead with {name}")
    records = call.org.records.for_call("v60.0", allow_duplicates=asked.allows_duplicates)
    results = []
    for request in requests:
        conversion = Conversion(
            lead_id=request.text("leadId"),
            status=request.text("convertedStatus"),
            account_id=request.text("accountId"),
            contact_id=request.text("contactId"),
            opportunity_id=request.text("opportunityId"),
            opportunity_name=request.text("opportunityName"),
            owner_id=request.text("ownerId"),
            makes_opportunity=request.text("doNotCreateOpportunity") != "true",
            overwrites_source=request.text("overwriteLeadSource") == "true",
        )
        try:
            became = call.org.lead_conversions.convert(records, conversion, session.user_id)
            results.append({**became, "success": "true"})
        except OrgError as error:
            result = failed(error, None)
            results.append({"errors": result["errors"], "leadId": to_18(conversion.lead_id), "success": "false"})
    return results


_OPERATIONS: Final = {"logout": _logout, "undelete": _undelete, "merge": _merge, "convertLead": _convert_lead}
