"""Calls that write, under a policy: the action, the fields and the owner of the records must be allowed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.policy.errors import PolicyRefusedError, RecordRefusedError, hidden, not_understood
from mcp_salesforce.policy.guard.deletions import Deletions
from mcp_salesforce.policy.guard.joins import Joins
from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.guard.owners import Owners
from mcp_salesforce.policy.guard.request_parts import RequestParts, Rewrite
from mcp_salesforce.policy.rules import Action
from mcp_salesforce.policy.views import OWNER, View
from mcp_salesforce.salesforce.ids import is_id, to_18

_EARLIER_ID: Final = re.compile(r"@\{\w+\.id\}")  # in a composite call: the Id of a record made before
_ATTRIBUTES: Final = "attributes"
_OF_A_FILE: Final = frozenset({"firstpublishlocationid", "linkedentityid"})  # the record that gets a file
_PEOPLE: Final = frozenset({"005", "00G"})
_RECORD_TYPE: Final = "012"  # how a record is entered, which every writer names


class Writes:
    """Plans the calls that write; raises PolicyRefusedError for those that the policy does not allow."""

    def __init__(self, views: OrgViews, owners: Owners) -> None:
        """Judge by `views`; `owners` tells whose records they are."""
        self._views = views
        self._owners = owners
        self._deletions = Deletions(views, owners)
        self._restores = Deletions(views, owners, restores=True)
        self._joins = Joins(views, owners, self.require)

    async def create(self, call: RequestParts, sobject: str) -> Rewrite:
        """Plan the creation of a record."""
        await self.require(sobject, ("create",), [_record(call.body)])
        return Rewrite(call.request)

    async def update(self, call: RequestParts, sobject: str, record_id: str) -> Rewrite:
        """Plan the change of a record."""
        view = await self.require(sobject, ("update",), [_record(call.body)])
        await self._owners.require_own(view, [record_id])
        return Rewrite(call.request)

    async def upsert(self, call: RequestParts, sobject: str, key: str, value: str) -> Rewrite:
        """Plan the creation or change of the record that has `value` in the field `key`."""
        await self._upsert(sobject, key, [_record(call.body)], [value])
        return Rewrite(call.request)

    async def delete(self, call: RequestParts, sobject: str, record_id: str) -> Rewrite:
        """Plan the deletion of a record."""
        await self._delete(sobject, [record_id])
        return Rewrite(call.request)

    async def save_many(self, call: RequestParts) -> Rewrite:
        """Plan the creation or change of records, each of which tells its object."""
        action: Action = "create" if call.method == "POST" else "update"
        for sobject, records in _by_object(call.body).items():
            view = await self.require(sobject, (action,), records)
            if action == "update":
                await self._owners.require_own(view, [_value(record, "Id") for record in records])
        return Rewrite(call.request)

    async def upsert_many(self, call: RequestParts, sobject: str, key: str) -> Rewrite:
        """Plan the creation or change of records by the value that each has in the field `key`."""
        by_object = _by_object(call.body)
        if {name.casefold() for name in by_object} - {sobject.casefold()}:
            raise not_understood("An upsert of several objects")
        for records in by_object.values():
            await self._upsert(sobject, key, records, [_value(record, key) for record in records])
        return Rewrite(call.request)

    async def delete_many(self, call: RequestParts) -> Rewrite:
        """Plan the deletion of records, whose Ids tell their objects."""
        ids = [record_id for record_id in call.params.get("ids", "").split(",") if record_id]
        for prefix, some in _by_prefix(ids).items():
            await self._delete(await self._views.object_of(prefix), some)
        return Rewrite(call.request)

    async def soap(self, call: RequestParts) -> Rewrite | None:
        """Plan a restore, a merge or the conversion of a lead; another SOAP call is not understood."""
        match call.body:
            case {"undelete": {"ids": list(ids), **further}, **others} if not further and not others:
                await self._undelete(list(map(str, ids)))
                return Rewrite(call.request)
            case {"merge": {"request": {**merge}, **further}, **others} if not further and not others:
                return Rewrite(call.request, await self._joins.merge(merge))
            case {"convertLead": {"leadConverts": {**conversion}, **further}, **others} if not further and not others:
                await self._joins.convert(conversion)
                return Rewrite(call.request)
        return None

    async def judge_rows(
        self, sobject: str, actions: Sequence[Action], key: str, records: Sequence[Mapping[str, Any]]
    ) -> None:
        """Judge rows of a bulk job as if they were saved in a call of their own.

        Args:
            sobject: The object.
            actions: What the job does with them.
            key: Of an upsert: the field by which it finds records.
            records: Values by field; with the Id, unless they are new or found by the key.

        Raises:
            PolicyRefusedError: One may not be saved.
        """
        if key:
            await self._upsert(sobject, key, records, [_value(record, key) for record in records])
            return
        view = await self.require(sobject, actions, records)
        if "create" in actions:
            return
        ids = [_value(record, "Id") for record in records]
        await self._owners.require_own(view, ids)
        if "update" not in actions:
            await self._deletions.judge(sobject, ids)

    async def most_rows(self, sobject: str) -> tuple[int | None, str]:
        """Return how many rows of an object a file may have, if that is limited, and the place that says so."""
        rule = (await self._views.view(sobject)).rule
        return rule.max_rows, rule.place_of("max_rows")

    async def _undelete(self, record_ids: Sequence[str]) -> None:
        for prefix, some in _by_prefix(record_ids).items():
            sobject = await self._views.object_of(prefix)
            view = await self.require(sobject, ("restore",), [])
            await self._owners.require_own(view, some, deleted=True)
            await self._restores.judge(sobject, some)

    async def _upsert(
        self, sobject: str, key: str, records: Sequence[Mapping[str, Any]], values: Sequence[str]
    ) -> None:
        view = await self.require(sobject, ("create", "update"), records)
        if not view.shows(key):
            raise hidden(view.sobject, key, view.rule.place_of(key))
        await self._owners.require_no_others(view, key, [value for value in values if value])

    async def _delete(self, sobject: str, record_ids: Sequence[str]) -> None:
        view = await self.require(sobject, ("delete",), [])
        await self._owners.require_own(view, record_ids)
        await self._deletions.judge(sobject, record_ids)

    async def require(self, sobject: str, actions: Iterable[Action], records: Sequence[Mapping[str, Any]]) -> View:
        """Return the object's view if the policy lets the actions, and every value in `records`, through."""
        view = await self._views.view(sobject)
        for action in actions:
            if action not in view.rule.actions:
                raise PolicyRefusedError(f"No {action} of {sobject}", place=view.rule.place_of("actions"))
        for name in dict.fromkeys(name for record in records for name in record if name != _ATTRIBUTES):
            if not view.shows(name):
                raise hidden(view.sobject, name, view.rule.place_of(name))
        for record in records:
            await self._check_values(view, record)
        await self._check_references(view, records)
        return view

    async def _check_values(self, view: View, record: Mapping[str, Any]) -> None:
        for name, value in record.items():
            if name == _ATTRIBUTES:
                continue
            if isinstance(value, Mapping | list):
                raise not_understood(f"A value of {name} that is itself a record")
            if isinstance(value, str) and "@{" in value and not _EARLIER_ID.fullmatch(value):
                raise not_understood("A reference to another call")
            is_owner = view.rule.owner_only and name.casefold() == OWNER.casefold()
            if is_owner and value is not None and to_18(str(value)) != await self._views.user_id():
                raise RecordRefusedError(
                    f"A {view.sobject} of another owner than the user", place=view.rule.place_of("owner_only")
                )

    async def _check_references(self, view: View, records: Sequence[Mapping[str, Any]]) -> None:
        """Refuse Ids of hidden records: the org would reveal whether they exist, and relate to them."""
        described = await self._views.describe(view.sobject) if records else None
        named: dict[str, set[str]] = {}
        for name, value in ((name, value) for record in records for name, value in record.items()):
            field = described.field(name) if described else None
            if field and field.reference_to and isinstance(value, str) and is_id(value) and value[:3] != _RECORD_TYPE:
                named.setdefault(value[:3], set()).add(to_18(value))
                if name.casefold() in _OF_A_FILE and value[:3] not in _PEOPLE:
                    await self._require_change(value[:3])
        for prefix, ids in named.items():
            target = await self._views.object_of(prefix)
            if others := ids - {await self._views.user_id()}:
                await self._owners.require_own(await self._views.readable(target), sorted(others))

    async def _require_change(self, prefix: str) -> None:
        """Refuse a file for a record that may not be changed."""
        view = await self._views.view(await self._views.object_of(prefix))
        if "update" not in view.rule.actions:
            raise PolicyRefusedError(f"No update of {view.sobject}", place=view.rule.place_of("actions"))


def _record(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise not_understood("A body that is not a record")
    return body


def _by_prefix(record_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return Ids by their first three characters, which tell the object."""
    found: dict[str, list[str]] = {}
    for record_id in record_ids:
        found.setdefault(record_id[:3], []).append(record_id)
    return found


def _by_object(body: object) -> dict[str, list[Mapping[str, Any]]]:
    """Return the records of a collections call by the object that each tells."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in _record(body).get("records") or ():
        sobject = _record(_record(record).get(_ATTRIBUTES)).get("type")
        found.setdefault(str(sobject), []).append(record)
    return found


def _value(record: Mapping[str, Any], name: str) -> str:
    """Return a record's value by the field's name in any case, or nothing."""
    return next((str(value) for each, value in record.items() if each.casefold() == name.casefold()), "")
