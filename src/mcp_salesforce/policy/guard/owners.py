"""Ask the org, past the guard, who owns the records that a call names by Id."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mcp_salesforce.policy.errors import NotOwnError, not_understood
from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.query_rules import own
from mcp_salesforce.policy.views import View
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.salesforce.errors import InvalidArgumentError
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.models import QueryResult
from mcp_salesforce.salesforce.wire import Request, field_name, sobject_name
from mcp_salesforce.soql import format_query, tree

_ID: Final = tree.Field("Id")
_DELETED: Final = tree.Comparison(tree.Field("IsDeleted"), "=", tree.Boolean(value=True))


class Owners:
    """Counts records of an org, and those of them that are the user's own."""

    def __init__(self, views: OrgViews, exchange: RequestSender) -> None:
        """Ask the org through `exchange`, which passes no guard."""
        self._views = views
        self._exchange = exchange

    async def require_own(self, view: View, record_ids: Sequence[str], *, deleted: bool = False) -> None:
        """Refuse records of other users where the policy allows only own ones, as if they did not exist.

        With `deleted` they are looked for among those that are deleted.
        """
        if not view.owners:
            return
        try:
            ids = sorted({to_18(record_id) for record_id in record_ids})
        except InvalidArgumentError:
            raise not_understood("A record without an Id of its own") from None
        if ids and await self.count(view.sobject, _ID, ids, await self.own(view), deleted=deleted) < len(ids):
            raise anothers(view)

    async def require_no_others(self, view: View, key: str, values: Sequence[str]) -> None:
        """Refuse values of a key that other users' records have."""
        if view.owners:
            others = tree.Not(await self.own(view))
            if await self.count(view.sobject, tree.Field(field_name(key)), values, others):
                raise anothers(view)

    async def own(self, view: View) -> tree.Condition:
        """Return the condition for the user's own records."""
        return own(view, await self._views.user_id())

    async def count(
        self,
        sobject: str,
        name: tree.Field,
        values: Sequence[str],
        condition: tree.Condition | None = None,
        *,
        deleted: bool = False,
    ) -> int:
        """Return how many records, there or deleted, have one of `values` in a field, and meet the condition."""
        if not values:
            return 0
        where: tree.Condition = tree.InValues(name, tuple(map(tree.String, values)))
        if condition:
            where = tree.And((where, condition))
        query = tree.Query((tree.SelectItem(tree.CountRows()),), (_from(sobject),), where)
        return (await self._query(query, deleted=deleted)).total_size

    async def ids(
        self, sobject: str, name: str, values: Sequence[str], most: int, *, deleted: bool = False
    ) -> list[str]:
        """Return the Ids of at most `most` records, there or deleted, that have one of `values` in a field."""
        return await self.values(sobject, "Id", name, values, most, deleted=deleted)

    async def values(
        self, sobject: str, wanted: str, name: str, values: Sequence[str], most: int, *, deleted: bool = False
    ) -> list[str]:
        """Return a field of at most `most` records, there or deleted, that have one of `values` in another one."""
        if not values:
            return []
        where = tree.InValues(tree.Field(field_name(name)), tuple(map(tree.String, values)))
        query = tree.Query((tree.SelectItem(tree.Field(wanted)),), (_from(sobject),), where, limit=most)
        return [str(record[wanted]) for record in (await self._query(query, deleted=deleted)).records]

    async def _query(self, query: tree.Query, *, deleted: bool) -> QueryResult:
        if deleted and query.where:
            query = replace(query, where=tree.And((query.where, _DELETED)))
        resource = "queryAll" if deleted else "query"
        answer = await self._exchange(Request("GET", resource, {"q": format_query(query)}))
        return QueryResult.read(answer.value)


def anothers(view: View) -> NotOwnError:
    """Return the refusal of another user's record; it does not reveal whether the record exists."""
    return NotOwnError(
        f"There is no such {view.sobject}, or it is another user's",
        place=view.rule.place_of("owner_only"),
        hint="Check the Id. If it is right, tell the user that only their own records can be used here.",
    )


def _from(sobject: str) -> tree.FromItem:
    return tree.FromItem(sobject_name(sobject))
