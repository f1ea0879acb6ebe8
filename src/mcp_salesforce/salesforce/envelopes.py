"""SOAP envelopes of the partner API: written from plain values, read into plain values. Pure; no I/O.

A call is a mapping of one operation to its arguments; a list is an element that repeats, None one that is left out.
Of a reply the results are read, in their order, as REST would give them: mappings by element name.

The standard library reads and writes the XML. What makes XML dangerous to read are document types (entities, files,
addresses): a reply with one is refused, so that nothing is left for a further library to guard against.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from mcp_salesforce.salesforce.errors import (
    AuthenticationError,
    InvalidArgumentError,
    SalesforceError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.replies import error_of, read_reply
from mcp_salesforce.salesforce.wire import HttpReply

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "text/xml; charset=UTF-8",
    "Accept": "text/xml",
    "SOAPAction": '""',
}
_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_PARTNER: Final = "urn:partner.soap.sforce.com"
_SOBJECT: Final = "urn:sobject.partner.soap.sforce.com"
_RECORDS: Final = frozenset({"masterRecord"})
"""Elements that hold a record: what is in them is of the sobject's namespace."""

_REPEATED: Final = frozenset(
    {"errors", "fields", "matchRecords", "matchResults", "mergedRecordIds", "updatedRelatedIds"}
)
_NAME: Final = re.compile(r"[A-Za-z]\w*", re.ASCII)
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BEGINNING: Final = 1000  # characters within which an envelope names itself
_MOST_TAGS: Final = 250_000  # of a reply; each may take a hundred bytes of memory for four on the wire
_DEEPEST: Final = 8  # a result, its errors, a duplicate's matches, their records
_SESSION_ID: Final = "00D"  # the key prefix of the org's Id, with which session ids begin
_CLIENT_FAULT: Final = "Client"
_BAD_REQUEST: Final = 400
_SERVER_ERROR: Final = 500


class Results(NamedTuple):
    """The results of a call, and the used API calls of the org, in the form of `Sforce-Limit-Info`."""

    value: list[object]
    limit_info: str


def envelope(call: object, session_id: str) -> bytes:
    """Return `call` as an envelope that `session_id`, an access token, signs.

    Raises:
        InvalidArgumentError: It is not an operation with arguments, or something in it cannot stand in XML.
    """
    from xml.etree import ElementTree as ET

    if not isinstance(call, Mapping):
        raise InvalidArgumentError("The body of a SOAP call is a mapping of its operation to the arguments.")

    whole = ET.Element(f"{{{_SOAP}}}Envelope")
    _add(ET.SubElement(whole, f"{{{_SOAP}}}Header"), _PARTNER, "SessionHeader", {"sessionId": session_id})
    body = ET.SubElement(whole, f"{{{_SOAP}}}Body")
    for operation, arguments in call.items():
        _add(body, _PARTNER, operation, arguments)
    written: bytes = ET.tostring(whole, encoding="utf-8", xml_declaration=True)
    return written


def read_envelope(reply: HttpReply, secrets: Sequence[str] = ()) -> Results:
    """Return the results in a reply.

    Args:
        reply: What came back.
        secrets: Texts that may not appear in an error, whatever the reply says.

    Raises:
        ApiError: The reply is a fault; its code decides the class.
        AuthenticationError: The session is invalid.
        UnreadableReplyError: The reply is not one of Salesforce's.
    """
    body = _parsed(reply, secrets)
    if (fault := body.find("{*}Body/{*}Fault")) is not None:
        raise _error(fault, reply, secrets)
    results = [_value(result, 0) for result in body.iterfind("{*}Body/*/{*}result")]
    return Results(results, _limit_info(body))


def token_refusal(access_token: str) -> AuthenticationError | None:
    """Return why SOAP refuses a token that REST takes, if it is not a session id: a JSON Web Token, before v68.0."""
    if access_token.startswith(_SESSION_ID):
        return None
    return AuthenticationError(
        "Salesforce's SOAP API refuses this access token: it does not begin with 00D, as session ids do, so it is most "
        "likely a JSON Web Token, which SOAP takes from v68.0 on.",
        hint="Set SALESFORCE_API_VERSION to 68.0 or later, or turn off JWT-based access tokens in the connected app.",
    )


