"""Find the calendars in a call: users and resources, by Id, name or e-mail address."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.busy import Calendar
from mcp_salesforce.appointments.times import TimeError, zone_of
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.salesforce import QueryResult, Request, SalesforceError
from mcp_salesforce.salesforce.api.queries import querying
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.ids import is_id
from mcp_salesforce.salesforce.literals import quote, quote_list
from mcp_salesforce.spelling import did_you_mean, nearest
from mcp_salesforce.tools.framework.params import id_of
from mcp_salesforce.tools.framework.session import OrgSession

ME: Final = "me"
_ARGUMENT: Final = "calendars"
_USER, _CALENDAR = "005", "023"
_SHOWN_CANDIDATES: Final = 3
_SHOWN_PLACES: Final = 4
_MOST_ZONES: Final = 200
_ALL_NAMES: Final = (
    "SELECT Name FROM User WHERE IsActive = true LIMIT 2000",
    "SELECT Name FROM Calendar WHERE Type IN ('Public','Resource') LIMIT 2000",
)
_ABOUT_ROOMS: Final = ("capacity", "seats", "description")
_checked = id_of(_USER, _CALENDAR)


@dataclass(slots=True)
class _Wanted:
    """What a call names, sorted by kind."""

    users: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def requests(self, me: str) -> list[Request]:
        """Return the queries that find them, and what the caller may see."""
        users, fields = [f"Id IN {quote_list([me, *self.users])}"], ["Id", "Name", "Username", "TimeZoneSidKey"]
        calendars = [f"Id IN {quote_list(self.resources)}"] if self.resources else []
        if self.names:
            texts, addresses = quote_list(self.names), [text for text in self.names if "@" in text]
            by_address = f" OR Email IN {quote_list(addresses)}" if addresses else ""
            fields += ["Email"] if addresses else []
            users.append(f"(IsActive = true AND (Name IN {texts} OR Username IN {texts}{by_address}))")
            calendars.append(f"(IsActive = true AND Type IN ('Public','Resource') AND Name IN {texts})")
        soql = [
            f"SELECT {', '.join(fields)} FROM User WHERE {' OR '.join(users)}",  # noqa: S608
            f"SELECT Profile.PermissionsViewAllData FROM User WHERE Id = {quote(me)}",  # noqa: S608
        ]
        if calendars:
            soql.append(f"SELECT Id, Name, Type, UserId FROM Calendar WHERE {' OR '.join(calendars)}")  # noqa: S608
        return [querying(each) for each in soql]


async def calendars_of(org: OrgSession, asked: Sequence[str], arguments: Sequence[str] = ()) -> list[Calendar]:
    """Return the calendars that are asked for, each once, in their order; those known by Id cost no call.

    Args:
        org: Where they are.
        asked: Ids (`005` of users, `023` of resource and public calendars), names, e-mail addresses, user names, or
            `me`.
        arguments: The argument of the call that each stands in; by default all stand in `calendars`.
    """
    me = (await org.owner())[1]
    texts = [me if text.strip().casefold() == ME else text.strip() for text in asked]
    await org.require_count("User", len(set(texts)))
    wanted = _Wanted()
    for text in texts:
        if not is_id(text):
            wanted.names.append(text)
        elif (record_id := _checked(text)) not in {me, *org.calendars}:
            (wanted.users if record_id.startswith(_USER) else wanted.resources).append(record_id)
    found: list[Mapping[str, Any]] = []
    if wanted.names or wanted.users or wanted.resources or me not in org.calendars:
        found = await _find(org, wanted, me)
    places = arguments or [_ARGUMENT] * len(texts)
    calendars = [await _calendar(org, text, found, place) for text, place in zip(texts, places, strict=True)]
    return list({calendar.id: calendar for calendar in calendars}.values())


async def zones_of(org: OrgSession, user_ids: Sequence[str]) -> dict[str, ZoneInfo]:
    """Return the time zones of users by name, as far as they can be seen; one call reads those that are not known."""
    users = [each for each in user_ids if each.startswith(_USER)]
    zones = {org.calendars[each].name: org.calendars[each].zone for each in users if each in org.calendars}
    if unknown := [each for each in users if each not in org.calendars][:_MOST_ZONES]:
        soql = f"SELECT Name, TimeZoneSidKey FROM User WHERE Id IN {quote_list(unknown)}"  # noqa: S608 - quoted
        [found] = await _asked(org, [querying(soql)])
        zones |= {user["Name"]: _zone(user) for user in _records(found) if user.get("Name")}
    return zones


async def calendar_records(org: OrgSession, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the active users, and the resource and public calendars, that have one of these names or addresses."""
    if not names:
        return []
    found = await _find(org, _Wanted(names=list(names)), (await org.owner())[1])
    return [record for record in found if any(has_name(record, text) for text in names)]


def has_name(record: Mapping[str, Any], text: str) -> bool:
    """Tell whether a record has this name, user name or e-mail address."""
    return text.casefold() in {str(record.get(name) or "").casefold() for name in ("Name", "Email", "Username")}


