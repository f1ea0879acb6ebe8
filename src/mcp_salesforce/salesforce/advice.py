"""What Salesforce's error codes mean, and what to do next: one row a code. `docs/errors.md` is made from it.

`codes` has the class of every code. Salesforce's own documents have the meanings; the texts are ours.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Advice(NamedTuple):
    """Why a code comes, and what to do about it.

    Attributes:
        cause: What is wrong, in one sentence.
        next_step: What to do.
        author: Whose words the message is, where it is not Salesforce that wrote it.
    """

    cause: str
    next_step: str
    author: str = ""


_AUTOMATION = "Change the values that it names; otherwise an administrator has to mend it."
TRY_AGAIN: Final = "Try again in a few seconds."
LOOK_FIRST: Final = "It may have been carried out: look before you send it again."
_ADMINISTRATOR = "An administrator can grant it."

ADVICE: Final[Mapping[str, Advice]] = {
    # The request
    "INVALID_FIELD": Advice(
        "The object has no such field, or this user may not see it.",
        "Describe the object to see its fields; custom ones end in __c.",
    ),
    "INVALID_TYPE": Advice(
        "There is no such object, or this user may not see it.",
        "Describe without an object to find its name; custom ones end in __c.",
    ),
    "MALFORMED_QUERY": Advice("The SOQL cannot be read.", "Correct it at the row and column given."),
    "MALFORMED_SEARCH": Advice("The search cannot be read.", "Search for plain words of at least two characters."),
    "MALFORMED_ID": Advice(
        "That is not an Id, or not one of this object.", "Query for the right one: 15 or 18 letters and digits."
    ),
    "INVALID_ID_FIELD": Advice("An Id is wrong, or refers to what is not there.", "Query for the right Id."),
    "JSON_PARSER_ERROR": Advice("A value has another type than its field.", "Describe the field to see its type."),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": Advice(
        "A value has another type than its field.", "Describe the field to see its type."
    ),
    "INVALID_QUERY_LOCATOR": Advice("The cursor has expired: they live two days.", "Run the query again without it."),
    "INVALID_QUERY_FILTER_OPERATOR": Advice(
        "The operator does not go with the field's type.", "Compare Ids and picklists with =, IN or their negations."
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": Advice("The number is too large or too small here.", "Use one within the range."),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Advice(
        "These fields are read-only here, for everybody or for this user.", "Leave them out."
    ),
    "MISSING_ARGUMENT": Advice("Something that the call needs is missing.", "Give what the message names."),
    "METHOD_NOT_ALLOWED": Advice("The object cannot be used this way.", "Describe it to see what it allows."),
    "UNSUPPORTED_API_VERSION": Advice("The org no longer serves this API version.", "Set a newer API version."),
    "QUERY_TOO_COMPLICATED": Advice(
        "The query has too many fields or conditions.", "Select fewer fields, or split it in two."
    ),
    "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS": Advice(
        "The query has too many sub-queries in its conditions.", "Use two at most, or Ids instead."
    ),
    "INVALIDENTITY": Advice("This part of the API does not serve the object.", "Query it in SOQL."),
    "FUNCTIONALITY_NOT_ENABLED": Advice("The org does not have this feature.", "Do without it."),
    # The values
    "REQUIRED_FIELD_MISSING": Advice(
        "The record needs a value in each field named.", "Ask the user for those you do not know."
    ),
    "STRING_TOO_LONG": Advice("The text does not fit into its field.", "Shorten it to the length given."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Advice(
        "The picklist does not have this value, or not for this record type.",
        "Describe the field to see those it has; another RecordTypeId may have it.",
    ),
    "INVALID_EMAIL_ADDRESS": Advice("That is not an e-mail address.", "Correct it, or leave it out."),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Advice(
        "A rule of this org refuses the record.", "Change the values so that it is met.", "this org's rule"
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Advice(
        "Salesforce does not let this user save the record so.", "Change what the message names; describe the object."
    ),
    "CANNOT_EXECUTE_FLOW_TRIGGER": Advice("A flow that runs on saving failed.", _AUTOMATION, "this org's flow"),
    "APEX_ERROR": Advice("Code of this org failed.", _AUTOMATION, "this org's code"),
    "FIELD_FILTER_VALIDATION_EXCEPTION": Advice(
        "The lookup's filter does not take this record.", "Choose another record.", "this org's filter"
    ),
    "SELF_REFERENCE_FROM_TRIGGER": Advice("A trigger changes the record that it runs for.", _AUTOMATION),
    "FIELD_INTEGRITY_EXCEPTION": Advice(
        "Values do not go together, or break a rule of the object.", "Change the fields named, together."
    ),
    "INVALID_CROSS_REFERENCE_KEY": Advice(
        "An Id refers to a record that is deleted, not visible, or of another object.", "Query for the right Id."
    ),
    "INACTIVE_OWNER_OR_USER": Advice("The owner is not active any more.", "Give an active user as OwnerId."),
    "INVALID_CURRENCY_ISO": Advice("The org does not use this currency.", "Query CurrencyType for those it uses."),
    "TOO_MANY_ENUM_VALUE": Advice("Too many values for the picklist.", "Choose fewer, separated by ;."),
    # The record
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": Advice(
        "Another record of the call was refused, so none was saved.",
        "Correct that one, or save each for itself.",
    ),
    "PROCESSING_HALTED": Advice("Another part of the call failed.", "Correct that part and call again."),
    "ENTITY_IS_LOCKED": Advice(
        "The record is locked, mostly by an approval.", "Wait for its end, or ask the approver or an administrator."
    ),
    "ENTITY_IS_ARCHIVED": Advice("The record is archived.", "It can only be read."),
    "CANNOT_UPDATE_CONVERTED_LEAD": Advice(
        "The lead was converted.", "Change its contact, account or opportunity instead."
    ),
    "DELETE_FAILED": Advice("Other records need this one.", "Delete or move those first, if the user wants that."),
    "DEPENDENCY_EXISTS": Advice("Something else depends on it.", "Remove that first, if the user wants that."),
    "CIRCULAR_DEPENDENCY": Advice("The record would be its own parent.", "Choose another parent."),
    "UNDELETE_FAILED": Advice(
        "It is not in the recycle bin: not deleted, gone for good, or deleted with another record.",
        "Restore that other record, or create it again.",
    ),
    "DUPLICATES_DETECTED": Advice(
        "A duplicate rule found records like it.",
        "Use one of them; save a duplicate only if the user wants one.",
        "this org's rule",
    ),
    "DUPLICATE_VALUE": Advice("Another record has this unique value.", "Update that one, or give another value."),
    "DUPLICATE_EXTERNAL_ID": Advice("Several records have this external id.", "Use the Id of the one that is meant."),
    "DUPLICATE_USERNAME": Advice("Somebody has this username, in this org or another.", "Choose another one."),
    "NOT_FOUND": Advice(
        "There is no such record or object, or this user may not see it.", "Check the Id or name; a query finds it."
    ),
    "ENTITY_IS_DELETED": Advice("The record is in the recycle bin.", "Use another, or have it restored."),
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": Advice(
        "The record was changed in the meantime.", "Read it again, then decide whether the change still holds."
    ),
    "UNABLE_TO_LOCK_ROW": Advice("Another transaction holds the record or its parent; nothing was saved.", TRY_AGAIN),
    # The user
    "INSUFFICIENT_ACCESS": Advice("This user may not do that.", _ADMINISTRATOR),
    "INSUFFICIENT_ACCESS_OR_READONLY": Advice("This user may not change the record.", _ADMINISTRATOR),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Advice(
        "The user may not see or use a record that this one refers to.", "Refer to another; an administrator can share."
    ),
    "TRANSFER_REQUIRES_READ": Advice("The new owner may not read the object.", "Choose another owner."),
    "TXN_SECURITY_NO_ACCESS": Advice("A security policy of the org forbids it.", "Ask an administrator."),
    "PACKAGE_LICENSE_REQUIRED": Advice("The user has no license for this package.", _ADMINISTRATOR),
    "API_DISABLED_FOR_ORG": Advice("This edition or profile has no API access.", "An administrator can enable it."),
    "API_CURRENTLY_DISABLED": Advice("The user may not use the API.", _ADMINISTRATOR),
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": Advice(
        "The user's password has expired.", "The user has to log in to Salesforce and set a new one."
    ),
    # The org
    "REQUEST_LIMIT_EXCEEDED": Advice(
        "The org's API calls of 24 hours are used up.", "They come free as the oldest fall away, within a day."
    ),
    "REQUEST_RUNNING_TOO_LONG": Advice("Salesforce stopped the call: it ran too long.", "Do less in one call."),
    "QUERY_TIMEOUT": Advice(
        "The query ran too long.", "Filter by indexed fields, such as Id, a lookup or CreatedDate."
    ),
    "OPERATION_TOO_LARGE": Advice("The query would touch too many records.", "Narrow its WHERE clause."),
    "EXCEEDED_ID_LIMIT": Advice("Too many records for one call.", "Do it in smaller parts."),
    "STORAGE_LIMIT_EXCEEDED": Advice("The org's storage is full.", "An administrator has to free or buy some."),
    "LICENSE_LIMIT_EXCEEDED": Advice("The org has no license left for this.", "Ask an administrator."),
    "LIMIT_EXCEEDED": Advice("A limit of the org is reached.", "Do less in one call, or ask an administrator."),
    "INVALID_READ_ONLY_USER_DML": Advice("The org is read-only, for maintenance.", "Read now, write later."),
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": Advice(
        "The org is read-only, for maintenance.", "Read now, write later."
    ),
    "SERVER_UNAVAILABLE": Advice("Salesforce is away for a moment.", TRY_AGAIN),
    "UNKNOWN_EXCEPTION": Advice("Salesforce failed; the number is for its support.", TRY_AGAIN),
}
"""The codes that people meet; those that are not here have the advice of their class."""


_SEMI_JOIN = "Ask for the Ids first, then write Id IN (…) with them; or filter by a parent's field, as Account.Name."
_DATE_FORM = "Write it bare: 2026-11-24."

_TYPES = "JSON_PARSER_ERROR|INVALID_TYPE_ON_FIELD_IN_RECORD"

MEANINGS: Final[Sequence[tuple[str, str, Advice]]] = (
    (_TYPES, r"instance of time\b", Advice("It is a time of day, without a zone.", "Write it like 15:00:00.000Z.")),
    (_TYPES, r"instance of date\b", Advice("It is a day.", "Write it like 2026-11-24.")),
    (_TYPES, "instance of (datetime|timestamp)", Advice("It is a datetime.", "Write it like 2026-11-24T15:00:00Z.")),
    (_TYPES, "instance of boolean", Advice("It is a checkbox.", "Write true or false, without quotes.")),
    (_TYPES, "instance of (double|int|long|currency|percent)", Advice("It is a number.", "Write it without quotes.")),
    (
        "INVALID_FIELD",
        "Foreign key external ID",
        Advice("The field is right, but no record has that value.", "Create that parent first, or give another value."),
    ),
    (
        "INVALID_FIELD",
        "understand relationship .* in FROM",
        Advice("No children are called so.", "Use the plural that describe lists, custom ones with __r: Contacts."),
    ),
    (
        "INVALID_FIELD",
        "understand relationship",
        Advice("There is no such parent.", "Use the relationship that describe lists: Account.Name, Visit__r.Name."),
    ),
    ("INVALID_FIELD", "duplicate field selected", Advice("A field is selected twice.", "Name it once.")),
    (
        "INVALID_FIELD|MALFORMED_QUERY",
        "does not support aggregate operator",
        Advice("This function does not take this field.", "Use COUNT(field), or a number with SUM, AVG, MIN and MAX."),
    ),
    (
        "INVALID_FIELD",
        "must be of type dateTime",
        Advice("It is a datetime.", "Write it bare and with a time: 2026-11-24T00:00:00Z."),
    ),
    ("INVALID_FIELD", "must be of type date\\b", Advice("It is a day.", _DATE_FORM)),
    ("INVALID_FIELD", "must be of type string", Advice("It is a text.", "Put the value in single quotes.")),
    ("INVALID_FIELD", "must be of type boolean", Advice("It is a checkbox.", "Write true or false, without quotes.")),
    (
        "INVALID_FIELD",
        "must be of type (double|int|currency|percent)",
        Advice("It is a number.", "Write it without quotes."),
    ),
    (
        "INVALID_FIELD",
        "can ?not be filtered",
        Advice("No condition can use this field.", "Filter by another, or find words in it with salesforce_search."),
    ),
    (
        "INVALID_FIELD|MALFORMED_QUERY",
        "can ?not be sorted",
        Advice("Rows cannot be ordered by it.", "Use another."),
    ),
    (
        "INVALID_FIELD|MALFORMED_QUERY",
        "can ?not be grouped",
        Advice("It cannot be grouped by.", "Use another; of a datetime DAY_ONLY(field) or CALENDAR_MONTH(field)."),
    ),
    (
        "MALFORMED_QUERY|INVALID_FIELD",
        "must be grouped or aggregated",
        Advice("Beside an aggregate every field is grouped.", "Add it to GROUP BY, or write MAX(field)."),
    ),
    (
        "MALFORMED_QUERY|INVALID_FIELD|INVALID_TYPE",
        r"TYPEOF (can ?not|needs|is not)",
        Advice(
            "TYPEOF stands beside plain fields only, on Who, What or Owner.",
            "Leave functions out, or query one kind: WHERE Who.Type = 'Contact'.",
        ),
    ),
    (
        "MALFORMED_QUERY",
        "field aliasing",
        Advice("Only aggregates and functions take an alias.", "Leave the alias out: the column has the field's name."),
    ),
    (
        "MALFORMED_QUERY",
        r"unexpected token: '?DISTINCT",
        Advice("SOQL has no DISTINCT.", "Write COUNT_DISTINCT(field), or GROUP BY the field."),
    ),
    (
        "MALFORMED_QUERY",
        r"unexpected token: '?(COUNT|SUM|AVG|MIN|MAX|COUNT_DISTINCT)\b",
        Advice("A total cannot stand there.", "Use it in SELECT or HAVING of the outer query, with GROUP BY."),
    ),
    (
        "MALFORMED_QUERY",
        r"unexpected token: '?(UPPER|LOWER|TRIM|CONCAT|SUBSTRING|LEN|LENGTH|COALESCE|NVL|IFNULL|ISNULL|IF)\b",
        Advice("SOQL has no such function.", "Compare the field itself: = and LIKE ignore case."),
    ),
    (
        "MALFORMED_QUERY",
        r"unexpected token: '?(DATE|YEAR|MONTH|DAY|HOUR|DATE_TRUNC|EXTRACT)\b",
        Advice("SOQL has no such function.", "Write DAY_ONLY(field), CALENDAR_MONTH(field) or CALENDAR_YEAR(field)."),
    ),
    (
        "MALFORMED_QUERY",
        r"COUNT\(\) must|COUNT\(\) and",
        Advice("COUNT() stands alone.", "Beside fields and GROUP BY write COUNT(Id)."),
    ),
    ("MALFORMED_QUERY", "FIELDS function must have a LIMIT", Advice("FIELDS reads few rows.", "Add LIMIT 200.")),
    ("MALFORMED_QUERY", "duplicate alias", Advice("Two columns have one alias.", "Give each its own.")),
    (
        "MALFORMED_QUERY",
        "root queries support aggregate|Grouped query cannot use child|not allowed in a query that aggregates",
        Advice("Functions of groups and sub-queries do not go together.", "Run two queries."),
    ),
    (
        "MALFORMED_QUERY",
        "cannot also use LIMIT",
        Advice("A query without GROUP BY has one total.", "Leave LIMIT out."),
    ),
    (
        "MALFORMED_QUERY",
        "'OR' operator|top level WHERE",
        Advice("IN (SELECT …) stands beside AND alone.", "Run two queries, or write the Ids: Id IN (…)."),
    ),
    (
        "MALFORMED_QUERY|INVALID_FIELD|INVALID_TYPE|INVALID_QUERY_FILTER_OPERATOR",
        "semi.?join|inner select|left operand field",
        Advice("IN (SELECT …) does not do that.", _SEMI_JOIN),
    ),
    (
        "EXCEEDED_ID_LIMIT",
        "queryMore",
        Advice("Groups cannot be paged.", "Add LIMIT 2000 or a condition, or group by a field of fewer values."),
    ),
    (
        "NUMBER_OUTSIDE_VALID_RANGE",
        "offset",
        Advice("OFFSET goes to 2000.", "Filter by the last value seen instead, in its order: Id > '003…'."),
    ),
    (
        "INVALID_QUERY_FILTER_OPERATOR",
        "invalid ID field",
        Advice("That is no Id.", "Query for the right one: 15 or 18 letters and digits."),
    ),
    (
        "INVALID_QUERY_FILTER_OPERATOR",
        "multi-?picklist",
        Advice("It holds several values.", "Compare it by INCLUDES ('A', 'B') or EXCLUDES ('A')."),
    ),
    (
        "FIELD_INTEGRITY_EXCEPTION",
        "problem with this (country|state)",
        Advice("The org has lists of countries and states.", "Write both as in the lists, or ask the user for them."),
    ),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "execution of (Before|After)|caused by:|process failed",
        Advice("Code of this org failed on saving.", _AUTOMATION, "this org's trigger"),
    ),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "^record type missing",
        Advice(
            "The user's profile has no record type for this object.",
            "An administrator has to assign one; or give a RecordTypeId that describe lists.",
        ),
    ),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "^(entity type|entity is not|cannot (insert|update|delete|modify|reference))",
        Advice("Salesforce does not let this object be written so.", "Describe it to see what it allows."),
    ),
    (
        "INVALID_CROSS_REFERENCE_KEY",
        "Record Type ID",
        Advice("The user may not use this record type, or it is of another object.", "Use one that describe lists."),
    ),
    (
        "INVALID_CROSS_REFERENCE_KEY",
        "owner cannot be blank",
        Advice("Every record has an owner.", "Leave OwnerId out, or give the Id of a user."),
    ),
    (
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        "does not exist or does not match filter",
        Advice("The lookup's filter does not take this record.", "Choose another record."),
    ),
    (
        "DUPLICATES_DETECTED",
        "^(Use one of these records|You('re| are) creating a duplicate record)",
        Advice(
            "A duplicate rule found records like it.", "Use one of them; save a duplicate only if the user wants one."
        ),
    ),
    (
        "NOT_IMPLEMENTED",
        "local org",
        Advice("The local org does not have this part of Salesforce.", "Do without it here; a real org may have it."),
    ),
)
"""Codes that mean several things, with the words of Salesforce's own that tell which: code, message, advice."""


def advice_of(error_code: str, message: str) -> Advice | None:
    """Return what is known of an error: by its words where its code means several things, else by its code."""
    told = (
        advice
        for codes, words, advice in MEANINGS
        if error_code in codes.split("|") and re.search(words, message, re.IGNORECASE)
    )
    return next(told, ADVICE.get(error_code))


def hint_of(error_code: str, message: str = "") -> str:
    """Return why an error comes and what to do next; nothing where its class says it."""
    advice = advice_of(error_code, message)
    return f"{advice.cause} {advice.next_step}" if advice else ""


def is_told_by_words(error_code: str, message: str) -> bool:
    """Tell whether an error's words say which of its code's meanings it has."""
    return advice_of(error_code, message) is not ADVICE.get(error_code)
