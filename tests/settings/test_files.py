"""Which files settings are read from, and which org is taken where none is named."""

import json
from pathlib import Path

import pytest

from mcp_salesforce.config import Settings
from mcp_salesforce.front.told import told
from mcp_salesforce.settings.loading import ConfigurationError, files, user_file
from mcp_salesforce.settings.logins import Login, Logins
from mcp_salesforce.settings.settings import App, Surface

OWN = "SALESFORCE_INSTANCE_URL=https://own.my.salesforce.com\nSALESFORCE_ACCESS_TOKEN=00D5g00000abcde!own\n"
HERE = "SALESFORCE_INSTANCE_URL=https://here.my.salesforce.com\nSALESFORCE_ACCESS_TOKEN=00D5g00000abcde!here\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, and a user with folders of their own."""
    for kind in ("CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    folder = tmp_path / "home" / "work" / "folder"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def own_settings(text: str) -> Path:
    file = user_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def with_sf(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "sf"
    program.parent.mkdir(exist_ok=True)
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)


def sf_config(folder: Path, **values: object) -> None:
    (folder / ".sf").mkdir(parents=True, exist_ok=True)
    (folder / ".sf" / "config.json").write_text(json.dumps({key.replace("_", "-"): values[key] for key in values}))


def test_the_users_own_file_counts_in_every_folder() -> None:
    own_settings(f"{OWN}SALESFORCE_READ_ONLY=yes\n")

    assert Settings.load().instance_url == "https://own.my.salesforce.com"
    found = told()
    assert found
    assert found.is_read_only
    assert Surface.load().read_only
    assert App.load().instance_url == "https://own.my.salesforce.com"


def test_settings_of_two_orgs_are_never_mixed(folder: Path) -> None:
    own_settings(f"{OWN}SALESFORCE_READ_ONLY=yes\nSALESFORCE_API_VERSION=v61.0\n")
    (folder / ".env").write_text(HERE, encoding="utf-8")

    loaded, found = Settings.load(), told()

    assert (loaded.instance_url, loaded.read_only, loaded.api_version) == (
        "https://here.my.salesforce.com",
        False,
        "v60.0",
    )
    assert found
    assert not found.is_read_only
    assert files({}) == (Path(".env"),)


def test_a_file_that_names_no_org_is_stronger_than_the_users_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = own_settings(f"{OWN}SALESFORCE_TIMEOUT_S=20\nSALESFORCE_MAX_CONCURRENCY=3\nSALESFORCE_LOG_LEVEL=INFO\n")
    (folder / ".env").write_text("SALESFORCE_TIMEOUT_S=10\nSALESFORCE_MAX_CONCURRENCY=2\n", encoding="utf-8")
    monkeypatch.setenv("SALESFORCE_MAX_CONCURRENCY", "1")

    loaded = Settings.load()

    assert (loaded.max_concurrency, loaded.timeout_s, loaded.log_level) == (1, 10, "INFO")
    assert files({}) == (own, Path(".env"))
    assert files({"org": "uat"}) == (Path(".env"),)


def test_a_wrong_value_is_reported_with_the_file_it_comes_from() -> None:
    own = own_settings(f"{OWN}SALESFORCE_TIMEOUT_S=soon\n")

    assert told() is None
    with pytest.raises(ConfigurationError, match="SALESFORCE_TIMEOUT_S") as wrong:
        Settings.load()
    assert f"Read from {own} as 'soon'" in str(wrong.value)


def test_a_file_that_cannot_be_read_is_named() -> None:
    own = own_settings(OWN)
    own.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigurationError, match="cannot be read as UTF-8") as wrong:
        Settings.load()
    assert str(own) in str(wrong.value)


def test_the_default_org_of_sf_is_taken_where_nothing_names_an_org(tmp_path: Path, folder: Path) -> None:
    with_sf(tmp_path)
    sf_config(tmp_path / "home", target_org="everywhere")
    assert Settings.load().sf_org == "everywhere"
    assert told() is None  # what is not certain is left to the settings

    project = folder.parent
    sf_config(project, target_org="of-a-project")
    assert Settings.load().sf_org == "everywhere"  # no project without its file

    (project / "sfdx-project.json").write_text("{}")
    assert Settings.load().sf_org == "of-a-project"


def test_a_variable_of_sf_is_stronger_than_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_sf(tmp_path)
    sf_config(tmp_path / "home", target_org="everywhere")
    monkeypatch.setenv("SF_TARGET_ORG", "ana@acme.com")

    assert Settings.load().sf_org == "ana@acme.com"


@pytest.mark.parametrize("value", ["", None, 3, ["x"], " "])
def test_a_default_of_sf_that_is_none_leaves_the_settings_missing(tmp_path: Path, value: object) -> None:
    with_sf(tmp_path)
    sf_config(tmp_path / "home", target_org=value)

    with pytest.raises(ConfigurationError):
        Settings.load()


def test_the_default_of_sf_is_not_taken_in_place_of_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sf_config(tmp_path / "home", target_org="everywhere")
    with pytest.raises(ConfigurationError):
        Settings.load()  # there is no sf command
    with_sf(tmp_path)

    with monkeypatch.context() as patch:
        patch.setenv("SALESFORCE_SF_ORG", "off")
        with pytest.raises(ConfigurationError):
            Settings.load()
    with monkeypatch.context() as patch:
        patch.setenv("SALESFORCE_INSTANCE_URL", "https://here.my.salesforce.com")
        with pytest.raises(ConfigurationError):
            Settings.load()  # an org is named, but not how to log in
    own_settings(OWN)
    assert not Settings.load().sf_org

    user_file().unlink()
    Logins().write(Login("uat", "key", "https://login.salesforce.com", "https://a.my.salesforce.com", "ana", "s", "r"))
    assert Settings.load().org == "uat"
