"""A server for a team on a local org: people whose tokens are known without a login."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from mcp_salesforce.http.application import Application, Team, create_app
from mcp_salesforce.localorg import Credentials
from mcp_salesforce.oauth.person import Person
from mcp_salesforce.salesforce import RefreshTokenSource, Transport
from mcp_salesforce.settings.serving import Serving
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.store.interface import Store, StoreError
from mcp_salesforce.tools.framework.session import utc_now

CHALLENGE = 'Bearer resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource/mcp"'


class KnownPeople:
    """Knows people by their bearer tokens, which are their first names."""

    def __init__(self, people: Mapping[str, Credentials], login_url: str) -> None:
        self.people = {
            name: Person(
                id=f"{each.organization_id}:{each.user_id}",
                org_id=each.organization_id,
                user_id=each.user_id,
                username=each.username,
                instance_url=login_url,
                claims={},
                tokens=RefreshTokenSource(each.client_id, each.client_secret, each.refresh_token, login_url),
            )
            for name, each in people.items()
        }
        self.is_broken = False

    @property
    def routes(self) -> Sequence[BaseRoute]:
        async def metadata(_: object) -> PlainTextResponse:
            return PlainTextResponse("metadata")

        return [Route("/.well-known/oauth-protected-resource/mcp", metadata)]

    async def person_of(self, bearer: str) -> Person | None:
        if self.is_broken:
            raise StoreError("The store does not answer.")
        return self.people.get(bearer)

    async def visitor(self, request: Request) -> str:
        found = self.people.get(request.cookies.get("browser", ""))
        return found.id if found else ""

    def challenge(self) -> str:
        return CHALLENGE

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        return None


def team_app(
    settings: Settings,
    people: KnownPeople,
    store: Store,
    *,
    transport: Transport | None = None,
    now: Callable[[], datetime] = utc_now,
    **limits: Any,
) -> Application:
    """The application for a team whose people are known."""
    login_url = settings.login_url
    team = Team("http://127.0.0.1", login_url, people, store)
    return create_app(
        settings, team=team, serving=Serving(allowed_hosts="127.0.0.1", **limits), transport=transport, now=now
    )


def as_person(name: str) -> dict[str, str]:
    """The headers of a request of a person."""
    return {"Authorization": f"Bearer {name}"}
