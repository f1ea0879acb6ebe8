"""What the front makes of the settings: never anything else than the settings themselves."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from mcp_salesforce.config import Settings
from mcp_salesforce.front import values
from mcp_salesforce.front.told import told
from mcp_salesforce.server import create_server
from mcp_salesforce.settings import flows
from mcp_salesforce.settings import settings as config
from mcp_salesforce.settings import values as setting_values
from mcp_salesforce.settings.flows import WAYS
from mcp_salesforce.settings.logins import Logins
from mcp_salesforce.settings.settings import Surface

REFRESH = {
    "client_id": "3MVG9client",
    "client_secret": "secretsecret",
    "refresh_token": "5Aep861refresh",
    "instance_url": "https://acme.my.salesforce.com",
}
ORDINARY = [
    REFRESH,
    {**REFRESH, "instance_url": "http://127.0.0.1:8080"},
    {**REFRESH, "read_only": "true", "toolsets": "contacts, query", "log_level": "INFO", "timeout_s": "20"},
    {**REFRESH, "instance_url": "https://acme--uat.sandbox.my.salesforce.com", "api_reserve": "10%"},
    {"client_id": "a1", "client_secret": "b1", "client_credentials": "true", "instance_url": REFRESH["instance_url"]},
    {"access_token": "00D5g00000abcde!AQcAQH", "instance_url": REFRESH["instance_url"]},
    {"sf_org": "ana@acme.com"},
    {"org": "uat"},
    {},
]
PIECES = st.sampled_from(
    [
        *(value for one in ORDINARY for value in one.values()),
        *("", " ", "yes", "off", "2", "0", "-1", "1e3", "nan", "all", "contact", "contacts,query", "read-only", "~/p"),
        *("https://login.salesforce.com", "https://acme.lightning.force.com", "http://acme.com", "localhost:99999"),
        *("http://proxy.acme.com:8080", "http://u:p@proxy:1", "socks5://proxy:1", "your-client-id", "xxx", "<id>"),
        *("5Aep861x", "v60.0", "21", "Mon-Fri 09:00-17:00", "Mon-Fri 17:00-09:00", "10%", "100%", "JSON", "Status__c"),
        *("policy.toml", "none.toml", "a b", "'quoted'", '"quoted"', "trailing ", "a=b", "caf\u00e9", "a#b", "a #b"),
    ]
)
VALUES = st.one_of(PIECES, st.text("abcXY019.:/@-_!%$#'\" \\", max_size=12))


@contextmanager
def environment(folder: Path, variables: dict[str, str], file: str | None, own: str | None = None) -> Iterator[None]:
    """A process's surroundings: its folder with a `.env`, its variables, and the user's own file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in list(os.environ):
            if name.upper().startswith("SALESFORCE_") or name.lower().endswith("_proxy"):
                patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        for path, text in ((folder / ".env", file), (folder / "config" / "mcp-salesforce" / ".env", own)):
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text, encoding="utf-8")
        yield


