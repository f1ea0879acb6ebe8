"""The settings of a server for a team."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from mcp_salesforce.settings.loading import ConfigurationError
from mcp_salesforce.settings.team import Team

KEY = Fernet.generate_key().decode()


def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **changes: str) -> Team:
    monkeypatch.chdir(tmp_path)
    given = {"CLIENT_ID": "3MVG9x", "CLIENT_SECRET": "a-secret-0815", "PUBLIC_URL": "https://mcp.acme.com"} | changes
    for name, value in given.items():
        monkeypatch.setenv(f"SALESFORCE_{name}", value)
    return Team.load()


def test_what_is_missing_and_what_is_wrong_is_in_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong = {"CLIENT_ID": "", "PUBLIC_URL": "http://mcp.acme.com", "STORE": "mongodb://u:hidden@h", "STORE_KEYS": "x"}

    with pytest.raises(ConfigurationError) as caught:
        load(monkeypatch, tmp_path, **wrong)

    for name in ("CLIENT_ID is missing", "PUBLIC_URL must begin with https", "STORE is neither", "STORE_KEYS has a"):
        assert f"SALESFORCE_{name}" in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "is_read"),
    [
        ("https://MCP.acme.com/", "https://mcp.acme.com"),
        ("https://mcp.acme.com:443/salesforce/", "https://mcp.acme.com/salesforce"),
        ("https://mcp.acme.com:8443", "https://mcp.acme.com:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_a_public_url_has_one_form(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, is_read: str) -> None:
    assert load(monkeypatch, tmp_path, PUBLIC_URL=given).public_url == is_read


@pytest.mark.parametrize("given", ["mcp.acme.com", "https://", "https://a.com/?x", "https://u:p@a.com", "ftp://a.com"])
def test_what_is_no_public_url_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str) -> None:
    with pytest.raises(ConfigurationError, match="SALESFORCE_PUBLIC_URL"):
        load(monkeypatch, tmp_path, PUBLIC_URL=given)


def test_a_server_as_store_needs_keys_and_no_secret_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = "rediss://u:hidden@cache.acme.com:6380/0"
    with pytest.raises(ConfigurationError, match="SALESFORCE_STORE_KEYS is missing"):
        load(monkeypatch, tmp_path, STORE=server).opened()

    team = load(monkeypatch, tmp_path, STORE=server, STORE_KEYS=f"{KEY},{Fernet.generate_key().decode()}")
    shown = f"{team!r} {team.opened()!r} {team.key_ring!r}"
    assert not any(secret in shown for secret in ("hidden", KEY, "a-secret-0815"))
    assert "cache.acme.com:6380" in repr(team.opened())


def test_the_store_and_its_key_are_in_the_same_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()

    team = load(monkeypatch, tmp_path, STORE="~/team.db")
    team.opened()

    assert team.place == tmp_path / "home" / "team.db"
    assert (tmp_path / "home" / "team.key").is_file()
