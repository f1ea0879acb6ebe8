"""The SDK as a server on stdio loads it: less, and the rest when it is used."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

PROGRAM = """
import json
import os
import sys
from mcp_salesforce.lean import load_sdk

load_sdk()
from mcp_salesforce.config import Settings
from mcp_salesforce.server import create_server

server = create_server(Settings(access_token="00D000000000001!none", instance_url="https://example.my.salesforce.com"))
"""
FORKS = """
for line in sys.stdin:
    reading, writing = os.pipe()
    if not (child := os.fork()):
        for stream in (1, 2):
            os.dup2(writing, stream)
        exec(json.loads(line), {})
        sys.stdout.flush()
        os._exit(0)
    os.close(writing)
    with open(reading) as said:
        text = said.read()
    print(json.dumps([os.waitpid(child, 0)[1], text]), flush=True)
"""


@pytest.fixture(scope="module")
def loaded_once() -> Iterator[subprocess.Popen[str]]:
    """A process that has loaded the server, and runs each program that it is given in a fork of itself."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM + FORKS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


@pytest.fixture
def run(loaded_once: subprocess.Popen[str]) -> Callable[[str], str]:
    """Return what a program prints that goes on where the server has been loaded."""

    def run(program: str) -> str:
        assert loaded_once.stdin is not None
        assert loaded_once.stdout is not None
        loaded_once.stdin.write(json.dumps(program) + "\n")
        loaded_once.stdin.flush()
        status, text = json.loads(loaded_once.stdout.readline())
        assert status == 0, text
        return str(text)

    return run


def test_what_only_http_and_clients_need_is_not_loaded(run: Callable[[str], str]) -> None:
    loaded = set(run("import sys; print(*sys.modules, sep='\\n')").split())

    assert "mcp.server.mcpserver.server" in loaded
    assert loaded & {"starlette", "uvicorn", "httpx2", "sse_starlette", "cryptography", "rich", "mcp.client"} == set()


@pytest.mark.parametrize(
    ("use", "says"),
    [
        ("import mcp; print(mcp.Client.__module__)", "mcp.client.client"),
        ("from mcp import Client, stdio_client; print(stdio_client.__module__)", "mcp.client.stdio"),
        ("from starlette.requests import Request; print(Request.__module__)", "starlette.requests"),
        ("import mcp.server.sse as sse; print(sse.SseServerTransport.__module__)", "mcp.server.sse"),
        ("import mcp.server.streamable_http as it; print(it.MCP_SESSION_ID_HEADER)", "mcp-session-id"),
    ],
)
def test_the_rest_is_there_for_who_imports_it(run: Callable[[str], str], use: str, says: str) -> None:
    assert run(use).strip() == says


def test_a_question_to_the_user_is_sealed_and_opened_and_a_forged_seal_refused(run: Callable[[str], str]) -> None:
    use = """
from mcp.server.request_state import InvalidRequestState
from mcp_salesforce.server import _SealWhenUsed

seal = _SealWhenUsed(lambda: bytes(32))
sealed = seal.seal(b"state")
assert seal.unseal(sealed) == b"state"
try:
    seal.unseal(sealed[:-4] + ("AAAA" if sealed[-4:] != "AAAA" else "BBBB"))
except InvalidRequestState:
    print("refused")
"""
    assert run(use).strip() == "refused"


def test_the_sdks_own_stand_ins_know_what_is_one_of_them(run: Callable[[str], str]) -> None:
    use = """
import mcp.server.mcpserver.server as sdk
from starlette.applications import Starlette
assert isinstance(Starlette(), sdk.Starlette)
assert not isinstance(1, sdk.Starlette)
assert sdk.Starlette is Starlette
print(sdk.Route("/", lambda request: None).path)
"""
    assert run(use).strip() == "/"


def test_what_has_been_imported_stays_as_it_is() -> None:
    before = "import mcp\nfrom mcp.server.mcpserver.server import Starlette\n"
    program = f"{before}from mcp_salesforce.lean import load_sdk\nload_sdk()\nprint(Starlette.__module__)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)

    assert done.stdout.strip() == "starlette.applications"
