"""What `Settings` takes, refuses and says."""

import os
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.config import ConfigurationError, Network, Settings
from mcp_salesforce.localorg.certificates import loopback_certificate
from mcp_salesforce.settings.logins import Login, Logins

GIVEN = {
    "SALESFORCE_CLIENT_ID": "3MVG9consumer",
    "SALESFORCE_CLIENT_SECRET": "consumer-secret-0815",
    "SALESFORCE_REFRESH_TOKEN": "5Aep861refresh-4711",
    "SALESFORCE_INSTANCE_URL": "https://acme.my.salesforce.com",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith("SALESFORCE_") or "_PROXY" in name.upper()]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> Settings:
    for name, value in {**GIVEN, **{f"SALESFORCE_{key}": value for key, value in changes.items()}}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return Settings.load()


def refusal(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(monkeypatch, **changes)
    return str(refused.value)


def test_five_settings_make_a_connection_and_the_rest_has_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)

    assert settings.client_id == "3MVG9consumer"
    assert settings.client_secret.get_secret_value() == "consumer-secret-0815"
    assert settings.refresh_token.get_secret_value() == "5Aep861refresh-4711"
    assert settings.instance_url == settings.login_url == "https://acme.my.salesforce.com"
    assert (settings.api_version, settings.timeout_s, settings.max_answer_tokens) == ("v60.0", 30, 25_000)


def test_one_message_names_every_missing_setting_and_the_command_that_needs_none() -> None:
    with pytest.raises(ConfigurationError) as refused:
        Settings.load()

    assert max(len(line) for line in str(refused.value).splitlines()[2:]) <= 100
    message = " ".join(str(refused.value).split())
    assert "4 settings are missing or wrong" in message
    assert all(f"{name} is missing." in message for name in GIVEN)
    assert "External Client App Manager" in message
    assert "Current My Domain URL" in message
    assert "without settings: mcp-salesforce demo" in message


def test_one_message_names_missing_and_malformed_settings_together(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, CLIENT_ID=None, INSTANCE_URL="ftp://acme", API_VERSION="sixty", TIMEOUT_S="soon")

    assert "4 settings are missing or wrong" in message
    assert "SALESFORCE_CLIENT_ID is missing." in message
    assert "SALESFORCE_INSTANCE_URL is not an address" in message
    assert "SALESFORCE_API_VERSION is not an API version: write it like v60.0." in message
    assert "SALESFORCE_TIMEOUT_S must be a valid number" in message
    assert "SALESFORCE_CLIENT_SECRET" not in message
    assert "SALESFORCE_LOGIN_URL" not in message


def test_secrets_appear_neither_in_the_repr_nor_in_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = repr(load(monkeypatch)) + str(load(monkeypatch))
    message = refusal(
        monkeypatch, CLIENT_SECRET="consumer-secret 0815", REFRESH_TOKEN="00D000000000001!AQEAQrefresh-4711"
    )

    assert "0815" not in shown + message
    assert "4711" not in shown + message


def test_the_env_file_is_read_and_the_environment_wins_over_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = [f"{name}='{value}'" for name, value in GIVEN.items()]
    extra = ["SALESFORCE_TIMEOUT_S=5", "SALESFORCE_API_VERSION=61.0", "SALESFORCE_UNKNOWN=1", "OTHER=2"]
    (tmp_path / ".env").write_text("\ufeff" + "\n".join([*lines, *extra]), encoding="utf-8")
    monkeypatch.setenv("SALESFORCE_TIMEOUT_S", "7")

    settings = Settings.load()

    assert (settings.client_id, settings.timeout_s, settings.api_version) == ("3MVG9consumer", 7, "v61.0")


def test_an_env_file_that_is_not_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00S")

    with pytest.raises(ConfigurationError, match=r"\.env cannot be read as UTF-8 text"):
        Settings.load()


def test_what_is_given_wins_over_the_environment_even_over_what_is_malformed_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {**GIVEN, "SALESFORCE_LOGIN_URL": "nowhere at all", "SALESFORCE_TIMEOUT_S": "7"}.items():
        monkeypatch.setenv(name, value)

    settings = Settings.load(instance_url="http://127.0.0.1:8080", login_url="http://127.0.0.1:8080")

    assert (settings.instance_url, settings.timeout_s) == ("http://127.0.0.1:8080", 7)


