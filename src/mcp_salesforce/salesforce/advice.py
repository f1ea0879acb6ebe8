"""What Salesforce's error codes mean, and what to do next: one row a code. `docs/errors.md` is made from it.

`codes` has the class of every code. Salesforce's own documents have the meanings; the texts are ours.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Advice(NamedTuple):
    """Why Salesforce returns a code, and what to do about it.

    Attributes:
        cause: What is wrong, in one sentence.
        next_step: What to do.
        author: Who wrote the message, if not Salesforce.
    """

    cause: str
    next_step: str
    author: str = ""


_AUTOMATION = "Change the values that the message names, or ask an administrator to fix it."
TRY_AGAIN: Final = "Try again in a few seconds."
LOOK_FIRST: Final = "Salesforce may have done it. Check before you send it again."
_ADMINISTRATOR = "An administrator can grant it."

ADVICE: Final[Mapping[str, Advice]] = {
    # The request
    "INVALID_FIELD": Advice(
        "The object has no such field, or this user cannot see it.",
        "Describe the object to see its fields. Custom fields end in __c.",
    ),
    "INVALID_TYPE": Advice(
        "The org has no such object, or this user cannot see it.",
        "Call describe without an object to find its name. Custom objects end in __c.",
    ),
    "MALFORMED_QUERY": Advice("The SOQL has a syntax error.", "Correct it at the row and column given."),
    "MALFORMED_SEARCH": Advice("The search has a syntax error.", "Search for plain words of at least two characters."),
    "MALFORMED_ID": Advice(
        "This is not an Id, or it is the Id of another object.", "Query for the right Id: 15 or 18 letters and digits."
    ),
    "INVALID_ID_FIELD": Advice("An Id is wrong, or its record does not exist.", "Query for the right Id."),
    "JSON_PARSER_ERROR": Advice("A value has the wrong type for its field.", "Describe the field to see its type."),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": Advice(
        "A value has the wrong type for its field.", "Describe the field to see its type."
    ),
    "INVALID_QUERY_LOCATOR": Advice(
        ("The cursor has expired: cursors are valid for two days."), "Run the query again without it."
    ),
    "INVALID_QUERY_FILTER_OPERATOR": Advice(
        "The operator does not work with the field's type.", "Compare Ids and picklists with =, !=, IN or NOT IN."
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": Advice("The number is too large or too small.", "Use a number within the range."),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Advice(
        "These fields are read-only, for everybody or for this user.", "Omit them."
    ),
    "MISSING_ARGUMENT": Advice("A required part of the call is missing.", "Give what the message names."),
    "METHOD_NOT_ALLOWED": Advice("The object does not allow this operation.", "Describe it to see what it allows."),
    "UNSUPPORTED_API_VERSION": Advice("The org no longer serves this API version.", "Set a newer API version."),
    "QUERY_TOO_COMPLICATED": Advice(
        "The query has too many fields or conditions.", "Select fewer fields, or split the query in two."
    ),
    "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS": Advice(
        "The query has too many sub-queries in its conditions.", "Use at most two, or give Ids instead."
    ),
    "INVALIDENTITY": Advice("This API does not support the object.", "Query it with SOQL."),
    # Bulk jobs
    "INVALIDJOBSTATE": Advice(
        "The bulk job is not in a state that allows this.", "Read its state. If it has ended, make a new job."
    ),
    "INVALIDJOB": Advice("The settings of the bulk job are wrong.", "Correct what the message names."),
    "INVALIDBATCH": Advice("The file of the bulk job cannot be read.", "Correct the CSV, and make a new job."),
    "FEATURENOTENABLED": Advice(
        "The user or the org cannot do this in bulk; hard deletes need a permission.", _ADMINISTRATOR
    ),
    "EXCEEDEDQUOTA": Advice(
        "The bulk jobs or rows of the last 24 hours are used up.", "Continue tomorrow, or send fewer rows at a time."
    ),
    # Features
    "FUNCTIONALITY_NOT_ENABLED": Advice("This feature is not enabled in the org.", "Continue without it."),
    # The values
    "REQUIRED_FIELD_MISSING": Advice("The named fields are required.", "Ask the user for the values you do not know."),
    "STRING_TOO_LONG": Advice("The text is too long for its field.", "Shorten it to the length given."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Advice(
        "The picklist does not have this value, or the record type does not allow it.",
        "Describe the field to see its values, or use another RecordTypeId.",
    ),
    "INVALID_EMAIL_ADDRESS": Advice("This is not an e-mail address.", "Correct it or omit it."),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Advice(
        "A validation rule of this org refused the record.", "Change the values to satisfy the rule.", "this org's rule"
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Advice(
        ("Salesforce does not allow this user to save the record like this."),
        "Describe the object and change what the message names.",
    ),
    "CANNOT_EXECUTE_FLOW_TRIGGER": Advice("A flow failed while the record was saved.", _AUTOMATION, "this org's flow"),
    "APEX_ERROR": Advice("Apex code of this org failed.", _AUTOMATION, "this org's code"),
    "FIELD_FILTER_VALIDATION_EXCEPTION": Advice(
        "The filter of the lookup field does not allow this record.", "Choose another record.", "this org's filter"
    ),
    "SELF_REFERENCE_FROM_TRIGGER": Advice("A trigger tried to change the record that it runs for.", _AUTOMATION),
    "FIELD_INTEGRITY_EXCEPTION": Advice(
        "Some values contradict each other or break a rule of the object.", "Change the named fields together."
    ),
    "INVALID_CROSS_REFERENCE_KEY": Advice(
        "An Id refers to a record that is deleted, hidden, or of another object.", "Query for the right Id."
    ),
    "INACTIVE_OWNER_OR_USER": Advice("The owner is no longer active.", "Give an active user as OwnerId."),
    "INVALID_CURRENCY_ISO": Advice(
        "The org does not use this currency.", ("Query CurrencyType for the currencies it uses.")
    ),
    "TOO_MANY_ENUM_VALUE": Advice(
        ("There are too many values for the picklist."), "Choose fewer values, separated by ;."
    ),
    # The record
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": Advice(
        "Another record of the call was refused, so no record was saved.",
        "Correct that record, or save each record in its own call.",
    ),
    "PROCESSING_HALTED": Advice("Another part of the call failed.", "Correct that part and repeat the call."),
    "ENTITY_IS_LOCKED": Advice(
        "The record is locked, usually by an approval process.",
        ("Wait until it ends, or ask the approver or an administrator."),
    ),
    "ENTITY_IS_ARCHIVED": Advice("The record is archived.", "It can only be read."),
    "CANNOT_UPDATE_CONVERTED_LEAD": Advice(
        "The lead was converted.", "Change its contact, account or opportunity instead."
    ),
    "DELETE_FAILED": Advice("Other records need this one.", "If the user agrees, delete or move those records first."),
    "DEPENDENCY_EXISTS": Advice("Something else depends on this record.", "If the user agrees, remove that first."),
    "CIRCULAR_DEPENDENCY": Advice("The record would be its own parent.", "Choose another parent."),
    "UNDELETE_FAILED": Advice(
        "The record is not in the recycle bin: not deleted, deleted permanently, or deleted with another one.",
        "Restore the other one, or create it again.",
    ),
    "DUPLICATES_DETECTED": Advice(
        "A duplicate rule found similar records.",
        "Use one of them. Save a duplicate only if the user wants one.",
        "this org's rule",
    ),
    "DUPLICATE_VALUE": Advice("Another record has this unique value.", "Update that record, or give another value."),
    "DUPLICATE_EXTERNAL_ID": Advice("Several records have this external Id.", "Use the record Id of the right one."),
    "DUPLICATE_USERNAME": Advice("The username is taken, in this org or another one.", "Choose another username."),
    "NOT_FOUND": Advice(
        ("The record or object does not exist, or this user cannot see it."),
        "Check the Id or name; find it with a query.",
    ),
    "ENTITY_IS_DELETED": Advice("The record is in the recycle bin.", "Use another record, or restore this one."),
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": Advice(
        "The record was changed in the meantime.", "Read it again, then decide whether the change is still right."
    ),
    "UNABLE_TO_LOCK_ROW": Advice(
        ("Another transaction has locked the record or its parent. Nothing was saved."), TRY_AGAIN
    ),
    # The user
    "INSUFFICIENT_ACCESS": Advice("This user does not have the permission for that.", _ADMINISTRATOR),
    "INSUFFICIENT_ACCESS_OR_READONLY": Advice("This user cannot change the record.", _ADMINISTRATOR),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Advice(
        ("The user cannot see or use a record that this one refers to."),
        "Use another record, or ask an administrator to share it.",
    ),
    "TRANSFER_REQUIRES_READ": Advice("The new owner has no permission to read the object.", "Choose another owner."),
    "TXN_SECURITY_NO_ACCESS": Advice("A transaction security policy of the org forbids this.", "Ask an administrator."),
    "PACKAGE_LICENSE_REQUIRED": Advice("The user has no license for this package.", _ADMINISTRATOR),
    "API_DISABLED_FOR_ORG": Advice("This edition or profile has no API access.", "An administrator can enable it."),
    "API_CURRENTLY_DISABLED": Advice("The user does not have the API permission.", _ADMINISTRATOR),
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": Advice(
        "The user's password has expired.", "The user must log in to Salesforce and set a new one."
    ),
    # The org
    "REQUEST_LIMIT_EXCEEDED": Advice(
        "The org has used all its API calls of the last 24 hours.", "Wait: calls become available again within a day."
    ),
    "REQUEST_RUNNING_TOO_LONG": Advice("The call ran too long and Salesforce stopped it.", "Do less in one call."),
    "QUERY_TIMEOUT": Advice(
        "The query ran too long.", "Filter by indexed fields, such as Id, a lookup or CreatedDate."
    ),
    "OPERATION_TOO_LARGE": Advice("The query covers too many records.", "Make its WHERE clause narrower."),
    "EXCEEDED_ID_LIMIT": Advice("There are too many records for one call.", "Send them in smaller parts."),
    "STORAGE_LIMIT_EXCEEDED": Advice("The org's storage is full.", "An administrator must free or buy storage."),
    "LICENSE_LIMIT_EXCEEDED": Advice("The org has no license left for this.", "Ask an administrator."),
    "LIMIT_EXCEEDED": Advice("The org has reached one of its limits.", "Do less in one call, or ask an administrator."),
    "INVALID_READ_ONLY_USER_DML": Advice("The org is read-only during maintenance.", "You can read now; write later."),
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": Advice(
        "The org is read-only during maintenance.", "You can read now; write later."
    ),
    "SERVER_UNAVAILABLE": Advice("Salesforce is unavailable for the moment.", TRY_AGAIN),
    "UNKNOWN_EXCEPTION": Advice("Salesforce failed. Its support can look up the number in the message.", TRY_AGAIN),
}
"""The codes that people meet; those that are not here have the advice of their class."""


_SEMI_JOIN = "Query the Ids first and write Id IN (…), or filter by a parent's field: Account.Name."
_DATE_FORM = "Write it without quotes: 2026-11-24."

_TYPES = "JSON_PARSER_ERROR|INVALID_TYPE_ON_FIELD_IN_RECORD"

MEANINGS: Final[Sequence[tuple[str, str, Advice]]] = (
    (
        _TYPES,
        r"instance of time\b",
        Advice(("The field holds a time of day without a zone."), "Write it like 15:00:00.000Z."),
    ),
    (_TYPES, r"instance of date\b", Advice("The field holds a date.", "Write it like 2026-11-24.")),
    (
        _TYPES,
        "instance of (datetime|timestamp)",
        Advice("The field holds a datetime.", "Write it like 2026-11-24T15:00:00Z."),
    ),
    (_TYPES, "instance of boolean", Advice("The field is a checkbox.", "Write true or false, without quotes.")),
    (
        _TYPES,
        ("instance of (double|int|long|currency|percent)"),
        Advice("The field is a number.", "Write it without quotes."),
    ),
    (
        "INVALID_FIELD",
        "Foreign key external ID",
        Advice("The field exists, but no record has that value.", "Create the parent first, or give another value."),
    ),
    (
        "INVALID_FIELD",
        "understand relationship .* in FROM",
        Advice("There is no child relationship of this name.", "Use a name that describe lists: Contacts, Visits__r."),
    ),
    (
        "INVALID_FIELD",
        "understand relationship",
        Advice(
            "There is no parent relationship of this name.",
            ("Use one that describe lists: Account.Name, Visit__r.Name."),
        ),
    ),
    ("INVALID_FIELD", "duplicate field selected", Advice("A field is selected twice.", "Name it once.")),
    (
        "INVALID_FIELD|MALFORMED_QUERY",
        "does not support aggregate operator",
        Advice(
            "This function does not work with this field.",
            ("Use COUNT(field), or a number with SUM, AVG, MIN and MAX."),
        ),
    ),
    (
        "INVALID_FIELD",
        "must be of type dateTime",
        Advice("The field holds a datetime.", "Write it with a time and without quotes: 2026-11-24T00:00:00Z."),
    ),
    ("INVALID_FIELD", "must be of type date\\b", Advice("The field holds a date.", _DATE_FORM)),
    ("INVALID_FIELD", "must be of type string", Advice("The field is text.", "Put the value in single quotes.")),
    (
        "INVALID_FIELD",
        "must be of type boolean",
        Advice("The field is a checkbox.", "Write true or false, without quotes."),
    ),
    (
        "INVALID_FIELD",
        "must be of type (double|int|currency|percent)",
        Advice("The field is a number.", "Write it without quotes."),
    ),
    (
        "INVALID_FIELD",
        "can ?not be filtered",
        Advice("WHERE cannot use this field.", "Filter by another field, or find words in it with salesforce_search."),
    ),
    (
        "INVALID_FIELD|MALFORMED_QUERY",
        "can ?not be sorted",
        Advice("ORDER BY cannot use this field.", "Use another field."),
    ),
    (
        "INVALID_FIELD|MALFORMED_QUERY",
        "can ?not be grouped",
        Advice(
            "GROUP BY cannot use this field.",
            ("Use another field; for a datetime DAY_ONLY(field) or CALENDAR_MONTH(field)."),
        ),
    ),
    (
        "MALFORMED_QUERY|INVALID_FIELD",
        "must be grouped or aggregated",
        Advice(
            ("In a query with an aggregate, GROUP BY must name every other field."),
            "Add it to GROUP BY, or write MAX(field).",
        ),
    ),
    (
        "MALFORMED_QUERY|INVALID_FIELD|INVALID_TYPE",
        r"TYPEOF (can ?not|needs|is not)",
        Advice(
            "TYPEOF works only with plain fields, on Who, What or Owner.",
            "Remove functions, or query one type: WHERE Who.Type = 'Contact'.",
        ),
    ),
    (
        "MALFORMED_QUERY",
        "field aliasing",
        Advice(
            "Only aggregates and functions can have an alias.", ("Remove the alias: the column has the field's name.")
        ),
    ),
    (
        "MALFORMED_QUERY",
        r"unexpected token: '?DISTINCT",
        Advice("SOQL has no DISTINCT.", "Use COUNT_DISTINCT(field), or GROUP BY on the field."),
    ),
    (
        "MALFORMED_QUERY",
        r"unexpected token: '?(COUNT|SUM|AVG|MIN|MAX|COUNT_DISTINCT)\b",
        Advice("Aggregates are not allowed there.", "Use it in SELECT or HAVING of the outer query, with GROUP BY."),
    ),
    (
        "MALFORMED_QUERY",
        r"unexpected token: '?(UPPER|LOWER|TRIM|CONCAT|SUBSTRING|LEN|LENGTH|COALESCE|NVL|IFNULL|ISNULL|IF)\b",
        Advice("SOQL does not have this function.", "Compare the field itself: = and LIKE ignore case."),
    ),
    (
        "MALFORMED_QUERY",
        r"unexpected token: '?(DATE|YEAR|MONTH|DAY|HOUR|DATE_TRUNC|EXTRACT)\b",
        Advice(
            "SOQL does not have this function.", "Use DAY_ONLY(field), CALENDAR_MONTH(field) or CALENDAR_YEAR(field)."
        ),
    ),
    (
        "MALFORMED_QUERY",
        r"COUNT\(\) must|COUNT\(\) and",
        Advice("COUNT() cannot be combined with fields.", "Use COUNT(Id) with GROUP BY."),
    ),
    (
        "MALFORMED_QUERY",
        "FIELDS function must have a LIMIT",
        Advice("FIELDS() reads at most 200 rows.", "Add LIMIT 200."),
    ),
    ("MALFORMED_QUERY", "duplicate alias", Advice("Two columns have the same alias.", "Use different aliases.")),
    (
        "MALFORMED_QUERY",
        "root queries support aggregate|Grouped query cannot use child|not allowed in a query that aggregates",
        Advice("A query cannot have both aggregates and sub-queries.", "Run two queries."),
    ),
    (
        "MALFORMED_QUERY",
        "cannot also use LIMIT",
        Advice("An aggregate without GROUP BY returns one row.", "Remove LIMIT."),
    ),
    (
        "MALFORMED_QUERY",
        "'OR' operator|top level WHERE",
        Advice("IN (SELECT …) cannot be combined with OR.", "Run two queries, or write the Ids: Id IN (…)."),
    ),
    (
        "MALFORMED_QUERY|INVALID_FIELD|INVALID_TYPE|INVALID_QUERY_FILTER_OPERATOR",
        "semi.?join|inner select|left operand field",
        Advice("IN (SELECT …) cannot be used here.", _SEMI_JOIN),
    ),
    (
        "EXCEEDED_ID_LIMIT",
        "queryMore",
        Advice(
            "Grouped results cannot be paged.", ("Add LIMIT 2000 or a filter, or group by a field with fewer values.")
        ),
    ),
    (
        "NUMBER_OUTSIDE_VALID_RANGE",
        "offset",
        Advice("OFFSET can be at most 2000.", "Use ORDER BY Id and filter by the last Id instead: Id > '003…'."),
    ),
    (
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid ID field",
        Advice("This is not an Id.", "Query for the right Id: 15 or 18 letters and digits."),
    ),
    (
        "INVALID_QUERY_FILTER_OPERATOR",
        "multi-?picklist",
        Advice("The field holds several values.", "Compare it with INCLUDES ('A', 'B') or EXCLUDES ('A')."),
    ),
    (
        "FIELD_INTEGRITY_EXCEPTION",
        "problem with this (country|state)",
        Advice("The org has fixed lists of countries and states.", "Use values from these lists, or ask the user."),
    ),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "execution of (Before|After)|caused by:|process failed",
        Advice("Code of this org failed while the record was saved.", _AUTOMATION, "this org's trigger"),
    ),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "^record type missing",
        Advice(
            "The user's profile has no record type for this object.",
            "Give a RecordTypeId that describe lists, or ask an administrator to assign one.",
        ),
    ),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "^(entity type|entity is not|cannot (insert|update|delete|modify|reference))",
        Advice("Salesforce does not allow this change to the object.", "Describe it to see what it allows."),
    ),
    (
        "INVALID_CROSS_REFERENCE_KEY",
        "Record Type ID",
        Advice(
            "The user cannot use this record type, or it belongs to another object.", "Use one that describe lists."
        ),
    ),
    (
        "INVALID_CROSS_REFERENCE_KEY",
        "owner cannot be blank",
        Advice("Every record must have an owner.", "Omit OwnerId, or give the Id of a user."),
    ),
    (
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        "does not exist or does not match filter",
        Advice("The filter of the lookup field does not allow this record.", "Choose another record."),
    ),
    (
        "DUPLICATES_DETECTED",
        "^(Use one of these records|You('re| are) creating a duplicate record)",
        Advice(
            "A duplicate rule found similar records.", "Use one of them. Save a duplicate only if the user wants one."
        ),
    ),
    (
        "NOT_IMPLEMENTED",
        "local org",
        Advice(
            "The local org does not imitate this part of Salesforce.", "Continue without it; a real org may have it."
        ),
    ),
)
"""Codes that mean several things, with the words of Salesforce's own that tell which: code, message, advice."""


def advice_of(error_code: str, message: str) -> Advice | None:
    """Return the advice for an error: by its message if its code has several meanings, otherwise by its code."""
    told = (
        advice
        for codes, words, advice in MEANINGS
        if error_code in codes.split("|") and re.search(words, message, re.IGNORECASE)
    )
    return next(told, ADVICE.get(error_code))


def hint_of(error_code: str, message: str = "") -> str:
    """Return the cause of an error and what to do next; empty if its class says it."""
    advice = advice_of(error_code, message)
    return f"{advice.cause} {advice.next_step}" if advice else ""


def is_told_by_words(error_code: str, message: str) -> bool:
    """Tell whether the message of an error shows which meaning of its code applies."""
    return advice_of(error_code, message) is not ADVICE.get(error_code)
