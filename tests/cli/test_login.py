"""`login`, `orgs`, `logout` and `serve` by alias, on the local org; its consent page is answered over HTTP."""

import json
import os
import re
import shlex
import socket
import stat
import subprocess
import threading
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from mcp_salesforce.cli import login_questions
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.certificates import loopback_certificate
from mcp_salesforce.localorg.listener import listening
from tests.cli.processes import END_S, invoke, run, running
from tests.cli.test_serve import INITIALIZE, INITIALIZED, LIST_CONTACTS, hear, tell
from tests.ports import refusing_port
from tests.proxied import HOST, org_behind_a_proxy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def address(org: LocalOrg) -> Iterator[str]:
    with listening(org.app) as address:
        yield address


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, org: LocalOrg) -> Path:
    """The environment of a user with an app, no keyring, and no login yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", org.credentials.client_secret)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TEST_KEYRING_FILE", str(tmp_path / "keyring.json"))
    return tmp_path


@contextmanager
def logging_in(org: LocalOrg, home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start `login`, and yield it with the address that it asks the user to open."""
    app = ("--client-id", org.credentials.client_id, "--port", "0", "--no-browser")
    with running("login", *app, *arguments, cwd=home) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "Log in and allow the access here:\n"
        yield process, process.stderr.readline().strip()


def answer(authorize_url: str, decision: str = "allow") -> None:
    """Do what a browser does: load the consent page, press a button, and follow the redirect to the command."""
    with urllib.request.urlopen(authorize_url, timeout=END_S) as page:  # noqa: S310 - an address of this test
        html = page.read().decode()
    ticket, user = re.findall(r'name=ticket value="([^"]+)"', html)[0], re.findall(r'option value="([^"]+)"', html)[0]
    form = urlencode({"ticket": ticket, "user_id": user, "decision": decision}).encode()
    target = f"{authorize_url.partition('/services/')[0]}/services/oauth2/authorize"
    with urllib.request.urlopen(target, data=form, timeout=END_S) as page:  # noqa: S310 - an address of this test
        assert "You can close this page" in page.read().decode()


def turn_back(authorize_url: str) -> None:
    """Do what a browser does whose user is refused before the consent page: follow the redirect to the command."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()}
    told = urlencode({"error": "access_denied", "state": asked["state"]})
    urllib.request.urlopen(f"{asked['redirect_uri']}?{told}", timeout=END_S).close()  # noqa: S310 - an address of this test


class Browser(webbrowser.BaseBrowser):
    """Opens a page as a user does who allows the access, if a test has no other."""

    user: Callable[[str], None] = staticmethod(answer)

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        del new, autoraise
        threading.Thread(target=self.user, args=(url,), daemon=True).start()
        return True


@pytest.fixture(scope="session", autouse=True)
def browser() -> None:
    webbrowser.register("a user", None, Browser(), preferred=True)


def login(org: LocalOrg, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `login` within this process."""
    app = ("--client-id", org.credentials.client_id, "--port", "0", "--timeout", str(END_S))
    return invoke("login", *app, *arguments, cwd=home)


def log_in(org: LocalOrg, home: Path, address: str, alias: str = "dev") -> str:
    """Log in within this process, and return all that the command wrote."""
    done = login(org, home, "--instance-url", address, "--org", alias)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def log_in_with_a_process(org: LocalOrg, home: Path, address: str, alias: str = "dev") -> str:
    """Log in and return all that the command wrote."""
    with logging_in(org, home, "--instance-url", address, "--org", alias) as (process, url):
        answer(url)
        output, errors = process.communicate(timeout=END_S)
    assert process.returncode == 0, errors
    return output + errors


def is_active(org: LocalOrg, token: str) -> bool:
    own = org.credentials
    told = org.oauth.introspect({"client_id": own.client_id, "client_secret": own.client_secret, "token": token})
    return bool(told["active"])


def secrets_of(org: LocalOrg, home: Path) -> list[str]:
    kept = [json.loads(path.read_text())["secrets"] or {} for path in home.glob("data/mcp-salesforce/logins/*.json")]
    return [org.credentials.client_secret, *(value for secrets in kept for value in secrets.values())]


