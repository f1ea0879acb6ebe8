"""The yardstick for a team: FastMCP's own HTTP server behind its OAuth proxy, with one tool that makes one HTTP call.

It runs in an environment of its own, which has FastMCP. Every setting is FastMCP's default, unless the benchmark needs
it otherwise: no page of consent (the benchmark has no person), and a check of Salesforce's token that asks nobody.
"""

import os
from urllib.parse import urlsplit

import aiohttp
from fastmcp import FastMCP
from fastmcp.server.auth import AccessToken, OAuthProxy, TokenVerifier
from fastmcp.server.dependencies import get_access_token

BASE, ORG = os.environ["TEAM_URL"], os.environ["TEAM_ORG"]
sessions: list[aiohttp.ClientSession] = []


class Believing(TokenVerifier):
    """Takes each token of Salesforce as valid; a real server asks Salesforce."""

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what is known of a token."""
        return AccessToken(token=token, client_id="salesforce", scopes=[])


proxy = OAuthProxy(
    upstream_authorization_endpoint=f"{ORG}/services/oauth2/authorize",
    upstream_token_endpoint=f"{ORG}/services/oauth2/token",
    upstream_client_id=os.environ["TEAM_CLIENT_ID"],
    upstream_client_secret=os.environ["TEAM_CLIENT_SECRET"],
    token_verifier=Believing(),
    base_url=BASE,
    forward_resource=False,
    require_authorization_consent=False,
)
server = FastMCP("yardstick", auth=proxy)


@server.tool
async def list_contacts(limit: int = 10) -> str:
    """Return the contacts as Salesforce sends them."""
    if not sessions:
        sessions.append(aiohttp.ClientSession())
    token = get_access_token()
    headers = {"Authorization": f"Bearer {token.token if token else ''}"}
    async with sessions[0].get(os.environ["TEAM_TARGET"], params={"limit": str(limit)}, headers=headers) as reply:
        reply.raise_for_status()
        return await reply.text()


if __name__ == "__main__":
    port = urlsplit(BASE).port or 0
    server.run("http", host="127.0.0.1", port=port, stateless_http=True, show_banner=False, log_level="warning")
