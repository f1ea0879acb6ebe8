"""Requests as values: what may be sent, and how it is quoted."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.salesforce import InvalidArgumentError, Request
from mcp_salesforce.salesforce.wire import (
    HttpReply,
    HttpRequest,
    field_name,
    json_body,
    origin,
    page_path,
    path,
    sobject_name,
    url_of,
)

ORG = "https://acme.my.salesforce.com"


@given(st.lists(st.text(), min_size=1))
def test_a_path_keeps_its_segments_whatever_they_hold_or_is_refused(segments: list[str]) -> None:
    try:
        joined = path(*segments)
    except InvalidArgumentError:
        return
    assert [unquote(part) for part in joined.split("/")] == segments
    assert urlsplit(f"{ORG}/{joined}").path == f"/{joined}"


@pytest.mark.parametrize("segment", ["", ".", "..", "../x", "a/../b", "..\\x", "a/.", "\x00", "a\nb", "\ud800"])
def test_a_segment_that_steps_out_of_its_place_is_refused(segment: str) -> None:
    with pytest.raises(InvalidArgumentError):
        path("sobjects", segment)


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=3))
def test_parameters_arrive_as_they_were_given(params: dict[str, str]) -> None:
    url = url_of(ORG, "v60.0", Request("GET", "query", params))

    assert dict(parse_qsl(urlsplit(url).query, strict_parsing=bool(params))) == params


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="Half a character"):
        url_of(ORG, "v60.0", Request("GET", "query", {"q": "\ud800"}))


def test_a_plus_sign_and_a_space_are_quoted_so_that_no_server_confuses_them() -> None:
    url = url_of(ORG, "v60.0", Request("GET", "query", {"q": "a +01:00"}))

    assert url == f"{ORG}/services/data/v60.0/query?q=a%20%2B01%3A00"


def test_an_absolute_path_is_not_put_under_the_version() -> None:
    assert url_of(ORG, "v60.0", Request("GET", "/services/oauth2/userinfo")) == f"{ORG}/services/oauth2/userinfo"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://acme.my.salesforce.com", ORG),
        ("https://ACME.my.salesforce.com/", ORG),
        ("https://acme.my.salesforce.com/services?x=1", ORG),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_the_origin_of_an_org_is_scheme_host_and_port(url: str, expected: str) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "acme.my.salesforce.com",
        "http://acme.my.salesforce.com",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "ftp://localhost",
        "https://",
        "https://user@acme.my.salesforce.com",
        "https://user:secret-4711@acme.my.salesforce.com",
        "https://acme.my.salesforce.com:port",
        "https://acme.my .salesforce.com",
        "https://acme.my.salesforce.com\r\nHost: evil.example",
        "https://[::1",
        "javascript:alert(1)",
    ],
)
def test_a_url_that_tokens_may_not_go_to_is_refused_without_showing_its_secrets(url: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        origin(url)
    assert "secret-4711" not in str(caught.value)


@given(st.text())
def test_any_text_is_an_origin_or_refused(url: str) -> None:
    try:
        found = origin(url)
    except InvalidArgumentError:
        return
    assert origin(found) == found


@pytest.mark.parametrize(
    "url",
    [
        "/services/data/v60.0/query/0r8xx5R2yF2gs3VASQ-2000",
        "/services/data/v29.0/query/01gC000006QJJ7fIAH-200",
        "/services/data/v60.0/queryAll/0r8xx5R2yF2gs3VASQ-2000",
        "/services/data/v60.0/tooling/query/0r8xx5R2yF2gs3VASQ-2000",
    ],
)
def test_the_path_of_a_next_page_is_taken_as_given(url: str) -> None:
    assert page_path(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://evil.example/services/data/v60.0/query/0r8-2000",
        "//evil.example/services/data/v60.0/query/0r8-2000",
        "/services/data/v60.0/query/../sobjects/Contact",
        "/services/data/v60.0/query/..%2F..%2Fsobjects",
        "/services/data/v60.0/query/0r8-2000/../../x",
        "/services/data/v60.0/query/0r8-2000?x=1",
        "/services/data/v60.0/sobjects/Contact/003000000000001AAA",
        "/services/data/v60.0/query/0r8\\@evil.example",
        "/services/data/v60.0/query/",
        "@evil.example/services/data/v60.0/query/0r8-2000",
    ],
)
def test_anything_but_the_path_of_a_next_page_is_refused(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="nextRecordsUrl"):
        page_path(url)


@pytest.mark.parametrize(
    "name", ["", "Contact/../x", "Contact?x", "1Contact", "Cont act", "Kontakt\u00e9", "Contact\n"]
)
def test_what_is_no_api_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="API name of an object"):
        sobject_name(name)
    with pytest.raises(InvalidArgumentError, match="API name of a field"):
        field_name(name)


@pytest.mark.parametrize("name", ["Id", "Account.Owner.Name", "ns__Region__c"])
def test_api_names_are_taken_as_given(name: str) -> None:
    assert field_name(name) == name
    assert sobject_name(name.replace(".", "")) == name.replace(".", "")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_json_values_arrive_as_they_were_given(value: object) -> None:
    assert orjson.loads(json_body(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        {"Amount": float("nan")},
        {"Amount": float("-inf")},
        [{"Amount": {"nested": [float("inf")]}}],
        {"Amount": 2**64},
        {"Start": datetime(2026, 2, 20, tzinfo=UTC)},
        {"Name": b"bytes"},
        {"Name": "\ud800"},
        {1: "a key that is no text"},
    ],
)
def test_what_json_cannot_carry_is_refused_and_not_sent_as_null(value: object) -> None:
    with pytest.raises(InvalidArgumentError):
        json_body(value)


def test_reads_and_deletes_may_be_repeated_and_writes_only_when_said_so() -> None:
    assert [
        method for method in ("GET", "HEAD", "PUT", "DELETE", "POST", "PATCH") if Request(method, "x").is_idempotent
    ] == [
        "GET",
        "HEAD",
        "PUT",
        "DELETE",
    ]
    assert Request("POST", "composite", idempotent=True).is_idempotent


def test_representations_show_neither_token_nor_query_nor_values() -> None:
    http = HttpRequest("GET", f"{ORG}/x?q=Anna", {"Authorization": "Bearer 00D!secret"}, b"Anna")
    shown = (
        repr(http) + repr(HttpReply(200, {"set-cookie": "secret"}, b"Anna")) + repr(Request("GET", "x", {"q": "Anna"}))
    )

    assert "Anna" not in shown
    assert "secret" not in shown
