"""SOAP: login and logout, and what REST cannot do: undelete, merge, convert a lead."""

from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError, illegal_session, not_implemented, too_many_ids
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.routes.call import Call, Family, Reply
from mcp_salesforce.localorg.routes.envelope import Envelope, failed, fault, reply
from mcp_salesforce.localorg.services.consents import OAuthError
from mcp_salesforce.localorg.services.sessions import SESSION_TIMEOUT, Session
from mcp_salesforce.localorg.store.ids import to_18

soap = Family("SOAP")

_NAMESPACES: Final = {"u": "urn:partner.soap.sforce.com", "c": "urn:enterprise.soap.sforce.com"}
_INVALID_LOGIN: Final = "Invalid username, password, security token; or user locked out."
_MOST_IDS: Final = 200


@soap.route("POST", "/services/Soap/{api}/{version_and_org:path}", "documented", needs_session=False)
def call_soap(call: Call, api: str, version_and_org: str) -> Reply:
    """Answer login, logout and undelete of the partner and enterprise APIs; others are not implemented."""
    namespace = _NAMESPACES.get(api)
    if namespace is None:
        raise not_implemented(f"SOAP API {api}")
    try:
        asked = Envelope.read(call.body)
        if asked.operation == "login":
            path = f"/services/Soap/{api}/{version_and_org}"
            return reply(namespace, "login", [_login(call, asked, path)])
        operation = _OPERATIONS.get(asked.operation)
        if operation is None:
            raise not_implemented(f"SOAP {asked.operation}")
        session = _session(call, asked.session_id)
        limit_info = call.org.limits.count_call()
        return reply(namespace, asked.operation, operation(call, asked, session), limit_info=limit_info)
    except OrgError as error:
        return fault(namespace, error)


@evidence("SOAP", "recorded", "A session that is none is INVALID_SESSION_ID, 'Illegal Session'")
def _session(call: Call, session_id: str) -> Session:
    try:
        return call.org.sessions.require(session_id)
    except OrgError:
        raise illegal_session() from None


def _login(call: Call, asked: Envelope, path: str) -> dict[str, Any]:
    try:
        session = call.org.oauth.login("".join(asked.texts("username")), "".join(asked.texts("password")))
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


@evidence("SOAP", "documented", "undelete takes 200 ids at most; each has a result of its own")
def _undelete(call: Call, asked: Envelope, session: Session) -> list[dict[str, Any]]:
    record_ids = asked.texts("ids")
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


_OPERATIONS: Final = {"logout": _logout, "undelete": _undelete}
