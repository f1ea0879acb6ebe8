"""The commands in the pages work as they stand there."""

import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from mcp import Client, StdioServerParameters

from tests.cli.processes import END_S, running

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_readme_has_the_two_commands_and_ci_runs_the_second() -> None:
    commands = blocks("README.md", "sh")

    assert "pip install -q uv && uv run mcp-salesforce demo\n" in commands
    assert "pip install -q uv && uv run pytest\n" in commands
    assert "\npip install -q uv && uv run pytest\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


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


class _StaysHere(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to its caller, as a browser leaves one to an address where nothing listens."""

    def redirect_request(self, *_: object) -> None:
        return None


def allow(authorize_url: str) -> str:
    """Do what a person does in the browser: open the page, allow, and copy the code from the address bar."""
    browser = urllib.request.build_opener(_StaysHere())
    with browser.open(authorize_url, timeout=END_S) as page:
        html = page.read().decode()
    ticket, user = re.findall(r'name=ticket value="([^"]+)"', html)[0], re.findall(r'option value="([^"]+)"', html)[0]
    form = urlencode({"ticket": ticket, "user_id": user, "decision": "allow"}).encode()
    origin = authorize_url.partition("/services/")[0]
    with pytest.raises(urllib.error.HTTPError) as redirect:
        browser.open(f"{origin}/services/oauth2/authorize", data=form, timeout=END_S)
    address: str = redirect.value.headers["Location"]
    redirect.value.close()
    assert address.startswith("http://localhost:1717/callback?")
    return address.partition("code=")[2].partition("&")[0]


def test_the_tutorials_query_works_on_the_local_org(tmp_path: Path) -> None:
    (query,) = [block for block in blocks("docs/tutorial.md", "sh") if block.startswith("curl")]
    with running("org", "--port", "0", "--json", cwd=tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        answer = shell(query, INSTANCE_URL=ready["instance_url"], ACCESS_TOKEN=ready["access_token"])

    assert len(json.loads(answer)["records"]) == 3


async def test_the_page_about_connecting_leads_to_settings_with_which_the_server_works(tmp_path: Path) -> None:
    _, ask, exchange, _ = blocks("docs/connect-an-org.md", "sh")
    with running("org", "--port", "0", "--json", cwd=tmp_path) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        settings = {
            "SALESFORCE_CLIENT_ID": ready["client_id"],
            "SALESFORCE_CLIENT_SECRET": ready["client_secret"],
            "SALESFORCE_INSTANCE_URL": ready["instance_url"],
        }
        authorize_url, verifier = shell(f"{ask}\necho $verifier", **settings).split()
        assert parse_qs(urlsplit(authorize_url).query)["code_challenge_method"] == ["S256"]
        _, _, request = exchange.partition("\n")
        tokens = json.loads(shell(request, **settings, code=allow(authorize_url), verifier=verifier))
        lines = {**settings, "SALESFORCE_REFRESH_TOKEN": tokens["refresh_token"], "SALESFORCE_API_VERSION": "v60.0"}
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        server = StdioServerParameters(command=sys.executable, args=["-m", "mcp_salesforce", "serve"], cwd=tmp_path)
        async with Client(server) as client:
            contacts = await client.call_tool("salesforce_list_contacts", {"limit": 2})

    assert contacts.structured_content is not None
    assert len(contacts.structured_content["rows"]) == 2
