"""Requests, checked and quoted, and replies, as values. No I/O; `replies` reads them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

import orjson

from mcp_salesforce.salesforce.bodies import Sink, Stream, Upload
from mcp_salesforce.salesforce.errors import InvalidArgumentError
from mcp_salesforce.salesforce.proxies import is_loopback

_NO_PARAMS: Final[Mapping[str, str]] = {}
_IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_SOAP_ROOT: Final = "/services/Soap/"
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_SOBJECT = re.compile(r"[A-Za-z]\w*", re.ASCII)
_FIELD_PATH = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)*", re.ASCII)
_PAGE_PATH = re.compile(r"/services/data/v\d+\.\d/(?:tooling/)?query(?:All)?/[\w~%=-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the API, before it is signed.

    Attributes:
        method: HTTP method.
        path: From the version's root (`sobjects/Contact`; see `path`), or absolute (`/services/data`).
        params: Query parameters.
        body: JSON value to send; None sends no body. Of a SOAP call it is the operation, with its arguments.
        headers: Headers beyond those that every call carries.
        idempotent: Whether it can be sent again when its outcome is unknown; None: the method decides.
        is_led: Of a composite call: whether the failure of its first call is that of the whole.
        upload: CSV to send as the body, instead of a JSON value; with one, the data of a file that the value is of.
        reads_csv: Whether the reply is CSV, which the answer has as its bytes.
        reads_bytes: Whether the reply is the data of a file, which goes to `sink`.
        sink: What takes the CSV or the data of the reply as it arrives; the answer has no value then.
        timeout_s: How long the call may take, if not as long as every other.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=lambda: _NO_PARAMS, repr=False)
    body: object = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_PARAMS, repr=False)
    idempotent: bool | None = None
    is_led: bool = False
    upload: Upload | None = field(default=None, repr=False)
    reads_csv: bool = False
    reads_bytes: bool = False
    sink: Sink | None = field(default=None, repr=False)
    timeout_s: float | None = None

    @property
    def is_soap(self) -> bool:
        """Whether it goes to a SOAP API, in an envelope with the access token as session id."""
        return self.path.startswith(_SOAP_ROOT)

    @property
    def is_idempotent(self) -> bool:
        """Whether sending it twice has the effect of sending it once."""
        return self.method in _IDEMPOTENT_METHODS if self.idempotent is None else self.idempotent

    @property
    def is_write(self) -> bool:
        """Whether it changes something; an idempotent POST does not (a long query, a token)."""
        return self.method not in {"GET", "HEAD"} and not (self.method == "POST" and self.is_idempotent)


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest:
    """A signed request, ready for a transport; its representation shows neither token nor query string.

    Its body is `body`, or what `stream` yields; that of a reply of success goes to `sink`, where there is one.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    stream: Stream | None = None
    sink: Sink | None = None

    def __repr__(self) -> str:
        return f"<{self.method} {self.url.partition('?')[0]}>"


@dataclass(frozen=True, slots=True, repr=False)
class HttpReply:
    """A reply; `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<HTTP {self.status}, {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What a reply says.

    Attributes:
        value: Its JSON value, None where it has none.
        headers: Its headers by lower-case name.
        is_unchanged: Whether nothing has changed since the last read (304).
    """

    value: object
    headers: Mapping[str, str]
    is_unchanged: bool = False


def path(*segments: str) -> str:
    """Join path segments; each is quoted, so that none can leave its place.

    Raises:
        InvalidArgumentError: A segment is empty, steps up (`..`), or has control characters.
    """
    for segment in segments:
        steps = re.split(r"[/\\]", segment)
        if not segment or "." in steps or ".." in steps or any(ord(character) < ord(" ") for character in segment):
            raise InvalidArgumentError(f"{segment[:40]!r} cannot stand in a URL path.")
    try:
        return "/".join(quote(segment, safe="") for segment in segments)
    except UnicodeEncodeError:
        raise InvalidArgumentError("Half a character (a lone surrogate) cannot stand in a URL path.") from None


def sobject_name(text: str) -> str:
    """Return `text` if it has the form of an sobject's API name."""
    if not _SOBJECT.fullmatch(text):
        raise InvalidArgumentError(f"{text[:60]!r} is not the API name of an object, such as Contact or Invoice__c.")
    return text


def field_name(text: str) -> str:
    """Return `text` if it has the form of a field's API name (`Name`, or `Account.Name` of a parent)."""
    if not _FIELD_PATH.fullmatch(text):
        raise InvalidArgumentError(f"{text[:60]!r} is not the API name of a field, such as LastName or Region__c.")
    return text


def field_list(fields: Sequence[str]) -> str:
    """Return `fields` as one comma-separated parameter.

    Raises:
        InvalidArgumentError: One does not have the form of a field's API name.
    """
    return ",".join(map(field_name, fields))


def if_unmodified_since(moment: datetime) -> dict[str, str]:
    """Return the header that refuses a change of a record that was changed after `moment`, to the second."""
    return {"If-Unmodified-Since": format_datetime(moment.astimezone(UTC), usegmt=True)}


def duplicate_headers(allow_duplicate: bool) -> dict[str, str]:
    """Return the headers that save a record even if a duplicate rule finds matches and allows this."""
    return {"Sforce-Duplicate-Rule-Header": "allowSave=true"} if allow_duplicate else {}


def page_path(next_records_url: str) -> str:
    """Return `next_records_url` if it is the path of a query's next page in this org.

    Raises:
        InvalidArgumentError: It is anything else: another host, another resource.
    """
    if not _PAGE_PATH.fullmatch(next_records_url):
        raise InvalidArgumentError("This is not a nextRecordsUrl, Salesforce's path of a query's next page.")
    return next_records_url


def origin(url: str) -> str:
    """Return scheme, host and port of `url`.

    Raises:
        InvalidArgumentError: It is not `https://host`; `http://` is taken for loopback hosts only.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.username is not None or parts.password is not None or _UNPRINTABLE.search(url):
        raise InvalidArgumentError("The URL of an org has the form https://your-domain.my.salesforce.com.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise InvalidArgumentError(
            f"{parts.scheme}://{host} is refused: tokens go over https only (http to loopback hosts)."
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def url_of(instance_url: str, api_version: str, request: Request) -> str:
    """Return the full URL of `request`."""
    base = instance_url + (request.path if request.path[0] == "/" else f"/services/data/{api_version}/{request.path}")
    if not request.params:
        return base
    try:
        return f"{base}?{urlencode(request.params, quote_via=quote)}"
    except UnicodeEncodeError:
        raise InvalidArgumentError("Half a character (a lone surrogate) cannot be sent.") from None


def json_body(value: object) -> bytes:
    """Return `value` as JSON.

    Raises:
        InvalidArgumentError: It has a value that JSON does not support: NaN, a date object, half a character.
    """
    if _has_no_json_number(value):
        raise InvalidArgumentError("NaN and infinity are not numbers that Salesforce can store.")
    try:
        return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS)
    except TypeError as error:
        raise InvalidArgumentError(f"The values cannot be sent as JSON: {error}.") from None


def _has_no_json_number(value: object) -> bool:
    if isinstance(value, float):
        return value != value or value in {float("inf"), float("-inf")}  # noqa: PLR0124 - NaN is what differs from itself
    if isinstance(value, Mapping):
        return any(map(_has_no_json_number, value.values()))
    return isinstance(value, list | tuple) and any(map(_has_no_json_number, value))