def test_a_login_is_kept_listed_served_and_ended(org: LocalOrg, home: Path, address: str) -> None:
    written = log_in_with_a_process(org, home, address)
    (file,) = home.glob("data/mcp-salesforce/logins/dev.json")
    secrets = secrets_of(org, home)
    refresh_token = json.loads(file.read_text())["secrets"]["refresh_token"]

    assert f"Logged in to {address} as {org.credentials.username}." in written
    assert f"The refresh token is in the file {file}." in written
    check = shlex.split(written.partition("Check it:  ")[2].partition("\n")[0])
    assert check[-3:] == ["doctor", "--org", "dev"]
    checked = subprocess.run(check, cwd=home, capture_output=True, text=True, timeout=END_S, check=False)
    assert checked.stdout.count("passed") > 5, checked.stderr
    assert "claude mcp add --scope user salesforce -e SALESFORCE_ORG=dev -- " in written
    assert "SALESFORCE_PROXY" not in written
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700

    listed = run("orgs", "--json", cwd=home)
    (entry,) = json.loads(listed.stdout)
    assert (entry["alias"], entry["instance_url"], entry["username"]) == ("dev", address, org.credentials.username)
    assert f"dev: {org.credentials.username} at {address}" in invoke("orgs", cwd=home).stdout

    (home / ".env").write_text("SALESFORCE_ORG=dev\nSALESFORCE_CLIENT_SECRET=\n")
    with running("serve", cwd=home) as process:
        tell(process, INITIALIZE)
        hear(process)
        tell(process, INITIALIZED, LIST_CONTACTS)
        contacts = json.loads(json.dumps(hear(process)))
    assert len(contacts["result"]["structuredContent"]["rows"]) == 2

    left = run("logout", "--org", "dev", cwd=home)
    assert left.stdout == "Revoked at Salesforce; the login dev was removed from this machine.\n"
    assert not is_active(org, refresh_token)
    assert not file.exists()
    assert "There are no stored logins" in invoke("orgs", cwd=home).stdout
    assert not any(secret in written + listed.stdout + left.stdout + left.stderr for secret in secrets)


def test_several_orgs_are_kept_by_alias(org: LocalOrg, home: Path, address: str) -> None:
    log_in(org, home, address, "production")
    log_in(org, home, address, "Sandbox")

    assert [entry["alias"] for entry in json.loads(invoke("orgs", "--json", cwd=home).stdout)] == [
        "production",
        "sandbox",
    ]