def variables(settings: dict[str, str]) -> dict[str, str]:
    return {f"SALESFORCE_{name.upper()}": value for name, value in settings.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a policy, for a user with a login."""
    folder = tmp_path_factory.mktemp("surroundings")
    (folder / "policy.toml").write_text('[objects.Contact]\nactions = ["read"]\n')
    logins = folder / "data" / "mcp-salesforce" / "logins"
    logins.mkdir(parents=True)
    login = dict.fromkeys(values.OF_A_LOGIN, "x") | {"alias": "uat", "secrets": None}
    (logins / "uat.json").write_text(json.dumps(login))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        (folder / "config" / "mcp-salesforce").mkdir(parents=True)
        yield folder


@pytest.mark.parametrize("settings", ORDINARY, ids=lambda one: ",".join(one) or "none")
@pytest.mark.parametrize("in_file", [False, True])
def test_ordinary_settings_are_understood(folder: Path, settings: dict[str, str], *, in_file: bool) -> None:
    file = "".join(
        f"{name}={value!r}\n" if " " in value else f"{name}={value}\n" for name, value in variables(settings).items()
    )
    with environment(folder, {} if in_file else variables(settings), f"# settings\n\n{file}" if in_file else None):
        assert told() is not None
        assert told(demo=True) is not None


@given(
    settings=st.dictionaries(st.sampled_from(sorted(values.FORMS)), VALUES, max_size=1),
    way=st.sampled_from(ORDINARY),
    in_file=st.dictionaries(st.sampled_from(sorted(values.FORMS)), VALUES, max_size=2),
    more=st.sampled_from(
        ["", "junk", "export A=b", "SALESFORCE_ORG", "A='b", "SALESFORCE_TOOLSETS=x${HOME}", "# caf\u00e9"]
    ),
    proxy=st.sampled_from([{}, {"HTTPS_PROXY": "http://proxy:1"}, {"https_proxy": "socks4://a"}, {"HTTPS_PROXY": "-"}]),
    own=st.sampled_from(
        [None, "junk", "SALESFORCE_READ_ONLY=yes\nSALESFORCE_POLICY=policy.toml\n", "SALESFORCE_SF_ORG=ana@acme.com\n"]
    ),
    demo=st.booleans(),
)
def test_what_is_told_is_what_the_settings_say(
    folder: Path,
    settings: dict[str, str],
    way: dict[str, str],
    in_file: dict[str, str],
    more: str,
    proxy: dict[str, str],
    own: str | None,
    *,
    demo: bool,
) -> None:
    given_values = {**way, **settings}
    assume(not any("\0" in value for value in given_values.values()))
    file = "".join(f"{name}={value}\n" for name, value in variables(in_file).items()) + more
    with environment(folder, variables(given_values) | proxy, file, own):
        found = told(demo=demo)
        event(f"told: {found is not None}")
        if found is None:
            return
        of_a_demo = {
            **REFRESH,
            "instance_url": "http://localhost",
            "login_url": "http://localhost",
            "api_version": "v60.0",
        }
        loaded = Settings.load(**of_a_demo if demo else {})
        assert (loaded.toolsets, loaded.read_only) == (setting_values.names(found.toolsets), found.is_read_only)
        assert str(loaded.policy or "") == found.policy
        # A policy or a toolset that is none is refused later; there is no snapshot for it either.
        create_server(loaded.model_copy(update={"toolsets": "all", "policy": None}))


@pytest.mark.parametrize(
    ("variables_", "file"),
    [
        ({"SALESFORCE_ORG": "uat", "salesforce_org": "prod"}, None),
        (variables(REFRESH), "SALESFORCE_READ_ONLY=$ANSWER\n"),
        (variables(REFRESH), "SALESFORCE_READ_ONLY=yes\nsalesforce_read_only=no\n"),
        ({**variables(REFRESH), "SALESFORCE_POLICY": "none \n"}, None),
        (variables({"org": "nobody"}), None),
        (variables({**REFRESH, "client_credentials": "true"}), None),
        (variables({**REFRESH, "client_id": "your-client-id"}), None),
        (variables({**REFRESH, "jwt_key_file": "key.pem"}), None),
    ],
)
def test_what_is_not_plain_is_left_to_the_settings(folder: Path, variables_: dict[str, str], file: str | None) -> None:
    with environment(folder, variables_, file):
        assert told() is None


def test_each_setting_has_a_form_and_the_tables_are_those_of_the_settings() -> None:
    assert set(values.FORMS) == set(Settings.model_fields)
    assert set(Surface.model_fields) == {"toolsets", "read_only", "policy"}
    assert set(values.CONNECTION) == set(flows.CONNECTION)
    assert values.OF_ANY_ORG == flows.OF_ANY_ORG
    assert {way - values.OF_ANY_ORG for way in values.WAYS} <= {
        frozenset(way.needs) - values.OF_ANY_ORG for way in WAYS
    }
    of_a_demo = {"api_version", "login_url"}
    of_every_org = {"max_reply_mb"}
    network = set(config.Network.model_fields) - of_every_org
    assert set(values.CONNECTION) | network | of_a_demo == values.NOT_OF_A_DEMO


def test_a_damaged_login_is_left_to_the_settings(folder: Path, tmp_path: Path) -> None:
    logins = tmp_path / "mcp-salesforce" / "logins"
    logins.mkdir(parents=True)
    (logins / "uat.json").write_text('{"alias": "uat"}')
    with environment(folder, variables({"org": "uat"}), None), pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path))
        assert Logins().aliases() == ["uat"]
        assert told() is None
