"""An async client for the Salesforce REST API; usable without MCP.

`docs/client.md` shows how to use it. The names here are public; whatever else the package has may change at any time.
"""

from mcp_salesforce.salesforce.api.bulk import ResultPage
from mcp_salesforce.salesforce.api.composite import EarlierId
from mcp_salesforce.salesforce.asgi import AsgiTransport
from mcp_salesforce.salesforce.auth import StaticTokenSource, Token, TokenSource
from mcp_salesforce.salesforce.bodies import Sink
from mcp_salesforce.salesforce.budget import Reserve
from mcp_salesforce.salesforce.client import Guard, RequestSender, SalesforceClient
from mcp_salesforce.salesforce.errors import (
    AccessDeniedError,
    AmbiguousExternalIdError,
    ApiError,
    ApiReserveError,
    AuthenticationError,
    BusyError,
    CallTimeoutError,
    ConflictError,
    DuplicateError,
    DuplicateMatch,
    ErrorDetail,
    InvalidArgumentError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    OutcomeUnknownError,
    RecordLockedError,
    RecordRejectedError,
    ReplyTooLargeError,
    SalesforceError,
    ServerError,
    TransportError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.flows import ClientCredentialsSource, JwtBearerSource, RefreshTokenSource
from mcp_salesforce.salesforce.literals import like_literal, quote, quote_list
from mcp_salesforce.salesforce.models import (
    ApiUsage,
    BulkJob,
    Identity,
    QueryResult,
    SaveResult,
    SObjectDescribe,
    SObjectRecord,
    UserInfo,
)
from mcp_salesforce.salesforce.proxies import Proxy
from mcp_salesforce.salesforce.sf_cli import SfCliSource
from mcp_salesforce.salesforce.transport import AiohttpTransport, Transport
from mcp_salesforce.salesforce.wire import Answer, HttpReply, HttpRequest, Request

__all__ = [
    "AccessDeniedError",
    "AiohttpTransport",
    "AmbiguousExternalIdError",
    "Answer",
    "ApiError",
    "ApiReserveError",
    "ApiUsage",
    "AsgiTransport",
    "AuthenticationError",
    "BulkJob",
    "BusyError",
    "CallTimeoutError",
    "ClientCredentialsSource",
    "ConflictError",
    "DuplicateError",
    "DuplicateMatch",
    "EarlierId",
    "ErrorDetail",
    "Guard",
    "HttpReply",
    "HttpRequest",
    "Identity",
    "InvalidArgumentError",
    "InvalidRequestError",
    "JwtBearerSource",
    "LimitExceededError",
    "NotFoundError",
    "OutcomeUnknownError",
    "Proxy",
    "QueryResult",
    "RecordLockedError",
    "RecordRejectedError",
    "RefreshTokenSource",
    "ReplyTooLargeError",
    "Request",
    "RequestSender",
    "Reserve",
    "ResultPage",
    "SObjectDescribe",
    "SObjectRecord",
    "SalesforceClient",
    "SalesforceError",
    "SaveResult",
    "ServerError",
    "SfCliSource",
    "Sink",
    "StaticTokenSource",
    "Token",
    "TokenSource",
    "Transport",
    "TransportError",
    "UnreadableReplyError",
    "UserInfo",
    "like_literal",
    "quote",
    "quote_list",
]
