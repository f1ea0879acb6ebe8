"""Calls that write, under a policy: the action, the fields and the owner of the records must be allowed."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.policy.errors import PolicyRefusedError, hidden, not_understood
from mcp_salesforce.policy.rules import Action
from mcp_salesforce.policy.views import OWNER, View
from mcp_salesforce.salesforce.client import Exchange
from mcp_salesforce.salesforce.errors import InvalidArgumentError
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.models import QueryResult
from mcp_salesforce.salesforce.soql import quote, quote_list
from mcp_salesforce.salesforce.wire import Request, field_name, sobject_name
from mcp_salesforce.tools.guard.calls import Call, Plan
from mcp_salesforce.tools.guard.views import OrgViews

_EARLIER_ID: Final = re.compile(r"@\{\w+\.id\}")  # in a composite call: the Id of a record made before
_ATTRIBUTES: Final = "attributes"


class Writes:
    """Plans the calls that write."""

    def __init__(self, views: OrgViews, exchange: Exchange) -> None:
        """Judge by `views`; look records' owners up through `exchange`, which passes no guard."""
        self._views = views
        self._exchange = exchange

    async def create(self, call: Call, sobject: str) -> Plan:
        """Plan the creation of a record.

        Raises:
            PolicyRefusedError: The policy refuses the action, a field, or another owner.
        """
        await self._allowed(sobject, ("create",), [_record(call.body)])
        return Plan(call.request)

    async def update(self, call: Call, sobject: str, record_id: str) -> Plan:
        """Plan the change of a record.

        Raises:
            PolicyRefusedError: The policy refuses the action, a field, or the record's owner.
        """
        view = await self._allowed(sobject, ("update",), [_record(call.body)])
        await self._require_own(view, [record_id])
        return Plan(call.request)

    async def upsert(self, call: Call, sobject: str, key: str, value: str) -> Plan:
        """Plan the creation or change of the record that has `value` in the field `key`.

        Raises:
            PolicyRefusedError: The policy refuses an action, a field, or the record's owner.
        """
        await self._upsert(sobject, key, [_record(call.body)], [value])
        return Plan(call.request)

    async def delete(self, call: Call, sobject: str, record_id: str) -> Plan:
        """Plan the deletion of a record.

        Raises:
            PolicyRefusedError: The policy refuses the action, or the record's owner.
        """
        view = await self._allowed(sobject, ("delete",), [])
        await self._require_own(view, [record_id])
        return Plan(call.request)

    async def save_many(self, call: Call) -> Plan:
        """Plan the creation or change of records, each of which tells its object.

        Raises:
            PolicyRefusedError: As `create` and `update`, for any of them.
        """
        action: Action = "create" if call.method == "POST" else "update"
        for sobject, records in _by_object(call.body).items():
            view = await self._allowed(sobject, (action,), records)
            if action == "update":
                await self._require_own(view, [_value(record, "Id") for record in records])
        return Plan(call.request)

    async def upsert_many(self, call: Call, sobject: str, key: str) -> Plan:
        """Plan the creation or change of records by the value that each has in the field `key`.

        Raises:
            PolicyRefusedError: As `upsert`, for any of them.
        """
        by_object = _by_object(call.body)
        if {name.casefold() for name in by_object} - {sobject.casefold()}:
            raise not_understood("An upsert of several objects")
        for records in by_object.values():
            await self._upsert(sobject, key, records, [_value(record, key) for record in records])
        return Plan(call.request)

    async def delete_many(self, call: Call) -> Plan:
        """Plan the deletion of records, whose Ids tell their objects.

        Raises:
            PolicyRefusedError: As `delete`, for any of them.
        """
        ids = [record_id for record_id in call.params.get("ids", "").split(",") if record_id]
        by_prefix: dict[str, list[str]] = {}
        for record_id in ids:
            by_prefix.setdefault(record_id[:3], []).append(record_id)
        for prefix, some in by_prefix.items():
            view = await self._allowed(await self._views.object_of(prefix), ("delete",), [])
            await self._require_own(view, some)
        return Plan(call.request)

    async def _upsert(
        self, sobject: str, key: str, records: Sequence[Mapping[str, Any]], values: Sequence[str]
    ) -> None:
        view = await self._allowed(sobject, ("create", "update"), records)
        if not view.shows(key):
            raise hidden(view.sobject, key, view.rule.place_of(key))
        if view.rule.owner_only:
            condition = f"{field_name(key)} IN {quote_list(values)} AND {OWNER} != {quote(await self._views.user_id())}"
            if await self._count(sobject, condition):
                raise _anothers(view)

    async def _allowed(self, sobject: str, actions: Iterable[Action], records: Sequence[Mapping[str, Any]]) -> View:
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
                raise PolicyRefusedError(
                    f"A {view.sobject} of another owner than the user", place=view.rule.place_of("owner_only")
                )

    async def _require_own(self, view: View, record_ids: Sequence[str]) -> None:
        """Refuse records that are not the user's, where they must be."""
        if not view.rule.owner_only:
            return
        try:
            ids = {to_18(record_id) for record_id in record_ids}
        except InvalidArgumentError:
            raise not_understood("A record without an Id of its own") from None
        condition = f"Id IN {quote_list(sorted(ids))} AND {OWNER} = {quote(await self._views.user_id())}"
        if await self._count(view.sobject, condition) < len(ids):
            raise _anothers(view)

    async def _count(self, sobject: str, condition: str) -> int:
        soql = f"SELECT COUNT() FROM {sobject_name(sobject)} WHERE {condition}"  # noqa: S608 - SOQL, quoted values
        return QueryResult.read((await self._exchange(Request("GET", "query", {"q": soql}))).value).total_size


def _anothers(view: View) -> PolicyRefusedError:
    return PolicyRefusedError(
        f"A {view.sobject} that is another user's, or not there", place=view.rule.place_of("owner_only")
    )


def _record(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise not_understood("A body that is no record")
    return body


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