def test_a_settings_object_made_by_hand_does_not_look_at_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFORCE_TIMEOUT_S", "7")

    settings = Settings(client_id="a", client_secret="b", refresh_token="c", instance_url="http://[::1]:8080/")

    assert (settings.timeout_s, settings.login_url) == (30, "http://[::1]:8080")


@pytest.mark.parametrize(
    "written",
    [
        "https://acme.my.salesforce.com",
        "https://ACME.my.salesforce.com/",
        "  acme.my.salesforce.com ",
        '"https://acme.my.salesforce.com"',
        "\u201chttps://acme.my.salesforce.com/\u201d",
    ],
)
def test_what_a_copy_leaves_around_an_instance_url_is_taken_away(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    assert load(monkeypatch, INSTANCE_URL=written).instance_url == "https://acme.my.salesforce.com"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("https://acme.lightning.force.com/lightning/page", "use https://acme.my.salesforce.com"),
        ("https://acme--dev.sandbox.lightning.force.com", "use https://acme--dev.sandbox.my.salesforce.com"),
        ("https://acme.my.salesforce-setup.com/lightning/setup", "use https://acme.my.salesforce.com"),
        ("https://acme--c.vf.force.com/apex/Page", "use https://acme.my.salesforce.com"),
        ("https://acme--uat--c.sandbox.vf.force.com", "use https://acme--uat.sandbox.my.salesforce.com"),
        ("https://acme.lightning.force.mil", "use https://acme.my.salesforce.mil"),
        ("https://acme--uat--my-pkg.sandbox.vf.force.com", "use https://acme--uat.sandbox.my.salesforce.com"),
        ("https://acme--my-pkg.vf.force.com", "use https://acme.my.salesforce.com"),
        ("https://acme--uat.sandbox.lightning.force.mil", "use https://acme--uat.sandbox.my.salesforce.mil"),
        ("https://acme.my.salesforce-setup.mil", "use https://acme.my.salesforce.mil"),
        ("https://acme-dev-ed.develop.lightning.force.com", "use https://acme-dev-ed.develop.my.salesforce.com"),
        ("https://acme.file.force.com", "use https://acme.my.salesforce.com"),
        ("https://acme.live-preview.salesforce-experience.com", "use https://acme.my.salesforce.com"),
        ("https://acme--uat.sandbox.builder.salesforce-experience.com", "use https://acme--uat.sandbox.my."),
        ("https://acme.my.salesforce-scrt.com", "use https://acme.my.salesforce.com"),
        ("https://acme.secure.force.com/portal", "use the My Domain URL"),
        ("https://acme.force.com", "use the My Domain URL"),
        ("https://acme--c.documentforce.com", "use the My Domain URL"),
        ("https://acme--c.vf.sfcrmapps.cn", "use https://acme.my.sfcrmproducts.cn"),
        ("https://acme.my.sfcrmproducts-setup.cn", "use https://acme.my.sfcrmproducts.cn"),
        ("https://acme--uat.sandbox.lightning.sfcrmapps.cn", "use https://acme--uat.sandbox.my.sfcrmproducts.cn"),
        ("https://acme.lightning.sfcrmapps.cn", "use https://acme.my.sfcrmproducts.cn"),
        ("https://acme.my.site.com/help", "use https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce-sites.com", "use https://acme.my.salesforce.com"),
        ("https://c.na1.visual.force.com", "use the My Domain URL"),
        ("https://acme.my.salesforce.com/services/data", "use https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com?x=1", "use https://acme.my.salesforce.com"),
        ("http://acme.my.salesforce.com", "unencrypted: use https://acme.my.salesforce.com"),
        ("https://login.salesforce.com", "is a login page"),
        ("https://me:secret@acme.my.salesforce.com", "user name or password"),
        ("https://acme.my.salesforce.com:99999", "is not an address"),
        ("https://", "is not an address"),
        ("https://[::1", "is not an address"),
        ("acme my", "has a space"),
        ("https://yourcompany.my.salesforce.com", "placeholder"),
        ("https://MyDomainName.my.salesforce.com", "placeholder"),
        ("<instance url>", "placeholder"),
    ],
)
def test_an_instance_url_that_cannot_work_is_refused_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, written: str, says: str
) -> None:
    message = refusal(monkeypatch, INSTANCE_URL=written)

    assert "1 setting is missing or wrong" in message
    assert says in message
    assert "me:secret" not in message


