"""Whatever the org answers, a method of the client gives a value or a `SalesforceError`."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcp_salesforce.salesforce import SalesforceClient, SalesforceError, UnreadableReplyError
from mcp_salesforce.salesforce.replies import read_reply
from mcp_salesforce.salesforce.retry import may_be_repeated
from mcp_salesforce.salesforce.wire import HttpReply, Request
from tests.effort import examples
from tests.salesforce.scripted import CONTACT_ID, Answer, ScriptedOrg

Method = Callable[[SalesforceClient], Awaitable[object]]
VALUES = {"LastName": "Ode"}
SOQL = "SELECT Id FROM Contact"
JOB_ID = "750000000000001AAA"
NEXT = "/services/data/v60.0/query/01g000000000001-2000"


async def all_pages(client: SalesforceClient) -> list[object]:
    return [page async for page in client.queries.pages(SOQL)]


async def all_jobs(client: SalesforceClient) -> list[object]:
    return [job async for job in client.bulk.jobs("query")]


async def all_result_pages(client: SalesforceClient) -> list[object]:
    return [page async for page in client.bulk.result_pages(JOB_ID)]


class Nowhere:
    """A sink that keeps nothing."""

    def begin(self) -> None:
        """Nothing is kept."""

    def take(self, piece: bytes) -> None:
        """Nothing is kept."""


METHODS: dict[str, Method] = {
    "create": lambda c: c.sobjects.create("Contact", VALUES),
    "retrieve": lambda c: c.sobjects.retrieve("Contact", CONTACT_ID),
    "update": lambda c: c.sobjects.update("Contact", CONTACT_ID, VALUES, unmodified_since=datetime.now(UTC)),
    "delete": lambda c: c.sobjects.delete("Contact", CONTACT_ID),
    "delete_from_event_onwards": lambda c: c.sobjects.delete_from_event_onwards("00U000000000001AAA"),
    "create several": lambda c: c.collections.create("Contact", [VALUES, VALUES]),
    "update several": lambda c: c.collections.update("Contact", [{"Id": CONTACT_ID}]),
    "upsert several": lambda c: c.collections.upsert("Contact", "Email", [{"Email": "a@b.example"}]),
    "delete several": lambda c: c.collections.delete([CONTACT_ID]),
    "run": lambda c: c.composite.run([Request("GET", "limits"), Request("GET", "query", {"q": SOQL})]),
    "run_all_or_none": lambda c: c.composite.run_all_or_none([Request("POST", "sobjects/Contact", body=VALUES)]),
    "query": lambda c: c.queries.query(SOQL),
    "long query": lambda c: c.queries.query(f"SELECT Id FROM Contact WHERE LastName = '{'é' * 9000}'"),
    "query_more": lambda c: c.queries.query_more(NEXT),
    "pages": all_pages,
    "describe": lambda c: c.describe.describe("Contact"),
    "describe_since": lambda c: c.describe.describe_since("Contact", ""),
    "describe_since a stamp": lambda c: c.describe.describe_since("Contact", "Sun, 22 Nov 2026 09:00:00 GMT"),
    "picklist_values": lambda c: c.describe.picklist_values("Contact", "012000000000000AAA", "LeadSource"),
    "global": lambda c: c.describe.global_(),
    "global_since": lambda c: c.describe.global_since(""),
    "search": lambda c: c.search.search("FIND {ode}"),
    "limits": lambda c: c.limits.limits(),
    "undelete": lambda c: c.soap.undelete([CONTACT_ID]),
    "merge": lambda c: c.soap.merge("Contact", CONTACT_ID, ["003000000000002AAA"]),
    "convert_lead": lambda c: c.soap.convert_lead("00Q000000000001EAA", "Closed - Converted"),
    "create_query_job": lambda c: c.bulk.create_query_job(SOQL),
    "create_ingest_job": lambda c: c.bulk.create_ingest_job("Contact", "insert"),
    "upload": lambda c: c.bulk.upload(JOB_ID, b"LastName\nOde\n"),
    "close": lambda c: c.bulk.close(JOB_ID),
    "abort": lambda c: c.bulk.abort("query", JOB_ID),
    "delete job": lambda c: c.bulk.delete("ingest", JOB_ID),
    "job": lambda c: c.bulk.job("query", JOB_ID),
    "jobs": all_jobs,
    "result_page": lambda c: c.bulk.result_page(JOB_ID),
    "result_pages": all_result_pages,
    "ingest_results": lambda c: c.bulk.ingest_results(JOB_ID, "failedResults", Nowhere()),
    "identity": lambda c: c.identity(),
    "userinfo": lambda c: c.userinfo(),
    "organization": lambda c: c.organization(),
}
FAMILIES = ("sobjects", "collections", "composite", "queries", "describe", "search", "limits", "soap", "bulk")

WORDS = st.sampled_from(
    ["id", "success", "errors", "records", "done", "totalSize", "nextRecordsUrl", "compositeResponse", "body",
     "httpStatusCode", "error", "error_description", "errorCode", "statusCode", "message", "fields", "duplicateResult",
     "sobjects", "name", "label", "type", "searchRecords", "Max", "Remaining", "user_id", "organization_id", "Id"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=9),
    st.sampled_from([CONTACT_ID, NEXT, "INVALID_SESSION_ID", "REQUEST_LIMIT_EXCEEDED", "Contact"]),
)  # fmt: skip
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=5)
)


def test_no_method_of_the_client_is_left_out() -> None:
    client = ScriptedOrg().client()
    public = [name for family in FAMILIES for name in dir(getattr(client, family)) if not name.startswith("_")]

    assert len(METHODS) >= len(public) + len(("identity", "userinfo", "organization"))


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=examples(30))
@given(value=JSON, status=st.sampled_from([200, 201, 204, 300, 304, 400, 401, 403, 404, 412, 418, 501, 505]))
@example(value=None, status=200)
@example(value=[], status=200)
@example(value={"totalSize": 1, "done": False, "records": [], "nextRecordsUrl": NEXT}, status=200)
@example(value={"totalSize": 1, "done": False, "records": [], "nextRecordsUrl": "http://elsewhere"}, status=200)
async def test_any_json_is_a_value_or_a_salesforce_error(method: str, value: object, status: int) -> None:
    scripted = ScriptedOrg()

    async def answer_alike(_call: object) -> None:
        scripted.answers.append(Answer(status, raw=orjson.dumps(value)))

    try:
        body = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return  # an integer beyond 64 bits
    assert body
    scripted.before_answer = answer_alike
    failure = None
    async with scripted.client() as client:
        try:
            await METHODS[method](client)
        except SalesforceError as error:
            failure = error
    assert failure is None or 0 < len(failure.message) < 10_000


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"a": "\xff\xfe"}', "not valid UTF-8"),
        (b'[{"Name": "Z\xfcrich"}]', "not valid UTF-8"),
        (b"[" * 2000 + b"]" * 2000, "nested too deeply"),
        (b'{"a": NaN}', "malformed"),
        (b'{"a": 1,}', "malformed"),
        (b"\xff\xd8\xff\xe0 JFIF", "not one of Salesforce's"),
        ("{}".encode("utf-16"), "not one of Salesforce's"),
    ],
)
async def test_a_reply_that_no_repetition_mends_is_read_once(
    client: SalesforceClient, scripted: ScriptedOrg, raw: bytes, said: str
) -> None:
    scripted.answers.extend([Answer(raw=raw)] * 4)

    with pytest.raises(SalesforceError, match=said) as caught:
        await client.queries.query(SOQL)

    assert len(scripted.data_calls) == 1
    assert not caught.value.retryable
    assert "cut short" not in caught.value.message


@pytest.mark.parametrize("whole", [{"Name": "Zürich 😀", "n": [1, True, None, "a\\b\u0001"]}, [{"a": {"b": -1.5e3}}]])
def test_json_that_is_cut_anywhere_is_told_as_cut_and_may_be_read_again(whole: Any) -> None:
    raw = orjson.dumps(whole)
    for end in range(1, len(raw)):
        with pytest.raises(UnreadableReplyError, match="cut short") as caught:
            read_reply(HttpReply(200, {}, raw[:end]))
        assert may_be_repeated(caught.value, idempotent=True)


async def test_pages_that_lead_round_in_a_circle_end(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    urls = [NEXT, NEXT.replace("2000", "4000"), NEXT]
    scripted.answers.extend(
        Answer(value={"totalSize": 9, "done": False, "records": [], "nextRecordsUrl": url}) for url in urls
    )

    with pytest.raises(SalesforceError, match="repeat without an end"):
        await all_pages(client)

    assert len(scripted.data_calls) == 3


async def test_an_error_text_of_megabytes_is_kept_short_and_hides_the_token(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    def refuse(call: Any) -> Any:
        token = call.headers["authorization"].removeprefix("Bearer ")
        text = f"no {token} " * 200_000
        entries = [{"errorCode": "X" * 10**6, "message": text, "fields": [token] * 10_000}] * 3
        scripted.answers.append(Answer(400, entries))

    async def answer_at_length(call: object) -> None:
        refuse(call)

    scripted.before_answer = answer_at_length
    with pytest.raises(SalesforceError) as caught:
        await client.queries.query(SOQL)

    assert len(str(caught.value)) < 10_000
    assert len(caught.value.fields) <= 100
    assert "!AQ" not in f"{caught.value} {caught.value.fields}"
