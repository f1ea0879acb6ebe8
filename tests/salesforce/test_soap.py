"""SOAP calls: the envelope they travel in, and what becomes of every reply."""

import re
from contextlib import suppress
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.salesforce import (
    AsgiTransport,
    AuthenticationError,
    BusyError,
    InvalidArgumentError,
    InvalidRequestError,
    LimitExceededError,
    RecordRejectedError,
    ReplyTooLargeError,
    SalesforceClient,
    SalesforceError,
    ServerError,
    StaticTokenSource,
    TransportError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.envelopes import envelope, read_envelope
from mcp_salesforce.salesforce.wire import HttpReply
from tests.salesforce.scripted import (
    CONTACT_ID,
    INSTANCE_URL,
    ORG_ID,
    Answer,
    ScriptedOrg,
    refresh_source,
    refusal,
    soap_fault,
    soap_reply,
    token_reply,
)

OTHER_ID, LEAD_ID, ACCOUNT_ID = "003000000000002AAA", "00Q000000000001EAA", "001000000000001AAA"
RESTORED = f"<result><id>{CONTACT_ID}</id><success>true</success></result>"
NOT_THERE = (
    "<result><errors><message>Entity is not in the recycle bin</message><statusCode>UNDELETE_FAILED</statusCode>"
    '</errors><id xsi:nil="true"/><success>false</success></result>'
)
NOT_UNDELETABLE = (
    "<result><errors><message>Entity type is not undeletable</message>"
    "<statusCode>CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY</statusCode></errors>"
    f"<id>{OTHER_ID}</id><success>false</success></result>"
)
MERGED = (
    f"<mergeResponse><result><id>{CONTACT_ID}</id><mergedRecordIds>{OTHER_ID}</mergedRecordIds><success>true</success>"
    "<updatedRelatedIds>00U000000000001AAA</updatedRelatedIds><updatedRelatedIds>00T000000000001AAA</updatedRelatedIds>"
    "</result></mergeResponse>"
)
CONVERTED = (
    f"<convertLeadResponse><result><accountId>{ACCOUNT_ID}</accountId><contactId>{CONTACT_ID}</contactId>"
    f'<leadId>{LEAD_ID}</leadId><opportunityId xsi:nil="true"/><success>true</success></result></convertLeadResponse>'
)
LIMIT_INFO = (
    "<LimitInfoHeader><limitInfo><current>3917</current><limit>15000</limit><type>API REQUESTS</type></limitInfo>"
    "</LimitInfoHeader>"
)


def undeleted(*results: str, header: str = "") -> Answer:
    return soap_reply(f"<undeleteResponse>{''.join(results)}</undeleteResponse>", header=header)


def sent(scripted: ScriptedOrg) -> ET.Element:
    """Return the operation of the call that was sent last."""
    found = ET.fromstring(scripted.data_calls[-1].body).find("{*}Body/*")  # noqa: S314 - what the client wrote
    assert found is not None
    return found


def texts(element: ET.Element) -> list[tuple[str, str | None]]:
    return [(child.tag.rpartition("}")[2], child.text) for child in element]


async def test_undelete_tells_each_outcome_in_the_order_given(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(undeleted(RESTORED, NOT_THERE, NOT_UNDELETABLE))

    results = await client.soap.undelete([CONTACT_ID[:15], OTHER_ID, OTHER_ID])

    call = scripted.data_calls[-1]
    assert (call.method, call.path) == ("POST", "/services/Soap/u/60.0")
    assert call.headers["soapaction"] == '""'
    assert call.headers["content-type"] == "text/xml; charset=UTF-8"
    assert "authorization" not in call.headers
    assert call.session_id == f"{ORG_ID[:15]}!AQ1"
    assert sent(scripted).tag == "{urn:partner.soap.sforce.com}undelete"
    assert texts(sent(scripted)) == [("ids", CONTACT_ID), ("ids", OTHER_ID), ("ids", OTHER_ID)]
    assert [result.success for result in results] == [True, False, False]
    assert [error.status_code for result in results for error in result.errors] == [
        "UNDELETE_FAILED",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    ]


async def test_merge_sends_the_master_as_the_wsdl_has_it(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(soap_reply(MERGED))

    values = {"Email": None, "Title": "R&D <lead>", "DoNotCall": True, "Fax": "0"}
    merged = await client.soap.merge("Contact", CONTACT_ID, [OTHER_ID], values)

    (request,) = sent(scripted)
    master, loser = request
    assert [child.tag for child in master] == [
        f"{{urn:sobject.partner.soap.sforce.com}}{name}"
        for name in ("type", "fieldsToNull", "Id", "Title", "DoNotCall", "Fax")
    ]
    assert [child.text for child in master] == ["Contact", "Email", CONTACT_ID, "R&D <lead>", "true", "0"]
    assert (loser.tag, loser.text) == ("{urn:partner.soap.sforce.com}recordToMergeIds", OTHER_ID)
    assert (merged.id, merged.merged_record_ids) == (CONTACT_ID, (OTHER_ID,))
    assert merged.updated_related_ids == ("00U000000000001AAA", "00T000000000001AAA")


async def test_a_lead_is_converted_into_what_the_answer_names(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(soap_reply(CONVERTED))

    converted = await client.soap.convert_lead(
        LEAD_ID, "Closed - Converted", account_id=ACCOUNT_ID, opportunity_name="left out", create_opportunity=False
    )

    (arguments,) = sent(scripted)
    assert texts(arguments) == [
        ("accountId", ACCOUNT_ID),
        ("convertedStatus", "Closed - Converted"),
        ("doNotCreateOpportunity", "true"),
        ("leadId", LEAD_ID),
        ("overwriteLeadSource", "false"),
        ("sendNotificationEmail", "false"),
    ]
    assert (converted.account_id, converted.contact_id) == (ACCOUNT_ID, CONTACT_ID)
    assert converted.opportunity_id is None


@pytest.mark.parametrize(
    ("operation", "code"),
    [("merge", "MERGE_FAILED"), ("convertLead", "INVALID_STATUS"), ("merge", "REQUIRED_FIELD_MISSING")],
)
async def test_a_record_that_is_refused_is_raised_as_rest_would(
    client: SalesforceClient, scripted: ScriptedOrg, operation: str, code: str
) -> None:
    scripted.answers.append(
        soap_reply(
            f"<{operation}Response><result><errors><fields>Status</fields><message>no</message><statusCode>{code}"
            f"</statusCode></errors><success>false</success></result></{operation}Response>"
        )
    )

    soap = client.soap
    call = soap.merge("Contact", CONTACT_ID, [OTHER_ID]) if operation == "merge" else soap.convert_lead(LEAD_ID, "Open")
    with pytest.raises(RecordRejectedError, match=f"{code}: no") as caught:
        await call

    assert caught.value.fields == ("Status",)
    assert not caught.value.is_outcome_unknown


async def test_arguments_that_cannot_be_right_are_not_sent(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    soap = client.soap
    for call in (
        lambda: soap.undelete([]),
        lambda: soap.undelete([CONTACT_ID] * 201),
        lambda: soap.undelete(["</ids><ids>"]),
        lambda: soap.merge("Contact", CONTACT_ID, []),
        lambda: soap.merge("Contact", CONTACT_ID, [OTHER_ID, "003000000000003AAA", "003000000000004AAA"]),
        lambda: soap.merge("Contact", CONTACT_ID, [CONTACT_ID[:15]]),
        lambda: soap.merge("Contact", CONTACT_ID, [ACCOUNT_ID]),
        lambda: soap.merge("Contact></type>", CONTACT_ID, [OTHER_ID]),
        lambda: soap.merge("Contact", CONTACT_ID, [OTHER_ID], {"id": OTHER_ID}),
        lambda: soap.merge("Contact", CONTACT_ID, [OTHER_ID], {"Title><x": "1"}),
        lambda: soap.merge("Contact", CONTACT_ID, [OTHER_ID], {"A.B": None}),
        lambda: soap.merge("Contact", CONTACT_ID, [OTHER_ID], {"Title": "\x00"}),
        lambda: soap.merge("Contact", CONTACT_ID, [OTHER_ID], {"Title": "\ud83d"}),
        lambda: soap.merge("Contact", CONTACT_ID, [OTHER_ID], {"Amount": float("nan")}),
        lambda: soap.merge("Contact", CONTACT_ID, [OTHER_ID], {"Title": b"bytes"}),
        lambda: soap.convert_lead(LEAD_ID, "Closed - Converted", contact_id=CONTACT_ID),
        lambda: soap.convert_lead("x", "Closed - Converted"),
    ):
        with pytest.raises(InvalidArgumentError):
            await call()

    assert scripted.data_calls == []


async def test_a_session_that_expires_is_renewed_once_and_the_call_sent_again(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    await client.limits.limits()
    scripted.expire_sessions()
    scripted.answers.append(undeleted(RESTORED))

    (result,) = await client.soap.undelete([CONTACT_ID])

    assert result.success
    assert [call.session_id for call in scripted.data_calls[1:]] == [f"{ORG_ID[:15]}!AQ1", f"{ORG_ID[:15]}!AQ2"]
    assert len(scripted.token_calls) == 2


async def test_a_session_that_stays_invalid_ends_the_call_after_one_renewal(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.opens_valid_sessions = False

    with pytest.raises(AuthenticationError, match="still invalid after one renewal") as caught:
        await client.soap.undelete([CONTACT_ID])

    assert len(scripted.data_calls) == 2
    assert not caught.value.is_outcome_unknown


@pytest.mark.parametrize("is_renewable", [True, False])
async def test_a_token_that_is_no_session_id_and_is_refused_is_told_as_one(is_renewable: bool) -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJl"
    scripted = ScriptedOrg()
    scripted.token_answers.extend([Answer(value=token_reply(access_token=token))] * 2)
    source: Any = refresh_source() if is_renewable else StaticTokenSource(token, INSTANCE_URL)
    async with SalesforceClient(source, transport=AsgiTransport(scripted)) as client:
        with pytest.raises(AuthenticationError, match=r"SOAP API refuses this access token.*JSON Web Token") as caught:
            await client.soap.undelete([CONTACT_ID])

    assert "68.0" in caught.value.hint
    assert "eyJ" not in f"{caught.value!r} {vars(caught.value)}"
    assert len(scripted.data_calls) == 1 + is_renewable


async def test_a_token_that_soap_takes_is_not_judged_by_its_form() -> None:
    scripted = ScriptedOrg()
    scripted._valid.add("eyJ.new.form")
    scripted.answers.append(undeleted(RESTORED))
    source = StaticTokenSource("eyJ.new.form", INSTANCE_URL)
    async with SalesforceClient(source, transport=AsgiTransport(scripted), api_version="68.0") as client:
        (result,) = await client.soap.undelete([CONTACT_ID])

    assert result.success
    assert scripted.data_calls[-1].path == "/services/Soap/u/68.0"


@pytest.mark.parametrize(
    ("fault", "kind", "is_unknown"),
    [
        (soap_fault("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"), RecordRejectedError, False),
        (soap_fault("EXCEEDED_ID_LIMIT", "record limit reached"), LimitExceededError, False),
        (soap_fault("UNSUPPORTED_API_VERSION", "Invalid Api version"), InvalidRequestError, False),
        (soap_fault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), LimitExceededError, False),
        (soap_fault("Client", "Element {}x invalid at this location", "soapenv"), InvalidRequestError, False),
        (soap_fault("UNKNOWN_EXCEPTION", "An unexpected error occurred."), ServerError, True),
        (soap_fault("SERVER_UNAVAILABLE", "server unavailable"), ServerError, True),
        (soap_fault("NEVER_HEARD_OF", "it broke"), ServerError, True),
    ],
)
async def test_a_fault_has_the_class_of_its_code_and_tells_whether_the_call_may_be_done(
    client: SalesforceClient, scripted: ScriptedOrg, fault: Answer, kind: type[SalesforceError], is_unknown: bool
) -> None:
    scripted.answers.append(fault)

    with pytest.raises(kind) as caught:
        await client.soap.undelete([CONTACT_ID])

    assert caught.value.is_outcome_unknown is is_unknown
    assert f"{caught.value.code}: " not in caught.value.message
    assert len(scripted.data_calls) == 1


async def test_too_many_calls_at_once_are_waited_out(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    busy = soap_fault("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
    scripted.answers.extend([busy, undeleted(RESTORED)])

    (result,) = await client.soap.undelete([CONTACT_ID])

    assert result.success
    assert len(scripted.data_calls) == 2
    assert issubclass(BusyError, LimitExceededError)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, raw=b"<html><title>Log in</title></html>", headers={"content-type": "text/html"}), "Log in"),
        (Answer(502, raw=b"<html>Bad gateway</html>", headers={"content-type": "text/html"}), "Bad gateway"),
        (Answer(200, raw=b""), "not a SOAP envelope"),
        (Answer(200, value={"ids": []}), "not a SOAP envelope"),
        (Answer(200, raw=soap_reply("<x>").body), "malformed"),
        (Answer(200, raw=undeleted(RESTORED).body[:-30]), "cut short"),
        (Answer(200, raw=undeleted(RESTORED).body.decode().encode("utf-16")), "not one of Salesforce's"),
        (Answer(200, raw=b'<!DOCTYPE e [<!ENTITY a "b">]>' + undeleted(RESTORED).body[38:]), "document type"),
        (Answer(200, raw=soap_reply("<a/>" * 250_000).body), "more elements"),
        (soap_reply("<undeleteResponse/>"), "not 1 results"),
        (undeleted(RESTORED, RESTORED), "not 1 results"),
        (undeleted("<result><success>true</success></result>"), "shape of SaveResult"),
        (undeleted("<result><success>perhaps</success></result>"), "shape of SaveResult"),
        (undeleted("<result/>"), "shape of SaveResult"),
        (undeleted(f"<result>{'<a>' * 99_000}{'</a>' * 99_000}</result>"), "shape of SaveResult"),
    ],
)
async def test_a_reply_that_cannot_be_read_leaves_the_outcome_unknown_and_is_asked_for_once(
    client: SalesforceClient, scripted: ScriptedOrg, answer: Answer, said: str
) -> None:
    scripted.answers.append(answer)

    with pytest.raises(UnreadableReplyError, match=said) as caught:
        await client.soap.undelete([CONTACT_ID])

    assert caught.value.is_outcome_unknown
    assert CONTACT_ID not in str(caught.value)
    assert len(scripted.data_calls) == 1


async def test_a_reply_beyond_the_bound_leaves_the_outcome_unknown(scripted: ScriptedOrg) -> None:
    scripted.answers.append(undeleted(RESTORED))
    transport = AsgiTransport(scripted, most_reply_bytes=400)
    async with SalesforceClient(refresh_source(), transport=transport) as client:
        with pytest.raises(ReplyTooLargeError) as caught:
            await client.soap.undelete([CONTACT_ID])

    assert caught.value.is_outcome_unknown


async def test_a_lost_answer_leaves_the_outcome_unknown_and_the_call_is_not_sent_again(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.append(Answer(error=ConnectionError()))

    with pytest.raises(TransportError) as caught:
        await client.soap.merge("Contact", CONTACT_ID, [OTHER_ID])

    assert caught.value.is_outcome_unknown
    assert "Check before you send it again" in caught.value.hint
    assert len(scripted.data_calls) == 1


async def test_what_rest_says_in_the_place_of_soap_is_told_as_for_any_call(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    scripted.answers.append(refusal(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization"))

    with pytest.raises(SalesforceError, match="API is not enabled") as caught:
        await client.soap.undelete([CONTACT_ID])

    assert not caught.value.is_outcome_unknown


async def test_the_use_of_the_api_is_read_from_the_soap_header(client: SalesforceClient, scripted: ScriptedOrg) -> None:
    scripted.answers.append(undeleted(RESTORED, header=LIMIT_INFO))

    await client.soap.undelete([CONTACT_ID])

    assert client.api_usage is not None
    assert (client.api_usage.used, client.api_usage.limit) == (3917, 15000)


async def test_a_fault_that_repeats_the_session_id_does_not_show_it(
    client: SalesforceClient, scripted: ScriptedOrg
) -> None:
    async def echo(call: Any) -> None:
        scripted.answers.append(soap_fault("UNKNOWN_EXCEPTION", f"cannot read {call.session_id} in {call.path}"))

    scripted.before_answer = echo
    with pytest.raises(ServerError, match=re.escape("cannot read [hidden] in /services/Soap")) as caught:
        await client.soap.undelete([CONTACT_ID])

    assert "!AQ" not in f"{caught.value!r} {vars(caught.value)}"


@given(st.text())
def test_any_text_arrives_as_it_is_or_is_refused(text: str) -> None:
    call = {"merge": {"request": {"masterRecord": {"Title": text}}}}
    try:
        written = envelope(call, "00D!x")
    except InvalidArgumentError:
        assert any(
            ord(letter) < 32 or 0xD800 <= ord(letter) <= 0xDFFF or ord(letter) & 0xFFFE == 0xFFFE for letter in text
        )
        return
    found = ET.fromstring(written).findtext("{*}Body/{*}merge/{*}request/{*}masterRecord/{*}Title")  # noqa: S314 - ours
    assert found == text.replace("\r\n", "\n").replace("\r", "\n")


@given(st.binary() | st.text(alphabet="<>/&;\"'!- aEnvelopDOCTYP").map(str.encode), st.integers(200, 599))
def test_any_bytes_are_results_or_a_salesforce_error(raw: bytes, status: int) -> None:
    for body in (raw, b"<Envelope>" + raw, b"<Envelope><Body><r>" + raw + b"</r></Body></Envelope>"):
        with suppress(SalesforceError):
            assert isinstance(read_envelope(HttpReply(status, {}, body)).value, list)
