"""Who can see and change a record or an object, and through what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, NotRequired

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.salesforce import (
    InvalidRequestError,
    NotFoundError,
    QueryResult,
    Request,
    SalesforceError,
    SObjectDescribe,
)
from mcp_salesforce.salesforce.api.queries import querying
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.tools.framework.params import id_of, or_empty
from mcp_salesforce.tools.framework.references import OF_ARGUMENT
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, org_of
from mcp_salesforce.tools.insight.reasons import (
    ACTIVITIES,
    Facts,
    default_named,
    general_reasons,
    object_rights,
    reasons,
    source_of,
)
from mcp_salesforce.tools.insight.toolset import insight
from mcp_salesforce.tools.lookups.calendars import ME, calendars_of
from mcp_salesforce.tools.lookups.rights import rights_of

_LEVELS: Final = {
    "read": "HasReadAccess",
    "update": "HasEditAccess",
    "delete": "HasDeleteAccess",
    "transfer": "HasTransferAccess",
    "share": "HasAllAccess",
}
_PARENTS: Final[Mapping[str, Sequence[str]]] = {
    "Contact": ("AccountId",),
    **dict.fromkeys(ACTIVITIES, ("WhoId", "WhatId")),
}
_USER_FIELDS: Final = (
    "Id", "Name", "IsActive", "UserRoleId", "UserRole.Name", "Profile.Name", "Profile.PermissionsViewAllData",
    "Profile.PermissionsModifyAllData",
)  # fmt: skip
_OF_PARENT: Final = ("ParentId", "Parent.Label", "Parent.IsOwnedByProfile", "Parent.Profile.Name")
_GRANTED: Final = tuple(
    f"Permissions{each}" for each in ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
)
_ON_ORGANIZATION: Final = frozenset({"Account", "Contact", "Opportunity", "Lead", "Case", "Calendar", "Campaign"})
_USER: Final = "005"
_REFUSALS: Final = (PolicyRefusedError, InvalidRequestError, NotFoundError)
_WHY: Final = {"INVALID_TYPE": "not there, or not readable for you", "POLICY_REFUSED": "refused by the policy"}
_ENTITY: Final = "EntityDefinition"
_INVITATION: Final = "EventRelation"
_MOST: Final = 2000
_MOST_FIELDS: Final = 60


class AccessOfUser(TypedDict):
    """Whose access it is."""

    Id: str
    Name: NotRequired[str]
    profile: NotRequired[str]
    role: NotRequired[str]


class Access(TypedDict):
    """What a user may do, and why; `not_told` is what you may not read of it."""

    policy: NotRequired[list[str]]
    user: AccessOfUser
    record: NotRequired[dict[str, str]]
    may: NotRequired[list[str]]
    because: NotRequired[list[str]]
    object_rights: NotRequired[list[str]]
    hidden_fields: NotRequired[list[str]]
    read_only_fields: NotRequired[list[str]]
    not_told: NotRequired[list[str]]


@insight.tool(
    READS,
    title="Explain access",
    hint="why can somebody not see or edit a record: permissions, sharing, owner, roles, profiles, field security",
    example={"sobject": "Account", "record_id": "001lo0000000001AAA", "user": "Jonas Brandt"},
)
async def explain_access(
    ctx: ToolContext,
    sobject: str,
    record_id: Annotated[str, AfterValidator(or_empty(id_of(names=OF_ARGUMENT)))] = "",
    user: Annotated[str, Field(description="Name, e-mail or Id")] = ME,
) -> Access:
    """Explain what a user can do with an object or a record, and why: owner, org-wide default, roles, shares, profile.

    The reasons begin with this server's policy, which applies even where the org allows more.
    """
    org = org_of(ctx)
    described = await org.schema.describe(sobject)
    (person,) = await calendars_of(org, [user or ME], ["user"])
    if not person.is_person:
        raise refused(f"{person.name} is a calendar, not a user.", hint="Give a user.", fields=["user"])
    prefix = described.key_prefix
    if record_id and prefix and not record_id.startswith(prefix):
        raise refused(
            f"{record_id} is not the Id of a {described.name}.",
            hint="Give the object of the record as sobject.",
            fields=["sobject"],
        )
    is_own = person.id == (await org.owner())[1]
    return await _Inquiry(org, described, record_id, person.id, is_own=is_own).answer()


@dataclass(slots=True)
class _Inquiry:
    """One question about access."""

    org: OrgSession
    described: SObjectDescribe
    record_id: str
    user_id: str
    is_own: bool
    unread: dict[str, str] = field(default_factory=dict)

    async def answer(self) -> Access:
        """Ask the org, in at most three calls, and return its answers."""
        name = self.described.name
        first = await self._first()
        if not first["user"]:
            raise refused(f"There is no user {self.user_id}, or you cannot see them.", code="NOT_FOUND")
        facts = Facts(name, first["user"][0])
        record = first["record"][0] if first.get("record") else None
        second = await self._second(record or {})
        self._add(facts, record or {}, first, second)
        told: Access = {"user": self._user(facts.user)}
        if policy := self.org.policy_on(name):
            told = {"policy": policy, **told}
        if self.record_id:
            told |= self._of_record(facts, record, first)
        elif because := general_reasons(facts):
            told["because"] = because
        told |= self._of_object(facts, second)
        if facts.default:
            self.unread.pop(_ENTITY, None)  # it would have told the default too
        if self.unread:
            told["not_told"] = self._not_told()
        return told

    def _not_told(self) -> list[str]:
        """Return what could not be read, a line for each reason."""
        by_reason: dict[str, list[str]] = {}
        for name, why in self.unread.items():
            by_reason.setdefault(why, []).append(name)
        return [f"{', '.join(names)}: {why}" for why, names in by_reason.items()]

    async def _first(self) -> dict[str, list[dict[str, Any]]]:
        """Ask for the user, the record, and what is kept beside it."""
        name, record_id = self.described.name, quote(self.record_id)
        user_fields = dict.fromkeys(["Id", *await self.org.shown("User", _USER_FIELDS)])
        queries = {"user": _select(user_fields, "User", f"Id = {quote(self.user_id)}")}
        if default := _default_field(name):
            queries["Organization"] = _select([default], "Organization")
        if self.record_id:
            shares, parent, level = _share_object(name)
            asked = f"UserId = {quote(self.user_id)} AND RecordId = {record_id}"
            queries["record"] = _select(await self._record_fields(), name, f"Id = {record_id}")
            queries["UserRecordAccess"] = _select(["RecordId", *_LEVELS.values()], "UserRecordAccess", asked)
            if name == "Event":
                invited = f"EventId = {record_id} AND RelationId = {quote(self.user_id)}"
                queries[_INVITATION] = _select(["Status"], _INVITATION, invited)
            if name not in ACTIVITIES:
                queries[shares] = _select(["UserOrGroupId", level, "RowCause"], shares, f"{parent} = {record_id}")
        return await self._ask(queries)

    async def _second(self, record: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
        """Ask for permissions and, where there is a record, for roles and groups."""
        name = quote(self.described.name)
        own = f"SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = {quote(self.user_id)}"  # noqa: S608
        where = f"SobjectType = {name} AND ParentId IN ({own})"
        queries = {
            "ObjectPermissions": _select([*_OF_PARENT, *_GRANTED], "ObjectPermissions", where),
            "FieldPermissions": _select(["Field", "PermissionsRead", "PermissionsEdit"], "FieldPermissions", where),
            _ENTITY: _select(["InternalSharingModel"], _ENTITY, f"QualifiedApiName = {name}"),
        }
        found = await self._ask(queries)
        if not record:
            return found
        queries = {
            "UserRole": _select(["Id", "Name", "ParentRoleId"], "UserRole"),
            "Group": _select(["Id", "Name", "DeveloperName", "Type", "RelatedId"], "Group"),
            "GroupMember": _select(["GroupId", "UserOrGroupId"], "GroupMember"),
        }
        if str(record.get("OwnerId")).startswith(_USER):
            queries["owner"] = _select(["Id", "UserRoleId"], "User", f"Id = {quote(record['OwnerId'])}")
        return found | await self._ask(queries)

    async def _ask(self, queries: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
        """Return the result of each query; what cannot be read is marked as unknown."""
        requests = [querying(soql) for soql in queries.values()]
        try:
            outcomes = await self.org.client.composite.run(requests)
        except _REFUSALS:  # a policy does not let them through together
            outcomes = tuple([await self._alone(each) for each in requests])
        found: dict[str, list[dict[str, Any]]] = {}
        for name, outcome in zip(queries, outcomes, strict=True):
            if not isinstance(outcome, SalesforceError):
                found[name] = QueryResult.read(outcome).records
                continue
            found[name] = []
            if name in ("user", "record"):
                raise outcome
            self.unread[name] = _WHY.get(outcome.code, outcome.code)
        return found

    async def _alone(self, request: Request) -> object:
        try:
            return (await self.org.client.composite.run([request]))[0]
        except _REFUSALS as error:
            return error

    async def _record_fields(self) -> Sequence[str]:
        name_field = next((each.name for each in self.described.fields if each.name_field), "")
        wanted = [name_field, *_PARENTS.get(self.described.name, ())]
        if self.described.field("OwnerId"):
            wanted += ["OwnerId", "Owner.Name"]
        known = list(filter(None, wanted))
        return list(dict.fromkeys(["Id", *await self.org.shown(self.described.name, known)]))

    def _add(
        self,
        facts: Facts,
        record: Mapping[str, Any],
        first: Mapping[str, list[dict[str, Any]]],
        second: Mapping[str, list[dict[str, Any]]],
    ) -> None:
        """Put what was read into the facts."""
        name = facts.sobject
        facts.owner = str(record.get("OwnerId") or ""), str((record.get("Owner") or {}).get("Name") or "")
        facts.owner_user = next(iter(second.get("owner", ())), {})
        facts.default = _default(name, first.get("Organization", ()), second[_ENTITY])
        facts.parents = {each: record[each] for each in _PARENTS.get(name, ()) if record.get(each)}
        shares, _, level = _share_object(name)
        facts.is_invited = bool(first.get(_INVITATION))
        if shares in first and shares not in self.unread:
            facts.shares = [
                {"who": row["UserOrGroupId"], "level": row.get(level) or "", "cause": row.get("RowCause") or ""}
                for row in first.get(shares, ())
            ]
        facts.groups = {row["Id"]: row for row in second.get("Group", ())}
        facts.members = [(row["GroupId"], row["UserOrGroupId"]) for row in second.get("GroupMember", ())]
        facts.roles = {row["Id"]: row for row in second.get("UserRole", ())}
        facts.object_permissions = second["ObjectPermissions"]

    def _user(self, user: Mapping[str, Any]) -> AccessOfUser:
        told: AccessOfUser = {"Id": self.user_id}
        if user.get("Name"):
            told["Name"] = user["Name"]
        if profile := (user.get("Profile") or {}).get("Name"):
            told["profile"] = profile
        if role := (user.get("UserRole") or {}).get("Name"):
            told["role"] = role
        return told

    def _of_record(
        self, facts: Facts, record: Mapping[str, Any] | None, first: Mapping[str, list[dict[str, Any]]]
    ) -> Access:
        told: dict[str, Any] = {}
        access = next(iter(first["UserRecordAccess"]), None)
        if access:
            told["may"] = [word for word, level in _LEVELS.items() if access.get(level)] or ["nothing"]
        if record is None:
            hidden = f"You cannot see {self.record_id}: it does not exist, or is not shared with you."
            told["because"] = [f"{hidden} Only a user who can see it can get an explanation."]
            return told  # type: ignore[return-value]  # a part of it
        name = next((each.name for each in self.described.fields if each.name_field), "")
        told["record"] = {"Id": record["Id"]}
        if record.get(name):
            told["record"]["Name"] = record[name]
        told["because"] = reasons(facts)
        return told  # type: ignore[return-value]  # a part of it

    def _of_object(self, facts: Facts, second: Mapping[str, list[dict[str, Any]]]) -> Access:
        told: dict[str, Any] = {}
        rights = [f"{object_rights(row)}, by {source_of(row)}" for row in facts.object_permissions]
        if self.is_own and not rights:
            rights = [rights_of(self.described)]
        if rights:
            told["object_rights"] = rights
        if rows := second["FieldPermissions"]:
            readable = {row["Field"].rpartition(".")[2] for row in rows if row.get("PermissionsRead")}
            editable = {row["Field"].rpartition(".")[2] for row in rows if row.get("PermissionsEdit")}
            given = [each for each in self.described.fields if each.permissionable]
            told["hidden_fields"] = [each.name for each in given if each.name not in readable][:_MOST_FIELDS]
            told["read_only_fields"] = [
                each.name for each in given if each.name in readable - editable and each.updateable
            ][:_MOST_FIELDS]
        return told  # type: ignore[return-value]  # a part of it


def _select(fields: Iterable[str], source: str, where: str = "") -> str:
    return f"SELECT {', '.join(fields)} FROM {source}{f' WHERE {where}' if where else ''} LIMIT {_MOST}"  # noqa: S608


def _share_object(sobject: str) -> tuple[str, str, str]:
    """Return the share object of an object, its field for the record, and that for the level."""
    if sobject.endswith("__c"):
        return f"{sobject.removesuffix('c')}Share", "ParentId", "AccessLevel"
    return f"{sobject}Share", f"{sobject}Id", f"{sobject}AccessLevel"


def _default(sobject: str, organization: Sequence[Mapping[str, Any]], entity: Sequence[Mapping[str, Any]]) -> str:
    """Return the org-wide default, as Setup calls it; nothing where the org does not tell."""
    if entity and (model := entity[0].get("InternalSharingModel")):
        return default_named(model)
    value = organization[0].get(_default_field(sobject)) if organization else None
    return default_named(value) if value else ""


def _default_field(sobject: str) -> str:
    """Return the field of Organization with the org-wide default of an object; nothing where it has none."""
    name = "Calendar" if sobject in ACTIVITIES else sobject
    return f"Default{name}Access" if name in _ON_ORGANIZATION else ""
