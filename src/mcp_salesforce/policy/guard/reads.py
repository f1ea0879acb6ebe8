"""Calls that read, under a policy: each is understood and changed, or refused."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.policy.errors import hidden, not_understood
from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.guard.owners import Owners
from mcp_salesforce.policy.guard.request_parts import RequestParts, Rewrite
from mcp_salesforce.policy.masks import masked
from mcp_salesforce.policy.query_rules import check_query, check_search, owned, steady
from mcp_salesforce.policy.row_counts import check_count, check_rows, most_rows
from mcp_salesforce.policy.views import View
from mcp_salesforce.policy.withheld import withhold
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.wire import sobject_name
from mcp_salesforce.soql import SoqlError, SoslError, format_query, format_sosl, parse_sosl, tree
from mcp_salesforce.soql.tree_cache import tree_of
from mcp_salesforce.soql_names import meaning_of, meaning_of_search

_USER: Final = "User"
_USERINFO_FIELDS: Final = {
    "name": "Name",
    "email": "Email",
    "preferred_username": "Username",
    "zoneinfo": "TimeZoneSidKey",
    "locale": "LocaleSidKey",
    "language": "LanguageLocaleKey",
    "user_type": "UserType",
}


class Reads:
    """Plans the calls that read; raises PolicyRefusedError for those that the policy does not allow."""

    def __init__(self, views: OrgViews, owners: Owners) -> None:
        """Judge by `views`; `owners` tells whose records they are."""
        self._views = views
        self._owners = owners

    async def query(self, call: RequestParts) -> Rewrite:
        """Plan a SOQL query."""
        text = call.params.get("q", "")
        if set(call.params) != {"q"}:
            raise not_understood("A query with other parameters")
        query = _parsed(text)
        if sources := await self._judged(query):
            query = owned(query, sources, await self._views.user_id())
        text = format_query(steady(query))
        return Rewrite(call.with_params(q=text), self._masked_page)

    async def judged_for_csv(self, text: str) -> tree.Query:
        """Return a query as it is run where its rows come as CSV, from which nothing can be left out afterwards.

        Raises:
            PolicyRefusedError: It touches what is hidden, or could, behind a polymorphic relationship.
            InvalidArgumentError: It is not SOQL.
        """
        query = _parsed(text)
        sources = await self._judged(query)
        for reference in (await meaning_of(query, self._views.describe)).references:
            for sobject in reference.sobjects if len(reference.sobjects) > 1 else ():
                view = await self._views.view(sobject)
                if reference.field != "Id" and (view.owners or not view.shows(reference.field)):
                    raise hidden(view.sobject, reference.field, view.rule.place_of(reference.field))
        if sources:
            query = owned(query, sources, await self._views.user_id())
        return steady(query)

    async def page(self, call: RequestParts) -> Rewrite:
        """Plan the next page of a query that was judged when it began."""
        return Rewrite(call.request, self._masked_page)

    async def search(self, call: RequestParts) -> Rewrite:
        """Plan a SOSL search."""
        try:
            search = parse_sosl(call.params.get("q", ""))
        except SoslError as error:
            raise refused(str(error), code="MALFORMED_SEARCH") from None
        meaning = await meaning_of_search(search, self._views.describe)
        await check_search(search, meaning, self._views.view)
        sources = await self._by_owner(meaning.sources)
        text = call.params["q"]
        if sources:
            text = format_sosl(owned(search, sources, await self._views.user_id()))
        return Rewrite(call.with_params(q=text), self._masked_found)

    async def retrieve(self, call: RequestParts, sobject: str, record_id: str) -> Rewrite:
        """Plan the reading of one record."""
        view = await self._views.readable(sobject)
        fields = [name for name in call.params.get("fields", "").split(",") if name]
        if fields:
            await self.judge_columns(sobject, fields)
        await self._owners.require_own(view, [record_id])

        async def finish(value: Any) -> Any:  # noqa: ANN401 - any JSON value
            return await masked(value, self._views.view, withhold, sobject) if isinstance(value, Mapping) else value

        return Rewrite(call.request, finish)

    async def picklist(self, call: RequestParts, sobject: str, field: str) -> Rewrite:
        """Plan the reading of the values of a picklist, which is a field like any other."""
        await self.judge_columns(sobject, [field])
        return Rewrite(call.request)

    async def retrieve_many(self, call: RequestParts, sobject: str) -> Rewrite:
        """Plan the reading of several records by their Ids."""
        view = await self._views.readable(sobject)
        given = call.body if isinstance(call.body, Mapping) else call.params
        fields = given.get("fields", ())
        names = fields.split(",") if isinstance(fields, str) else list(fields)
        await self.judge_columns(sobject, names)
        ids = given.get("ids", ())
        asked = ids.split(",") if isinstance(ids, str) else [str(each) for each in ids]
        await self.require_count(sobject, names, len(asked))
        await self._owners.require_own(view, asked)

        async def finish(value: Any) -> Any:  # noqa: ANN401 - any JSON value
            return [await masked(each, self._views.view, withhold, sobject) if each else each for each in value]

        return Rewrite(call.request, finish)

    async def most_rows(self, query: tree.Query, limit: int, source: tree.Query | None = None) -> int:
        """Return how many rows a query may give where `limit` are asked for, by every object whose records it shows.

        `source` is the sub-query whose rows they are, where they are not the query's own.
        """
        return await most_rows(query, limit, self._views.policy, self._views.describe, source)

    async def require_count(self, sobject: str, columns: Sequence[str], count: int) -> None:
        """Refuse to read more records of an object by name than one answer can have."""
        await check_count(sobject, columns, count, self._views.policy, self._views.describe)

    async def judge_columns(self, sobject: str, columns: Sequence[str]) -> None:
        """Refuse columns of an object that the policy hides, or that do not exist."""
        items = tuple(tree.SelectItem(tree.Field(name)) for name in columns)
        await self._judged(tree.Query(items, (tree.FromItem(sobject_name(sobject)),)))

    async def userinfo(self, call: RequestParts) -> Rewrite:
        """Plan what the session shows of its user, which is a record like any other."""
        view = await self._views.view(_USER)

        async def finish(value: Any) -> Any:  # noqa: ANN401 - any JSON value
            kept = {name: value[name] for name in ("user_id", "organization_id") if name in value}
            shown = {name for name, field in _USERINFO_FIELDS.items() if view.shows(field)}
            return kept | {name: value.get(name) or "" for name in shown}

        return Rewrite(call.request, finish)

    async def _judged(self, query: tree.Query) -> dict[int, View]:
        """Check a query; return which queries in it must be limited to own records."""
        meaning = await meaning_of(query, self._views.describe)
        await check_query(meaning, self._views.view)
        await check_rows(query, meaning, self._views.policy, self._views.describe)
        return await self._by_owner(meaning.sources)

    async def _by_owner(self, sources: list[tuple[Any, str]]) -> dict[int, View]:
        views = {id(node): await self._views.view(sobject) for node, sobject in sources}
        return {key: view for key, view in views.items() if view.owners}

    async def _masked_page(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        return {**value, "records": [await masked(each, self._views.view, withhold) for each in value["records"]]}

    async def _masked_found(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        found = [await masked(each, self._views.view, withhold) for each in value["searchRecords"]]
        return {**value, "searchRecords": found}


def _parsed(text: str) -> tree.Query:
    try:
        return tree_of(text)
    except SoqlError as error:
        raise refused(str(error), code="MALFORMED_QUERY") from None
