"""A local org on a port, some of whose answers are those of an org that is not well."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_salesforce.config import Settings
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.certificates import Certificate
from mcp_salesforce.localorg.listener import listening

DATA = "/services/data/v60.0"
TOKEN, USERINFO, QUERY, LIMITS = (
    "/services/oauth2/token",
    "/services/oauth2/userinfo",
    f"{DATA}/query",
    f"{DATA}/limits",
)
CONTACT, EVENT = f"{DATA}/sobjects/Contact/describe", f"{DATA}/sobjects/Event/describe"


@dataclass(frozen=True)
class Answer:
    """What comes instead of the org's own answer."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


def oauth(error: str, description: str) -> Answer:
    return Answer(400, {"error": error, "error_description": description})


def refused(status: int, error_code: str, message: str) -> Answer:
    return Answer(status, [{"errorCode": error_code, "message": message}])


def page(status: int = 200, **headers: str) -> Answer:
    return Answer(
        status, "<html><body>Please log in to the network</body></html>", {"content-type": "text/html", **headers}
    )


def instead(app: ASGIApp, answers: Mapping[str, Answer]) -> ASGIApp:
    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        answer = answers.get(scope["path"])
        if answer is None:
            await app(scope, receive, send)
            return
        body = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

    return answering


@contextmanager
def settings_on_port(
    org: LocalOrg,
    answers: Mapping[str, Answer] | None = None,
    *,
    certificate: Certificate | None = None,
    **changes: Any,
) -> Iterator[Settings]:
    """Serve `org` with some other answers, and yield the settings for it."""
    own = org.credentials
    with listening(instead(org.app, answers or {}), certificate=certificate) as address:
        values = {
            "client_id": own.client_id,
            "client_secret": own.client_secret,
            "refresh_token": own.refresh_token,
            "instance_url": address,
        } | changes
        yield Settings(**{name: value for name, value in values.items() if value})


def described(org: LocalOrg, sobject: str) -> dict[str, Any]:
    """What describe says of an object, to be changed."""
    found: dict[str, Any] = json.loads(json.dumps(org.describes.describe(sobject, "v60.0")))
    return found


def key_file(org: LocalOrg, folder: Path) -> Path:
    file = folder / "key.pem"
    file.write_text(org.oauth.jwt_private_key(), encoding="utf-8")
    return file
