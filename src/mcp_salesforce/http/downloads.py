"""`/files/…`: a person fetches a file that a tool has written, by the link in the tool's answer."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from mcp_salesforce.file_links import FileLinks
from mcp_salesforce.http.door import Door
from mcp_salesforce.http.refusals import RefusedError
from mcp_salesforce.markup import element
from mcp_salesforce.pages import page
from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.store.interface import StoreError
from mcp_salesforce.tools.files.folder import FilesFolder

Visitor: TypeAlias = Callable[[Request], Awaitable[str]]


class Downloads:
    """Gives files to the people whom their links were made for."""

    def __init__(
        self,
        door: Door,
        links: FileLinks,
        folder_of: Callable[[str], Path | None],
        *,
        visitor: Visitor | None = None,
        log_in: str = "",
    ) -> None:
        """Serve.

        Args:
            door: Tells whose request it is, by its token.
            links: Knows the links.
            folder_of: Returns the folder of a person.
            visitor: Tells who is logged in in the browser of a request, if people log in: a browser sends no token.
            log_in: The page where they do.
        """
        self._door = door
        self._links = links
        self._folder_of = folder_of
        self._visitor = visitor
        self._log_in = log_in

    async def __call__(self, request: Request) -> Response:
        """Answer GET /files/{link}/{name}."""
        try:
            person = await self._person(request)
        except RefusedError as error:
            return error.response
        except StoreError:
            return _told("Nobody can be let in now", "Open the link again in a few seconds.", 503)
        if person is None:
            to_page = element("a", "Log in with Salesforce", href=self._log_in)
            return page("Log in first", f"<p>{to_page}, then open the link again.</p>", HTTPStatus.UNAUTHORIZED)
        return self._file(person, request.path_params["link"], request.path_params["name"])

    def _file(self, person: str, link: str, name: str) -> Response:
        folder = self._folder_of(person)
        if folder is None or not self._links.knows(link, person, name):
            return _told("There is no such file for you", "A link works only for the person who was given it.", 404)
        if self._links.is_over(link):
            return _told("This link has expired", "Ask for the file again: salesforce_job gives a new link.", 410)
        with suppress(InvalidArgumentError):
            place = FilesFolder(folder).place(name)
            if place.is_file():
                return FileResponse(place, media_type="application/octet-stream", filename=place.name)
        if self._visitor is None:
            return _told("The file is gone", "Export it again.", 404)
        what = "It is on another server of the team, or gone. Open the link again; if that fails, export it again."
        return _told("This server does not have the file", what, 404)

    async def _person(self, request: Request) -> str | None:
        """Return whose request it is; None if nobody is logged in."""
        if self._visitor is None or "authorization" in request.headers:
            return (await self._door.caller(request.headers)).key
        return await self._visitor(request) or None


def _told(title: str, what: str, status: int) -> Response:
    return page(title, f"<p>{what}</p>", status)
