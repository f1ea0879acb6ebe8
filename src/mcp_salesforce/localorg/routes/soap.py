"""SOAP: login and logout, and undelete, which has no REST form."""

from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.routes.call import Call, Family, Reply
from mcp_salesforce.localorg.services.consents import OAuthError
from mcp_salesforce.localorg.services.sessions import SESSION_TIMEOUT, Session

soap = Family("SOAP")

_NAMESPACES: Final = {"u": "urn:partner.soap.sforce.com", "c": "urn:enterprise.soap.sforce.com"}
_HEADERS: Final = {"content-type": "text/xml;charset=UTF-8"}
_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:sf="urn:fault.{short}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)
_INVALID_LOGIN: Final = "Invalid username, password, security token; or user locked out."


@soap.route("POST", "/services/Soap/{api}/{version_and_org:path}", "documented", needs_session=False)
def call_soap(call: Call, api: str, version_and_org: str) -> Reply:
    """Answer login, logout and undelete of the partner and enterprise APIs; other operations are not implemented."""
    namespace = _NAMESPACES.get(api)
    if namespace is None:
        raise not_implemented(f"SOAP API {api}")
    try:
        session_id, operation = _read(call.body)
        match operation.tag.rpartition("}")[2]:
            case "login":
                return _reply(namespace, _login(call, operation, namespace, f"/services/Soap/{api}/{version_and_org}"))
            case "logout":
                return _reply(namespace, _logout(call, namespace, session_id))
            case "undelete":
                return _reply(namespace, _undelete(call, operation, namespace, session_id))
            case name:
                raise not_implemented(f"SOAP {name}")
    except OrgError as error:
        code = f"sf:{error.error_code}"
        return _fault(namespace, code, error.error_code, error.message, status=max(error.status, 500))


def _read(body: bytes) -> tuple[str, ET.Element]:
    """Return the session id of the header, and the operation.

    Raises:
        OrgError: The body is no SOAP envelope.
    """
    broken = OrgError(500, "UNKNOWN_EXCEPTION", "The body is not a SOAP envelope", None)
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise broken
    try:
        envelope = ET.fromstring(body)  # noqa: S314 - without a document type there are no entities to expand
    except ET.ParseError:
        raise broken from None
    operation = envelope.find("{*}Body/*")
    if operation is None:
        raise broken
    return envelope.findtext("{*}Header/{*}SessionHeader/{*}sessionId", ""), operation


def _login(call: Call, operation: ET.Element, namespace: str, path: str) -> str:
    try:
        session = call.org.oauth.login(operation.findtext("{*}username", ""), operation.findtext("{*}password", ""))
    except OAuthError:
        raise OrgError(500, "INVALID_LOGIN", _INVALID_LOGIN, None) from None
    organization_id = call.org.oauth.organization_id
    server_url = f"{call.base_url}{path}".removesuffix("/")
    if not server_url.endswith(organization_id[:15]):
        server_url = f"{server_url}/{organization_id[:15]}"
    return (
        f'<loginResponse xmlns="{namespace}"><result>'
        f"<metadataServerUrl>{escape(server_url)}</metadataServerUrl><passwordExpired>false</passwordExpired>"
        f"<sandbox>false</sandbox><serverUrl>{escape(server_url)}</serverUrl>"
        f"<sessionId>{escape(session.access_token)}</sessionId><userId>{session.user_id}</userId>"
        f"<userInfo>{_user_info(call, session)}</userInfo></result></loginResponse>"
    )


def _user_info(call: Call, session: Session) -> str:
    user = call.org.identities.userinfo(session.user_id, call.base_url)
    known = {
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
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in known.items())


def _logout(call: Call, namespace: str, session_id: str) -> str:
    session = call.org.sessions.require(session_id)
    call.org.sessions.end(access_token=session.access_token)
    return f'<logoutResponse xmlns="{namespace}"/>'


def _undelete(call: Call, operation: ET.Element, namespace: str, session_id: str) -> str:
    session = call.org.sessions.require(session_id)
    results = []
    for record_id in (element.text or "" for element in operation.findall("{*}ids")):
        try:
            call.org.records.undelete(record_id, session.user_id)
            results.append(f"<result><id>{escape(record_id)}</id><success>true</success></result>")
        except OrgError as error:
            results.append(
                f"<result><errors><message>{escape(error.message)}</message>"
                f"<statusCode>{error.error_code}</statusCode></errors>"
                '<id xsi:nil="true"/><success>false</success></result>'
            )
    return f'<undeleteResponse xmlns="{namespace}">{"".join(results)}</undeleteResponse>'


def _reply(namespace: str, body: str, status: int = 200) -> Reply:
    text = _ENVELOPE.format(short=namespace.removeprefix("urn:"), body=body)
    return Reply(status, text, _HEADERS)


def _fault(namespace: str, fault_code: str, code: str, message: str, status: int) -> Reply:
    kind = "LoginFault" if code == "INVALID_LOGIN" else "UnexpectedErrorFault"
    body = (
        f"<soapenv:Fault><faultcode>{fault_code}</faultcode><faultstring>{code}: {escape(message)}</faultstring>"
        f'<detail><sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{escape(message)}</sf:exceptionMessage></sf:{kind}></detail></soapenv:Fault>"
    )
    return _reply(namespace, body, status)
