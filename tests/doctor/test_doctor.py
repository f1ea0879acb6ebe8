"""The doctor names the cause: each one of its table, met on the way to an org."""

import io
import socket
import zipfile
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_salesforce.config import Settings
from mcp_salesforce.doctor import CAUSES, Finding, Report, cause_of, examine
from mcp_salesforce.doctor.causes import STAGES
from mcp_salesforce.doctor.examination import StageResult
from mcp_salesforce.doctor.org import READ, WRITTEN
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.certificates import loopback_certificate
from mcp_salesforce.localorg.listener import listening
from mcp_salesforce.localorg.services.faults import Fault
from mcp_salesforce.settings.logins import Login, Logins
from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.toolset import build_tool
from mcp_salesforce.zones import RELEASE
from tests.doctor.answers import (
    CONTACT,
    EVENT,
    LIMITS,
    QUERY,
    TOKEN,
    USERINFO,
    Answer,
    described,
    instead,
    key_file,
    oauth,
    page,
    refused,
    settings_on_port,
)
from tests.ports import refusing_port
from tests.proxied import URL, org_behind_a_proxy
from tests.salesforce.test_oauth_causes import WORDS

GOOD = {
    "client_id": "3MVG9key",
    "client_secret": "consumer-secret-4711",
    "refresh_token": "5Aep861refresh0815",
    "instance_url": "https://acme.my.salesforce.com",
}
SETTINGS: dict[str, dict[str, str]] = {
    "two_ways": {"access_token": "00D000000000001!AQ"},
    "http_refused": {"instance_url": "http://acme.my.salesforce.com"},
    "login_host": {"instance_url": "https://login.salesforce.com"},
    "pages_address": {"instance_url": "https://acme.lightning.force.com"},
    "wrong_kind_of_token": {"refresh_token": "00D000000000001!AQ.session"},
    "placeholder": {"client_secret": "<your consumer secret>"},
    "retired_version": {"api_version": "v20.0"},
    "settings_incomplete": {"client_id": ""},
}
ANSWERS: dict[str, tuple[str, str, Answer]] = {
    "proxy_page": ("token", TOKEN, page()),
    "redirected": ("token", TOKEN, page(302, location="https://new-name.my.salesforce.com/")),
    "user_not_approved": ("token", TOKEN, oauth("invalid_grant", "user hasn't approved this consumer")),
    "ip_restricted": ("token", TOKEN, oauth("invalid_grant", "ip restricted or invalid login hours")),
    "no_run_as_user": ("token", TOKEN, oauth("invalid_grant", "no client credentials user enabled")),
    "wrong_domain_for_flow": ("token", TOKEN, oauth("invalid_grant", "request not supported on this domain")),
    "wrong_audience": ("token", TOKEN, oauth("invalid_grant", "Audience validation failed")),
    "inactive_user": ("token", TOKEN, oauth("inactive_user", "user is inactive")),
    "inactive_org": ("token", TOKEN, oauth("inactive_org", "organization is locked, closed, or suspended")),
    "app_blocked": ("token", TOKEN, oauth("OAUTH_APP_BLOCKED", "this app is blocked by admin")),
    "login_rate": ("token", TOKEN, oauth("rate_limit_exceeded", "number of login attempts has been exceeded")),
    "login_refused": ("token", TOKEN, oauth("invalid_grant", "authentication failure")),
    "session_refused": ("identity", USERINFO, Answer(403, "Bad_OAuth_Token", {"content-type": "text/plain"})),
    "api_disabled": ("api", QUERY, refused(403, "API_DISABLED_FOR_ORG", "API is disabled for this User")),
    "password_expired": (
        "api",
        QUERY,
        refused(403, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "The users password has expired"),
    ),
    "login_challenge": ("api", QUERY, refused(403, "LOGIN_CHALLENGE_ISSUED", "A challenge was issued")),
    "request_limit": ("api", QUERY, refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")),
    "maintenance": ("api", QUERY, refused(403, "INVALID_READ_ONLY_USER_DML", "the org is in read-only mode")),
    "unavailable": ("api", QUERY, refused(503, "SERVER_UNAVAILABLE", "Server is busy")),
    "no_permission_on_object": ("event", EVENT, refused(404, "NOT_FOUND", "The requested resource does not exist")),
}
ALONE = {
    "sandbox_with_production_url", "production_with_sandbox_url", "unknown_host", "untrusted_certificate",
    "connection_refused", "no_tls", "unreachable", "clock_off", "expired_token", "wrong_secret",
    "wrong_client_id", "wrong_assertion", "access_token_expired", "another_org", "version_not_offered",
    "reserve_reached", "unknown_proxy", "proxy_credentials", "proxy_refuses", "proxy_unreachable",
    "object_is_read_only", "field_hidden", "field_read_only", "zone_unknown", "no_answer", "login_unknown",
    "policy_wrong", "being_processed", "other_program",
    "login_not_chosen",
}  # fmt: skip
"""Causes with a test of their own below, each of which names its cause."""


ANSWERS |= {name: ("token", TOKEN, oauth(code, words)) for name, code, words in WORDS if name not in {*ANSWERS, *ALONE}}


def failed(report: Report) -> StageResult:
    """The one stage that failed; those before it passed."""
    (stage,) = [stage for stage in report.stages if stage.status == "failed"]
    statuses = [stage.status for stage in report.stages]
    assert set(statuses[: statuses.index("failed")]) <= {"passed"}
    assert stage.cause
    assert stage.fix
    assert stage.setup
    return stage


async def found_in(settings: Settings, **options: Any) -> StageResult:
    return failed(await examine(lambda: settings, **options))


def test_every_cause_has_a_test() -> None:
    names = [cause.name for cause in CAUSES]

    assert len(names) == len(set(names)) >= 20
    assert set(names) == {*SETTINGS, *ANSWERS, *ALONE}
    assert all(cause.stages == "*" or set(cause.stages.split()) <= set(STAGES) for cause in CAUSES)


@pytest.mark.parametrize("name", SETTINGS)
async def test_settings_that_cannot_work_are_told_apart(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for key, value in (GOOD | SETTINGS[name]).items():
        monkeypatch.setenv(f"SALESFORCE_{key.upper()}", value)

    report = await examine(Settings.load)

    assert (failed(report).stage, failed(report).name) == ("settings", name)
    assert {stage.status for stage in report.stages[2:]} == {"not reached"}
    shown = str(report.as_json())
    assert not [
        value for value in (GOOD | SETTINGS[name]).values() if len(value) > 15 and "://" not in value and value in shown
    ]


@pytest.mark.parametrize("name", ANSWERS)
async def test_what_the_org_says_leads_to_the_cause(name: str, org: LocalOrg) -> None:
    stage, path, answer = ANSWERS[name]
    with settings_on_port(org, {path: answer}) as settings:
        found = await found_in(settings)

    assert (found.stage, found.name) == (stage, name)


async def test_on_a_healthy_org_every_stage_passes(org: LocalOrg) -> None:
    with settings_on_port(org) as settings:
        report = await examine(lambda: settings)

    assert report.passed
    assert [stage.stage for stage in report.stages] == list(STAGES)
    assert {stage.status for stage in report.stages} == {"passed"}
    assert org.credentials.username in report.stages[7].detail
    assert report.stages[12].detail == (
        "Shared Activities off; recurring events by API on; multi-day events not seen (Setup, Activity Settings); "
        "duplicate rules for Contact not visible"
    )


def _script(module: str) -> str:
    return f"#!/usr/bin/env python3\nimport sys\nfrom {module} import main\nsys.exit(main())\n"


def _launcher(module: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("__main__.py", _script(module))
    return b"MZ launcher" + archive.getvalue()


@pytest.mark.parametrize("windows", [False, True], ids=["script", "launcher"])
@pytest.mark.parametrize(
    ("module", "name"), [("mcp_salesforce.server", "other_program"), ("mcp_salesforce.__main__", "")]
)
async def test_a_program_of_the_same_name_is_told_from_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, name: str, *, windows: bool
) -> None:
    program = tmp_path / "mcp-salesforce"
    program.write_bytes(_launcher(module) if windows else _script(module).encode())
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    (found, *_) = (await examine(Settings.load)).stages

    assert (found.stage, found.name) == ("command", name)
    assert f"{program} starts {module}" in found.detail if name else found.detail.endswith("is this project's")


@pytest.mark.parametrize("there", [False, True], ids=["none", "a wrapper"])
async def test_a_command_that_cannot_be_told_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, there: bool
) -> None:
    if there:
        (tmp_path / "mcp-salesforce").write_text('#!/bin/sh\nexec something "$@"\n')
        (tmp_path / "mcp-salesforce").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert (await examine(Settings.load)).stages[0].status == "passed"


async def test_of_several_logins_one_must_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for alias in ("production", "sandbox"):
        Logins().write(
            Login(alias, "key", "https://a.my.salesforce.com", "https://a.my.salesforce.com", "", "", "5Aep")
        )

    found = failed(await examine(Settings.load))

    assert (found.stage, found.name) == ("settings", "login_not_chosen")
    assert "production and sandbox" in found.detail


async def test_features_show_by_what_there_is(org: LocalOrg) -> None:
    event = described(org, "Event")
    event["fields"].append({"name": "WhoCount", "label": "Relation Count", "type": "int"})
    answers = {QUERY: Answer(200, {"totalSize": 3, "done": True, "records": []}), EVENT: Answer(200, event)}
    with settings_on_port(org, answers) as settings:
        report = await examine(lambda: settings)

    assert "Shared Activities on" in report.stages[12].detail
    assert "multi-day events on; duplicate rules for Contact 3 active" in report.stages[12].detail
    assert report.stages[9].detail == "queries run; the org's own record is not visible"


async def test_its_own_refusals_of_credentials_are_told_apart(org: LocalOrg) -> None:
    with settings_on_port(org, client_secret="wrong") as settings:
        assert (await found_in(settings)).name == "wrong_secret"
    with settings_on_port(org, client_id="3MVG9wrong") as settings:
        assert (await found_in(settings)).name == "wrong_client_id"
    with settings_on_port(org, refresh_token="5Aep861wrong") as settings:
        assert (await found_in(settings)).name == "expired_token"
    with settings_on_port(
        org, client_secret="", refresh_token="", access_token="00D000000000001!AQ", client_id=""
    ) as own:
        assert (await found_in(own)).name == "access_token_expired"


async def test_an_assertion_that_another_key_signed_is_found(org: LocalOrg, tmp_path: Path) -> None:
    with LocalOrg.open(seed=False) as stranger:
        key = key_file(stranger, tmp_path)
    with settings_on_port(org) as settings:
        signed = Settings(
            client_id=settings.client_id,
            username=org.credentials.username,
            jwt_key_file=key,
            login_url=settings.instance_url,
            instance_url=settings.instance_url,
        )
        assert (await found_in(signed)).name == "wrong_assertion"


def taking_audience(org: LocalOrg, taken: str) -> ASGIApp:
    """The org, whose host takes assertions for one audience only; `HERE` is the host's own address."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != TOKEN:
            await org.app(scope, receive, send)
            return
        message = await receive()
        (assertion,) = parse_qs(message["body"].decode())["assertion"]
        audience = jwt.decode(assertion, options={"verify_signature": False})["aud"]
        host = dict(scope["headers"])[b"host"].decode()
        wanted = f"http://{host}" if taken == "HERE" else taken
        stranger = instead(org.app, {TOKEN: oauth("invalid_grant", "Audience validation failed")})

        async def again() -> Any:
            return message

        await (org.app if audience == wanted else stranger)(scope, again, send)

    return app


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("https://test.salesforce.com", "https://login.salesforce.com"),
        ("https://login.salesforce.com", "https://test.salesforce.com"),
        ("https://login.salesforce.com", "HERE"),
        ("https://acme.my.site.com/portal", "HERE"),
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://login.salesforce.com", "https://nobody.example.com"),
    ],
)
async def test_the_audience_that_works_is_found_and_named(tmp_path: Path, asked: str, taken: str) -> None:
    with LocalOrg.open(seed=False) as org, listening(taking_audience(org, taken)) as address:
        own = org.credentials
        found = await found_in(
            Settings(
                client_id=own.client_id,
                username=own.username,
                jwt_key_file=key_file(org, tmp_path),
                jwt_audience=asked,
                login_url=address,
                instance_url=address,
            )
        )

    assert (found.stage, found.name) == ("token", "wrong_audience")
    works = f"SALESFORCE_JWT_AUDIENCE={address if taken == 'HERE' else taken} works."
    assert (works in found.detail) == (taken != "https://nobody.example.com")
    assert found.detail.count("works") <= 1


async def test_a_stored_login_is_examined_at_its_own_addresses(
    org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    own = org.credentials
    assert (await found_in(Settings(org="nowhere"))).name == "login_unknown"

    with settings_on_port(org) as settings:
        address = settings.instance_url
        Logins().write(
            Login("dev", own.client_id, address, address, own.username, own.client_secret, own.refresh_token)
        )
        report = await examine(lambda: Settings(org="dev"))

    assert report.passed
    assert report.stages[2].detail == f"{address}: loopback"


async def test_hosts_that_do_not_go_together_are_found_before_anything_is_sent() -> None:
    sandbox = Settings(
        **GOOD | {"instance_url": "acme--dev.sandbox.my.salesforce.com", "login_url": "login.salesforce.com"}
    )
    production = Settings(**GOOD | {"login_url": "test.salesforce.com"})

    assert (await found_in(sandbox)).name == "sandbox_with_production_url"
    assert (await found_in(production)).name == "production_with_sandbox_url"


async def test_a_name_that_nobody_knows_is_found_by_looking_it_up() -> None:
    host = f"{'a' * 64}.example.com"  # longer than a name can be: no resolver is asked

    assert (await found_in(Settings(**GOOD | {"instance_url": host, "login_url": host}))).name == "unknown_host"


async def test_connections_that_fail_are_told_apart(org: LocalOrg, tmp_path: Path) -> None:
    with refusing_port() as port:
        refusing = f"http://127.0.0.1:{port}"
        assert (await found_in(Settings(**GOOD | {"instance_url": refusing}))).name == "connection_refused"

    with settings_on_port(org, certificate=loopback_certificate(tmp_path / "tls")) as settings:
        assert (await found_in(settings)).name == "untrusted_certificate"

    with settings_on_port(org) as settings:
        tls = settings.instance_url.replace("http:", "https:")
        assert (await found_in(Settings(**GOOD | {"instance_url": tls}))).name == "no_tls"


async def test_failures_of_a_proxy_are_told_apart(org: LocalOrg, tmp_path: Path) -> None:
    own = {"instance_url": URL, "client_id": org.credentials.client_id, "client_secret": org.credentials.client_secret}
    with org_behind_a_proxy(org, tmp_path, authorization="Basic YW5hOng=") as behind:
        through = own | {"refresh_token": org.credentials.refresh_token, "ca_file": behind.ca_file}
        address = behind.tunnels.address
        healthy = await examine(lambda: Settings(**through, proxy=f"ana:x@{address}"))
        assert healthy.passed, healthy
        assert (await found_in(Settings(**through, proxy=f"ana:wrong@{address}"))).name == "proxy_credentials"
        unknown = Settings(**through | {"ca_file": None}, proxy=f"ana:x@{address}")
        assert (await found_in(unknown)).name == "untrusted_certificate"
        behind.tunnels.refusal = HTTPStatus.BAD_GATEWAY
        assert (await found_in(Settings(**through, proxy=f"ana:x@{address}"))).name == "proxy_refuses"
    with refusing_port() as port:
        assert (await found_in(Settings(**through, proxy=f"127.0.0.1:{port}"))).name == "proxy_unreachable"
    assert (await found_in(Settings(**through, proxy=f"{'a' * 64}.example.com"))).name == "unknown_proxy"


async def test_what_does_not_answer_is_told_by_its_stage(org: LocalOrg) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        unreachable = await found_in(Settings(**GOOD | {"instance_url": address}, timeout_s=0.2))
    org.faults.add(Fault("hang", path="*/query", count=9, delay_s=60))
    with settings_on_port(org, timeout_s=5) as settings:
        no_answer = await found_in(settings)

    assert (unreachable.name, unreachable.detail) == ("unreachable", f"{address} does not answer within 0.2 s.")
    assert (no_answer.stage, no_answer.name, no_answer.detail) == ("api", "no_answer", "No answer within 5 s.")


def test_what_no_row_knows_is_told_in_salesforces_words() -> None:
    assert cause_of("api", Finding("NEW_CODE", "never seen", "Ask.")).fix == "Ask."


@pytest.mark.parametrize(("minutes", "word"), [(10, "fast"), (-10, "slow")])
async def test_a_clock_that_is_off_is_found_and_the_rest_is_still_reached(
    minutes: int, word: str, org: LocalOrg
) -> None:
    with settings_on_port(org) as settings:
        report = await examine(lambda: settings, now=lambda: datetime.now(UTC) + timedelta(minutes=minutes))

    assert failed(report).name == "clock_off"
    assert word in failed(report).detail
    assert "not reached" not in {stage.status for stage in report.stages}


async def test_a_token_of_another_org_is_found(org: LocalOrg) -> None:
    access_token = org.credentials.access_token
    with settings_on_port(org) as other:
        tokens = {"access_token": access_token, "instance_url": other.instance_url}
        with settings_on_port(org, {TOKEN: Answer(200, tokens)}) as settings:
            found = await found_in(settings)

    assert (found.stage, found.name) == ("identity", "another_org")
    assert other.instance_url in found.detail


async def test_a_version_that_the_org_does_not_offer_is_found(org: LocalOrg) -> None:
    with settings_on_port(org, api_version="v99.0") as settings:
        found = await found_in(settings)

    assert (found.stage, found.name) == ("version", "version_not_offered")


async def test_missing_rights_on_objects_and_fields_are_named(org: LocalOrg) -> None:
    hidden, fixed, closed, unreadable = (described(org, "Contact") for _ in range(4))
    hidden["fields"] = [field for field in hidden["fields"] if field["name"] not in {"Email", "Phone"}]
    next(field for field in fixed["fields"] if field["name"] == "Birthdate")["createable"] = False
    closed["deletable"] = False
    unreadable["queryable"] = False

    for answer, name, word in (
        (hidden, "field_hidden", "Email, Phone"),
        (fixed, "field_read_only", "Birthdate"),
        (closed, "object_is_read_only", "delete"),
        (unreadable, "no_permission_on_object", "queried"),
    ):
        with settings_on_port(org, {CONTACT: Answer(200, answer)}) as settings:
            found = await found_in(settings)
        assert (found.stage, found.name) == ("contact", name)
        assert word in found.detail


async def test_what_is_left_of_the_api_calls_is_compared_with_the_reserve(org: LocalOrg) -> None:
    for left, name in ((0, "request_limit"), (400, "reserve_reached")):
        answer = Answer(200, {"DailyApiRequests": {"Max": 15000, "Remaining": left}})
        with settings_on_port(org, {LIMITS: answer}, api_reserve="500") as settings:
            found = await found_in(settings)
        assert (found.stage, found.name) == ("api_calls", name)


async def test_limits_that_the_user_may_not_see_are_read_from_the_replies(org: LocalOrg) -> None:
    with settings_on_port(org, {LIMITS: refused(403, "FORBIDDEN", "no")}) as settings:
        report = await examine(lambda: settings)

    assert report.passed


async def test_a_zone_that_this_machine_does_not_know_is_found(org: LocalOrg) -> None:
    claims = org.identities.userinfo(org.user_id, "http://localhost") | {"zoneinfo": "Mars/Olympus"}
    with settings_on_port(org, {USERINFO: Answer(200, claims)}) as settings:
        found = await found_in(settings)

    assert (found.stage, found.name) == ("time_zone", "zone_unknown")


async def test_zone_data_are_named_and_warned_of_where_they_are_old(org: LocalOrg) -> None:
    with settings_on_port(org) as settings:
        today = await examine(lambda: settings)
        in_years = await examine(lambda: settings, now=lambda: datetime(2040, 1, 1, tzinfo=UTC))

    told, warned = (
        next(each.detail for each in report.stages if each.stage == "time_zone") for report in (today, in_years)
    )
    assert f"zone data {RELEASE.name} (" in told
    assert "WARNING: they are older than a year" in warned


@pytest.mark.parametrize(
    ("text", "said"),
    [("hide = []", "p.toml:1: 'hide' is not a key"), ("[objects.Kontact]", "p.toml:1: Kontact is not an object")],
)
async def test_a_policy_that_is_wrong_is_found_with_its_line(
    org: LocalOrg, tmp_path: Path, text: str, said: str
) -> None:
    policy = tmp_path / "p.toml"
    policy.write_text(text, "utf-8")
    with settings_on_port(org, policy=policy) as settings:
        found = await found_in(settings)

    assert (found.stage, found.name) == ("policy", "policy_wrong")
    assert said in found.detail


async def test_a_policy_that_the_org_confirms_is_told(org: LocalOrg, tmp_path: Path) -> None:
    policy = tmp_path / "p.toml"
    policy.write_text('[objects.Contact]\nhide = ["Email"]', "utf-8")
    with settings_on_port(org, policy=policy) as settings:
        report = await examine(lambda: settings)

    assert report.passed
    assert report.stages[-1].detail == "Contact: all, without Email"


async def test_features_are_not_known_where_event_cannot_be_described(org: LocalOrg) -> None:
    with settings_on_port(org, {EVENT: refused(404, "NOT_FOUND", "no such resource")}) as settings:
        report = await examine(lambda: settings)

    assert "not known" in next(stage.detail for stage in report.stages if stage.stage == "features")


def test_the_fields_it_looks_at_are_those_that_the_tools_offer() -> None:
    for sobject, noun in (("Contact", "contact"), ("Event", "appointment")):
        (spec,) = [spec for toolset in TOOLSETS for spec in toolset.specs if spec.name == f"salesforce_create_{noun}"]
        offered = set(build_tool(spec).parameters["properties"]["data"]["properties"])
        assert offered - {"time_zone", "except", "Recurrence2PatternText"} <= {*WRITTEN[sobject], *READ[sobject]}
        assert set(WRITTEN[sobject]) <= offered
