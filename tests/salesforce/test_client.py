"""The client against an org that answers as told, in this process."""

import asyncio
import logging
import re
import traceback
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, unquote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.salesforce import (
    AsgiTransport,
    AuthenticationError,
    InvalidArgumentError,
    NotFoundError,
    OutcomeUnknownError,
    RecordLockedError,
    Request,
    SalesforceClient,
    SalesforceError,
    ServerError,
    StaticTokenSource,
    TransportError,
    UnreadableReplyError,
)
from tests.clock import Clock
from tests.effort import examples
from tests.salesforce.scripted import (
    CONTACT_ID,
    INSTANCE_URL,
    ORG_ID,
    SECRETS,
    USER_ID,
    Answer,
    Call,
    ScriptedOrg,
    refresh_source,
    refusal,
    token_reply,
)

LIMITS = Request("GET", "limits")
LOCKED = refusal(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
AWAY = refusal(503, "SERVER_UNAVAILABLE")
BROKEN = Answer(error=ConnectionResetError("reset"))


def hold_until_sent(scripted: ScriptedOrg, count: int) -> None:
    """Answer nothing until `count` calls have arrived, so that all of them are under way at once."""
    all_sent = asyncio.Event()

    async def hold(_call: Call) -> None:
        if len(scripted.data_calls) >= count:
            all_sent.set()
        await all_sent.wait()

    scripted.before_answer = hold


async def test_the_first_call_gets_a_token_and_later_calls_keep_it(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    await client.send(LIMITS)
    await client.send(LIMITS)

    assert [call.path for call in scripted.calls] == [
        "/services/oauth2/token",
        "/services/data/v60.0/limits",
        "/services/data/v60.0/limits",
    ]
    assert parse_qs(scripted.token_calls[0].body.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["consumer-key"],
        "client_secret": [SECRETS[0]],
        "refresh_token": [SECRETS[1]],
    }
    assert scripted.data_calls[0].headers["authorization"] == f"Bearer {ORG_ID[:15]}!AQ1"


async def test_an_expired_session_is_renewed_once_for_64_calls_at_once(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    await client.send(LIMITS)
    scripted.expire_sessions()
    hold_until_sent(scripted, 1 + 64)

    answers = await asyncio.gather(*(client.send(LIMITS) for _ in range(64)))

    assert answers == [{}] * 64
    assert len(scripted.token_calls) == 2
    assert len(scripted.data_calls) == 1 + 64 + 64


async def test_64_first_calls_at_once_get_one_token(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.token_delay_s = 0.01

    await asyncio.gather(*(client.send(LIMITS) for _ in range(64)))

    assert len(scripted.token_calls) == 1
    assert len(scripted.data_calls) == 64


async def test_a_call_that_learns_late_of_the_expiry_takes_the_token_that_is_there(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    await client.send(LIMITS)
    scripted.expire_sessions()
    may_answer = asyncio.Event()

    async def hold_the_late_call(call: Call) -> None:
        if call.headers["authorization"].endswith("AQ1") and call.query == "late=1":
            await may_answer.wait()

    scripted.before_answer = hold_the_late_call
    late = asyncio.create_task(client.send(Request("GET", "limits", {"late": "1"})))
    await client.send(LIMITS)
    may_answer.set()

    assert await late == {}
    assert len(scripted.token_calls) == 2


async def test_a_call_that_starts_while_the_token_is_renewed_waits_for_it(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    await client.send(LIMITS)
    scripted.expire_sessions()
    scripted.token_delay_s = 0.02
    scripted.token_asked.clear()
    first = asyncio.create_task(client.send(LIMITS))
    await scripted.token_asked.wait()

    await client.send(Request("GET", "limits", {"second": "1"}))
    await first

    assert [call.query for call in scripted.data_calls].count("second=1") == 1


async def test_a_call_that_is_cancelled_does_not_end_the_renewal_for_others(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.token_delay_s = 0.02
    first = asyncio.create_task(client.send(LIMITS))
    await asyncio.sleep(0)
    second = asyncio.create_task(client.send(LIMITS))
    await scripted.token_asked.wait()
    first.cancel()

    assert await second == {}
    with pytest.raises(asyncio.CancelledError):
        await first
    assert len(scripted.token_calls) == 1


async def test_a_session_that_stays_invalid_stops_after_one_renewal(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.opens_valid_sessions = False

    with pytest.raises(AuthenticationError, match="still invalid after one renewal") as caught:
        await client.send(LIMITS)

    assert caught.value.code == "INVALID_SESSION_ID"
    assert len(scripted.token_calls) == 2
    assert len(scripted.data_calls) == 2


async def test_a_refusal_of_another_kind_after_the_renewal_is_told_as_it_is(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    await client.send(LIMITS)
    scripted.expire_sessions()
    scripted.answers.append(refusal(401, "INVALID_AUTH_HEADER", "the header is malformed"))

    with pytest.raises(AuthenticationError, match="the header is malformed") as caught:
        await client.send(LIMITS)

    assert caught.value.code == "INVALID_AUTH_HEADER"
    assert len(scripted.token_calls) == 2


async def test_64_calls_of_a_session_that_stays_invalid_fail_after_one_renewal(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    await client.send(LIMITS)
    scripted.expire_sessions()
    scripted.opens_valid_sessions = False
    hold_until_sent(scripted, 1 + 64)

    outcomes = await asyncio.gather(*(client.send(LIMITS) for _ in range(64)), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {AuthenticationError}
    assert len(scripted.token_calls) == 2


async def test_the_call_goes_to_the_instance_url_that_came_with_the_new_token(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    await client.send(LIMITS)
    scripted.expire_sessions()
    moved = token_reply(instance_url="https://acme--moved.my.salesforce.com", access_token=f"{ORG_ID[:15]}!moved")
    scripted.token_answers.append(Answer(value=moved))

    with pytest.raises(AuthenticationError):
        await client.send(LIMITS)

    assert [call.headers["host"] for call in scripted.data_calls] == [
        "acme.my.salesforce.com",
        "acme.my.salesforce.com",
        "acme--moved.my.salesforce.com",
    ]


@pytest.mark.parametrize("has_hook", [True, False])
async def test_a_rotated_refresh_token_is_taken_over_and_handed_on(scripted: ScriptedOrg, has_hook: bool) -> None:
    kept: list[str] = []
    scripted.token_answers.append(Answer(value=token_reply(refresh_token="rotated-2")))
    async with scripted.client(source=refresh_source(on_rotated=kept.append if has_hook else None)) as client:
        await client.send(LIMITS)

    assert kept == (["rotated-2"] if has_hook else [])
    assert [parse_qs(call.body.decode())["refresh_token"] for call in scripted.token_calls] == [
        [SECRETS[1]],
        ["rotated-2"],
    ]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            Answer(400, {"error": "invalid_grant", "error_description": "expired access/refresh token"}),
            AuthenticationError,
            "invalid_grant: expired access/refresh token",
        ),
        (
            Answer(400, {"error": "invalid_client", "error_description": "invalid client credentials"}),
            AuthenticationError,
            "invalid_client: invalid client credentials",
        ),
        (Answer(200, {"token_type": "Bearer"}), UnreadableReplyError, "no access_token and instance_url"),
        (Answer(200, []), UnreadableReplyError, "no access_token and instance_url"),
        (
            Answer(200, raw=b"<html>Log in</html>", headers={"content-type": "text/html"}),
            UnreadableReplyError,
            "Log in",
        ),
        (Answer(value=token_reply(instance_url="http://acme.example")), AuthenticationError, "refused"),
        (Answer(value=token_reply(access_token="with space")), AuthenticationError, "characters"),
    ],
)
async def test_without_a_token_no_call_is_sent_and_the_cause_is_told(
    client: SalesforceClient, scripted: ScriptedOrg, answer: Answer, kind: type[SalesforceError], words: str
) -> None:
    scripted.token_answers.append(answer)

    with pytest.raises(kind, match=words) as caught:
        await client.send(LIMITS)

    assert scripted.data_calls == []
    assert caught.value.hint


async def test_a_failed_renewal_is_told_to_every_call_and_the_next_call_tries_again(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.token_delay_s = 0.01
    scripted.token_answers.append(Answer(400, {"error": "invalid_grant", "error_description": "expired"}))

    outcomes = await asyncio.gather(*(client.send(LIMITS) for _ in range(8)), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {AuthenticationError}
    assert await client.send(LIMITS) == {}


async def test_a_token_that_was_given_is_not_renewed(scripted: ScriptedOrg) -> None:
    source = StaticTokenSource(f"{ORG_ID[:15]}!given", INSTANCE_URL)
    async with SalesforceClient(source, transport=AsgiTransport(scripted)) as client:
        with pytest.raises(AuthenticationError, match="it cannot be renewed"):
            await client.send(LIMITS)

    assert len(scripted.calls) == 1


@pytest.mark.parametrize("token", ["", "with space", "line\r\nbreak", "nön-ascii"])
def test_a_token_that_cannot_stand_in_a_header_is_refused(token: str) -> None:
    with pytest.raises(InvalidArgumentError, match="access token"):
        StaticTokenSource(token, INSTANCE_URL)


@pytest.mark.parametrize("answer", [AWAY, BROKEN, LOCKED, Answer(503, raw=b"<html>", headers={})])
async def test_a_read_waits_out_a_passing_failure(
    client: SalesforceClient, scripted: ScriptedOrg, answer: Answer
) -> None:
    scripted.answers.append(answer)

    assert await client.send(LIMITS) == {}
    assert len(scripted.data_calls) == 2


async def test_a_failure_that_lasts_is_raised_after_four_attempts(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.extend([LOCKED] * 9)

    with pytest.raises(RecordLockedError):
        await client.send(LIMITS)

    assert len(scripted.data_calls) == 4


@pytest.mark.parametrize("answer", [AWAY, BROKEN])
async def test_a_create_of_unknown_outcome_is_never_sent_again_but_looked_for(
    client: SalesforceClient, scripted: ScriptedOrg, answer: Answer
) -> None:
    scripted.answers.append(answer)
    scripted.answers.append(Answer(value={"user_id": USER_ID, "organization_id": ORG_ID}))
    records = [
        {"Id": CONTACT_ID, "LastName": "Doe", "Start__c": "2026-02-20T18:00:00.000+0000"},
        {"Id": "003000000000002AAA", "LastName": "Doe", "Start__c": "2026-02-20T19:00:00.000+0000"},
    ]
    scripted.answers.append(Answer(value={"totalSize": 2, "done": True, "records": records}))

    with pytest.raises(OutcomeUnknownError) as caught:
        await client.sobjects.create("Contact", {"LastName": "Doe ", "Start__c": "2026-02-20T19:00:00+01:00"})

    assert caught.value.candidates == (CONTACT_ID,)
    assert [call.method for call in scripted.data_calls] == ["POST", "GET", "GET"]
    assert f"CreatedById = '{USER_ID}'" in unquote(scripted.data_calls[-1].query)


async def test_a_create_of_unknown_outcome_says_so_where_the_org_cannot_be_asked(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.extend([AWAY, refusal(403, "API_DISABLED_FOR_ORG")])

    with pytest.raises(OutcomeUnknownError, match="could not be asked") as caught:
        await client.sobjects.create("Contact", {"LastName": "Doe"})

    assert caught.value.candidates == ()


@pytest.mark.parametrize(("method", "is_unknown"), [("PATCH", True), ("DELETE", True), ("GET", False)])
async def test_a_write_without_an_answer_may_have_been_done_and_a_read_not(
    client: SalesforceClient, scripted: ScriptedOrg, method: str, is_unknown: bool
) -> None:
    scripted.answers.extend([BROKEN] * 4)

    with pytest.raises(TransportError) as caught:
        await client.send(Request(method, f"sobjects/Contact/{CONTACT_ID}"))

    assert caught.value.is_outcome_unknown is is_unknown


@pytest.mark.parametrize(
    ("status", "is_unknown"), [(200, True), (299, True), (302, False), (404, False), (499, False), (500, True)]
)
async def test_a_page_in_place_of_an_answer_tells_by_its_status_whether_a_write_may_have_been_done(
    client: SalesforceClient, scripted: ScriptedOrg, status: int, is_unknown: bool
) -> None:
    page = Answer(status, raw=b"<html><body>Proxy</body></html>", headers={"content-type": "text/html"})
    scripted.answers.extend([page] * 4)

    with pytest.raises(UnreadableReplyError) as caught:
        await client.send(Request("DELETE", f"sobjects/Contact/{CONTACT_ID}"))

    assert caught.value.is_outcome_unknown is is_unknown
    assert not (is_unknown and caught.value.retryable)


async def test_a_lost_create_of_several_records_is_looked_for_as_any_of_them(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.extend([AWAY, Answer(value={"user_id": USER_ID, "organization_id": ORG_ID})])
    made = [{"Id": CONTACT_ID, "LastName": "Doe"}, {"Id": "003000000000002AAA", "LastName": "Moe"}]
    scripted.answers.append(Answer(value={"totalSize": 2, "done": True, "records": made}))

    with pytest.raises(OutcomeUnknownError) as caught:
        await client.collections.create("Contact", [{"LastName": "Doe"}, {"LastName": "Roe"}])

    assert caught.value.candidates == (CONTACT_ID,)


async def test_a_lost_create_is_looked_for_by_an_org_whose_clock_is_minutes_behind(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.extend([AWAY, Answer(value={"user_id": USER_ID, "organization_id": ORG_ID})])
    scripted.answers.append(Answer(value={"totalSize": 0, "done": True, "records": []}))

    with pytest.raises(OutcomeUnknownError):
        await client.sobjects.create("Contact", {"LastName": "Doe"})

    since = re.search(r"CreatedDate >= ([\d:TZ.-]+)", unquote_plus(scripted.data_calls[-1].query))
    assert since
    assert datetime.now(UTC) - datetime.fromisoformat(since[1]) >= timedelta(minutes=5)


async def test_requests_beyond_the_most_at_once_wait_for_their_turn(scripted: ScriptedOrg) -> None:
    under_way: list[int] = []
    running = 0

    async def answer(_call: Call) -> None:
        nonlocal running
        running += 1
        under_way.append(running)
        await asyncio.sleep(0)
        running -= 1

    scripted.before_answer = answer
    async with SalesforceClient(refresh_source(), transport=AsgiTransport(scripted), max_concurrency=3) as client:
        await asyncio.gather(*(client.send(LIMITS) for _ in range(20)))

    assert max(under_way) == 3


async def test_a_create_that_never_got_its_turn_was_not_sent(scripted: ScriptedOrg, clock: Clock) -> None:
    has_begun = asyncio.Event()

    async def hang(_call: Call) -> None:
        has_begun.set()
        await asyncio.Event().wait()

    scripted.before_answer = hang
    transport = AsgiTransport(scripted)
    async with SalesforceClient(refresh_source(), transport=transport, max_concurrency=1, timeout_s=30) as client:
        blocking = asyncio.create_task(client.send(LIMITS))
        await has_begun.wait()
        creating = asyncio.create_task(client.sobjects.create("Contact", {"LastName": "Doe"}))
        for _ in range(20):  # until it waits: nothing else runs
            await asyncio.sleep(0)
        clock.put_forward(30)
        with pytest.raises(TransportError, match="was not sent") as caught:
            await creating
        with suppress(TransportError):
            await blocking

    assert not caught.value.sent
    assert not caught.value.is_outcome_unknown


async def test_a_create_that_met_a_lock_is_sent_again(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.extend([LOCKED, Answer(201, {"id": CONTACT_ID, "success": True, "errors": []})])

    assert (await client.sobjects.create("Contact", {"LastName": "Doe"})).id == CONTACT_ID


async def test_a_delete_whose_first_answer_was_lost_has_succeeded_when_the_record_is_gone(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.extend([BROKEN, refusal(404, "ENTITY_IS_DELETED", "entity is deleted")])

    await client.sobjects.delete("Contact", CONTACT_ID)

    assert len(scripted.data_calls) == 2


async def test_a_delete_of_a_deleted_record_is_not_found(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(refusal(404, "ENTITY_IS_DELETED", "entity is deleted"))

    with pytest.raises(NotFoundError, match="entity is deleted"):
        await client.sobjects.delete("Contact", CONTACT_ID)


async def test_a_wait_beyond_the_deadline_is_not_begun(scripted: ScriptedOrg) -> None:
    scripted.answers.append(refusal(503, "SERVER_UNAVAILABLE", **{"retry-after": "3600"}))

    async with scripted.client() as client:
        with pytest.raises(ServerError):
            await client.send(LIMITS)

    assert len(scripted.data_calls) == 1


async def test_a_server_that_hangs_is_given_up_at_the_deadline(scripted: ScriptedOrg, clock: Clock) -> None:
    async def hang(_call: Call) -> None:
        clock.put_forward(30)
        await asyncio.Event().wait()

    scripted.before_answer = hang
    async with scripted.client(timeout_s=30) as client:
        with pytest.raises(TransportError, match="No answer within 30 s") as caught:
            await client.send(LIMITS)

    assert caught.value.sent


async def test_a_token_endpoint_that_hangs_leaves_the_call_unsent(scripted: ScriptedOrg) -> None:
    scripted.token_delay_s = 60

    async with scripted.client(timeout_s=0.02) as client:
        with pytest.raises(TransportError, match="No access token") as caught:
            await client.send(LIMITS)

    assert not caught.value.sent
    assert scripted.data_calls == []


async def test_closing_ends_a_renewal_that_is_under_way(scripted: ScriptedOrg) -> None:
    scripted.token_delay_s = 60
    client = scripted.client()
    call = asyncio.create_task(client.send(LIMITS))
    await scripted.token_asked.wait()

    await client.close()

    with pytest.raises(asyncio.CancelledError):
        await call


async def test_identity_comes_from_the_token_without_another_call(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    identity = await client.identity()

    assert (identity.user_id, identity.organization_id, identity.instance_url) == (USER_ID, ORG_ID, INSTANCE_URL)
    assert scripted.data_calls == []


async def test_identity_asks_the_org_when_the_token_does_not_tell(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    reply = token_reply(id="https://login.salesforce.com/id/foo/bar")
    scripted.token_answers.extend([Answer(value=reply)])
    scripted.answers.append(
        Answer(value={"user_id": USER_ID[:15], "organization_id": ORG_ID, "zoneinfo": "Europe/Paris"})
    )
    scripted._valid.add(reply["access_token"])

    identity = await client.identity()

    assert identity.user_id == USER_ID
    assert scripted.data_calls[0].path == "/services/oauth2/userinfo"


def test_the_use_of_the_api_is_not_known_before_the_first_reply() -> None:
    assert SalesforceClient(refresh_source()).api_usage is None


async def test_the_use_of_the_api_is_read_from_the_latest_reply(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.append(Answer(value={}, headers={"sforce-limit-info": "api-usage=891/15000"}))

    await client.send(LIMITS)
    await client.send(LIMITS)

    assert client.api_usage is not None
    assert (client.api_usage.used, client.api_usage.limit) == (891, 15000)


@pytest.mark.parametrize(("given", "expected"), [("v60.0", "v60.0"), ("61.0", "v61.0"), ("v100.0", "v100.0")])
def test_an_api_version_may_be_given_with_or_without_its_v(given: str, expected: str) -> None:
    assert SalesforceClient(refresh_source(), api_version=given).api_version == expected


@pytest.mark.parametrize("version", ["", "60", "latest", "v60.0/..", "v60.0\n", "v60.1"])
def test_what_is_no_api_version_is_refused(version: str) -> None:
    with pytest.raises(InvalidArgumentError, match="not an API version"):
        SalesforceClient(refresh_source(), api_version=version)


async def test_a_refused_argument_is_not_sent(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    with pytest.raises(InvalidArgumentError):
        await client.sobjects.retrieve("Contact", "../x")
    with pytest.raises(InvalidArgumentError):
        await client.sobjects.create("Contact", {"Amount": float("nan")})

    assert scripted.calls == []


def test_representations_of_sources_show_no_secret() -> None:
    shown = repr(refresh_source()) + repr(StaticTokenSource(f"{ORG_ID[:15]}!given", INSTANCE_URL))

    assert "given" not in shown
    assert not any(secret in shown for secret in SECRETS)


echoes = st.sampled_from(
    [
        lambda call: Answer(400, [{"errorCode": "INVALID_FIELD", "message": f"{call.headers} {call.body!r}"}]),
        lambda call: Answer(
            502, raw=f"<pre>{call.headers} {call.body!r}".encode(), headers={"content-type": "text/html"}
        ),
        lambda call: Answer(302, raw=b"", headers={"location": f"https://x.example/{call.body.decode()}"}),
        lambda call: Answer(error=RuntimeError(f"{call.headers} {call.body!r}")),
        lambda call: Answer(200, raw=f'{{"access_token": "{call.headers} {call.body!r}'.encode()),
        lambda call: Answer(401, {"error": "invalid_client", "error_description": f"{call.headers} {call.body!r}"}),
    ]
)


@settings(max_examples=examples(40))
@given(echo=echoes, at_token=st.booleans())
async def test_no_failure_shows_a_secret_in_its_text_its_traceback_or_the_log(echo: object, at_token: bool) -> None:
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        error = await _failure_of(echo, at_token=at_token)
    finally:
        logging.getLogger().removeHandler(handler)

    shown = [
        "".join(traceback.format_exception(error)),
        str(error),
        repr(error),
        repr(vars(error)),
        error.hint,
        *logged,
    ]
    secrets = [*SECRETS, f"{ORG_ID[:15]}!AQ1"]
    assert [(secret, text) for secret in secrets for text in shown if secret in text] == []


async def _failure_of(echo: object, *, at_token: bool) -> SalesforceError:
    scripted = ScriptedOrg()

    async def app(scope: object, receive: object, send: object) -> None:
        async def tell(call: Call) -> Answer:
            if at_token or call.path != "/services/oauth2/token":
                return echo(call)  # type: ignore[operator, no-any-return]
            return scripted._open_session()

        scripted._answer = tell  # type: ignore[method-assign]
        await scripted(scope, receive, send)  # type: ignore[arg-type]

    client = SalesforceClient(refresh_source(), transport=AsgiTransport(app), timeout_s=0.2)
    async with client:
        with pytest.raises(SalesforceError) as caught:
            await client.sobjects.create("Contact", {"LastName": "Doe"})
    return caught.value