@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://127.0.0.2:1", "http://[::1]:8080", "https://127.0.0.1:8443"]
)
def test_loopback_addresses_may_be_plain_http_and_give_their_own_tokens(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    settings = load(monkeypatch, INSTANCE_URL=url)

    assert settings.instance_url == settings.login_url == url


@pytest.mark.parametrize(
    ("instance_url", "login_url"),
    [
        ("https://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com", "https://acme--dev.sandbox.my.salesforce.com"),
        ("https://acme-dev-ed.develop.my.salesforce.com", "https://acme-dev-ed.develop.my.salesforce.com"),
        ("https://momentum-1234.scratch.my.salesforce.com", "https://momentum-1234.scratch.my.salesforce.com"),
        ("https://acme.my.salesforce.mil", "https://acme.my.salesforce.mil"),
        ("https://eu55.salesforce.com", "https://login.salesforce.com"),
        ("https://cs42.salesforce.com", "https://test.salesforce.com"),
        ("https://gateway.example.net", "https://login.salesforce.com"),
        ("https://acme.my.salesforce.com.example.net", "https://login.salesforce.com"),
    ],
)
def test_tokens_come_from_the_my_domain_or_the_shared_login_host(
    monkeypatch: pytest.MonkeyPatch, instance_url: str, login_url: str
) -> None:
    assert load(monkeypatch, INSTANCE_URL=instance_url).login_url == login_url


def test_a_login_url_that_is_set_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, LOGIN_URL="https://test.salesforce.com/").login_url == "https://test.salesforce.com"
    assert load(monkeypatch, LOGIN_URL="https://acme.my.site.com/portal").login_url == "https://acme.my.site.com/portal"


def test_a_token_address_as_login_url_is_refused_with_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, LOGIN_URL="https://test.salesforce.com/services/oauth2/token")

    assert "SALESFORCE_LOGIN_URL has more than the login host's address: use https://test.salesforce.com." in message


@pytest.mark.parametrize("written", ["v60.0", "60.0", "60", "V60", " 'v60.0' ", ""])
def test_an_api_version_may_be_written_in_several_ways(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    assert load(monkeypatch, API_VERSION=written).api_version == "v60.0"


@pytest.mark.parametrize(
    ("written", "says"), [("30.0", "retired"), ("v7.0", "retired"), ("60.5", "like v60.0"), ("latest", "like v60.0")]
)
def test_an_api_version_that_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, written: str, says: str) -> None:
    assert says in refusal(monkeypatch, API_VERSION=written)


@pytest.mark.parametrize(
    "changes",
    [
        {"CLIENT_ID": "your_client_id"},
        {"CLIENT_ID": "${SALESFORCE_CLIENT_ID}"},
        {"CLIENT_SECRET": "<secret>"},
        {"CLIENT_SECRET": "changeme"},
        {"REFRESH_TOKEN": "xxxx"},
        {"REFRESH_TOKEN": "..."},
    ],
)
def test_a_placeholder_is_told_from_a_value(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]) -> None:
    assert "still holds a placeholder" in refusal(monkeypatch, **changes)


def test_an_access_token_is_not_taken_for_a_refresh_token(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "give a refresh token" in refusal(monkeypatch, REFRESH_TOKEN="00D000000000001!AQEAQx.y_z")


@pytest.mark.parametrize(
    "changes", [{"TIMEOUT_S": "0"}, {"TIMEOUT_S": "601"}, {"MAX_ANSWER_TOKENS": "10"}, {"MAX_ANSWER_TOKENS": "many"}]
)
def test_a_limit_out_of_range_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]) -> None:
    assert f"SALESFORCE_{next(iter(changes))} must " in refusal(monkeypatch, **changes)


@pytest.mark.parametrize("blank", ["''", "   "])
def test_a_blank_value_is_named_as_empty(monkeypatch: pytest.MonkeyPatch, blank: Any) -> None:
    assert "SALESFORCE_CLIENT_ID is empty." in refusal(monkeypatch, CLIENT_ID=blank)


