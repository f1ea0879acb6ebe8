"""The records a new org starts with: made up, the same each time, with dates around today.

Records are described without ids: a value that names another record is a `Key`, and who plants the records
puts the id in its place.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from mcp_salesforce.localorg.standard.business_hours import WEEKDAYS
from mcp_salesforce.localorg.standard.definitions import words
from mcp_salesforce.localorg.standard.profile import PERMISSIONS
from mcp_salesforce.zones import ZoneInfo

DEFAULT_CONTACTS: Final = 200
_CONTACTS_PER_ACCOUNT: Final = 8
_LEADS: Final = 20
_WEEKS_BACK: Final = 4
_WEEKS_AHEAD: Final = 4


class Key(NamedTuple):
    """A record of the seed: the `number`th of its object, from 0."""

    sobject: str
    number: int


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the new org, and where their working day is."""

    first: str
    last: str
    title: str
    zone: str
    locale: str
    city: str
    country: str


USERS: Final = (
    Person("Nora", "Quill", "Sales Director", "America/New_York", "en_US", "New York", "United States"),
    Person("Jonas", "Brandt", "Account Executive", "Europe/Berlin", "de_DE", "Berlin", "Germany"),
    Person("Aiko", "Sunada", "Solution Engineer", "Asia/Tokyo", "ja_JP", "Tokyo", "Japan"),
)

_CALENDARS: Final = ("Harbour Room", "Projector")

_COMPANIES: Final = (
    ("Alder & Finch Logistics", "Transportation", "Rotterdam", "Netherlands"),
    ("Amberline Textiles", "Apparel", "Porto", "Portugal"),
    ("Basalt Ridge Mining", "Energy", "Perth", "Australia"),
    ("Bluewater Instruments", "Electronics", "Boston", "United States"),
    ("Calder Street Bakery Group", "Food & Beverage", "Leeds", "United Kingdom"),
    ("Cobalt Kite Media", "Media", "Austin", "United States"),
    ("Dovetail Furniture Works", "Manufacturing", "Aarhus", "Denmark"),
    ("Eastmoor Health Partners", "Healthcare", "Chicago", "United States"),
    ("Fernhill Insurance", "Insurance", "Dublin", "Ireland"),
    ("Garnet Peak Outdoors", "Retail", "Denver", "United States"),
    ("Halcyon Rail Systems", "Engineering", "Zurich", "Switzerland"),
    ("Inkwell Education Trust", "Education", "Toronto", "Canada"),
    ("Juniper Bay Hotels", "Hospitality", "Lisbon", "Portugal"),
    ("Kestrel Avionics", "Manufacturing", "Toulouse", "France"),
    ("Lantern Grid Power", "Utilities", "Hamburg", "Germany"),
    ("Marigold Biolabs", "Biotechnology", "Cambridge", "United Kingdom"),
    ("Northgate Civic Bank", "Banking", "Oslo", "Norway"),
    ("Orchard Lane Foods", "Agriculture", "Valencia", "Spain"),
    ("Pinecrest Consulting", "Consulting", "Seattle", "United States"),
    ("Quarry Road Construction", "Construction", "Melbourne", "Australia"),
    ("Ravenscar Shipping", "Shipping", "Singapore", "Singapore"),
    ("Saltmarsh Research", "Not For Profit", "Utrecht", "Netherlands"),
    ("Thistle & Byrne Law", "Consulting", "Edinburgh", "United Kingdom"),
    ("Umber Software Studio", "Technology", "Kyoto", "Japan"),
    ("Windrow Telecom", "Telecommunications", "Montreal", "Canada"),
)

_FIRST_NAMES: Final = words("""
    Adela Amara Anselm Beatriz Bram Callum Carys Chidi Daphne Dario Elin Emre Fatima Felix Freya Gideon Hana Hugo
    Imogen Ines Jasper Jun Katya Kofi Lena Luca Maeve Malik Mireille Nadia Niamh Oskar Petra Priya Quentin Rosa
    Ruben Saskia Soren Tamsin Teo Una Viktor Wanda Xavier Yara Yusuf Zoë
    """)

