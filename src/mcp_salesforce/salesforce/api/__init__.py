"""One module for each family of the REST API."""

from collections.abc import Awaitable, Callable

from mcp_salesforce.salesforce.wire import Answer, Request

Send = Callable[[Request], Awaitable[Answer]]
"""Sends a request and returns the answer; `SalesforceClient.answer`."""
