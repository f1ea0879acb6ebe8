"""The commands in the pages work as they stand there."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.cli.processes import END_S, run, running
from tests.cli.test_login import answer
from tests.warm import warm

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("command", ["python3 run.py mcp-salesforce demo\n", "python3 run.py pytest\n"])
def test_the_readme_has_the_two_commands_and_ci_runs_them(command: str) -> None:
    assert command in blocks("README.md", "sh")
    assert f" {command}" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["docs/register.md"])
def test_json_in_a_page_is_json(page: str) -> None:
    found = blocks(page, "json")

    assert found
    assert all(isinstance(json.loads(block), dict) for block in found)


def shell(script: str, **variables: str) -> str:
    """Run a block of a page in bash and return what it writes."""
    for program in ("bash", "curl", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **variables}
    done = subprocess.run(
        ["bash", "-euc", script], env=environment, capture_output=True, text=True, check=True, timeout=END_S
    )
    return done.stdout


def test_the_tutorials_query_works_on_the_local_org(tmp_path: Path) -> None:
    (query,) = [block for block in blocks("docs/tutorial.md", "sh") if block.startswith("curl")]
    with running("org", "--port", "0", "--json", cwd=tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        answer = shell(query, INSTANCE_URL=ready["instance_url"], ACCESS_TOKEN=ready["access_token"])

    assert len(json.loads(answer)["records"]) == 3


async def test_the_page_about_connecting_leads_to_settings_with_which_the_server_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, login, doctor = blocks("docs/connect-an-org.md", "sh")
    made = run(*shlex.split(app.splitlines()[0])[3:], cwd=tmp_path)
    assert app.splitlines()[2] in made.stdout, made.stderr
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with running("org", "--port", "0", "--json", cwd=tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", ready["client_secret"])
        words = {"the consumer key": ready["client_id"], "https://acme.my.salesforce.com": ready["instance_url"]}
        _, _, _, *arguments = [words.get(word, word) for word in shlex.split(login)]
        with running(*arguments, "--port", "0", "--no-browser", cwd=tmp_path) as asking:
            assert asking.stderr is not None
            asking.stderr.readline()
            answer(asking.stderr.readline().strip())
            assert asking.wait(timeout=END_S) == 0
        examined = run(*shlex.split(doctor)[3:], "--json", cwd=tmp_path)
        assert json.loads(examined.stdout)["passed"], examined.stdout
        command, *arguments = warm("mcp_salesforce", "serve")
        server = StdioServerParameters(
            command=command,
            args=arguments,
            cwd=tmp_path,
            env={"XDG_DATA_HOME": str(tmp_path), "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"},
        )
        async with Client(server) as client:
            contacts = await client.call_tool("salesforce_list_contacts", {"limit": 2})

    assert contacts.structured_content is not None
    assert len(contacts.structured_content["rows"]) == 2