_LAST_NAMES: Final = words("""
    Abara Aldous Bergqvist Bexley Carrow Castellan Dahl Delacourt Eriksen Fairweather Farouk Galloway Grünwald Hale
    Hollis Ibarra Ito Jansen Kaminski Keane Lindqvist Lovelock Marchetti Merrow Nakata Nwosu Okafor Ormond Pascoe
    Petrov Quintana Rasmussen Renard Sable Santoro Tanner Thorne Ulrich Valdez Vance Wexford Whitlock Yamada Zeller
    """)

_TITLES: Final = (
    ("Chief Executive Officer", "Executive"), ("Finance Director", "Finance"),
    ("Head of Procurement", "Procurement"), ("IT Manager", "Technology"), ("Marketing Lead", "Marketing"),
    ("Office Manager", "Operations"), ("Operations Manager", "Operations"), ("Project Coordinator", "Projects"),
)  # fmt: skip

_AREA_CODES: Final = (206, 212, 303, 312, 415, 512, 514, 604, 617, 702)
_SOURCES: Final = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other", None)

_MEETINGS: Final = (
    ("Introduction", 30, "Call"), ("Quarterly review", 60, "Meeting"), ("Contract renewal", 45, "Meeting"),
    ("Product demonstration", 60, "Meeting"), ("Project check-in", 30, "Call"), ("Workshop", 120, "Meeting"),
    ("Pricing discussion", 45, "Call"), ("Support follow-up", 15, "Call"),
)  # fmt: skip
_PRIVATE: Final = ("Dentist", "School meeting", "Physiotherapy", "Bank appointment")
_ALL_DAY: Final = (("Trade fair", 3, "Busy"), ("Vacation", 5, "OutOfOffice"), ("Company anniversary", 1, "Free"))


def organization() -> Mapping[str, Any]:
    """Return the values of the org's own record."""
    return {
        "Name": "Local Org",
        "Country": "US",
        "DefaultLocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "TimeZoneSidKey": USERS[0].zone,
        "PrimaryContact": f"{USERS[0].first} {USERS[0].last}",
        "OrganizationType": "Developer Edition",
        "InstanceName": "LOCAL",
        "FiscalYearStartMonth": 1,
        "UiSkin": "Theme3",
        "DefaultAccountAccess": "None",
        "DefaultContactAccess": "ControlledByParent",
        "DefaultOpportunityAccess": "None",
        "DefaultLeadAccess": "Read",
        "DefaultCaseAccess": "ReadEditTransfer",
        "DefaultCalendarAccess": "HideDetailsInsert",
        "DefaultPricebookAccess": "ReadSelect",
        "DefaultCampaignAccess": "All",
        "WebToCaseDefaultOrigin": "Web",
        "SignupCountryIsoCode": "US",
        "PreferencesLightningLoginEnabled": True,
    }


CONVERTED: Final = "Closed - Converted"
"""The one status of converted leads in a new org."""


def profiles() -> Iterator[Mapping[str, Any]]:
    """Return the profiles: one that may do everything, and one for everybody else."""
    yield {"Name": "System Administrator", "UserType": "Standard"} | {
        f"Permissions{name}": True for name, _ in PERMISSIONS
    }
    some = ("EditTask", "EditEvent", "ApiEnabled")
    yield {"Name": "Standard User", "UserType": "Standard"} | {f"Permissions{name}": True for name in some}


def roles() -> Iterator[Mapping[str, Any]]:
    """Return the roles, one for each user: the first is above the others."""
    for number, person in enumerate(USERS):
        yield {"Name": person.title, "DeveloperName": person.title.replace(" ", "_")} | (
            {"ParentRoleId": Key("UserRole", 0)} if number else {}
        )


def users() -> Iterator[Mapping[str, Any]]:
    """Return the three users, each in a zone of their own."""
    for number, person in enumerate(USERS):
        login = f"{person.first}.{person.last}".lower()
        yield {
            "Username": f"{login}@local-org.example.com",
            "FirstName": person.first,
            "LastName": person.last,
            "Title": person.title,
            "CompanyName": "Local Org",
            "Email": f"{login}@example.com",
            "Alias": (person.first[0] + person.last)[:8].lower(),
            "CommunityNickname": login,
            "TimeZoneSidKey": person.zone,
            "LocaleSidKey": person.locale,
            "LanguageLocaleKey": "en_US",
            "EmailEncodingKey": "UTF-8",
            "City": person.city,
            "Country": person.country,
            "ProfileId": Key("Profile", min(number, 1)),
            "UserRoleId": Key("UserRole", number),
            "UserType": "Standard",
        } | ({"ManagerId": Key("User", 0)} if number else {})