@pytest.mark.parametrize(
    ("line", "says", "read"),
    [
        ("TIMEOUT_S=soon # as it was", "SALESFORCE_TIMEOUT_S must be a valid number", "Read from .env as 'soon'."),
        ("TIMEOUT_S='5 # s'", "must be a valid number", "Read from .env as '5 # s'."),
        ('INSTANCE_URL="https://a.b\\nc"', "has a space", "Read from .env as 'https://a.b\\nc'."),
        ("API_VERSION=v${MAJOR}", "is not an API version", "Read from .env as 'v9x'."),
        ("CLIENT_ID=a#b c", "has a space", "Read from .env as 'a#b c'."),
        ("CLIENT_SECRET=ab cd#ef # gh", "has a space", "Read from .env as 8 characters."),
        ("REFRESH_TOKEN='5Aep 4711'", "has a space", "Read from .env as 9 characters."),
        ("API_VERSION=5Aep861refresh-4711", "is not an API version", "Read from .env as 19 characters."),
        ("API_VERSION=consumer-secret-0815", "is not an API version", "Read from .env as 20 characters."),
        ("INSTANCE_URL=https://me:pass@a.my.salesforce.com", "contains a user", "Read from .env as 35 characters."),
        ("PROXY=socks5://ana:pass@host", "SOCKS", "Read from .env as 22 characters."),
    ],
)  # fmt: skip
def test_what_env_was_read_as_is_shown_where_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, says: str, read: str
) -> None:
    given = GIVEN | {"SALESFORCE_" + line.partition("=")[0]: ""}
    monkeypatch.setenv("MAJOR", "9x")
    lines = [f"{name}={value}" for name, value in given.items() if value]
    (tmp_path / ".env").write_text("\n".join([*lines, f"SALESFORCE_{line}"]))

    with pytest.raises(ConfigurationError) as refused:
        Settings.load()

    message = str(refused.value)
    assert says in message
    assert read in message
    assert not [secret for secret in ("0815", "4711", "pass@", "cd#ef") if secret in message]


def test_a_value_of_the_environment_is_told_from_one_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("SALESFORCE_TIMEOUT_S=5")

    message = refusal(monkeypatch, TIMEOUT_S="soon", MAX_CONCURRENCY="9" * 100)

    assert "Read from the environment as 'soon'." in message
    assert f"Read from the environment as '{'9' * 74}'… (100 characters)." in message


def test_a_proxy_of_all_programs_is_named_where_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://ana:proxy-secret@localhost")

    assert "Read from HTTPS_PROXY or NO_PROXY as 35 characters." in refusal(monkeypatch)


WAYS = {
    "refresh token": dict(GIVEN),
    "client credentials": {name: value for name, value in GIVEN.items() if name != "SALESFORCE_REFRESH_TOKEN"}
    | {"SALESFORCE_CLIENT_CREDENTIALS": "true"},
    "JWT bearer": {
        "SALESFORCE_CLIENT_ID": "3MVG9consumer",
        "SALESFORCE_JWT_KEY_FILE": __file__,
        "SALESFORCE_USERNAME": "ana@acme.com",
    },
    "access token": {
        "SALESFORCE_ACCESS_TOKEN": "00D000000000001!AQEAQx.y_z",
        "SALESFORCE_INSTANCE_URL": "https://acme.my.salesforce.com",
    },
    "sf CLI": {"SALESFORCE_SF_ORG": "dev"},
    "stored login": {"SALESFORCE_ORG": "sandbox"},
}