async def _find(org: OrgSession, wanted: _Wanted, me: str) -> list[Mapping[str, Any]]:
    """Return the records of users and calendars that the queries find; remember each by its Id."""
    users, permission, *calendars = await _asked(org, wanted.requests(me))
    if isinstance(users, SalesforceError) and (wanted.names or wanted.users):
        raise users
    people = _records(users) or [{"Id": me, "Name": ME, "TimeZoneSidKey": (await org.zone()).key}]
    places = [] if not calendars or isinstance(calendars[0], SalesforceError) else _records(calendars[0])
    own_zone = next((_zone(user) for user in people if user["Id"] == me), zone_of("UTC"))
    sees_all = org.reads_all("Event") and any(
        (user.get("Profile") or {}).get("PermissionsViewAllData") for user in _records(permission)
    )
    for user in people:
        is_open = sees_all or user["Id"] == me
        org.calendars[user["Id"]] = Calendar(
            user["Id"],
            user.get("Name") or user["Id"],
            _zone(user),
            is_open=is_open,
            username=user.get("Username") or "",
        )
    for place in places:
        name = place.get("Name") or place["Id"]
        org.calendars[place["Id"]] = Calendar(place["Id"], name, own_zone, is_person=False, is_open=sees_all)
    return [*people, *places]


async def _asked(org: OrgSession, requests: Sequence[Request]) -> Sequence[object]:
    """Return what each of the requests gives; a policy that refuses all of them is the outcome of each."""
    try:
        return await org.client.composite.run(requests)
    except PolicyRefusedError as error:
        return [error] * len(requests)


async def _calendar(org: OrgSession, text: str, found: Iterable[Mapping[str, Any]], argument: str) -> Calendar:
    if not is_id(text):
        return org.calendars[await _id_by_name(org, text, found, argument)]
    record_id = _checked(text)
    own = next((each for each in found if each["Id"] == record_id and each.get("UserId")), None)
    if own:
        raise refused(f"{record_id} is the personal calendar of a user.", hint=f"Give the user: {own['UserId']}.")
    if record_id in org.calendars:
        return org.calendars[record_id]
    if record_id.startswith(_USER):
        raise refused(f"There is no user {record_id}, or you cannot see them.", code="NOT_FOUND")
    zone = org.calendars[(await org.owner())[1]].zone
    return Calendar(record_id, record_id, zone, is_person=False, is_known=False)


async def _id_by_name(org: OrgSession, text: str, found: Iterable[Mapping[str, Any]], argument: str) -> str:
    named = [record for record in found if has_name(record, text)]
    if len(named) == 1:
        return str(named[0]["Id"])
    if named:
        shown = [f"{each['Id']} ({each.get('Username') or each.get('Type')})" for each in named[:_SHOWN_CANDIDATES]]
        raise refused(
            f"{len(named)} calendars are called {text!r}: {', '.join(shown)}.",
            code="AMBIGUOUS_CALENDAR",
            hint="Ask the user which one is meant, and give its Id.",
            fields=[argument],
        )
    raise await unknown_calendar(org, text, argument)


async def unknown_calendar(org: OrgSession, text: str, argument: str = _ARGUMENT) -> InvalidArgumentError:
    """Return the error for a name that nobody has; it has the nearest names, or else the rooms and resources."""
    about = await _fields_about_rooms(org)
    users, rooms = _ALL_NAMES
    asking = [users, rooms.replace("Name", ", ".join(["Name", *about]), 1)]
    outcomes = await org.client.composite.run([querying(soql) for soql in asking])
    names = [record["Name"] for outcome in outcomes for record in _records(outcome) if record.get("Name")]
    places = [_room(record, about) for record in _records(outcomes[-1]) if record.get("Name")]
    near = nearest(text, names) or [name for name in names if text.casefold() in name.casefold().split()][:2]
    hint = did_you_mean(near) or "Give an Id, the full name or the e-mail address of a user or resource calendar."
    if places and not near:
        more = f" and {len(places) - _SHOWN_PLACES} more" if len(places) > _SHOWN_PLACES else ""
        shown = f"{', '.join(places[:_SHOWN_PLACES])}{more}"
        hint = f"Give an Id, a full name or an e-mail address. Rooms and resources: {shown}."
    return refused(f"No calendar is called {text!r}.", code="UNKNOWN_CALENDAR", hint=hint, fields=[argument])


async def _fields_about_rooms(org: OrgSession) -> list[str]:
    """Return the fields of Calendar that tell rooms apart, if an org has some: Salesforce's own object has none."""
    try:
        described = await org.schema.describe("Calendar")
        named = [each.name for each in described.fields if each.name.removesuffix("__c").casefold() in _ABOUT_ROOMS]
        return list(await org.shown("Calendar", named)) if named else []
    except SalesforceError:
        return []


def _room(record: Mapping[str, Any], more: Sequence[str]) -> str:
    told = [f"{name.removesuffix('__c').lower()} {record[name]}"[:60] for name in more if record.get(name)]
    return f"{record['Name']} ({', '.join(told)})" if told else str(record["Name"])


def _records(outcome: object) -> list[dict[str, Any]]:
    return [] if isinstance(outcome, SalesforceError) else QueryResult.read(outcome).records


def _zone(user: Mapping[str, Any]) -> ZoneInfo:
    """Return the user's zone, or UTC where the org does not tell: answers name it, so it deceives nobody."""
    try:
        return zone_of(user.get("TimeZoneSidKey") or "UTC")
    except TimeError:
        return zone_of("UTC")
