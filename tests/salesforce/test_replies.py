"""Replies as plain bytes: each is a value, or the error that says what it was."""

import json
import traceback
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.salesforce import (
    AccessDeniedError,
    AmbiguousExternalIdError,
    ApiError,
    AuthenticationError,
    BusyError,
    ConflictError,
    DuplicateError,
    DuplicateMatch,
    ErrorDetail,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    RecordLockedError,
    RecordRejectedError,
    SalesforceError,
    ServerError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.codes import error_class
from mcp_salesforce.salesforce.replies import read_reply
from mcp_salesforce.salesforce.wire import HttpReply
from tests.evidence import facts

JSON = {"content-type": "application/json;charset=UTF-8"}
HTML = {"content-type": "text/html; charset=utf-8"}
SESSION_ID = "00D000000000001!AQEAQFh7.Tq_vX3"

CLASS_OF_CATALOGUED_CODE: Mapping[str, type[SalesforceError]] = {
    "INVALID_SESSION_ID": AuthenticationError,
    "NOT_FOUND": NotFoundError,
    "INVALID_CROSS_REFERENCE_KEY": RecordRejectedError,
    "ENTITY_IS_DELETED": NotFoundError,
    "REQUIRED_FIELD_MISSING": RecordRejectedError,
    "INVALID_FIELD": InvalidRequestError,
    "INVALID_TYPE": InvalidRequestError,
    "MALFORMED_QUERY": InvalidRequestError,
    "NUMBER_OUTSIDE_VALID_RANGE": InvalidRequestError,
    "INVALID_QUERY_LOCATOR": InvalidRequestError,
    "MALFORMED_SEARCH": InvalidRequestError,
    "MALFORMED_ID": InvalidRequestError,
    "STRING_TOO_LONG": RecordRejectedError,
    "JSON_PARSER_ERROR": InvalidRequestError,
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": RecordRejectedError,
    "INVALID_FIELD_FOR_INSERT_UPDATE": InvalidRequestError,
    "DUPLICATE_VALUE": DuplicateError,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": AccessDeniedError,
    "DUPLICATES_DETECTED": DuplicateError,
    "REQUEST_LIMIT_EXCEEDED": LimitExceededError,
    "API_DISABLED_FOR_ORG": AccessDeniedError,
    "UNABLE_TO_LOCK_ROW": RecordLockedError,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": RecordRejectedError,
    "FIELD_INTEGRITY_EXCEPTION": RecordRejectedError,
    "INVALID_EMAIL_ADDRESS": RecordRejectedError,
    "QUERY_TIMEOUT": LimitExceededError,
    "METHOD_NOT_ALLOWED": InvalidRequestError,
    "INVALIDENTITY": InvalidRequestError,
    "FUNCTIONALITY_NOT_ENABLED": InvalidRequestError,
}


def reply(status: int, value: object = None, *, raw: bytes | None = None, **headers: Any) -> HttpReply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return HttpReply(status, JSON | named, json.dumps(value).encode() if raw is None else raw)


def refused(answer: HttpReply, *secrets: str) -> Any:
    with pytest.raises(SalesforceError) as caught:
        read_reply(answer, secrets)
    return caught.value


def test_every_catalogued_error_body_has_its_class_and_keeps_every_entry() -> None:
    checked = 0
    for entry in facts.errors():
        status, body = entry["http"], entry["body"]
        if status == 200:
            continue
        error = refused(reply(status, body))
        if isinstance(body, dict):
            assert isinstance(error, AuthenticationError)
            assert error.code == body["error"]
            assert body["error_description"] in str(error)
        elif status == 300:
            assert isinstance(error, AmbiguousExternalIdError)
            assert list(error.record_paths) == body
        elif body and body[0]["errorCode"] == "INVALID_SESSION_ID":
            assert isinstance(error, AuthenticationError)
            assert error.code == "INVALID_SESSION_ID"
        elif body:
            is_absent = status == 404 and body[0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"
            assert type(error) is (NotFoundError if is_absent else CLASS_OF_CATALOGUED_CODE[body[0]["errorCode"]])
            assert isinstance(error, ApiError)
            assert [detail.error_code for detail in error.details] == [item["errorCode"] for item in body]
            assert error.fields == tuple(body[0].get("fields", ()))
            assert body[0].get("message", "") in error.message
            assert error.status == status
        else:
            assert isinstance(error, ConflictError if status == 412 else InvalidRequestError)
        checked += 1
    assert checked > 40


def test_every_known_error_code_has_a_class_of_its_own() -> None:
    known = set(facts.error_codes()) - {"INVALID_SESSION_ID"}
    marker = 599  # a status that only the fallback reads

    by_fallback = {code for code in known if error_class(code, marker) is ServerError}

    assert by_fallback == {
        "ALREADY_IN_PROCESS",
        "PLATFORM_EVENT_PUBLISHING_UNAVAILABLE",
        "PLATFORM_EVENT_PUBLISH_FAILED",
        "SERVER_UNAVAILABLE",
        "TERRITORY_REALIGN_IN_PROGRESS",
        "UNKNOWN_EXCEPTION",
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (403, AccessDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (412, ConflictError),
        (429, BusyError),
        (501, InvalidRequestError),
        (500, ServerError),
        (503, ServerError),
    ],
)
def test_the_status_decides_where_a_code_is_unknown(status: int, kind: type[ApiError]) -> None:
    error = refused(reply(status, [{"errorCode": "NEW_IN_WINTER_29", "message": "?"}]))

    assert type(error) is kind
    assert error.code == "NEW_IN_WINTER_29"


def test_the_code_decides_and_not_the_status() -> None:
    body = [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access"}]

    assert type(refused(reply(400, body))) is RecordLockedError
    assert type(refused(reply(500, body))) is RecordLockedError


def test_an_invalid_reference_is_a_missing_record_or_a_wrong_value_by_the_status() -> None:
    body = [{"errorCode": "INVALID_CROSS_REFERENCE_KEY", "message": "invalid cross reference id", "fields": []}]

    assert type(refused(reply(404, body))) is NotFoundError
    assert type(refused(reply(400, body))) is RecordRejectedError


def test_all_entries_of_an_error_are_kept_and_their_fields_told_once() -> None:
    error = refused(
        reply(
            400,
            [
                {"errorCode": "STRING_TOO_LONG", "message": "too long", "fields": ["Name", "Title"]},
                {"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no", "fields": ["Title"]},
            ],
        )
    )

    assert error.details == (
        ErrorDetail("STRING_TOO_LONG", "too long", ("Name", "Title")),
        ErrorDetail("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no", ("Title",)),
    )
    assert error.message == "too long; no"
    assert error.fields == ("Name", "Title")
    assert str(error) == "STRING_TOO_LONG: too long; no"


@pytest.mark.parametrize(
    "body",
    [
        {
            "id": None,
            "success": False,
            "errors": [{"statusCode": "STRING_TOO_LONG", "message": "m", "fields": ["Name"]}],
        },
        {
            "hasErrors": True,
            "results": [
                {"referenceId": "a", "errors": [{"statusCode": "STRING_TOO_LONG", "message": "m", "fields": ["Name"]}]}
            ],
        },
        {"errorCode": "STRING_TOO_LONG", "message": "m", "fields": ["Name"]},
    ],
)
def test_entries_inside_a_result_are_found(body: object) -> None:
    error = refused(reply(400, body))

    assert error.details == (ErrorDetail("STRING_TOO_LONG", "m", ("Name",)),)


def test_the_matches_of_a_duplicate_rule_are_kept() -> None:
    record = {"attributes": {"type": "Contact"}, "Id": "003aj000002oTldAAE"}
    result = {
        "allowSave": True,
        "matchResults": [
            {
                "entityType": "Contact",
                "matchRecords": [{"matchConfidence": 100.0, "record": record}, {"record": {"Id": 7}}],
            }
        ],
    }
    body = [{"duplicateResult": result, "errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?"}]

    error = refused(reply(400, body))

    assert isinstance(error, DuplicateError)
    assert error.matches == (DuplicateMatch("Contact", "003aj000002oTldAAE", 100.0),)
    assert error.can_be_allowed


@pytest.mark.parametrize("status", [200, 201, 204, 304])
def test_a_success_without_a_body_is_none(status: int) -> None:
    assert read_reply(reply(status, raw=b"")) is None


def test_a_page_of_a_proxy_is_named_with_status_type_and_the_beginning_of_its_text() -> None:
    page = b"<html><head><style>p {}</style><title>503</title></head><body><h1>Down &amp; out</h1>" + b"x " * 500
    error = refused(HttpReply(503, HTML, page))

    assert isinstance(error, UnreadableReplyError)
    assert error.is_passing
    assert error.status == 503
    assert str(error).startswith(
        "The reply is not one of Salesforce's (HTTP 503, text/html; charset=utf-8): 503 Down & out x x"
    )
    assert len(error.excerpt) <= 201


def test_a_login_page_with_status_200_is_not_taken_for_an_answer() -> None:
    error = refused(HttpReply(200, HTML, b"<html>Please log in</html>"))

    assert isinstance(error, UnreadableReplyError)
    assert not error.is_passing


def test_cut_json_is_told_as_such_and_none_of_its_data_shown() -> None:
    error = refused(reply(200, raw=b'{"records":[{"LastName":"Confidential'))

    assert isinstance(error, UnreadableReplyError)
    assert "cut short" in str(error)
    assert error.is_passing
    assert "Confidential" not in str(error)


@pytest.mark.parametrize(
    ("location", "shown"),
    [("https://evil.example/x?token=1", "evil.example"), ("", "another address"), ("https://[::1", "another address")],
)
def test_a_redirect_is_named_by_its_host_only(location: str, shown: str) -> None:
    error = refused(reply(302, raw=b"", location=location))

    assert isinstance(error, UnreadableReplyError)
    assert f"redirects to {shown}, which is not followed" in str(error)


def test_a_refused_bearer_token_in_plain_text_means_an_invalid_session() -> None:
    error = refused(HttpReply(403, {"content-type": "text/html"}, b"Bad_OAuth_Token"))

    assert isinstance(error, AuthenticationError)
    assert error.code == "INVALID_SESSION_ID"


def test_an_oauth_error_without_a_description_says_so() -> None:
    assert str(refused(reply(400, {"error": "invalid_grant"}))) == "invalid_grant: no reason given"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry_after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry_after": "Sun, 22 Nov 2020 10:00:30 GMT"}, 0.0),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "9" * 400}, None),
        ({"retry_after": "soon", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_a_reply_asks_for_is_read_from_seconds_or_a_date(
    headers: dict[str, Any], expected: float | None
) -> None:
    error = refused(reply(503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}], **headers))

    assert error.retry_after_s == expected


ERROR_KEYS = [
    *("errorCode", "statusCode", "message", "fields", "errors", "results", "error", "error_description"),
    *("duplicateResult", "matchResults", "matchRecords", "record", "Id", "matchConfidence", "allowSave"),
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(ERROR_KEYS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(ERROR_KEYS), inner, max_size=4),
    max_leaves=20,
)
bodies = st.binary() | json_values.map(lambda value: json.dumps(value).encode())
header_texts = st.text(st.characters(codec="latin-1"))
header_values = st.dictionaries(st.sampled_from(["content-type", "retry-after", "date", "location"]), header_texts)


@given(st.integers(100, 999), header_values, bodies)
def test_any_reply_is_a_value_or_a_salesforce_error(status: int, headers: dict[str, str], body: bytes) -> None:
    answer = HttpReply(status, headers, body)
    if status == 304 or (200 <= status < 300 and (not body or is_json(body))):
        read_reply(answer)
        return
    error = refused(answer, "secret")
    assert str(error)
    assert error.code
    assert error.message
    assert isinstance(error.hint, str)


def test_json_nested_as_deep_as_the_decoder_goes_is_unreadable() -> None:
    body = b'{"errors":[' * 500 + b"]}" * 500
    assert is_json(body)

    assert isinstance(refused(reply(400, raw=body)), UnreadableReplyError)


def is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


# Begins as no word of an error does: a secret that is a word of ours would be "found" in our own text.
secrets = st.from_regex(r"zq[A-Za-z0-9!#$%()*+,./:;=?@^_{|}~-]{6,}", fullmatch=True)
places = st.sampled_from(
    [
        lambda secret: [{"errorCode": "INVALID_FIELD", "message": f"No such column {secret}", "fields": [secret]}],
        lambda secret: [{"errorCode": secret, "message": secret}],
        lambda secret: {"error": secret, "error_description": f"the token {secret} is dead"},
        lambda secret: [secret, secret],
        lambda secret: f"<html><body>Authorization: Bearer {secret}</body></html>",
        lambda secret: f"<p>You sent <b>{secret}</b> to us</p>",
        lambda secret: '[{"access_token": "' + secret,
    ]
)


@given(st.integers(100, 599), secrets, places)
def test_a_secret_that_a_reply_repeats_is_in_no_part_of_the_error(status: int, secret: str, place: Any) -> None:
    said = place(secret)
    body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    headers = {"content-type": f"text/html; {secret}", "location": f"https://elsewhere.example/{secret}"}
    try:
        read_reply(HttpReply(status, headers, body), (secret,))
    except SalesforceError as error:
        parts = ["".join(traceback.format_exception(error)), str(error), repr(error), error.hint, repr(vars(error))]
        assert [part for part in parts if secret in part] == []


@given(st.sampled_from([SESSION_ID, f"Bearer {SESSION_ID}", SESSION_ID.replace("!", "%21")]))
def test_a_session_id_that_nobody_told_us_is_hidden_by_its_form(shown: str) -> None:
    page = refused(HttpReply(500, HTML, f"<html>You sent {shown} here</html>".encode()))
    listed = refused(reply(400, [{"errorCode": "INVALID_FIELD", "message": f"You sent {shown} here"}]))

    assert str(page).endswith("You sent [hidden] here")
    assert listed.message == "You sent [hidden] here"
