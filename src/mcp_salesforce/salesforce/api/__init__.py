"""One module for each family of the REST API."""

from collections.abc import Awaitable, Callable

from mcp_salesforce.salesforce.wire import Request

Send = Callable[[Request], Awaitable[object]]
"""Sends a request and returns the JSON value of its reply; `SalesforceClient.send`."""
