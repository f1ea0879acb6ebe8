"""Several calls in one: composite, batch and tree."""

import re
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlsplit

import orjson
from starlette.datastructures import Headers, QueryParams

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.routes.call import Call, Family, Reply

MAX_REQUESTS: Final = 25
MAX_QUERIES: Final = 5

ROLLED_BACK: Final = "The transaction was rolled back since another operation in the same transaction failed."
_REFERENCE_ID: Final = re.compile(r"[A-Za-z0-9_]+")
_REFERENCE: Final = re.compile(r"@\{([A-Za-z0-9_]+)((?:\[\d+\]|\.[A-Za-z0-9_]+)*)\}")
_STEP: Final = re.compile(r"\[(\d+)\]|\.([A-Za-z0-9_]+)")
_METHODS: Final = ("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD")
_QUERIES: Final = ("query", "queryAll", "search", "parameterizedSearch")

composite = Family("composite")


@composite.route("POST", "composite", "recorded")
def run_composite(call: Call) -> Reply:
    """Run up to 25 calls in order; a later one may name results of earlier ones as @{reference.field}.

    With allOrNone, one failure takes back all.
    """
    body = call.json_object()
    requests = _checked(_list_of(body, "compositeRequest"))
    results: dict[str, Any] = {}
    replies: list[Reply] = []
    all_or_none = body.get("allOrNone") is True
    with call.org.store.transaction() as transaction:
        for request in requests:
            reply = _run(call, request, results)
            results[request["referenceId"]] = reply.body
            replies.append(reply)
            if all_or_none and _failed(reply):
                transaction.take_back()
                break
    if transaction.is_taken_back:
        failed = len(replies) - 1
        replies = [replies[failed] if index == failed else _halted(ROLLED_BACK) for index in range(len(requests))]
    return Reply(
        body={
            "compositeResponse": [
                {
                    "body": reply.body,
                    "httpHeaders": dict(reply.headers),
                    "httpStatusCode": reply.status,
                    "referenceId": request["referenceId"],
                }
                for request, reply in zip(requests, replies, strict=True)
            ]
        }
    )


@composite.route("POST", "composite/batch", "recorded")
def run_batch(call: Call) -> Reply:
    """Run up to 25 independent calls in order; with haltOnError, none after one that failed."""
    body = call.json_object()
    requests = _list_of(body, "batchRequests")
    replies: list[Reply] = []
    for request in requests:
        if body.get("haltOnError") is True and any(_failed(reply) for reply in replies):
            message = "Batch processing was halted after the previous subrequest failed"
            replies.append(Reply(412, [errors.OrgError(412, "BATCH_PROCESSING_HALTED", message, None).body()]))
            continue
        url = f"/services/data/{str(request.get('url', '')).removeprefix('/services/data/').lstrip('/')}"
        replies.append(_send(call, request.get("method"), url, request.get("richInput"), {}))
    results = [{"statusCode": reply.status, "result": reply.body} for reply in replies]
    return Reply(body={"hasErrors": any(_failed(reply) for reply in replies), "results": results})


@composite.route("POST", "composite/graph", "simulated")
def run_graph(call: Call) -> Reply:
    """Refuse: graphs are not implemented by the local org."""
    del call
    raise errors.not_implemented("composite/graph")


def _list_of(body: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    requests = body.get(key)
    if not isinstance(requests, list) or not all(isinstance(each, dict) for each in requests):
        raise errors.json_parser_error(f"{key} must be a list of objects")
    if not 1 <= len(requests) <= MAX_REQUESTS:
        raise OrgError(400, "LIMIT_EXCEEDED", f"{key} takes 1 to {MAX_REQUESTS} requests, not {len(requests)}", None)
    return requests


def _checked(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the requests of a composite, each with a proper and unique referenceId."""
    known = set()
    for request in requests:
        reference_id = request.get("referenceId")
        if not isinstance(reference_id, str) or not _REFERENCE_ID.fullmatch(reference_id):
            message = f"referenceId must be letters, digits and underscores: {reference_id}"
            raise OrgError(400, "INVALID_INPUT", message, None)
        if reference_id in known:
            raise OrgError(400, "INVALID_INPUT", f"referenceId is not unique: {reference_id}", None)
        known.add(reference_id)
    queries = sum(_family(each) in _QUERIES for each in requests)
    if queries > MAX_QUERIES:
        raise OrgError(400, "LIMIT_EXCEEDED", f"A composite takes up to {MAX_QUERIES} queries, not {queries}", None)
    return requests


def _run(call: Call, request: Mapping[str, Any], results: Mapping[str, Any]) -> Reply:
    try:
        url = str(_filled(request.get("url", ""), results))
        body = _filled(request.get("body"), results)
    except LookupError as error:
        return _halted(str(error.args[0]))
    if not url.startswith("/services/data/"):
        return Reply(400, [OrgError(400, "INVALID_INPUT", f"url must begin with /services/data/: {url}", None).body()])
    headers = request.get("httpHeaders") or {}
    return _send(call, request.get("method"), url, body, headers)


def _send(call: Call, method: object, url: str, body: object, headers: Mapping[str, Any]) -> Reply:
    parts = urlsplit(url)
    if method not in _METHODS:
        return Reply(405, [errors.method_not_allowed(str(method), _METHODS).body()])
    family = parts.path.split("/")[4:]
    if family in (["composite"], ["composite", "batch"], ["composite", "graph"]):
        return Reply(400, [OrgError(400, "INVALID_INPUT", f"Not allowed inside another request: {url}", None).body()])
    return call.send(
        replace(
            call,
            method=str(method),
            path=quote(parts.path, safe="/%").rstrip("/"),
            params=QueryParams(parts.query),
            headers=Headers({str(name): str(value) for name, value in headers.items()}),
            body=b"" if body is None else orjson.dumps(body),
        )
    )


def _family(request: Mapping[str, Any]) -> str:
    """Return the first segment behind the version in a request's url."""
    return urlsplit(str(request.get("url", ""))).path.removeprefix("/services/data/").partition("/")[2].split("/")[0]


def _filled(value: Any, results: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Return `value` with each @{reference} in its texts replaced."""
    if isinstance(value, dict):
        return {key: _filled(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, results) for item in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _referenced(whole, results)
    return _REFERENCE.sub(lambda match: str(_referenced(match, results)), value)


def _referenced(match: re.Match[str], results: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    reference_id, steps = match[1], match[2]
    found = results.get(reference_id)
    for index, key in _STEP.findall(steps):
        try:
            found = found[int(index)] if index else found[key]  # type: ignore[index]  # what cannot be indexed is caught
        except (LookupError, TypeError):
            found = None
    if found is None:
        message = f"Invalid reference specified. No value for {reference_id}{steps} found in {reference_id}"
        raise LookupError(message)
    return found


def _halted(message: str) -> Reply:
    return Reply(400, [OrgError(400, "PROCESSING_HALTED", message, None).body()])


def _failed(reply: Reply) -> bool:
    return reply.status >= HTTPStatus.BAD_REQUEST