def _add(parent: "Element", namespace: str, name: str, value: object) -> None:
    from xml.etree.ElementTree import SubElement

    if isinstance(value, list | tuple):
        for each in value:
            _add(parent, namespace, name, each)
        return
    if value is None:
        return
    if not _NAME.fullmatch(name):
        raise InvalidArgumentError(f"{name[:60]!r} is not an API name, such as LastName or Region__c.")
    element = SubElement(parent, f"{{{namespace}}}{name}")
    if isinstance(value, Mapping):
        for inner, each in value.items():
            _add(element, _SOBJECT if name in _RECORDS else namespace, inner, each)
    else:
        element.text = _text(name, value)


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float) or value in {float("inf"), float("-inf")} or value != value:  # noqa: PLR0124 - NaN
        raise InvalidArgumentError(f"{name}: only texts, numbers and booleans can be sent.")
    text = str(value)
    if _NO_XML.search(text):
        raise InvalidArgumentError(f"{name}: half a character, or a control character, cannot be sent.")
    return text


def _parsed(reply: HttpReply, secrets: Sequence[str]) -> "Element":
    """Return the envelope in a reply."""
    from xml.etree import ElementTree as ET

    try:
        text = reply.body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if "Envelope" not in text[:_BEGINNING]:
        read_reply(reply, secrets)
        raise _unreadable("The reply is not a SOAP envelope", reply)
    if "<!DOCTYPE" in text:
        raise _unreadable("The reply's XML has a document type, which is not read", reply)
    if text.count("<") > _MOST_TAGS:
        raise _unreadable("The reply's XML has more elements than are read", reply)
    try:
        return ET.fromstring(text)  # noqa: S314 - without a document type there are no entities to expand
    except ET.ParseError:
        is_cut = not text.rstrip().endswith("Envelope>")
        raise _unreadable(
            "The reply is cut short: its XML does not end" if is_cut else "The reply's XML is malformed",
            reply,
            is_cut=is_cut,
        ) from None


def _unreadable(reason: str, reply: HttpReply, *, is_cut: bool = False) -> UnreadableReplyError:
    media_type = reply.headers.get("content-type", "").partition(";")[0]
    return UnreadableReplyError(reason, status=reply.status, content_type=media_type[:80], is_cut=is_cut)


def _value(element: "Element", depth: int) -> object:
    """Return an element without children as its text, another one as a mapping."""
    if not len(element):
        return element.text
    if depth == _DEEPEST:
        return None
    values: dict[str, object] = {}
    for child in element:
        name = child.tag.rpartition("}")[2]
        value = _value(child, depth + 1)
        if name in _REPEATED:
            values.setdefault(name, []).append(value)  # type: ignore[attr-defined]  # it is a list
        else:
            values[name] = value
    return values


def _error(fault: "Element", reply: HttpReply, secrets: Sequence[str]) -> SalesforceError:
    """Return the error of a fault: its code comes after a prefix, its message after the code."""
    code = fault.findtext("{*}faultcode", "").strip().rpartition(":")[2]
    said = fault.findtext("{*}faultstring", "").strip().removeprefix(f"{code}: ")
    status = _BAD_REQUEST if code == _CLIENT_FAULT else max(reply.status, _SERVER_ERROR)
    entry: dict[str, object] = {"errorCode": code or "UNKNOWN_EXCEPTION", "message": said}
    return error_of(HttpReply(status, reply.headers, b""), [entry], secrets)


def _limit_info(body: "Element") -> str:
    for info in body.iterfind("{*}Header/{*}LimitInfoHeader/{*}limitInfo"):
        if info.findtext("{*}type") == "API REQUESTS":
            return f"api-usage={info.findtext('{*}current')}/{info.findtext('{*}limit')}"
    return ""