def test_the_secrets_go_into_the_keyring_where_there_is_one(
    org: LocalOrg, home: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.file_keyring.FileKeyring")
    written = log_in_with_a_process(org, home, address)
    (file,) = home.glob("data/mcp-salesforce/logins/dev.json")
    kept = json.loads(json.loads((home / "keyring.json").read_text())["mcp-salesforce/dev"])

    assert "The refresh token is in the OS keyring." in written
    assert kept["refresh_token"] not in file.read_text() + written
    assert run("logout", "--org", "dev", cwd=home).returncode == 0
    assert json.loads((home / "keyring.json").read_text()) == {}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that the browser of a user opens who is refused there."""
    opened: list[str] = []

    def user(url: str) -> None:
        opened.append(url)
        turn_back(url)

    monkeypatch.setattr(Browser, "user", staticmethod(user))
    return opened


def test_the_question_has_a_state_and_a_proof_key_and_goes_to_loopback(
    org: LocalOrg, home: Path, address: str, opened: list[str]
) -> None:
    for _ in range(2):
        login(org, home, "--instance-url", address)

    asked = [{name: values[0] for name, values in parse_qs(urlsplit(url).query).items()} for url in opened]
    assert len(asked) == 2
    assert all(query["code_challenge_method"] == "S256" for query in asked)
    assert all(query["redirect_uri"].startswith("http://localhost:") for query in asked)
    assert all(query["scope"] == "api refresh_token" for query in asked)
    assert all(asked[0][name] != asked[1][name] for name in ("state", "code_challenge"))


def test_a_denied_consent_keeps_nothing_and_says_so(
    org: LocalOrg, home: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Browser, "user", staticmethod(partial(answer, decision="deny")))

    done = login(org, home, "--instance-url", address)

    assert done.returncode == 1
    assert "Access was not allowed: access_denied" in done.stderr
    assert "Somebody pressed Deny in the browser." in done.stderr
    assert "secret" not in done.stderr
    assert json.loads(invoke("orgs", "--json", cwd=home).stdout) == []


def test_a_wrong_secret_is_told_before_a_browser_is_opened(
    org: LocalOrg, home: Path, address: str, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", "another-secret")

    done = login(org, home, "--instance-url", address)

    assert done.returncode == 1
    assert "The client secret is not the app's." in done.stderr
    assert "another-secret" not in done.stderr
    assert opened == []


def test_a_new_app_is_waited_for(org: LocalOrg, home: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    grants, known = org.oauth._grants, org.oauth._grants.consumer
    asked: list[str] = []

    class Young:
        """The app, which the org does not know when it is asked for the first two times."""

        client_secret = known.client_secret

        @property
        def client_id(self) -> str:
            asked.append("")
            return known.client_id if len(asked) > 2 else "nobody"

    monkeypatch.setattr(login_questions, "_AGAIN_S", 0.01)
    monkeypatch.setattr(grants, "consumer", Young())

    done = login(org, home, "--instance-url", address, "--wait", str(END_S))

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("a new app takes up to ten minutes") == 1
    assert len(asked) > 2


def test_an_app_that_stays_unknown_is_named_and_nobody_is_sent_to_a_browser(
    home: Path, address: str, opened: list[str]
) -> None:
    done = invoke("login", "--client-id", "nobody", "--instance-url", address, "--port", "0", cwd=home)

    assert done.returncode == 1
    assert "invalid_client_id" in done.stderr
    assert "a new app takes up to ten minutes" in done.stderr
    assert opened == []


def test_a_person_is_asked_for_what_is_missing(
    org: LocalOrg, home: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pty = pytest.importorskip("pty", reason="terminals of this kind are POSIX's")
    monkeypatch.delenv("SALESFORCE_CLIENT_SECRET")
    ours, theirs = pty.openpty()
    with running("login", "--port", "0", "--no-browser", cwd=home, stdin=theirs) as process:
        assert process.stderr is not None
        os.write(ours, f"{org.credentials.client_id}\n{address}\n".encode())
        told = ""
        while "Consumer secret" not in told:
            told += process.stderr.read(1)
        os.write(ours, f"{org.credentials.client_secret}\n".encode())
        while not (line := process.stderr.readline()).startswith("http"):
            told += line
        answer(line.strip())
        output, errors = process.communicate(timeout=END_S)
    os.close(ours)
    os.close(theirs)

    assert process.returncode == 0, errors
    assert "Consumer key: " in told
    assert "My Domain (empty: login.salesforce.com): " in told
    assert "Logged in to" in output


def test_stray_requests_to_the_callback_do_not_end_a_login(org: LocalOrg, home: Path, address: str) -> None:
    with logging_in(org, home, "--instance-url", address) as (process, url):
        callback = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(callback.replace("/callback", "/favicon.ico"), timeout=END_S)  # noqa: S310 - an address of this test
        for stray in (
            "",
            "?code=aPrxforged&state=wrong",
            "?error=access_denied",
            "?error=access_denied&state=x",
            "?code=",
        ):
            urllib.request.urlopen(callback + stray, timeout=END_S).close()  # noqa: S310 - an address of this test
        answer(url)
        _, errors = process.communicate(timeout=END_S)

    assert process.returncode == 0, errors
    assert errors.count("Ignored: ") == 5
    assert "aPrxforged" not in errors


@pytest.mark.parametrize("content", ["", "{", "[]", '{"alias": "dev"}', "\x00\xff", "[" * 100_000])
def test_a_damaged_login_is_named_set_aside_and_replaced(org: LocalOrg, home: Path, address: str, content: str) -> None:
    log_in(org, home, address, "other")
    folder = home / "data/mcp-salesforce/logins"
    (folder / "dev.json").write_text(content, encoding="latin-1")

    listed = invoke("orgs", cwd=home)
    assert listed.returncode == 0
    assert "other: " in listed.stdout
    assert f"{folder / 'dev.json'} is damaged" in listed.stderr

    written = log_in(org, home, address, "dev")
    assert f"renamed to {folder / 'dev.json.damaged'}" in written
    assert (folder / "dev.json.damaged").read_text(encoding="latin-1") == content
    assert json.loads((folder / "dev.json").read_text())["secrets"]["refresh_token"]
    assert "dev: " in invoke("orgs", cwd=home).stdout


def test_logout_of_a_damaged_login_leaves_the_others(org: LocalOrg, home: Path, address: str) -> None:
    log_in(org, home, address, "other")
    folder = home / "data/mcp-salesforce/logins"
    (folder / "dev.json").write_text("{")

    left = invoke("logout", "--org", "dev", cwd=home)

    assert left.returncode == 0
    assert "damaged" in left.stdout
    assert invoke("orgs", cwd=home).stdout.startswith("other: ")


def test_nobody_answering_ends_the_login_in_time(org: LocalOrg, home: Path, address: str) -> None:
    done = login(org, home, "--instance-url", address, "--no-browser", "--timeout", "1")

    assert done.returncode == 1
    assert done.stderr.endswith("\nError: Nobody answered within 1 seconds: log in again.\n")


def test_a_taken_port_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = invoke("login", "--client-id", "key", "--port", str(port), "--no-browser", cwd=home)

    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["login", "--no-browser"], 2, "SALESFORCE_CLIENT_ID"),
        (["login", "--sandbox", "--instance-url", "https://acme.my.salesforce.com"], 2, "give one"),
        (["login", "--client-id", "key", "--instance-url", "http://example.com"], 2, "unencrypted"),
        (["login", "--client-id", "key", "--org", "../x", "--no-browser"], 1, "is not an alias"),
        (["logout", "--org", "nowhere"], 1, "There is no login 'nowhere' (there are none yet)"),
    ],
)
def test_a_wrong_call_says_what_to_do(home: Path, arguments: list[str], status: int, says: str) -> None:
    done = invoke(*arguments, cwd=home)

    assert done.returncode == status
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_login_that_cannot_be_revoked_stays_unless_it_is_to_be_forgotten(org: LocalOrg, home: Path) -> None:
    with refusing_port() as port:
        with listening(org.app, port=port) as address:
            log_in(org, home, address)

        refused = invoke("logout", "--org", "dev", cwd=home)
        assert refused.returncode == 1
        assert "The login was not revoked and not removed" in refused.stderr
        assert len(json.loads(invoke("orgs", "--json", cwd=home).stdout)) == 1
        assert "Not revoked at Salesforce" in invoke("logout", "--org", "dev", "--forget", cwd=home).stdout
    assert json.loads(invoke("orgs", "--json", cwd=home).stdout) == []


def test_serving_an_alias_that_is_not_there_names_those_that_are(
    org: LocalOrg, home: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(org, home, address)
    monkeypatch.setenv("SALESFORCE_ORG", "production")

    done = invoke("serve", cwd=home)

    assert done.returncode == 2
    assert "There is no login 'production' (there are: dev)." in done.stderr


@pytest.mark.parametrize(
    ("option", "start"),
    [
        ([], "https://login.salesforce.com/services/oauth2/authorize?"),
        (["--sandbox"], "https://test.salesforce.com/services/oauth2/authorize?"),
        (["--instance-url", "acme.my.salesforce.com"], "https://acme.my.salesforce.com/services/oauth2/authorize?"),
    ],
)
def test_the_place_to_log_in_is_production_a_sandbox_or_a_my_domain(
    org: LocalOrg, home: Path, option: list[str], start: str, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    with org_behind_a_proxy(org, home, hosts=("login.salesforce.com", "test.salesforce.com", HOST)) as behind:
        monkeypatch.setenv("SALESFORCE_PROXY", behind.tunnels.address)
        monkeypatch.setenv("SALESFORCE_CA_FILE", str(behind.ca_file))
        login(org, home, *option)

    (url,) = opened
    assert url.startswith(start)


def test_nobody_is_sent_to_a_host_that_does_not_answer(org: LocalOrg, home: Path) -> None:
    with listening(org.app, certificate=loopback_certificate(home)) as address:
        done = invoke("login", "--client-id", "key", "--port", "0", "--no-browser", "--instance-url", address, cwd=home)

    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: No connection to {address.removeprefix('https://')}: its certificate is not")
    assert "Fix: Set SALESFORCE_CA_FILE" in done.stderr
    assert "Log in and allow" not in done.stderr


def test_logging_in_again_ends_the_login_that_it_replaces(org: LocalOrg, home: Path, address: str) -> None:
    log_in(org, home, address)
    (file,) = home.glob("data/mcp-salesforce/logins/dev.json")
    first = json.loads(file.read_text())["secrets"]["refresh_token"]

    written = log_in(org, home, address)
    second = json.loads(file.read_text())["secrets"]["refresh_token"]

    assert f"The old login, of {org.credentials.username} at {address}, is ended." in written
    assert is_active(org, second)
    assert not is_active(org, first)
    assert not {first, second} & set(written.split())


def test_a_login_that_cannot_be_ended_is_replaced_all_the_same_and_it_says_so(
    org: LocalOrg, home: Path, address: str
) -> None:
    log_in(org, home, address)
    (file,) = home.glob("data/mcp-salesforce/logins/dev.json")
    kept = json.loads(file.read_text())
    with refusing_port() as port:
        file.write_text(json.dumps(kept | {"login_url": f"http://127.0.0.1:{port}"}))
        assert "could not be revoked: No connection" in log_in(org, home, address)
    file.write_text(json.dumps(kept | {"secrets": {"client_secret": ""}}))
    assert "could not be read, so it was not revoked." in log_in(org, home, address)
    assert is_active(org, json.loads(file.read_text())["secrets"]["refresh_token"])