def set_only(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("way", WAYS)
def test_a_complete_set_chooses_its_way(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    set_only(monkeypatch, WAYS[way])

    assert Settings.load().way.name == way


@pytest.mark.parametrize(("one", "other"), [*combinations(WAYS, 2)])
def test_two_complete_sets_are_an_error_that_names_both(monkeypatch: pytest.MonkeyPatch, one: str, other: str) -> None:
    set_only(monkeypatch, WAYS[one] | WAYS[other])

    with pytest.raises(ConfigurationError) as refused:
        Settings.load()

    message = str(refused.value)
    assert "more than one way" in message
    assert f"{one}: SALESFORCE_" in message
    assert f"{other}: SALESFORCE_" in message
    assert all(name in message for name in WAYS[one] | WAYS[other])
    assert "consumer-secret-0815" not in message


@pytest.mark.parametrize(
    ("way", "missing"),
    [
        ("refresh token", "CLIENT_ID"),
        ("refresh token", "CLIENT_SECRET"),
        ("refresh token", "REFRESH_TOKEN"),
        ("refresh token", "INSTANCE_URL"),
        ("client credentials", "CLIENT_SECRET"),
        ("client credentials", "INSTANCE_URL"),
        ("JWT bearer", "CLIENT_ID"),
        ("JWT bearer", "USERNAME"),
        ("access token", "INSTANCE_URL"),
    ],
)
def test_an_incomplete_set_names_what_is_missing_of_it(monkeypatch: pytest.MonkeyPatch, way: str, missing: str) -> None:
    set_only(monkeypatch, {name: value for name, value in WAYS[way].items() if name != f"SALESFORCE_{missing}"})

    with pytest.raises(ConfigurationError) as refused:
        Settings.load()

    assert "1 setting is missing or wrong" in str(refused.value)
    assert f"SALESFORCE_{missing} is missing." in str(refused.value)


def test_client_credentials_that_are_switched_off_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    set_only(monkeypatch, WAYS["refresh token"] | {"SALESFORCE_CLIENT_CREDENTIALS": "False"})

    assert Settings.load().way.name == "refresh token"


def test_a_way_that_was_begun_beside_a_complete_one_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, JWT_KEY_FILE=__file__)

    assert "SALESFORCE_USERNAME is missing." in message


def test_two_ways_and_a_malformed_setting_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, SF_ORG="dev", TIMEOUT_S="soon")

    assert "more than one way" in message
    assert "SALESFORCE_TIMEOUT_S must be a valid number" in message


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"JWT_KEY_FILE": "nowhere.key"}, "SALESFORCE_JWT_KEY_FILE is not the path of a file"),
        ({"ACCESS_TOKEN": "5Aep861refresh"}, "SALESFORCE_ACCESS_TOKEN is a refresh token"),
    ],
)
def test_a_value_of_another_kind_is_told_from_the_right_one(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], says: str
) -> None:
    assert says in refusal(monkeypatch, **changes)


def test_a_jwt_without_an_org_is_for_the_production_login_host(monkeypatch: pytest.MonkeyPatch) -> None:
    set_only(monkeypatch, WAYS["JWT bearer"])

    settings = Settings.load()

    assert settings.login_url == settings.org_name == "https://login.salesforce.com"


def test_a_connection_that_is_given_leaves_no_part_of_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    set_only(monkeypatch, WAYS["sf CLI"] | WAYS["access token"] | {"SALESFORCE_TIMEOUT_S": "7"})
    given = {name.removeprefix("SALESFORCE_").lower(): value for name, value in GIVEN.items()}

    settings = Settings.load(**given)

    assert (settings.way.name, settings.timeout_s, settings.sf_org) == ("refresh token", 7, "")


def test_what_an_org_calls_outcomes_is_read_and_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = load(
        monkeypatch, APPOINTMENT_STATUS_FIELD="Status__c", APPOINTMENT_STATUS_VALUES="no_show=Did not come"
    ).outcome_fields
    assert (fields.status, fields.reason, fields.values["no_show"]) == ("Status__c", "", "Did not come")

    message = refusal(monkeypatch, APPOINTMENT_STATUS_FIELD="Status field!", APPOINTMENT_STATUS_VALUES="gone=Gone")
    assert "2 settings are missing or wrong" in message
    assert "SALESFORCE_APPOINTMENT_STATUS_VALUES has 'gone=Gone': write it like" in message


def keep(*aliases: str) -> None:
    for alias in aliases:
        Logins().write(
            Login(alias, "key", "https://a.my.salesforce.com", "https://a.my.salesforce.com", "", "", "5Aep")
        )


