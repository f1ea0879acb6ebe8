"""What records were before a write: what the call has read of them already, else one query for each object."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.changes.writes import Write
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.salesforce.errors import SalesforceError
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.salesforce.models import QueryResult
from mcp_salesforce.salesforce.wire import Request

Seen = dict[str, dict[str, Any]]
"""What was read of records, by their Ids."""
Before = Mapping[str, Any] | None

STAMP: Final = "LastModifiedDate"
TIMES: Final = ("StartDateTime", "EndDateTime", "IsAllDayEvent", "ActivityDate", "DurationInMinutes")
"""Fields that together say when an appointment is: a change of one changes others."""
_TOGETHER: Final[Mapping[str, tuple[str, ...]]] = {"event": TIMES}
_FOLLOWS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("opportunity", "stagename"): ("Probability", "ForecastCategoryName"),
}
"""Fields that Salesforce resets if another one is written and they are not; by object and that other one."""
INVITATION: Final = "EventRelation"
OF_AN_INVITATION: Final = ("EventId", "RelationId")
"""What an invitation is made of again: when it is deleted, it goes to no recycle bin."""
AT_ONCE: Final = 200
_NESTED: Final = (dict, list)


async def read_before(exchange: RequestSender, seen: Seen, writes: Sequence[Write]) -> tuple[Before, ...]:
    """Return for each write what the fields that it changes were, with `Id` and `LastModifiedDate` where known.

    It is empty for a record that an upsert will create, and None for what a create makes, for what goes to the recycle
    bin, and where the org does not tell. An invitation that is deleted has its event and whom it invites.
    """
    updates = [write for write in writes if write.action == "update" and write.record_id]
    for sobject, some in _grouped(write for write in updates if _known(write, seen) is None).items():
        for part in _parts(some):
            where = f"Id IN {quote_list(write.record_id for write in part)}"
            note_records(await _read(exchange, sobject, _fields(part), part, where), seen)
    invitations = [write.record_id for write in writes if write.action == "delete" and _is_invitation(write)]
    if invitations:
        where = f"Id IN {quote_list(invitations)}"
        note_records(await records_where(exchange, INVITATION, OF_AN_INVITATION, where), seen)
    found = {id(write): before for write, before in await _of_upserts(exchange, seen, writes)}
    return tuple(found.get(id(write)) if write.action == "upsert" else _known(write, seen) for write in writes)


def note_records(value: object, seen: Seen) -> None:
    """Add the records in a reply, and those in them, to what was seen of each."""
    if isinstance(value, list):
        for each in value:
            note_records(each, seen)
    elif isinstance(value, dict):  # not Mapping: a call may read many thousands of values, and that test is slow
        record_id, known = value.get("Id"), dict[str, Any]()
        if isinstance(value.get("attributes"), dict) and isinstance(record_id, str):
            known = seen.setdefault(record_id, known)
        for name, each in value.items():
            if not isinstance(each, _NESTED):
                known[name] = each
            elif name != "attributes":
                note_records(each, seen)


def fields_changed(write: Write) -> list[str]:
    """Return the names of the fields that a write changes: its own, and those that change with them."""
    together = _TOGETHER.get(write.sobject.casefold(), ())
    more = together if {name.casefold() for name in together} & {name.casefold() for name in write.values} else ()
    known = {name.casefold() for name in more}
    return [*more, *(name for name in write.values if name.casefold() not in known), *fields_following(write)]


def fields_following(write: Write) -> list[str]:
    """Return the names of the fields that Salesforce resets because of what a write sets."""
    given = {name.casefold() for name in write.values}
    follow = (name for each in given for name in _FOLLOWS.get((write.sobject.casefold(), each), ()))
    return [name for name in follow if name.casefold() not in given]


def _is_invitation(write: Write) -> bool:
    return write.sobject == INVITATION or (not write.sobject and write.record_id.startswith("0RE"))


def _known(write: Write, seen: Seen) -> Before:
    if write.action == "delete" and _is_invitation(write) and write.record_id in seen:
        return {name: seen[write.record_id].get(name) for name in OF_AN_INVITATION}
    if write.action != "update" or write.record_id not in seen:
        return None
    values = {name.casefold(): (name, value) for name, value in seen[write.record_id].items()}
    names = [name.casefold() for name in fields_changed(write)]
    follow = {name.casefold() for name in fields_following(write)}
    if any(name not in values for name in names if name not in follow):
        return None
    names = [name for name in names if name in values]
    return dict(values[name] for name in ["id", *([STAMP.casefold()] if STAMP.casefold() in values else []), *names])


async def _read(
    exchange: RequestSender, sobject: str, names: Sequence[str], writes: Sequence[Write], where: str
) -> list[dict[str, Any]] | None:
    """Return the records with these fields; where the user cannot see those that follow, without them."""
    found = await records_where(exchange, sobject, names, where)
    follow = {name for write in writes for name in fields_following(write)}
    if found is not None or not follow:
        return found
    return await records_where(exchange, sobject, [name for name in names if name not in follow], where)


async def _of_upserts(exchange: RequestSender, seen: Seen, writes: Sequence[Write]) -> list[tuple[Write, Before]]:
    found: list[tuple[Write, Before]] = []
    for sobject, some in _grouped(each for each in writes if each.action == "upsert" and each.rows == 1).items():
        for part in _parts(some):
            key = part[0].key
            where = f"{key} IN {quote_list(write.key_value for write in part)}"
            records = await _read(exchange, sobject, [key, *_fields(part)], part, where)
            if records is None:
                found += [(write, None) for write in part]
                continue
            note_records(records, seen)
            by_key = {_folded(record.get(key)): record for record in records}
            found += [(write, _picked(by_key.get(_folded(write.key_value), {}), write)) for write in part]
    return found


def _picked(record: Mapping[str, Any], write: Write) -> Mapping[str, Any]:
    names = {name.casefold() for name in ("Id", STAMP, *fields_changed(write))}
    return {name: value for name, value in record.items() if name.casefold() in names}


async def records_where(
    exchange: RequestSender, sobject: str, names: Iterable[str], where: str
) -> list[dict[str, Any]] | None:
    """Return the records with these fields, or None where the org does not tell: a field may be writable only."""
    selected = ", ".join({name.casefold(): name for name in ("Id", STAMP, *names)}.values())
    request = Request("GET", "query", {"q": f"SELECT {selected} FROM {sobject} WHERE {where}"})  # noqa: S608 - quoted
    try:
        return QueryResult.read((await exchange(request)).value).records
    except SalesforceError:
        return None


def _grouped(writes: Iterable[Write]) -> dict[str, list[Write]]:
    groups: dict[str, list[Write]] = {}
    for write in writes:
        groups.setdefault(write.sobject, []).append(write)
    return groups


def _parts(writes: Sequence[Write]) -> Iterable[list[Write]]:
    return ([*writes[start : start + AT_ONCE]] for start in range(0, len(writes), AT_ONCE))


def _fields(writes: Iterable[Write]) -> list[str]:
    return list(dict.fromkeys(name for write in writes for name in fields_changed(write)))


def _folded(value: object) -> str:
    return str(value).strip().casefold()
