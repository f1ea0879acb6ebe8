"""An async client for the Salesforce REST API; usable without MCP."""

from mcp_salesforce.salesforce.auth import StaticTokenSource, Token, TokenSource
from mcp_salesforce.salesforce.client import SalesforceClient
from mcp_salesforce.salesforce.errors import (
    AccessDeniedError,
    AmbiguousExternalIdError,
    ApiError,
    ApiReserveError,
    AuthenticationError,
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
    SalesforceError,
    ServerError,
    TransportError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.flows import ClientCredentialsSource, JwtBearerSource, RefreshTokenSource
from mcp_salesforce.salesforce.models import Identity, QueryResult, SaveResult, SObjectDescribe, SObjectRecord
from mcp_salesforce.salesforce.sf_cli import SfCliSource
from mcp_salesforce.salesforce.transport import AiohttpTransport, AsgiTransport, Transport
from mcp_salesforce.salesforce.wire import Request

__all__ = [
    "AccessDeniedError",
    "AiohttpTransport",
    "AmbiguousExternalIdError",
    "ApiError",
    "ApiReserveError",
    "AsgiTransport",
    "AuthenticationError",
    "ClientCredentialsSource",
    "ConflictError",
    "DuplicateError",
    "DuplicateMatch",
    "ErrorDetail",
    "Identity",
    "InvalidArgumentError",
    "InvalidRequestError",
    "JwtBearerSource",
    "LimitExceededError",
    "NotFoundError",
    "OutcomeUnknownError",
    "QueryResult",
    "RecordLockedError",
    "RecordRejectedError",
    "RefreshTokenSource",
    "Request",
    "SObjectDescribe",
    "SObjectRecord",
    "SalesforceClient",
    "SalesforceError",
    "SaveResult",
    "ServerError",
    "SfCliSource",
    "StaticTokenSource",
    "Token",
    "TokenSource",
    "Transport",
    "TransportError",
    "UnreadableReplyError",
]
