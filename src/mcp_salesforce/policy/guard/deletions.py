"""What a deletion takes along: Salesforce deletes the children of a record with it (`cascadeDelete`)."""

from collections.abc import Sequence
from typing import Final

from mcp_salesforce.policy.belongings import is_part
from mcp_salesforce.policy.errors import PolicyRefusedError, not_understood
from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.guard.owners import Owners
from mcp_salesforce.salesforce.models import ChildRelationship, SObjectDescribe
from mcp_salesforce.soql import tree

_MOST: Final = 2000
_DEEPEST: Final = 5
_HINT: Final = "Delete or move those first, or ask who runs the server to change the policy."


class Deletions:
    """Judges deletions by what goes along."""

    def __init__(self, views: OrgViews, owners: Owners) -> None:
        """Judge by `views`; `owners` counts the children."""
        self._views = views
        self._owners = owners

    async def judge(self, sobject: str, record_ids: Sequence[str], depth: int = 0) -> None:
        """Let the deletion of records pass where the policy lets all be deleted that goes along.

        Where children may not be seen, or only the user's own, or not whose children they are, it is refused whether
        there are any or not: the refusal would tell.

        Raises:
            PolicyRefusedError: It would take along what may not be deleted, or may not be seen.
        """
        described = await self._views.describe(sobject)
        if described is None or not self._views.policy.restricts_deletion:
            return
        for child in described.child_relationships:
            if (child.cascade_delete or child.restricted_delete) and not self._is_own_part(described, child):
                await self._judge_child(sobject, child, record_ids, depth)

    async def _judge_child(self, sobject: str, child: ChildRelationship, ids: Sequence[str], depth: int) -> None:
        view = await self._views.view(child.child_sobject)
        refusal = PolicyRefusedError(
            f"A deletion of {sobject} could take {view.sobject} records along, or be kept from it by them",
            place=view.rule.place_of("actions" if not view.rule.is_readable else "owner_only"),
            hint=_HINT,
        )
        if not view.shows(child.field) or view.owners:
            raise refusal
        if not child.cascade_delete:
            return
        if "delete" not in view.rule.actions:
            if await self._owners.count(view.sobject, tree.Field(child.field), ids):
                raise PolicyRefusedError(
                    f"The deletion would take {view.sobject} records along, which may not be deleted",
                    place=view.rule.place_of("actions"),
                    hint=_HINT,
                )
            return
        if child.child_sobject.casefold() == sobject.casefold() and depth >= _DEEPEST:
            raise not_understood("A deletion that goes so deep")
        children = await self._owners.ids(view.sobject, child.field, ids, _MOST + 1)
        if len(children) > _MOST:
            raise not_understood("A deletion that takes so much along")
        if children and depth < _DEEPEST:
            await self.judge(view.sobject, children, depth + 1)

    def _is_own_part(self, described: SObjectDescribe, child: ChildRelationship) -> bool:
        """Tell whether a child is a part of the record itself, about which the policy says nothing of its own."""
        return child.child_sobject.casefold() not in self._views.policy.rules and is_part(
            child, described, self._views.owned, self._views.names
        )
