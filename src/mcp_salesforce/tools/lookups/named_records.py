"""Which record a name means: users, rooms, contacts, leads, accounts, deals and queues, by name or e-mail address.

All tools that take names pass here. One record that has the name is the answer; of several, none is chosen.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.salesforce import Request, SalesforceError
from mcp_salesforce.salesforce.api.queries import querying, records_in
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.literals import like_literal, quote_list
from mcp_salesforce.tools.framework.references import NAMEABLE, Found, Named, unknown
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.calendars import ME, calendar_records, has_name, unknown_calendar
from mcp_salesforce.tools.lookups.people import folded_words, name_conditions, spelt_otherwise

_IN_CALENDARS: Final = frozenset({"User", "Calendar"})
_SHOWN: Final = 3
_MOST: Final = 200
_MOST_NEAR: Final = 20
AMBIGUOUS: Final = "AMBIGUOUS_NAME"
_ASK: Final = "Ask the user which one is meant, and give its Id."


@dataclass(frozen=True, slots=True)
class _Source:
    """How records of an object are found by name: what tells them apart, and who is a person with an e-mail address."""

    tells: tuple[str, ...] = ()
    has_email: bool = False
    where: str = ""


_SOURCES: Final[Mapping[str, _Source]] = {
    "Contact": _Source(("Email", "Account.Name"), has_email=True),
    "Lead": _Source(("Email", "Company"), has_email=True, where="IsConverted = false"),
    "Account": _Source(("BillingCity",)),
    "Opportunity": _Source(("StageName",)),
    "Group": _Source(where="Type = 'Queue'"),
}


async def ids_of(org: OrgSession, sought: Sequence[Named]) -> list[Found]:
    """Return for each name the Id of the one record that has it, or the error to raise.

    Names cost at most two calls where they are written as the org has them, whatever their number. Objects that a
    policy does not let be read are left out where a name may be of another one too.

    Raises:
        PolicyRefusedError: A name was not found, and may be of an object that the policy does not let be read.
    """
    narrowed = [_readable(org, named) for named in sought]
    by_object: dict[str, dict[str, None]] = {}
    for named, _ in narrowed:
        for sobject in named.objects if named.casefold() != ME else ():
            by_object.setdefault(sobject, {})[str(named)] = None
    records = await _exact(org, by_object)
    ids: list[Found] = []
    for named, refusal in narrowed:
        found = await _id_of(org, named, records)
        if refusal and isinstance(found, InvalidArgumentError) and found.code != AMBIGUOUS:
            raise refusal
        ids.append(found)
    return ids


def _readable(org: OrgSession, named: Named) -> tuple[Named, PolicyRefusedError | None]:
    """Return a name with the objects that may be read, and the refusal of another one; all of them if none may."""
    objects: list[str] = []
    refusal: PolicyRefusedError | None = None
    for sobject in named.objects:
        try:
            org.require_action("read", sobject)
        except PolicyRefusedError as error:
            refusal = error
        else:
            objects.append(sobject)
    return Named.of(named, objects or named.objects), refusal


async def _exact(org: OrgSession, by_object: Mapping[str, Mapping[str, None]]) -> list[dict[str, Any]]:
    """Return the records that have one of the names, each with its object as `sobject`."""
    texts = dict.fromkeys(text for sobject in _IN_CALENDARS for text in by_object.get(sobject, ()))
    others = {sobject: list(names) for sobject, names in by_object.items() if sobject in _SOURCES}
    reading = [await _query(org, sobject, _named_so(sobject, names)) for sobject, names in others.items()]
    calendars, records = await asyncio.gather(calendar_records(org, [*texts]), _read(org, [*others], reading))
    return [
        *({**record, "sobject": "User" if "Username" in record else "Calendar"} for record in calendars),
        *records,
    ]


async def _id_of(org: OrgSession, named: Named, found: Sequence[Mapping[str, Any]]) -> Found:
    if named.casefold() == ME and "User" in named.objects:
        return (await org.owner())[1]
    if not NAMEABLE.intersection(named.objects):
        return unknown(named)
    having = [each for each in found if each["sobject"] in named.objects and has_name(each, named)]
    near: list[dict[str, Any]] = []
    if not having:
        near = await _near(org, named)
        words = sorted(folded_words(named))
        having = [each for each in near if sorted(folded_words(str(each.get("Name") or ""))) == words]
    if len(having) == 1:
        return str(having[0]["Id"])
    if having:
        return _ambiguous(named, having)
    return await _nobody(org, named, near)


async def _nobody(org: OrgSession, named: Named, near: Sequence[Mapping[str, Any]]) -> InvalidArgumentError:
    if near:
        return unknown(named, f"Did you mean {' or '.join(_told(each) for each in near[:2])}? Ask the user.")
    if not _IN_CALENDARS.intersection(named.objects):
        return unknown(named)
    error = await unknown_calendar(org, named)
    return unknown(named, error.hint) if _SOURCES.keys() & set(named.objects) else error


async def _near(org: OrgSession, named: Named) -> list[dict[str, Any]]:
    """Return records whose names have the words of `named`, in whatever order and with whatever accents."""
    if "@" in named:
        return []
    sources, reading = [], []
    for sobject in named.objects:
        if sobject not in _SOURCES:
            continue
        is_person = _SOURCES[sobject].has_email
        conditions = name_conditions(named) if is_person else [f"Name LIKE {like_literal(named)}"]
        sources.append(sobject)
        reading.append(await _query(org, sobject, " AND ".join(conditions), _MOST_NEAR))
        if is_person and (alike := await spelt_otherwise(org, named, sobject)):
            sources.append(sobject)
            reading.append(await _query(org, sobject, f"Id IN {quote_list(alike)}", _MOST_NEAR))
    return list({each["Id"]: each for each in await _read(org, sources, reading)}.values())


def _named_so(sobject: str, names: Sequence[str]) -> str:
    addresses = [name for name in names if "@" in name] if _SOURCES[sobject].has_email else []
    return f"(Name IN {quote_list(names)}{f' OR Email IN {quote_list(addresses)}' if addresses else ''})"


async def _query(org: OrgSession, sobject: str, where: str, most: int = _MOST) -> Request:
    source = _SOURCES[sobject]
    fields = dict.fromkeys(["Id", "Name", *(await org.shown(sobject, source.tells) if source.tells else ())])
    conditions = " AND ".join(filter(None, [where, source.where]))
    return querying(f"SELECT {', '.join(fields)} FROM {sobject} WHERE {conditions} LIMIT {most}")  # noqa: S608


async def _read(org: OrgSession, sources: Sequence[str], reading: Sequence[Request]) -> list[dict[str, Any]]:
    """Return the records that the queries find; an object that the org does not have has none."""
    if not reading:
        return []
    found: list[dict[str, Any]] = []
    for sobject, outcome in zip(sources, await org.client.composite.run(reading), strict=True):
        if isinstance(outcome, SalesforceError) and outcome.code == "INVALID_TYPE" and len(sources) > 1:
            continue
        found += [{**record, "sobject": sobject} for record in records_in(outcome)]
    return found


def _ambiguous(named: Named, having: Sequence[Mapping[str, Any]]) -> InvalidArgumentError:
    more = len(having) - _SHOWN
    shown = "; ".join(
        _told(each, with_name=each.get("Name", "").casefold() != named.casefold()) for each in having[:_SHOWN]
    )
    return refused(
        f"{len(having)} records are called {str(named)[:40]!r}: {shown}{f' and {more} more' if more > 0 else ''}.",
        code=AMBIGUOUS,
        hint=_ASK,
    )


def _told(record: Mapping[str, Any], *, with_name: bool = True) -> str:
    """Return a record as a question offers it: `003… (Ada Ode, ada@acme.example, Acme)`."""
    account = (record.get("Account") or {}).get("Name") if isinstance(record.get("Account"), dict) else None
    tells = [record.get(name) for name in ("Email", "Company", "BillingCity", "StageName", "Username", "Type")]
    told = [str(each)[:40] for each in (record.get("Name") if with_name else None, *tells, account) if each]
    return f"{record['Id']} ({', '.join([*dict.fromkeys(told)][:3]) or record['sobject']})"
