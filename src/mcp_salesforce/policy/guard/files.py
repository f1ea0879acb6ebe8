"""The data of files under a policy: a file is read only if every record that has it may be read."""

from typing import Final

from mcp_salesforce.policy.errors import hidden, not_understood
from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.guard.owners import Owners
from mcp_salesforce.policy.guard.request_parts import RequestParts, Rewrite
from mcp_salesforce.policy.views import View

VERSION: Final = "ContentVersion"
DATA: Final = "VersionData"
_DOCUMENT: Final = "ContentDocumentId"
_LINK: Final = "ContentDocumentLink"
_LINKED: Final = "LinkedEntityId"
_MOST_LINKS: Final = 500
_SHARED_WITH: Final = frozenset({"005", "00G", "00D", "058"})  # people, groups, the whole org, libraries


class Files:
    """Plans the calls that read the data of files."""

    steps: Final[tuple[str, ...]] = ("sobjects", VERSION)

    def __init__(self, views: OrgViews, owners: Owners) -> None:
        """Judge by `views`; `owners` tells whose records have a file."""
        self._views = views
        self._owners = owners

    async def plan(self, call: RequestParts) -> Rewrite | None:
        """Plan the download of a version; None for any other call, of which an upload needs the same field.

        Raises:
            PolicyRefusedError: The policy hides the data of files, or a record that has this one.
        """
        match (call.method, *call.steps[2:]):
            case ("GET", version_id, each) if each == DATA:
                return await self._read(call, version_id)
            case ("POST",) if call.request.upload is not None:
                self._require_data(await self._views.view(VERSION))
        return None

    def _require_data(self, view: View) -> None:
        if not view.shows(DATA):
            raise hidden(view.sobject, DATA, view.rule.place_of(DATA))

    async def _read(self, call: RequestParts, version_id: str) -> Rewrite:
        view = await self._views.readable(VERSION)
        self._require_data(view)
        await self._owners.require_own(view, [version_id])
        documents = await self._owners.values(VERSION, _DOCUMENT, "Id", [version_id], 1)
        linked = await self._owners.values(_LINK, _LINKED, _DOCUMENT, documents, _MOST_LINKS + 1)
        if len(linked) > _MOST_LINKS:
            raise not_understood(f"A file of more than {_MOST_LINKS} records")
        for prefix in sorted({each[:3] for each in linked} - _SHARED_WITH):
            target = await self._views.readable(await self._views.object_of(prefix))
            await self._owners.require_own(target, [each for each in linked if each[:3] == prefix])
        return Rewrite(call.request)
