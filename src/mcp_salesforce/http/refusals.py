"""What a request is answered that MCP itself never sees: an error of JSON-RPC in a response of HTTP."""

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from mcp_types.jsonrpc import INVALID_REQUEST
from starlette.responses import Response


class RefusedError(Exception):
    """A request cannot be served; the response says why, and what to do."""

    def __init__(
        self,
        status: HTTPStatus,
        text: str,
        *,
        code: int = INVALID_REQUEST,
        request_id: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say `text`.

        Args:
            status: The status of the response.
            text: What happened, then what to do.
            code: The code of JSON-RPC's error.
            request_id: The id of the request as JSON, where it is known.
            headers: Headers of the response.
        """
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code
        self.request_id = request_id
        self.headers = dict(headers or {})

    @property
    def response(self) -> Response:
        """The response."""
        error = {"code": self.code, "message": self.text}
        named = orjson.Fragment(self.request_id or "null")
        body = orjson.dumps({"jsonrpc": "2.0", "id": named, "error": error})
        return Response(body, self.status, self.headers, media_type="application/json")
