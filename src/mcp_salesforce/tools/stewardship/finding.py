"""A contact found by what is known of the person, or created where nobody is like them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal, NotRequired

from typing_extensions import TypedDict

from mcp_salesforce.salesforce import DuplicateError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.spelling import in_words
from mcp_salesforce.tools.answers.results import Contact, Rows, table
from mcp_salesforce.tools.framework.params import AllowDuplicate, data_schema
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import CREATES, ToolContext, org_of
from mcp_salesforce.tools.lookups.contact_data import ContactData, create_contact_record, read_contact
from mcp_salesforce.tools.stewardship.likeness import Alike, Match, Sought
from mcp_salesforce.tools.stewardship.toolset import stewardship

_COLUMNS: Final = ("Id", "Name", "Email", "Phone", "Account.Name")
_RECORD_KEYS: Final = frozenset(name.partition(".")[0] for name in _COLUMNS)
_MATCHED_BY: Final = "matched_by"
_BY_RULE: Final = "duplicate rule of the org"
_SHOWN: Final = 10
_WHICH: Final = "Ask the user which one it is, or whether it is a new person; then set allow_duplicate."
_RULE_FORBIDS: Final = "A duplicate rule of the org does not allow to save it. Ask the user which contact it is."


class SoughtData(ContactData):
    """What is known of a person."""

    is_new: ClassVar[bool] = True


class FoundContact(TypedDict):
    """The contact that was found or created, or the candidates where the caller has to ask."""

    outcome: Literal["found", "created", "undecided"]
    contact: NotRequired[Contact]
    matched_by: NotRequired[list[str]]
    candidates: NotRequired[Rows]
    question: NotRequired[str]
    note: NotRequired[str]


_TEXT: Final = {"type": "string"}
_Data = Annotated[
    SoughtData,
    data_schema(
        "What you know of the person; fields as in salesforce_create_contact",
        {"LastName": _TEXT, "FirstName": _TEXT, "Email": _TEXT, "Phone": _TEXT, "AccountId": _TEXT},
    ),
]


@stewardship.tool(
    CREATES,
    title="Find or create a contact",
    hint="save a caller or a lead only if new: look up a person by e-mail, phone or name, else add; no duplicates",
    example={"data": {"LastName": "Ode", "FirstName": "Ada", "Email": "ada.ode@example.com"}},
    sobject="Contact",
)
async def find_or_create_contact(
    ctx: ToolContext, data: _Data, allow_duplicate: AllowDuplicate = False
) -> FoundContact:
    """Find the contact with this e-mail, phone number or name; create it only if no similar contact exists.

    If a contact may be the same person, nothing is created: ask the user the question in the answer. An
    existing contact is not changed.
    """
    org, values = org_of(ctx), {name: value for name, value in data.given().items() if value is not None}
    await org.require_shown("Contact", list(values))
    sought = await Sought.of(org, values)
    if not values.get("LastName") and not sought.has_contact_data():
        raise refused(
            "The call has nothing to search a contact with.", hint="Give Email, Phone or LastName.", fields=["data"]
        )
    if allow_duplicate:
        return {"outcome": "created", "contact": await _created(org, values, allow_duplicate=True)}
    matches = await sought.matches(org)
    sure = [match for match in matches if match.alike is Alike.SURE]
    others = [match for match in matches if match.alike is not Alike.SURE]
    if len(sure) == 1:
        return await _found(org, sure[0], sought, others)
    if close := sure or [match for match in matches if match.alike is Alike.LIKELY]:
        return {"outcome": "undecided", "candidates": await _shown(org, close), "question": _question(close)}
    return await _made(org, values, matches)


async def _found(org: OrgSession, match: Match, sought: Sought, others: Sequence[Match]) -> FoundContact:
    contact = await read_contact(org, match.record["Id"])
    told: FoundContact = {"outcome": "found", "contact": contact, "matched_by": list(match.by)}
    likely = [each for each in others if each.alike is Alike.LIKELY]
    if likely:
        told["candidates"] = await _shown(org, likely)
    if differing := sought.missing_in({**match.record, **contact}):
        told["note"] = f"Not saved, because the contact exists: {in_words(differing)}. Use salesforce_update_contact."
    return told


async def _made(org: OrgSession, values: Mapping[str, Any], similar: Sequence[Match]) -> FoundContact:
    """Create the contact, unless a duplicate rule of the org finds that it exists."""
    try:
        told: FoundContact = {"outcome": "created", "contact": await _created(org, values, allow_duplicate=False)}
    except DuplicateError as error:
        ids = [match.record_id for match in error.matches]
        if not ids:
            raise
        columns = await org.shown("Contact", _COLUMNS)
        soql = f"SELECT {', '.join(columns)} FROM Contact WHERE Id IN {quote_list(ids)}"  # noqa: S608 - SOQL, quoted
        seen = {record["Id"]: record for record in (await org.client.queries.query(soql)).records}
        found = [Match(seen.get(each, {"Id": each}), [_BY_RULE], Alike.LIKELY) for each in ids]
        question = _question(found) if error.can_be_allowed else _RULE_FORBIDS
        return {"outcome": "undecided", "candidates": await _shown(org, found), "question": question}
    if similar:
        told["candidates"] = await _shown(org, similar)
    return told


async def _created(org: OrgSession, values: Mapping[str, Any], *, allow_duplicate: bool) -> Contact:
    if not values.get("LastName"):
        raise refused(
            "No contact has these values, and a new contact needs a LastName. Nothing was created.",
            code="REQUIRED_FIELD_MISSING",
            hint="Give LastName to create the contact.",
            fields=["LastName"],
        )
    return await create_contact_record(org, values, allow_duplicate=allow_duplicate)


async def _shown(org: OrgSession, matches: Sequence[Match]) -> Rows:
    columns = await org.shown("Contact", _COLUMNS)
    rows = [
        {**{name: match.record[name] for name in _RECORD_KEYS & match.record.keys()}, _MATCHED_BY: ", ".join(match.by)}
        for match in matches[:_SHOWN]
    ]
    told = table(rows, [*columns, _MATCHED_BY])
    if len(matches) > _SHOWN:
        told["left_out"] = len(matches) - _SHOWN
    return told


def _question(matches: Sequence[Match]) -> str:
    what = "1 contact may be this person" if len(matches) == 1 else f"{len(matches)} contacts may be this person"
    return f"{what}. Nothing was created. {_WHICH}"
