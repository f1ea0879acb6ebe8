"""Standard fields that show another field's value: they are hidden with it.

API: Object Reference for the Salesforce Platform (Event, Task, Opportunity, Case, CampaignMember, Account);
for LastActivityDate, Salesforce Help, Guidelines for Tracking Activities.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, TypeAlias

from mcp_salesforce.policy.rules import Policy

Origin: TypeAlias = tuple[str, str]

_START: Final = ("startdatetime", "activitydatetime", "activitydate")
_OF_PERSONS: Final = (
    "FirstName", "LastName", "Name", "Salutation", "Title", "Phone", "MobilePhone", "Fax", "Email", "LeadSource",
    "Description", "DoNotCall", "HasOptedOutOfEmail", "HasOptedOutOfFax",
)  # fmt: skip
_ADDRESS: Final = ("Street", "City", "State", "StateCode", "PostalCode", "Country", "CountryCode")
_OF_MEMBER: Final = tuple(
    name.casefold() for name in (*_OF_PERSONS, *_ADDRESS, "CompanyOrAccount", "LeadOrContactOwnerId", "LeadOrContactId")
)
_OWN: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "event": {
        "startdatetime": ("activitydatetime", "activitydate"),
        "activitydatetime": ("startdatetime", "activitydate"),
        "activitydate": ("startdatetime", "activitydatetime"),
        "durationinminutes": (*_START, "enddatetime"),
        "enddatetime": ("enddate", "durationinminutes"),
        "enddate": ("enddatetime",),
        "reminderdatetime": _START,
        "recurrencestartdatetime": _START,
        "recurrence2patternstartdate": _START,
        "accountid": ("whoid", "whatid"),
        "eventwhoids": ("whoid",),
        "whocount": ("whoid",),
        "whatcount": ("whatid",),
    },
    "task": {
        "isclosed": ("status",),
        "ishighpriority": ("priority",),
        "completeddatetime": ("status",),
        "reminderdatetime": ("activitydate",),
        "accountid": ("whoid", "whatid"),
        "taskwhoids": ("whoid",),
        "whocount": ("whoid",),
        "whatcount": ("whatid",),
    },
    "opportunity": {
        "expectedrevenue": ("amount",),
        "isclosed": ("stagename",),
        "iswon": ("stagename",),
        "probability": ("stagename",),
        "forecastcategory": ("stagename",),
        "forecastcategoryname": ("stagename",),
        "fiscal": ("closedate",),
        "fiscalyear": ("closedate",),
        "fiscalquarter": ("closedate",),
        "hasopportunitylineitem": ("amount",),
    },
    "case": {
        "isclosed": ("status",),
        "closeddate": ("status",),
        "isclosedoncreate": ("status",),
        **dict.fromkeys(("contactemail", "contactphone", "contactmobile", "contactfax"), ("contactid",)),
    },
    "campaignmember": dict.fromkeys(_OF_MEMBER, ("contactid", "leadid")),
    "contact": {"emailbouncedreason": ("email",), "emailbounceddate": ("email",), "isemailbounced": ("email",)},
    "lead": {"emailbouncedreason": ("email",), "emailbounceddate": ("email",)},
}
"""Within one object: a field, and the fields of the same record that it shows."""

_ACCOUNT_OF_ACTIVITIES: Final = (("contact", "accountid"), ("opportunity", "accountid"), ("case", "accountid"))
_OTHERS: Final[Mapping[str, Mapping[str, tuple[Origin, ...]]]] = {
    "case": {
        "contactemail": (("contact", "email"),),
        "contactphone": (("contact", "phone"),),
        "contactmobile": (("contact", "mobilephone"),),
        "contactfax": (("contact", "fax"),),
    },
    "campaignmember": {
        **{name.casefold(): (("contact", name.casefold()), ("lead", name.casefold())) for name in _OF_PERSONS},
        **{name.casefold(): (("contact", f"mailing{name.casefold()}"), ("lead", name.casefold())) for name in _ADDRESS},
        "companyoraccount": (("lead", "company"), ("account", "name")),
        "leadorcontactownerid": (("contact", "ownerid"), ("lead", "ownerid")),
    },
    "event": {"accountid": _ACCOUNT_OF_ACTIVITIES},
    "task": {"accountid": _ACCOUNT_OF_ACTIVITIES},
}
"""Across objects: a field, and the fields of other objects that it shows."""

_RELATIONS: Final[Mapping[str, str]] = {
    "eventrelation": "event",
    "eventwhorelation": "event",
    "taskrelation": "task",
    "taskwhorelation": "task",
}
"""The junctions of activities, which repeat to whom and to what an activity is related."""
_OF_RELATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "relationid": ("whoid", "whatid"),
    "accountid": ("whoid", "whatid", "accountid"),
}

_LAST_ACTIVITY: Final = "lastactivitydate"
_RELATED: Final = ("whoid", "whatid", "accountid")
_OF_LAST_ACTIVITY: Final[Mapping[str, tuple[str, ...]]] = {
    "event": (*_START, *_RELATED),
    "task": ("activitydate", "status", "isclosed", *_RELATED),
}
"""What the last activity of any record shows of activities: which there are, and when."""

_PERSON: Final = "person"  # a person account shows its contact's fields: PersonEmail, Status__pc
_PERSON_NAMES: Final = frozenset({"firstname", "lastname", "middlename", "salutation", "suffix"})
_BOTH: Final = ("account", "contact")


def copies(policy: Policy, sobject: str, fields: Collection[str], hidden: Collection[str]) -> set[str]:
    """Return which of an object's fields are hidden because they show a hidden one; names are in lower case."""
    folded, rule = sobject.casefold(), policy.rule(sobject)
    own = _OWN.get(folded, {}) if rule.fields is None else {}  # a list of fields shows what it names
    found = {name for name, shown in own.items() if any(each in hidden for each in shown)}
    others = _OTHERS.get(folded, {})
    found |= {name for name, origins in others.items() if any(policy.rule(o).may_hide(field) for o, field in origins)}
    if folded in _RELATIONS:
        activity = policy.rule(_RELATIONS[folded])
        found |= {name for name, shown in _OF_RELATIONS.items() if any(map(activity.hides, shown))}
    if _LAST_ACTIVITY in fields and any(
        policy.rule(activity).owners or any(map(policy.rule(activity).may_hide, shown))
        for activity, shown in _OF_LAST_ACTIVITY.items()
    ):
        found.add(_LAST_ACTIVITY)
    if folded in _BOTH and rule.fields is None:
        found |= set(_of_persons(policy, folded, fields))
    return found & set(fields)


def _of_persons(policy: Policy, folded: str, fields: Iterable[str]) -> Iterable[str]:
    """Yield the fields of an account that show its contact's, and those of a contact that show a person account's."""
    other = policy.rule(_BOTH[1 - _BOTH.index(folded)])
    named = {name.casefold() for name in other.hide}
    for name in fields:
        if folded == "contact":
            twin = name.removesuffix("__c") + "__pc" if name.endswith("__c") else _PERSON + name
            if twin in named or (name in _PERSON_NAMES and name in named):
                yield name
        elif name.endswith("__pc") or name.startswith(_PERSON) or name in _PERSON_NAMES:
            twin = name.removesuffix("__pc") + "__c" if name.endswith("__pc") else name.removeprefix(_PERSON)
            if other.may_hide(twin):
                yield name
