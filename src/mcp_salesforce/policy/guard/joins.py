"""Merges, and conversions of leads, under a policy: several records become one, and what refers to them moves."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Final, Protocol

from mcp_salesforce.policy.errors import PolicyRefusedError, not_understood
from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.guard.owners import Owners
from mcp_salesforce.policy.guard.request_parts import Finish
from mcp_salesforce.policy.rules import Action
from mcp_salesforce.policy.views import View
from mcp_salesforce.soql import tree

_ABOUT_A_MASTER: Final = frozenset({"type", "Id", "fieldsToNull"})
_LEAD: Final = "Lead"
_TARGETS: Final = {"accountId": "Account", "contactId": "Contact"}
_OPPORTUNITY: Final = "Opportunity"
_OF_A_CONVERSION: Final = frozenset({
    *_TARGETS, "convertedStatus", "doNotCreateOpportunity", "leadId", "opportunityName", "overwriteLeadSource",
    "sendNotificationEmail",
})  # fmt: skip
_MOVED: Final = "updatedRelatedIds"
_HINT: Final = "Ask the person who runs the server to do this in Salesforce, or to change the policy."


class Requiring(Protocol):
    """Lets actions and values of an object pass, as `Writes.require`."""

    def __call__(
        self, sobject: str, actions: Sequence[Action], records: Sequence[Mapping[str, Any]]
    ) -> Awaitable[View]:
        """Return the object's view; PolicyRefusedError where the policy does not allow it."""


class Joins:
    """Checks merges and conversions; raises PolicyRefusedError for those that the policy does not allow."""

    def __init__(self, views: OrgViews, owners: Owners, require: Requiring) -> None:
        """Judge by `views`; `owners` counts records, `require` judges actions and values."""
        self._views = views
        self._owners = owners
        self._require = require

    async def merge(self, request: Mapping[Any, Any]) -> Finish:
        """Allow a merge of records of an object that may be merged; return what to make of the reply.

        The records must be the user's where the policy says so. To set a field of the record that stays also needs
        `update`.
        """
        master = request.get("masterRecord")
        losers = [str(each) for each in request.get("recordToMergeIds") or ()]
        if not isinstance(master, Mapping) or not losers or len(request) > 2:  # noqa: PLR2004 - these two
            raise not_understood("A merge of another form")
        sobject, ids = str(master.get("type")), [str(master.get("Id")), *losers]
        for prefix in {each[:3] for each in ids}:
            if (await self._views.object_of(prefix)).casefold() != sobject.casefold():
                raise not_understood("A merge of different objects")
        values = {name: value for name, value in master.items() if name not in _ABOUT_A_MASTER}
        values |= dict.fromkeys(map(str, master.get("fieldsToNull") or ()))
        view = await self._require(sobject, ("merge", "update") if values else ("merge",), [values] if values else [])
        await self._owners.require_own(view, ids)
        await self._judge_moves(sobject, losers, "A merge")
        return self._without_hidden

    async def convert(self, conversion: Mapping[Any, Any]) -> None:
        """Allow the conversion of a lead that may be converted into records that may be created or updated.

        It copies fields of the lead, so none of them may be hidden.
        """
        if {name for name, value in conversion.items() if value is not None} - _OF_A_CONVERSION:
            raise not_understood("A conversion of another form")
        lead, lead_id = await self._require(_LEAD, ("convert",), []), str(conversion.get("leadId"))
        if lead.rule.hide or lead.rule.fields is not None:
            place = lead.rule.place_of("hide" if lead.rule.hide else "fields")
            raise PolicyRefusedError("A conversion copies fields of Lead that are hidden", place=place, hint=_HINT)
        await self._owners.require_own(lead, [lead_id])
        for key, sobject in _TARGETS.items():
            await self._judge_target(lead, sobject, str(conversion.get(key) or ""))
        if not conversion.get("doNotCreateOpportunity"):
            await self._judge_target(lead, _OPPORTUNITY, "")
        await self._judge_moves(_LEAD, [lead_id], "A conversion")

    async def _judge_target(self, lead: View, sobject: str, record_id: str) -> None:
        """Allow what a lead becomes: a new record of its owner, or one whose empty fields are filled."""
        view = await self._require(sobject, ("update",) if record_id else ("create",), [])
        if record_id:
            if view.hidden:
                place = view.rule.place_of("hide" if view.rule.hide else "fields")
                raise PolicyRefusedError(f"A conversion fills hidden fields of {sobject}", place=place, hint=_HINT)
            await self._owners.require_own(view, [record_id])
        elif view.owners and not lead.owners:
            place = view.rule.place_of("owner_only")
            raise PolicyRefusedError(f"A conversion can make a {sobject} of another user", place=place, hint=_HINT)

    async def _judge_moves(self, sobject: str, record_ids: Sequence[str], what: str) -> None:
        """Allow it if none of the records that move is of an object with a section that forbids to update them.

        Where such records may not be seen, or only the user's own, it is refused whether there are any or not: the
        refusal would tell. Records of the same object that refer to one that goes (ReportsToId) follow in any case.
        """
        described = await self._views.describe(sobject)
        for child in described.child_relationships if described else ():
            about = child.child_sobject.casefold()
            if about == sobject.casefold() or about not in self._views.policy.rules:
                continue
            view = await self._views.view(child.child_sobject)
            if not view.shows(child.field) or view.owners:
                place = view.rule.place_of("actions" if not view.rule.is_readable else "owner_only")
                raise PolicyRefusedError(f"{what} could move {view.sobject} records", place=place, hint=_HINT)
            is_allowed = "update" in view.rule.actions
            if not is_allowed and await self._owners.count(view.sobject, tree.Field(child.field), record_ids):
                place = view.rule.place_of("actions")
                raise PolicyRefusedError(f"{what} would move {view.sobject} records", place=place, hint=_HINT)

    async def _without_hidden(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return the reply without the Ids of records that moved and that may not all be seen."""
        return [{**each, _MOVED: await self._shown(each.get(_MOVED) or ())} for each in value]

    async def _shown(self, record_ids: Sequence[str]) -> list[str]:
        shown: dict[str, bool] = {}
        for prefix in {each[:3] for each in record_ids}:
            try:
                view = await self._views.view(await self._views.object_of(prefix))
            except PolicyRefusedError:
                continue
            shown[prefix] = view.rule.is_readable and not view.owners
        return [each for each in record_ids if shown.get(each[:3])]
