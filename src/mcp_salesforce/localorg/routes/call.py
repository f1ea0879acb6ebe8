"""What a route takes and gives: a `Call` that is signed and read, and a `Reply` that the application writes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers, QueryParams

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import Mark, evidence
from mcp_salesforce.localorg.services.bulk import Bulk
from mcp_salesforce.localorg.services.consents import LOOPBACK_HOSTS
from mcp_salesforce.localorg.services.describe import Describes
from mcp_salesforce.localorg.services.faults import Faults
from mcp_salesforce.localorg.services.identities import Identities
from mcp_salesforce.localorg.services.lead_conversion import LeadConversions
from mcp_salesforce.localorg.services.limits import Limits
from mcp_salesforce.localorg.services.merges import Merges
from mcp_salesforce.localorg.services.oauth import OAuth
from mcp_salesforce.localorg.services.query import Queries
from mcp_salesforce.localorg.services.recents import Recents
from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.services.replication import Replication
from mcp_salesforce.localorg.services.search import Searches
from mcp_salesforce.localorg.services.sessions import Session, Sessions
from mcp_salesforce.localorg.services.upserts import Upserts
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.sqlite import Store

_SAYS_CREATED: Final = 46.0


class Services(Protocol):
    """What the routes need of the org."""

    store: Store
    schema: Schema
    records: Records
    upserts: Upserts
    merges: Merges
    lead_conversions: LeadConversions
    sessions: Sessions
    oauth: OAuth
    identities: Identities
    limits: Limits
    faults: Faults
    queries: Queries
    searches: Searches
    describes: Describes
    recents: Recents
    replication: Replication
    bulk: Bulk


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, a body and headers; the body becomes JSON, except None (no body), text (HTML, XML) and bytes."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the org, as a route sees it.

    Attributes:
        org: The services behind the routes.
        send: Answers another call in the place of this one, its errors too: composite and batch are made of it.
        base_url: Scheme and host that the client used, without a trailing slash.
        path: Still percent-encoded, without a trailing slash.
        version: `v60.0`; empty outside /services/data/vNN.N.
        session: Whose call it is; None on the few resources that need no session.
    """

    org: Services
    send: "Callable[[Call], Reply]"
    base_url: str
    method: str
    path: str
    params: QueryParams = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    version: str = ""
    session: Session | None = None

    @property
    def user_id(self) -> str:
        """The user whose session signs the call.

        Raises:
            OrgError: INVALID_SESSION_ID, if nobody does.
        """
        if self.session is None:
            raise errors.invalid_session()
        return self.session.user_id

    @property
    def records(self) -> Records:
        """The org's records, under the duplicate rules that the call asks for."""
        asked = self.headers.get("sforce-duplicate-rule-header", "").lower().replace(" ", "")
        return self.org.records.for_call(self.version, allow_duplicates="allowsave=true" in re.split("[;,]", asked))

    @property
    def upserts(self) -> Upserts:
        """Upserts under the same duplicate rules."""
        return Upserts(self.org.store, self.records)

    @property
    def says_created(self) -> bool:
        """Whether an upsert says if the record is new: from v46.0 on."""
        return float(self.version.removeprefix("v") or 0) >= _SAYS_CREATED

    @property
    def is_loopback(self) -> bool:
        """Whether the client calls the org by a loopback name; a page that rebound its own name does not."""
        return urlsplit(self.base_url).hostname in LOOPBACK_HOSTS

    def data_url(self, *segments: str) -> str:
        """Return the path of a resource in the version of this call."""
        return "/".join(("/services/data", self.version, *segments))

    def record(self, sobject: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record with its `attributes`; `values` has the Id."""
        name = self.org.records.sobject(sobject).name
        return {"attributes": {"type": name, "url": self.data_url("sobjects", name, values["Id"])}, **values}

    def recent(self, sobject: str = "") -> list[dict[str, Any]]:
        """Return Id and name of the records that were viewed last, of an object or of all."""
        viewed = self.org.recents.viewed(sobject, self.user_id)
        return [self.record(each.pop("type"), each) for each in viewed]

    def json_object(self) -> dict[str, Any]:
        """Return the decoded body, which must be a JSON object.

        Raises:
            OrgError: JSON_PARSER_ERROR, with line and column.
        """
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise errors.json_parser_error(f"{error.msg} at [line:{error.lineno}, column:{error.colno}]") from None
        if not isinstance(value, dict):
            raise errors.json_parser_error("Unexpected value: an object was expected at [line:1, column:1]")
        return value


Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path, and who answers it; the method `*` is any."""

    method: str
    path: str
    handler: Handler
    needs_session: bool


class Family:
    """The routes of one module, in the order in which they are tried."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.routes: list[Route] = []

    def route(
        self, method: str, path: str, mark: Mark | None, *, needs_session: bool = True
    ) -> Callable[[Handler], Handler]:
        """Register the function below as the answer to `method` on `path`; without a mark, it claims no likeness.

        The path is below /services/data/{version} unless it begins with a slash. The function takes the call, and
        by name the parameters in the path's braces, percent-decoded. Its docstring says what it does, for
        docs/localorg.md.
        """
        full_path = path if path.startswith("/") else f"/services/data/{{version}}/{path}".rstrip("/")

        def register(handler: Handler) -> Handler:
            self.routes.append(Route(method, full_path, handler, needs_session))
            if mark is None:
                return handler
            summary = (handler.__doc__ or "").partition("\n")[0]
            return evidence(f"REST: {self.name}", mark, f"`{method} {full_path}`: {summary}")(handler)

        return register
