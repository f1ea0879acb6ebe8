"""Cascades: Salesforce deletes the children of a record with it (`cascadeDelete`), and restores them with it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from mcp_salesforce.policy.belongings import is_part
from mcp_salesforce.policy.errors import PolicyRefusedError, RecordRefusedError, not_understood
from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.guard.owners import Owners
from mcp_salesforce.policy.rules import Action
from mcp_salesforce.salesforce.models import ChildRelationship, SObjectDescribe
from mcp_salesforce.soql import tree

_MOST: Final = 2000
_DEEPEST: Final = 5


class _Words(NamedTuple):
    """The words of a refusal: the action, and what it would do to the child records."""

    may: str
    would: str
    hint: str


_DELETION: Final = _Words(
    "A deletion of {0} could delete {1} records too, or be blocked by them",
    "The deletion would delete {1} records too, which is not allowed",
    "Delete or move those first, or ask the person who runs the server to change the policy.",
)
_RESTORE: Final = _Words(
    "A restore of {0} could restore {1} records too",
    "The restore would restore {1} records too, which is not allowed",
    "Ask the person who runs the server to restore it, or to change the policy.",
)


class Deletions:
    """Checks deletions and restores by the child records that they include."""

    def __init__(self, views: OrgViews, owners: Owners, *, restores: bool = False) -> None:
        """Judge by `views`; `owners` counts the children."""
        self._views = views
        self._owners = owners
        self._restores = restores
        self._action: Action = "restore" if restores else "delete"
        self._words = _RESTORE if restores else _DELETION

    async def judge(self, sobject: str, record_ids: Sequence[str], depth: int = 0) -> None:
        """Allow it if the policy allows the same for all child records that it includes.

        Where children may not be seen, or only the user's own, or not whose children they are, it is refused whether
        there are any or not: the refusal would tell.
        """
        described = await self._views.describe(sobject)
        if described is None or not self._views.policy.restricts(self._action):
            return
        for child in described.child_relationships:
            counts = child.cascade_delete or (child.restricted_delete and not self._restores)
            if counts and not self._is_own_part(described, child):
                await self._judge_child(sobject, child, record_ids, depth)

    async def _judge_child(self, sobject: str, child: ChildRelationship, ids: Sequence[str], depth: int) -> None:
        view = await self._views.view(child.child_sobject)
        refusal = PolicyRefusedError(
            self._words.may.format(sobject, view.sobject),
            place=view.rule.place_of("actions" if not view.rule.is_readable else "owner_only"),
            hint=self._words.hint,
        )
        if not view.shows(child.field) or view.owners:
            raise refusal
        if not child.cascade_delete:
            return
        gone = self._restores
        if self._action not in view.rule.actions:
            if await self._owners.count(view.sobject, tree.Field(child.field), ids, deleted=gone):
                raise RecordRefusedError(
                    self._words.would.format(sobject, view.sobject),
                    place=view.rule.place_of("actions"),
                    hint=self._words.hint,
                )
            return
        if child.child_sobject.casefold() == sobject.casefold() and depth >= _DEEPEST:
            raise not_understood(f"A {self._action} that goes so deep")
        children = await self._owners.ids(view.sobject, child.field, ids, _MOST + 1, deleted=gone)
        if len(children) > _MOST:
            raise not_understood(f"A {self._action} that takes so much along")
        if children and depth < _DEEPEST:
            await self.judge(view.sobject, children, depth + 1)

    def _is_own_part(self, described: SObjectDescribe, child: ChildRelationship) -> bool:
        """Tell whether a child is a part of the record itself, about which the policy says nothing of its own."""
        return child.child_sobject.casefold() not in self._views.policy.rules and is_part(
            child, described, self._views.owned, self._views.names
        )
