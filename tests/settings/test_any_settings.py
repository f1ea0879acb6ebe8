"""Whatever strings are in the environment and in `.env`, they are settings, or our own error that says what to do."""

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mcp_salesforce.config import ConfigurationError, Network, Settings
from mcp_salesforce.settings.connect import token_source, transport
from mcp_salesforce.settings.settings import App, Surface

SECRETS = ("CLIENT_SECRET", "REFRESH_TOKEN", "ACCESS_TOKEN", "STATE_KEY", "PROXY")
HIDDEN = "s3cr3t-4711"
USABLE = {
    "CLIENT_ID": "3MVG9consumer",
    "CLIENT_SECRET": HIDDEN,
    "REFRESH_TOKEN": f"5Aep{HIDDEN}",
    "INSTANCE_URL": "https://acme.my.salesforce.com",
    "CLIENT_CREDENTIALS": "true",
    "ACCESS_TOKEN": f"00D000000000001!{HIDDEN}",
    "JWT_KEY_FILE": __file__,
    "JWT_AUDIENCE": "https://test.salesforce.com",
    "USERNAME": "ana@acme.com",
    "ORG": "sandbox",
    "SF_ORG": "dev",
    "LOGIN_URL": "https://login.salesforce.com",
    "CA_FILE": __file__,
    "PROXY": f"http://ana:{HIDDEN}@proxy.acme.com:8080",
    "STATE_KEY": HIDDEN * 4,
    "POLICY": "~nobody-at-all/policy.toml",
}
ODD = (
    "off", "No", "0", "false", " ", "''", "' \" '", "' \"xxx\" '", "\udcff", "\u00e4", "9" * 4500, "nan", "inf", "-1",
    "x" * 5000, "~nobody-at-all/x", "/", "https://[", "http://\udcff", "<secret>", "$HOME", "${", "a b", "\u2028",
    "10%", "2 000", "Mon", "Mon-Fri 9-25", "=", "a=b", "*", "v060.0", "\u0663", "https://acme.my.salesforce.com:99999",
    "socks5://x", "a,b;c", "DEBUG", "json",
)  # fmt: skip
TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12)


def named(field: str) -> st.SearchStrategy[str]:
    """Return values for one setting; one that is secret can be known again, be it right or wrong."""
    values = st.one_of(st.sampled_from(ODD), TEXT)
    if field in SECRETS:
        values = st.one_of(values, values.map(lambda odd: f"{HIDDEN}{odd}"), values.map(lambda odd: f"{odd}{HIDDEN}"))
    return st.one_of(st.just(USABLE[field]), values) if field in USABLE else values


FIELDS = sorted(name.upper() for name in Settings.model_fields)
ENVIRONMENTS = st.fixed_dictionaries({}, optional={field: named(field) for field in FIELDS})
USUAL = {field: USABLE[field] for field in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "INSTANCE_URL")}
NEAR = st.tuples(ENVIRONMENTS, st.sets(st.sampled_from(FIELDS), max_size=3)).map(
    lambda drawn: USUAL | {field: value for field, value in drawn[0].items() if field in drawn[1]}
)


@pytest.fixture(autouse=True)
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def loaded(load: Callable[[], object], values: dict[str, str]) -> object:
    """Return what is loaded where `values` alone are set, or our error."""
    kept = dict(os.environ)
    for name in kept:
        if name.upper().startswith("SALESFORCE_") or "PROXY" in name.upper():
            del os.environ[name]
    try:
        os.environ.update(values)
        return load()
    except ConfigurationError as error:
        return error
    finally:
        os.environ.clear()
        os.environ.update(kept)


def serving() -> Settings:
    """Load the settings, and use them as a server does at its start."""
    found = Settings.load()
    assert found.org_name
    assert found.outcome_fields.values
    transport(found.network)
    token_source(found)
    return found


def shown(values: dict[str, str], load: Callable[[], object]) -> str:
    """Return all that anybody sees of the settings."""
    found = loaded(load, {f"SALESFORCE_{field}": value for field, value in values.items()})
    if not isinstance(found, ConfigurationError):
        return f"{found!r}{found}"
    assert found.problems
    assert str(found).startswith("mcp-salesforce cannot start")
    return "".join(traceback.format_exception(found)) + repr(found.problems)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@example({**USUAL, "ACCESS_TOKEN": "off"})
@example({"ACCESS_TOKEN": USABLE["ACCESS_TOKEN"], "INSTANCE_URL": USABLE["INSTANCE_URL"], "REFRESH_TOKEN": "off"})
@example({**USUAL, "CLIENT_ID": "' \" '"})
@example({**USUAL, "CLIENT_SECRET": "' \"xxx\" '"})
@example({**USUAL, "POLICY": "~nobody-at-all/policy.toml"})
@example({**USUAL, "JWT_KEY_FILE": "off", "SF_ORG": "0"})
@given(st.one_of(ENVIRONMENTS, NEAR))
def test_any_environment_is_settings_or_our_error_and_shows_no_secret(values: dict[str, str]) -> None:
    for load in (serving, App.load, Network.load, Surface.load):
        assert HIDDEN not in shown(values, load)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(st.one_of(ENVIRONMENTS, NEAR), st.sampled_from(["{}={}", "{}='{}'", '{}="{}"', "export {} = {} # note"]))
def test_any_env_file_is_settings_or_our_error_and_shows_no_secret(values: dict[str, str], line: str) -> None:
    lines = [line.format(f"SALESFORCE_{field}", value) for field, value in values.items()]
    Path(".env").write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))

    assert HIDDEN not in shown({}, serving)


@pytest.mark.parametrize("off", ["off", "no", "false", "0", " OFF "])
@pytest.mark.parametrize("field", ["ACCESS_TOKEN", "JWT_KEY_FILE", "ORG", "SF_ORG", "USERNAME", "CLIENT_CREDENTIALS"])
def test_what_is_switched_off_is_not_set(field: str, off: str) -> None:
    found = loaded(Settings.load, {f"SALESFORCE_{name}": value for name, value in {**USUAL, field: off}.items()})

    assert isinstance(found, Settings)
    assert found.way.name == "refresh token"
    assert getattr(found, field.lower()) == Settings.model_fields[field.lower()].default
