"""The command itself, as a team runs it: replicas on one store, which can be killed and started again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import httpx2
from cryptography.fernet import Fernet

from mcp_salesforce.localorg import LocalOrg
from tests.oauth.site import REDIRECT, Proof, answer_in, submit, to_the_end
from tests.store.valkey_server import Server
from tests.warm import warm

PATIENCE_S = 60


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Endpoint:
    """Where calls go: a replica, or a proxy in front of several."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def call(
        self, http: httpx2.AsyncClient, bearer: str, tool: str = "salesforce_whoami", **arguments: Any
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json, text/event-stream"}
        params = {"name": tool, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return await http.post(
            f"{self.url}/mcp", headers=headers | {"MCP-Protocol-Version": "2025-11-25"}, json=message
        )


class Replica(Endpoint):
    """A process of `serve --http`, whose log goes to a file."""

    def __init__(self, port: int, env: dict[str, str], log: Path) -> None:
        super().__init__(f"http://127.0.0.1:{port}")
        self._command = warm("tests.with_pid", "mcp_salesforce", "serve", "--http", "--port", str(port))
        self._pid = log.with_name(f"{port}.pid")
        self._env = {**env, "PID_FILE": str(self._pid)}
        self._log = log
        self.start()

    def start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(self._command, env=self._env, stdout=log, stderr=log)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(int(self._pid.read_text()), signal.SIGKILL)
        self._process.wait(PATIENCE_S)

    async def ready(self, http: httpx2.AsyncClient) -> None:
        ends = time.monotonic() + PATIENCE_S
        while True:
            with suppress(httpx2.TransportError):
                if (await http.get(f"{self.url}/readyz")).status_code == 200:
                    return
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < ends
            await anyio.sleep(0.1)


@contextmanager
def replicas(
    org: LocalOrg, org_url: str, store: Server, folder: Path, count: int = 2, **more: str
) -> Iterator[tuple[Replica, ...]]:
    """Run replicas; `more` are settings over the usual ones."""
    ports = [free_port() for _ in range(count)]
    env = {name: value for name, value in os.environ.items() if not name.startswith("SALESFORCE_")} | {
        "SALESFORCE_PUBLIC_URL": f"http://127.0.0.1:{ports[0]}",
        "SALESFORCE_ALLOWED_HOSTS": "127.0.0.1",
        "SALESFORCE_INSTANCE_URL": org_url,
        "SALESFORCE_CLIENT_ID": org.credentials.client_id,
        "SALESFORCE_CLIENT_SECRET": org.credentials.client_secret,
        "SALESFORCE_STORE": store.url,
        "SALESFORCE_STORE_KEYS": Fernet.generate_key().decode(),
        "SALESFORCE_STATE_KEY": "k" * 32,
        "SALESFORCE_LOG_LEVEL": "DEBUG",
        **more,
    }
    found = tuple(Replica(port, env, folder / "log") for port in ports)
    try:
        yield found
    finally:
        for each in found:
            each.kill()


async def log_in(
    http: httpx2.AsyncClient, issuer: str, token_at: str, org_url: str, user_id: str = ""
) -> dict[str, Any]:
    """Log in at `issuer` as a user of the org, and get the tokens from `token_at`."""
    described = {"client_name": "x", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}
    client_id = (await http.post(f"{issuer}/register", json=described)).json()["client_id"]
    proof = Proof()
    query = {"response_type": "code", "client_id": client_id, "redirect_uri": REDIRECT}
    query |= {"code_challenge": proof.challenge, "code_challenge_method": "S256", "state": "s"}
    page = await http.get(f"{issuer}/authorize", params=query)
    asked = page if page.is_redirect else await submit(http, page, decision="allow")
    code = answer_in(await to_the_end(http, asked, user_id, (issuer, org_url)))["code"]
    form = {"grant_type": "authorization_code", "code": code, "client_id": client_id, "redirect_uri": REDIRECT}
    answer = await http.post(f"{token_at}/token", data=form | {"code_verifier": proof.verifier})
    return {**answer.json(), "client_id": client_id, "code": code}