def test_a_kept_login_is_served_where_nothing_says_which_org(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    keep("sandbox")
    assert Settings.load().org == "sandbox"

    keep("production")
    with pytest.raises(ConfigurationError, match="SALESFORCE_ORG is missing: choose one") as none_chosen:
        Settings.load()
    assert none_chosen.value.problems == (
        "SALESFORCE_ORG is missing: choose one of the stored logins production and sandbox.",
    )

    keep("default")
    monkeypatch.setenv("SALESFORCE_CLIENT_ID", "3MVG9consumer")
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", "consumer-secret-0815")
    assert (Settings.load().org, Settings.load().way.name) == ("default", "stored login")
    monkeypatch.setenv("SALESFORCE_ORG", "sandbox")
    assert Settings.load().org == "sandbox"


def test_a_kept_login_is_never_served_in_place_of_the_org_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    keep("default")

    assert load(monkeypatch).way.name == "refresh token"
    message = refusal(monkeypatch, REFRESH_TOKEN="")
    assert "SALESFORCE_REFRESH_TOKEN is missing." in message
    assert "set SALESFORCE_ORG to its alias: default" in message


def test_a_proxy_of_all_programs_counts_unless_the_servers_own_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ana:proxy-secret@everyone:3128")
    monkeypatch.setenv("NO_PROXY", "intranet, .example.com")
    everyones = load(monkeypatch).network
    (tmp_path / ".env").write_text("SALESFORCE_PROXY=own:8080\nSALESFORCE_NO_PROXY=\n")
    own = load(monkeypatch).network

    assert everyones.way_out is not None
    assert everyones.way_out.address == "http://everyone:3128"
    assert everyones.no_proxy == own.no_proxy == "intranet,.example.com"
    assert own.way_out is not None
    assert own.way_out.address == "http://own:8080"
    assert "proxy-secret" not in repr(everyones) + repr(load(monkeypatch))


def test_without_a_proxy_and_a_ca_file_nothing_is_added_to_what_the_system_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load(monkeypatch).network == Network()
    assert Network().way_out is None
    assert Network().as_environment() == {}


def test_a_proxy_or_an_authority_that_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    not_pem = tmp_path / "ca.der"
    not_pem.write_bytes(b"0\x82")
    message = refusal(monkeypatch, PROXY="socks5://ana:proxy-secret@localhost", CA_FILE=str(not_pem))

    assert "SALESFORCE_PROXY is a SOCKS proxy, which cannot be used: give an HTTP proxy." in message
    assert "SALESFORCE_CA_FILE is not a file with certificates in PEM form" in message
    assert "Default: `HTTPS_PROXY`" in " ".join(message.split())
    assert "proxy-secret" not in message
    assert "SALESFORCE_CA_FILE is not the path of a file" in refusal(monkeypatch, CA_FILE="nowhere.pem", PROXY=None)


def test_programs_of_node_are_told_of_the_network_by_their_own_names(tmp_path: Path) -> None:
    authority = loopback_certificate(tmp_path).authority
    network = Network(ca_file=authority, proxy="http://ana:x@own:8080", no_proxy="a,b")

    assert network.as_environment() == {
        "https_proxy": "http://ana:x@own:8080",
        "HTTPS_PROXY": "http://ana:x@own:8080",
        "no_proxy": "a,b",
        "NO_PROXY": "a,b",
        "NODE_EXTRA_CA_CERTS": str(authority),
    }


def test_a_local_org_is_served_whatever_the_network_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://localhost:1080")
    own = {name.removeprefix("SALESFORCE_").lower(): value for name, value in GIVEN.items()}

    assert Settings.load(**own).network == Network()


def test_working_hours_are_read_and_what_are_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch).working_hours == "Mon-Fri 09:00-17:00"
    assert load(monkeypatch, WORKING_HOURS="Sat 10:00-14:00").working_hours == "Sat 10:00-14:00"
    assert "'9 to 5' are not working hours" in refusal(monkeypatch, WORKING_HOURS="9 to 5")


def test_a_key_that_could_be_guessed_is_refused_and_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, STATE_KEY="a-key-0815")
    settings = load(monkeypatch, STATE_KEY="a-key-0815-" * 3)

    assert "SALESFORCE_STATE_KEY has fewer than 32 characters" in message
    assert settings.state_key.get_secret_value() == "a-key-0815-" * 3
    assert "a-key-0815" not in message + repr(settings)


def test_each_setting_is_declared_once() -> None:
    declared = [name for kind in Settings.__mro__ for name in vars(kind).get("__annotations__", {})]
    settings = [name for name in declared if name in Settings.model_fields]

    assert sorted(settings) == sorted(Settings.model_fields)
