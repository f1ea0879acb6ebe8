"""A new user's path as one: README, `login` in a browser, `doctor`, the registration, a call; over TLS."""

import json
import shlex
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.cli.processes import END_S, run, running
from tests.clients.test_login_browser import Drive, browser, press
from tests.docs.test_examples import blocks

__all__ = ["browser"]

pytestmark = [pytest.mark.clients, pytest.mark.slow]

NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}  # not that of the person who runs the tests


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user who has nothing yet."""
    for name, value in NO_KEYRING.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


async def test_from_the_readme_to_a_call(home: Path, monkeypatch: pytest.MonkeyPatch, browser: Drive) -> None:
    (login,) = [block for block in blocks("README.md", "sh") if " login " in block]
    with running("org", "--tls", "--port", "0", "--json", cwd=home) as org:
        assert org.stdout is not None
        ready = json.loads(org.stdout.readline())
        assert ready["instance_url"].startswith("https://")
        words = {"the consumer key": ready["client_id"], "https://acme.my.salesforce.com": ready["instance_url"]}
        _, _, _, *arguments = [words.get(word, word) for word in shlex.split(login)]
        monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", ready["client_secret"])

        unknown = run(*arguments, "--port", "0", "--no-browser", cwd=home)
        assert "Fix: Set SALESFORCE_CA_FILE" in unknown.stderr

        monkeypatch.setenv("SALESFORCE_CA_FILE", ready["ca_file"])
        with running(*arguments, "--port", "0", "--no-browser", cwd=home) as asking:
            assert asking.stderr is not None
            asking.stderr.readline()
            assert "You can close this page" in press(browser, asking.stderr.readline().strip(), "allow")
            written, errors = asking.communicate(timeout=END_S)
        assert f"Logged in to {ready['instance_url']}" in written, errors
        monkeypatch.delenv("SALESFORCE_CLIENT_SECRET")

        examined = run("doctor", cwd=home)
        assert examined.returncode == 0, examined.stdout

        (line,) = [line for line in written.splitlines() if line.startswith("claude mcp add --scope user salesforce ")]
        told, command = line.split(" -- ")
        settings = dict(word.split("=", 1) for word in shlex.split(told)[6:] if word != "-e")
        program, *rest = shlex.split(command)
        registered = StdioServerParameters(
            command=program, args=rest, env={**settings, **NO_KEYRING, "UV_NO_SYNC": "1"}, cwd=home
        )
        async with Client(stdio_client(registered)) as client:
            whoami = await client.call_tool("salesforce_whoami", {})

    assert whoami.structured_content is not None
    assert whoami.structured_content["user"]["Username"] == ready["username"]
    assert set(settings) == {"SALESFORCE_ORG", "SALESFORCE_CA_FILE"}
