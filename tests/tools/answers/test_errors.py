"""Salesforce's errors as a model reads them: real texts in, through the whole stack, and what to do next out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.config import Settings
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.advice import ADVICE
from mcp_salesforce.server import create_server
from tests.approving import approve
from tests.evidence import facts
from tests.salesforce.scripted import INSTANCE_URL, SECRETS, Answer, ScriptedOrg
from tests.tools.calls import refusal
from tests.tools.tokens import tokens

CONTACT_ID = "003000000000001AAA"
WRITE = ("update_contact", {"contact_id": CONTACT_ID, "data": {"Title": "CFO"}})
CREATE = ("create_contact", {"data": {"LastName": "Ode"}})
DELETE = ("delete_contact", {"contact_id": CONTACT_ID})
READ = ("get_contact", {"contact_id": CONTACT_ID})
QUERY = ("query", {"soql": "SELECT Id FROM Contact"})


@dataclass(frozen=True)
class Case:
    """What Salesforce says to a call, and a word that the next step must have."""

    code: str
    message: str
    says: str
    call: tuple[str, dict[str, Any]] = CREATE
    status: int = 400
    fields: tuple[str, ...] = ()


CASES = [
    Case("INVALID_FIELD", "No such column 'foo' on sobject of type Contact", "Describe the object"),
    Case("INVALID_TYPE", "sObject type 'Bar' is not supported.", "end in __c", QUERY),
    Case("MALFORMED_QUERY", "unexpected token: 'FORM'", "row and column", QUERY),
    Case(
        "MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces.", "two characters", READ
    ),
    Case(
        "MALFORMED_ID", "Account ID: id value of incorrect type: 001900K0001pPuOAAU", "15 or 18", fields=("AccountId",)
    ),
    Case("INVALID_ID_FIELD", "invalid record id", "right Id", WRITE),
    Case(
        "JSON_PARSER_ERROR",
        "Cannot deserialize instance of currency from VALUE_STRING value banana or request may be missing a required "
        "field at [line:1, column:2]",
        "a number",
    ),
    Case(
        "INVALID_TYPE_ON_FIELD_IN_RECORD", "Amount: value not of required type: 250.0", "its type", fields=("Amount",)
    ),
    Case("INVALID_QUERY_LOCATOR", "invalid query locator", "Repeat the call without", QUERY),
    Case("INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field", "=, IN", QUERY),
    Case("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000", "filter by the last Id", QUERY),
    Case(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: Name. Please check the security settings of this field and verify that it is "
        "read/write for your profile or permission set.",
        "Omit them",
        fields=("Name",),
    ),
    Case("MISSING_ARGUMENT", "Id not specified in an update call", "what the message names", WRITE),
    Case("METHOD_NOT_ALLOWED", "HTTP Method 'DELETE' not allowed. Allowed are HEAD,GET", "Describe it", DELETE, 405),
    Case("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL", "newer API version", READ, 404),
    Case(
        "QUERY_TOO_COMPLICATED",
        "Query is either selecting too many fields or the filter conditions are too complicated.",
        "fewer fields",
        QUERY,
    ),
    Case("EXCEEDED_MAX_SEMIJOIN_SUBSELECTS", "Maximum 2 semi join sub-selects are allowed", "at most two", QUERY),
    Case("INVALIDENTITY", "Entity 'X' is not supported by the Bulk API.", "SOQL", QUERY),
    Case("INVALIDJOBSTATE", "The job is JobComplete: it cannot be closed", "Read its state"),
    Case("INVALIDJOB", "Unable to find object: X", "the message names"),
    Case("INVALIDBATCH", "Failed to parse CSV. Found unescaped quote.", "Correct the CSV"),
    Case(
        "FEATURENOTENABLED",
        "hardDelete operation requires special user profile permission, please contact your administrator",
        "administrator",
        DELETE,
    ),
    Case("EXCEEDEDQUOTA", "ApiBatchItems Limit exceeded.", "tomorrow"),
    Case("FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query", "without it", QUERY),
    Case("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", "Ask the user", fields=("Name",)),
    Case(
        "STRING_TOO_LONG",
        f"Account Name: data value too large: {'A' * 300} (max length=255)",
        "Shorten",
        fields=("Name",),
    ),
    Case(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Job Category: bad value for restricted picklist field: NURSE PRACTITIONER",
        "see its values",
        fields=("Job_Category__c",),
    ),
    Case("INVALID_EMAIL_ADDRESS", "Email: invalid email address: foo", "Correct it", fields=("Email",)),
    Case("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Annual Revenue cannot be negative", "satisfy the rule"),
    Case(
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "Audit_Trigger: execution of BeforeInsert\n\ncaused by: System.NullPointerException: Attempt to de-reference a "
        "null object\n\nClass.AuditHandler.run: line 10, column 1\nTrigger.Audit_Trigger: line 3, column 1",
        "administrator",
    ),
    Case(
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "We can't save this record because the “Case Created” process failed. Give your Salesforce admin these "
        "details. An error occurred when executing a flow interview.",
        "administrator",
    ),
    Case(
        "APEX_ERROR",
        "System.QueryException: List has no rows for assignment to SObject\n\nClass.AuditService.getAnswer: line 42, "
        "column 1",
        "administrator",
        status=500,
    ),
    Case(
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        'Value does not exist or does not match filter criteria. Please select a user with the role "Inside Sales"',
        "another record",
        fields=("User__c",),
    ),
    Case("SELF_REFERENCE_FROM_TRIGGER", "cannot delete an object from within its trigger", "administrator", DELETE),
    Case(
        "FIELD_INTEGRITY_EXCEPTION",
        "Duration must be between 0 and 1440 minutes: Duration",
        "together",
        fields=("DurationInMinutes",),
    ),
    Case(
        "INVALID_CROSS_REFERENCE_KEY",
        "Record Type ID: this ID value isn't valid for the user: 0128M0000004HVOQA2",
        "record type",
        fields=("RecordTypeId",),
    ),
    Case(
        "INACTIVE_OWNER_OR_USER",
        "operation performed with inactive user [1234] as owner of contact",
        "active user",
        WRITE,
    ),
    Case("INVALID_CURRENCY_ISO", "invalid currency ISO code", "CurrencyType"),
    Case("TOO_MANY_ENUM_VALUE", "too many values", "fewer"),
    Case(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
        "in its own call",
    ),
    Case(
        "PROCESSING_HALTED",
        "The transaction was rolled back since another operation in the same transaction failed.",
        "that part",
    ),
    Case("ENTITY_IS_LOCKED", "This record is locked. If you need to edit it, contact your admin.", "approver", WRITE),
    Case("ENTITY_IS_ARCHIVED", "entity is archived", "only be read", WRITE),
    Case("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", "contact, account", WRITE),
    Case(
        "DELETE_FAILED",
        "Your attempt to delete Mr. Josh Davis could not be completed because it is associated with the following "
        "cases.: 00001005\n",
        "those records first",
        DELETE,
    ),
    Case("DEPENDENCY_EXISTS", "Cannot complete this operation.", "that first", DELETE),
    Case("CIRCULAR_DEPENDENCY", "attempt to violate hierarchy constraints", "another parent", WRITE),
    Case("UNDELETE_FAILED", "Entity is not in the recycle bin", "or create it again", WRITE),
    Case("DUPLICATES_DETECTED", "Use one of these records?", "Use one of them"),
    Case(
        "DUPLICATE_VALUE",
        "duplicate value found: NPI__c duplicates value on record with id: 0035e00000qL5Jz",
        "Update that record",
    ),
    Case("DUPLICATE_EXTERNAL_ID", "Duplicate external id specified: a-1", "Id of the right one"),
    Case("DUPLICATE_USERNAME", "Duplicate Username. Another user has already selected this username.", "another one"),
    Case("NOT_FOUND", "The requested resource does not exist", "find it with a query", READ, 404),
    Case("ENTITY_IS_DELETED", "entity is deleted", "restore this one", READ, 404),
    Case("ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "The record has been modified since", "Read it again", WRITE, 412),
    Case(
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access to this record or 1 records: 0013000000ABCDe",
        "seconds",
    ),
    Case("INSUFFICIENT_ACCESS", "insufficient access rights on object id", "grant", WRITE, 403),
    Case("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", "grant", WRITE, 403),
    Case(
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "insufficient access rights on cross-reference id: 0018M000003uKwe",
        "share",
    ),
    Case("TRANSFER_REQUIRES_READ", "The new owner must have read permission", "another owner", WRITE),
    Case(
        "TXN_SECURITY_NO_ACCESS",
        "The operation you requested isn't allowed due to a security policy in your organization. Contact your "
        "administrator.",
        "administrator",
        READ,
        403,
    ),
    Case("PACKAGE_LICENSE_REQUIRED", "Package license required", "grant", READ, 403),
    Case("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner", "enable", READ, 403),
    Case("API_CURRENTLY_DISABLED", "API is disabled for this User", "grant", READ, 403),
    Case("INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "The users password has expired", "set a new one", READ, 403),
    Case("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", "within a day", READ, 403),
    Case("REQUEST_RUNNING_TOO_LONG", "Your request was running for too long, and has been stopped.", "less", WRITE),
    Case("QUERY_TIMEOUT", "Your query request was running for too long.", "indexed", QUERY),
    Case("OPERATION_TOO_LARGE", "exceeded 100000 distinct who/what's", "narrower", QUERY),
    Case("EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records into this call", "smaller"),
    Case("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", "administrator"),
    Case("LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded", "administrator"),
    Case("LIMIT_EXCEEDED", "You or your organization has exceeded the maximum limit for this feature.", "less"),
    Case("INVALID_READ_ONLY_USER_DML", "Org is in read only mode", "write later"),
    Case("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "Maintenance", "write later", WRITE, 503),
    Case("SERVER_UNAVAILABLE", "server too busy", "Try again", WRITE, 503),
    Case(
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support: 1678459733-11 (-771449107)",
        "Try again",
        WRITE,
        500,
    ),
]


@pytest.fixture
def scripted() -> ScriptedOrg:
    return ScriptedOrg()


@pytest.fixture
async def asked(scripted: ScriptedOrg) -> AsyncIterator[Client]:
    """A client of the server on an org that answers as the test tells it."""
    settings = Settings(
        client_id="consumer-key", client_secret=SECRETS[0], refresh_token=SECRETS[1], instance_url=INSTANCE_URL
    )
    server = create_server(settings, transport=AsgiTransport(scripted))
    async with Client(server, raise_exceptions=True, elicitation_callback=approve) as client:
        yield client


def answers(scripted: ScriptedOrg, status: int, body: object) -> None:
    """Let the org say it to whatever it is asked, so that retries and looks afterwards fail too."""
    scripted.answers.extend([Answer(status, body)] * 20)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
async def test_an_error_of_salesforce_says_what_to_do_next(scripted: ScriptedOrg, asked: Client, case: Case) -> None:
    body: dict[str, Any] = {"message": case.message, "errorCode": case.code, "fields": list(case.fields)}
    answers(scripted, case.status, [body])
    name, arguments = case.call

    error = await refusal(asked, name, **arguments)

    assert error["code"] == case.code or error["outcome"] == "unknown"
    assert not (error["retryable"] and error.get("outcome") == "unknown")
    assert case.says in error["hint"]
    assert error["message"][:60].strip("…") in " ".join(case.message.split()) + case.message
    assert error.get("fields", []) == list(case.fields)
    assert tokens(error) <= 120


def test_every_row_of_the_table_has_a_case() -> None:
    assert {case.code for case in CASES} == set(ADVICE)
    assert len(ADVICE) >= 40


async def test_every_error_that_was_recorded_passes_through_a_tool_in_120_tokens(
    scripted: ScriptedOrg, asked: Client
) -> None:
    refused = [entry for entry in facts.errors() if entry["http"] >= 300 and isinstance(entry["body"], list)]
    for entry in refused:
        scripted.answers.clear()
        answers(scripted, entry["http"], entry["body"])
        error = await refusal(asked, "get_contact", contact_id=CONTACT_ID)

        known = entry["body"][0] if entry["body"] else {}
        if isinstance(known, dict) and known:
            assert error["code"] == known["errorCode"]
        assert error["message"]
        assert error["hint"]
        assert tokens(error) <= 120, entry
    assert len(refused) > 30


@pytest.mark.parametrize(
    ("code", "author"),
    [
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "this org's rule"),
        ("CANNOT_EXECUTE_FLOW_TRIGGER", "this org's flow"),
        ("FIELD_FILTER_VALIDATION_EXCEPTION", "this org's filter"),
    ],
)
async def test_what_people_of_the_org_wrote_stays_as_they_wrote_it_and_is_marked_as_theirs(
    scripted: ScriptedOrg, asked: Client, code: str, author: str
) -> None:
    words = "Discount  over 20 %?\n  Please reference your manager: ask for «OK». [Regel 4]"
    answers(scripted, 400, [{"message": words, "errorCode": code, "fields": ["Discount__c"]}])

    error = await refusal(asked, *CREATE[:1], **CREATE[1])

    assert error["message"] == words
    assert error["message_by"] == author
    assert error["fields"] == ["Discount__c"]


@pytest.mark.parametrize(
    "words",
    [
        "Audit_Trigger: execution of BeforeInsert\n\ncaused by: System.NullPointerException: x\n\nTrigger.Audit: 3",
        "npsp.TDTM_Contact: execution of AfterUpdate",
        "caused by: System.LimitException: npsp: Too many SOQL queries: 101",
        "We can't save this record because the “Set owner” process failed. Give your Salesforce admin these details.",
    ],
)
async def test_words_of_a_trigger_are_marked_by_their_form(scripted: ScriptedOrg, asked: Client, words: str) -> None:
    answers(scripted, 400, [{"message": words, "errorCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"}])

    error = await refusal(asked, *CREATE[:1], **CREATE[1])

    assert error["message_by"] == "this org's trigger"
    assert "administrator" in error["hint"]


async def test_what_the_org_refuses_by_itself_is_not_marked_as_a_triggers_words(
    scripted: ScriptedOrg, asked: Client
) -> None:
    words = "entity type cannot be inserted: Case History"
    answers(scripted, 400, [{"message": words, "errorCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"}])

    error = await refusal(asked, *CREATE[:1], **CREATE[1])

    assert error["message"] == words
    assert "message_by" not in error


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        ("INVALID_FIELD", "Foreign key external ID: NOPE not found for field Code__c in entity Account", "no record"),
        ("INVALID_FIELD", "value of field 'X' must be of type date and should not be quoted", "2026-11-24"),
        ("INVALID_FIELD", "value of field 'X' must be of type string and should be quoted", "single quotes"),
        ("INVALID_FIELD", "field 'Description' can not be filtered in a query call", "salesforce_search"),
        ("MALFORMED_QUERY", "field 'StartDateTime' can not be grouped in a query call", "DAY_ONLY"),
        ("MALFORMED_QUERY", "Field must be grouped or aggregated: Name", "GROUP BY"),
        ("MALFORMED_QUERY", "only aggregate expressions use field aliasing", "Remove the alias"),
        ("MALFORMED_QUERY", "TYPEOF cannot be used in a SELECT clause that has a function", "Who.Type"),
        ("MALFORMED_QUERY", "Entity 'Event' is not supported for semi join inner selects", "Id IN"),
        ("MALFORMED_QUERY", "Semi join sub-selects are not allowed with the 'OR' operator", "two queries"),
        ("MALFORMED_QUERY", "Nesting of semi join sub-selects is not supported", "Id IN"),
        ("EXCEEDED_ID_LIMIT", "Aggregate query does not support queryMore(), use LIMIT to restrict", "LIMIT 2000"),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "record type missing for: Contact", "profile"),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: Case History", "does not allow"),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "cannot delete owned record", "does not allow"),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", (
            "Fields not configured correctly for multi-currency"
        ), "does not allow"),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "No queue of another org", "message names"),
        ("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000", "Id >"),
        ("NUMBER_OUTSIDE_VALID_RANGE", "Probability: value outside of valid range on numeric field: 900", "the range."),
        ("INVALID_QUERY_FILTER_OPERATOR", "invalid operator on multipicklist field", "INCLUDES"),
        ("FIELD_INTEGRITY_EXCEPTION", "There's a problem with this country, even though it may look right.", "lists"),
        ("INVALID_FIELD", "Didn't understand relationship 'Contact' in FROM part of query call.", "Visits__r"),
        ("INVALID_FIELD", "Didn't understand relationship 'Acount' in field path.", "Account.Name"),
        ("INVALID_FIELD", "duplicate field selected: Name", "twice"),
        ("INVALID_FIELD", "field Name does not support aggregate operator SUM", "COUNT(field)"),
        ("MALFORMED_QUERY", "duplicate alias: total", "different aliases"),
        ("MALFORMED_QUERY", "Only root queries support aggregate expressions", "two queries"),
        ("MALFORMED_QUERY", "The inner select field 'Account.Owner.Id' cannot have more than one level", "Ids first"),
        ("MALFORMED_QUERY", "The left operand field in the where expression should be an id field", "Ids first"),
        ("INVALID_CROSS_REFERENCE_KEY", "Record Type ID: this ID value isn't valid for the user: 0128M0000004HVOQA2",
         "record type"),
        ("FIELD_FILTER_VALIDATION_EXCEPTION", "Value does not exist or does not match filter criteria.", "another"),
        ("DUPLICATES_DETECTED", "Use one of these records?", "only if the user wants"),
        ("JSON_PARSER_ERROR", "Cannot deserialize instance of time from VALUE_STRING value 09:00", "15:00:00.000Z"),
        ("JSON_PARSER_ERROR", "Cannot deserialize instance of date from VALUE_STRING value 24.11.", "2026-11-24"),
        ("NOT_IMPLEMENTED", "not implemented by the local org: convertCurrency", "local org"),
    ],
)  # fmt: skip
async def test_a_code_of_several_meanings_is_told_apart_by_salesforces_own_words(
    scripted: ScriptedOrg, asked: Client, code: str, words: str, said: str
) -> None:
    answers(scripted, 400, [{"message": words, "errorCode": code}])

    error = await refusal(asked, *CREATE[:1], **CREATE[1])

    assert said in error["hint"]
    assert "message_by" not in error
    assert tokens(error) <= 120


async def test_a_way_to_save_a_duplicate_is_one_that_the_caller_has(scripted: ScriptedOrg, asked: Client) -> None:
    match = {"matchRecords": [{"record": {"attributes": {"type": "Contact"}, "Id": "003000000000001AAA"}}]}
    found = {"allowSave": True, "duplicateRule": "R", "matchResults": [match]}
    body = [{"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "duplicateResult": found}]
    answers(scripted, 400, body)
    created = await refusal(asked, "create_contact", data={"LastName": "Ode"})
    scripted.answers.append(Answer(value={"Id": "003000000000002AAA", "Title": None}))
    answers(scripted, 400, body)
    changed = await refusal(asked, "update_contact", contact_id="003000000000002AAA", data={"Title": "x"})

    assert created["hint"].endswith("set allow_duplicate.")
    assert changed["hint"].endswith("salesforce_update_records takes allow_duplicate.")


@pytest.mark.parametrize(
    "letters", ["Bitte wählen Sie zuerst eine gültige Kündigungsfrist aus. ", "承認者を選択してください。", "x" * 50]
)
async def test_long_words_of_the_org_are_kept_as_far_as_an_error_may_go(
    scripted: ScriptedOrg, asked: Client, letters: str
) -> None:
    answers(
        scripted, 400, [{"message": letters * 40, "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["A__c"]}]
    )

    error = await refusal(asked, *CREATE[:1], **CREATE[1])

    assert error["message"].endswith("…")
    assert (letters * 40).startswith(error["message"][:-1])
    assert len(error["message"].encode()) > 240
    assert error["hint"]
    assert tokens(error) <= 120


async def test_a_hidden_character_in_an_error_reaches_nobody(scripted: ScriptedOrg, asked: Client) -> None:
    words = "Stop\u202e\u200b here\x07"
    answers(scripted, 400, [{"message": words, "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}])

    assert (await refusal(asked, *CREATE[:1], **CREATE[1]))["message"] == "Stop here"


async def test_many_fields_are_named_as_far_as_they_help(scripted: ScriptedOrg, asked: Client) -> None:
    names = [f"Very_Long_Field_Name_{number}__c" for number in range(30)]
    words = f"Required fields are missing: [{', '.join(names)}]"
    answers(scripted, 400, [{"message": words, "errorCode": "REQUIRED_FIELD_MISSING", "fields": names}])

    error = await refusal(asked, *CREATE[:1], **CREATE[1])

    assert error["fields"][:2] == names[:2]
    assert error["fields"][-1] == f"and {len(names) - len(error['fields']) + 1} more"
    assert tokens(error) <= 120


async def test_a_syntax_error_shows_its_place_with_a_caret(scripted: ScriptedOrg, asked: Client) -> None:
    query = "SELECT Id, Name, Account.Name FROM Contact WHERE AND Name = 'x'"
    at = query.index("AND")
    words = f"\n{query}\n{' ' * at}^\nERROR at Row:1:Column:{at + 1}\nunexpected token: 'AND'"
    answers(scripted, 400, [{"message": words, "errorCode": "MALFORMED_QUERY"}])

    error = await refusal(asked, *QUERY[:1], **QUERY[1])

    line, caret = error["near"].split("\n")
    assert line in query
    assert line[caret.index("^") :].startswith("AND")
    assert error["message"] == f"unexpected token: 'AND' (Row:1:Column:{at + 1})"
    assert tokens(error) <= 80


async def test_a_lock_may_be_tried_again_and_says_so(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="Ode")
    org.faults.add(Fault("lock_row", method="DELETE", count=None))

    error = await refusal(mcp, "delete_contact", contact_id=contact_id)

    assert error["code"] == "UNABLE_TO_LOCK_ROW"
    assert error["retryable"] is True