def calendars() -> Iterator[Mapping[str, Any]]:
    """Return the resource calendars: a room and a thing."""
    for name in _CALENDARS:
        yield {"Name": name, "Type": "Resource", "IsActive": True}


def business_hours() -> Iterator[Mapping[str, Any]]:
    """Return the business hours of a new org: all day, every day."""
    times = {f"{day}{end}Time": "00:00:00.000Z" for day in WEEKDAYS for end in ("Start", "End")}
    yield {"Name": "Default", "IsActive": True, "IsDefault": True, "TimeZoneSidKey": USERS[0].zone, **times}


def account_count(contacts: int) -> int:
    """Return how many accounts go with this many contacts."""
    return max(len(_COMPANIES), contacts // _CONTACTS_PER_ACCOUNT)


def accounts(count: int) -> Iterator[Mapping[str, Any]]:
    """Return accounts; beyond the first 25, branches of those."""
    dice = random.Random("accounts")  # noqa: S311 - the same each time, not secret
    for number in range(count):
        branch, base = divmod(number, len(_COMPANIES))
        name, industry, city, country = _COMPANIES[base]
        employees = dice.choice((12, 40, 85, 160, 420, 900, 2600))
        yield {
            "Name": f"{name} {branch + 1}" if branch else name,
            "Industry": industry,
            "Type": dice.choice(("Prospect", "Customer - Direct", "Customer - Direct", "Customer - Channel", "Other")),
            "Rating": dice.choice(("Hot", "Warm", "Cold")),
            "BillingStreet": f"{dice.randint(1, 240)} {dice.choice(('Mill', 'Station', 'Harbour', 'Garden'))} Street",
            "BillingCity": city,
            "BillingPostalCode": str(dice.randint(10000, 99999)),
            "BillingCountry": country,
            "Phone": _phone(dice),
            "Website": f"https://{_domain(base)}",
            "NumberOfEmployees": employees,
            "AnnualRevenue": employees * dice.choice((90_000, 140_000, 210_000)),
            "OwnerId": Key("User", number % len(USERS)),
        }


def contacts(count: int) -> Iterator[Mapping[str, Any]]:
    """Return contacts, about eight to an account, each with a name that nobody else there has."""
    dice = random.Random("contacts")  # noqa: S311 - the same each time, not secret
    accounts_in_all = account_count(count)
    names = [(first, last) for last in _LAST_NAMES for first in _FIRST_NAMES]
    dice.shuffle(names)
    for number in range(count):
        account = number % accounts_in_all
        turn, which = divmod(number, len(names))
        first, last = names[which]
        title, department = dice.choice(_TITLES)
        base = account % len(_COMPANIES)
        _, _, city, country = _COMPANIES[base]
        values = {
            "FirstName": first,
            "LastName": last,
            "Salutation": dice.choice(("Mr.", "Ms.", "Dr.", None, None)),
            "AccountId": Key("Account", account),
            "Title": title,
            "Department": department,
            "Email": _email(first, f"{last}{turn or ''}", base),
            "Phone": _phone(dice),
            "MobilePhone": dice.choice((_phone(dice), None)),
            "MailingCity": city,
            "MailingCountry": country,
            "LeadSource": dice.choice(_SOURCES),
            "OwnerId": Key("User", account % len(USERS)),
        }
        if number % 10 == 0:
            values["Birthdate"] = date(1960 + number % 40, 1 + number % 12, 1 + number % 28).isoformat()
        if number % 15 == 0:
            values["Description"] = f"Prefers to be called in the {dice.choice(('morning', 'afternoon'))}."
        if number % 40 == 0:
            del values["Email"]
        if number >= accounts_in_all:
            values["ReportsToId"] = Key("Contact", account)
        yield values


def leads() -> Iterator[Mapping[str, Any]]:
    """Return a few leads of companies that are no accounts yet."""
    dice = random.Random("leads")  # noqa: S311 - the same each time, not secret
    for number in range(_LEADS):
        first, last = dice.choice(_FIRST_NAMES), dice.choice(_LAST_NAMES)
        yield {
            "FirstName": first,
            "LastName": last,
            "Company": f"{last} {dice.choice(('Holdings', 'Trading', 'Partners', 'Services'))}",
            "Title": dice.choice(_TITLES)[0],
            "Email": f"{first}.{last}@lead{number}.example.com".lower().replace("ë", "e").replace("ü", "u"),
            "Phone": _phone(dice),
            "LeadSource": dice.choice(_SOURCES),
            "Status": dice.choice(("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")),
            "Rating": dice.choice(("Hot", "Warm", "Cold")),
            "OwnerId": Key("User", number % len(USERS)),
        }


def events(now: datetime, contacts_in_all: int) -> Iterator[Mapping[str, Any]]:
    """Return eight weeks of appointments around `now`: in office hours of their owner's zone, some of them special."""
    dice = random.Random("events")  # noqa: S311 - the same each time, not secret
    working_day = now.astimezone(UTC).date() + timedelta(days=2)  # at a weekend, the week to come
    monday = working_day - timedelta(days=working_day.weekday(), weeks=_WEEKS_BACK)
    for week in range(_WEEKS_BACK + _WEEKS_AHEAD):
        for number, person in enumerate(USERS):
            first_day = monday + timedelta(weeks=week)
            for weekday in range(5):
                yield from _day(dice, first_day + timedelta(days=weekday), number, person, contacts_in_all)
            if week % len(USERS) == number:
                subject, days, show_as = _ALL_DAY[(week // len(USERS) + number) % len(_ALL_DAY)]
                for day in range(days):
                    yield _all_day(subject, first_day + timedelta(days=day), show_as, number)
    for week in range(_WEEKS_BACK + _WEEKS_AHEAD):
        start = datetime.combine(monday + timedelta(weeks=week, days=2), time(14), ZoneInfo(USERS[0].zone))
        yield _timed("Board meeting", start, 120, Key("Calendar", 0))


def _day(
    dice: random.Random, day: date, number: int, person: Person, contacts_in_all: int
) -> Iterator[Mapping[str, Any]]:
    zone, owner = ZoneInfo(person.zone), Key("User", number)
    clock = datetime.combine(day, time(9), zone) + timedelta(minutes=30 * dice.randint(0, 2))
    for _ in range(dice.randint(1, 4)):
        subject, minutes, place = dice.choice(_MEETINGS)
        contact = dice.randrange(min(contacts_in_all, DEFAULT_CONTACTS))
        about = {"WhoId": Key("Contact", contact), "WhatId": Key("Account", contact % account_count(contacts_in_all))}
        room = dice.choice(_CALENDARS) if place == "Meeting" else "Phone"
        yield _timed(subject, clock, minutes, owner) | about | {"Location": room}
        if dice.random() < 0.08:  # noqa: PLR2004 - about one appointment in twelve is double-booked
            yield _timed("Internal stand-up", clock + timedelta(minutes=15), 30, owner)
        clock += timedelta(minutes=minutes + 30 * dice.randint(1, 3))
    if dice.random() < 0.12:  # noqa: PLR2004 - about one day in eight has something private
        private = datetime.combine(day, time(17), zone)
        yield _timed(dice.choice(_PRIVATE), private, 60, owner) | {"IsPrivate": True, "ShowAs": "OutOfOffice"}


def _timed(subject: str, start: datetime, minutes: int, owner: Key) -> dict[str, Any]:
    start = start.astimezone(UTC)
    return {
        "Subject": subject,
        "StartDateTime": start.isoformat(),
        "EndDateTime": (start + timedelta(minutes=minutes)).isoformat(),
        "OwnerId": owner,
    }


def _all_day(subject: str, day: date, show_as: str, number: int) -> dict[str, Any]:
    return {
        "Subject": subject,
        "IsAllDayEvent": True,
        "ActivityDate": day.isoformat(),
        "ShowAs": show_as,
        "OwnerId": Key("User", number),
    }


def _domain(base: int) -> str:
    word = _COMPANIES[base][0].split()[0].lower()
    return f"{word}.example.com"


def _email(first: str, last: str, base: int) -> str:
    plain = f"{first}.{last}".lower().replace("ë", "e").replace("ü", "u")
    return f"{plain}@{_domain(base)}"


def _phone(dice: random.Random) -> str:
    return f"+1{dice.choice(_AREA_CODES)}55501{dice.randint(0, 99):02}"  # numbers that are kept free for fiction
