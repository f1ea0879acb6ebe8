"""SOAP envelopes: a call as it came in, and its reply."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree import ElementTree as ET

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.routes.call import Reply

PARTNER: Final = "urn:partner.soap.sforce.com"
SOAP_ROOT: Final = "/services/Soap/"
_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_HEADERS: Final = {"content-type": "text/xml;charset=UTF-8"}
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_SERVED: Final = {"AllowFieldTruncationHeader": "allowFieldTruncation", "AllOrNoneHeader": "allOrNone"}


@dataclass(frozen=True, slots=True)
class Part:
    """An element of a call, read by the names of those in it, whatever their namespace."""

    element: ET.Element | None = field(repr=False)

    def __bool__(self) -> bool:
        return self.element is not None and self.element.get(f"{{{_XSI}}}nil") != "true"

    @property
    def kind(self) -> str:
        """The object of a record: the partner API has it in `type`, the enterprise API as the element's own type."""
        own = self.element.get(f"{{{_XSI}}}type", "") if self.element is not None else ""
        return self.text("type") or own.rpartition(":")[2]

    def part(self, name: str) -> "Part":
        """Return the first element called `name`."""
        return Part(None if self.element is None else self.element.find(f"{{*}}{name}"))

    def text(self, name: str) -> str:
        """Return the text of the first element called `name`; empty if there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Return the texts of the elements called `name`."""
        found = () if self.element is None else self.element.iterfind(f"{{*}}{name}")
        return [(each.text or "").strip() for each in found]

    def texts(self, *, but: Collection[str]) -> dict[str, str]:
        """Return the texts of all elements by name, but for some names."""
        named = {name: each.text or "" for name, each in self.named()}
        return {name: text for name, text in named.items() if name not in but}

    def named(self) -> list[tuple[str, ET.Element]]:
        """Return what is in it, with the local names."""
        inner = [] if self.element is None else list(self.element)
        return [(each.tag.rpartition("}")[2], each) for each in inner]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A SOAP call: whose session it names, what it asks for, and under which duplicate rules."""

    operation: str
    arguments: Part
    session_id: str = field(repr=False)
    allows_duplicates: bool = False

    @classmethod
    def read(cls, body: bytes) -> "Envelope":
        """Return the call in a body."""
        broken = OrgError(500, "UNKNOWN_EXCEPTION", "The body is not a SOAP envelope", None)
        if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
            raise broken
        try:
            whole = ET.fromstring(body)  # noqa: S314 - without a document type there are no entities to expand
        except (ET.ParseError, ValueError, LookupError):
            raise broken from None
        operation = whole.find("{*}Body/*")
        if operation is None:
            raise broken
        for name, flag in _NOT_SERVED.items():
            if whole.findtext(f"{{*}}Header/{{*}}{name}/{{*}}{flag}", "false").strip() != "false":
                raise not_implemented(f"SOAP {name}")
        return cls(
            operation.tag.rpartition("}")[2],
            Part(operation),
            whole.findtext("{*}Header/{*}SessionHeader/{*}sessionId", "").strip(),
            whole.findtext("{*}Header/{*}DuplicateRuleHeader/{*}allowSave", "").strip() == "true",
        )

    def parts(self, *names: str) -> list[Part]:
        """Return the arguments called one of `names`."""
        return [Part(each) for name, each in self.arguments.named() if name in names]


@evidence("SOAP", "recorded", "LimitInfoHeader counts the API calls of operations with a session")
def reply(namespace: str, operation: str, results: Iterable[Mapping[str, Any]] = (), *, limit_info: str = "") -> Reply:
    """Return the reply to an operation with its results: texts by name, lists of elements that repeat, None as nil."""
    whole = ET.Element("soapenv:Envelope", {"xmlns:soapenv": _SOAP, "xmlns": namespace, "xmlns:xsi": _XSI})
    if limit_info:
        current, _, limit = limit_info.rpartition("=")[2].partition("/")
        info = {"current": current, "limit": limit, "type": "API REQUESTS"}
        _add(ET.SubElement(whole, "soapenv:Header"), {"LimitInfoHeader": {"limitInfo": info}})
    answer = ET.SubElement(ET.SubElement(whole, "soapenv:Body"), f"{operation}Response")
    _add(answer, {"result": list(results)})
    return _written(whole, 200)


@evidence("SOAP", "recorded", "A fault is 500: faultcode sf:CODE, faultstring 'CODE: message', exceptionCode in detail")
def fault(namespace: str, error: OrgError) -> Reply:
    """Return an error that ends a whole call."""
    kind = "LoginFault" if error.error_code == "INVALID_LOGIN" else "UnexpectedErrorFault"
    faults = f"urn:fault.{namespace.removeprefix('urn:')}"
    whole = ET.Element("soapenv:Envelope", {"xmlns:soapenv": _SOAP, "xmlns:sf": faults, "xmlns:xsi": _XSI})
    told = ET.SubElement(ET.SubElement(whole, "soapenv:Body"), "soapenv:Fault")
    _add(told, {"faultcode": f"sf:{error.error_code}", "faultstring": f"{error.error_code}: {error.message}"})
    detail = ET.SubElement(ET.SubElement(told, "detail"), f"sf:{kind}", {"xsi:type": f"sf:{kind}"})
    _add(detail, {"sf:exceptionCode": error.error_code, "sf:exceptionMessage": error.message})
    return _written(whole, max(error.status, 500))


@evidence("SOAP", "recorded", "A failed row has its id too")
def failed(error: OrgError, record_id: str | None) -> dict[str, Any]:
    """Return the result of a row that failed."""
    told = {"fields": list(error.fields or ()), "message": error.message, "statusCode": error.error_code}
    return {"errors": [told], "id": record_id, "success": "false"}


def _add(parent: ET.Element, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        for each in value if isinstance(value, list) else [value]:
            element = ET.SubElement(parent, name)
            if isinstance(each, Mapping):
                _add(element, each)
            elif each is None:
                element.set("xsi:nil", "true")
            else:
                element.text = _NO_XML.sub("\ufffd", str(each))


def _written(whole: ET.Element, status: int) -> Reply:
    return Reply(status, ET.tostring(whole, encoding="utf-8", xml_declaration=True).decode(), _HEADERS)
