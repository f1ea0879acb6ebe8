"""What Salesforce says when it gives no token, and the cause that it is told as."""

import pytest

from mcp_salesforce.salesforce import AuthenticationError
from mcp_salesforce.salesforce.consent import Consent
from mcp_salesforce.salesforce.errors import TokenBusyError
from mcp_salesforce.salesforce.flows import default_audience
from mcp_salesforce.salesforce.oauth_causes import OAUTH_CAUSES, oauth_cause
from tests.salesforce.scripted import Answer, ScriptedOrg

WORDS = [
    ("being_processed", "invalid_grant", "token request is already being processed"),
    ("scope_missing", "invalid_scope", "the requested scope is not allowed"),
    ("ip_restricted", "invalid_grant", "ip restricted or invalid login hours"),
    ("user_not_approved", "invalid_grant", "user hasn't approved this consumer"),
    ("user_not_approved", "OAUTH_APP_ACCESS_DENIED", "user is not admin approved to access this app"),
    ("user_not_approved", "invalid_app_access", "user is not admin approved to access this app"),
    ("denied", "access_denied", "end-user denied authorization"),
    ("app_not_installed", "OAUTH_EC_APP_NOT_FOUND", "External client app is not installed in this org"),
    ("cross_org", "invalid_client", "Cross-org OAuth flows are not supported for this external client app"),
    ("app_blocked", "OAUTH_APP_BLOCKED", "this app is blocked by admin"),
    ("pkce", "invalid_request", "missing required code challenge"),
    ("pkce", "invalid_grant", "invalid code verifier"),
    ("wrong_callback", "redirect_uri_mismatch", "redirect_uri must match configuration"),
    ("sign_on_policy", "invalid_grant", "Single Sign-On is required for this user"),
    ("locked_user", "invalid_grant", "user account is locked"),
    ("inactive_user", "inactive_user", "user is inactive"),
    ("user_not_active", "invalid_grant", "inactive user"),
    ("inactive_org", "inactive_org", "organization is inactive"),
    ("login_rate", "invalid_grant", "login rate exceeded"),
    ("wrong_audience", "invalid_grant", "Audience validation failed"),
    ("expired_code", "invalid_grant", "expired authorization code"),
    ("expired_token", "invalid_grant", "expired access/refresh token"),
    ("wrong_assertion", "invalid_grant", "invalid assertion"),
    ("no_run_as_user", "invalid_grant", "no client credentials user enabled"),
    ("wrong_domain_for_flow", "invalid_grant", "request not supported on this domain"),
    ("wrong_secret", "invalid_client", "invalid client credentials"),
    ("wrong_client_id", "invalid_client_id", "client identifier invalid"),
    ("login_refused", "invalid_grant", "authentication failure"),
]


def test_every_cause_has_words() -> None:
    assert {name for name, _, _ in WORDS} == {cause.name for cause in OAUTH_CAUSES}


@pytest.mark.parametrize(("name", "code", "words"), WORDS)
async def test_the_cause_is_told_at_the_browser_and_at_the_token_endpoint_alike(
    name: str, code: str, words: str
) -> None:
    cause = oauth_cause(code, words)
    assert cause is not None
    assert cause.name == name

    consent = Consent.begin("https://login.salesforce.com", "key", "http://localhost:1717/callback")
    state = consent.url.partition("&state=")[2].partition("&")[0]
    with pytest.raises(AuthenticationError) as denied:
        consent.code_of(f"error={code}&error_description={words.replace(' ', '+')}&state={state}")
    assert denied.value.hint == cause.hint

    if name == "being_processed":
        return  # it is waited for, see below
    scripted = ScriptedOrg()
    scripted.token_answers.append(Answer(400, {"error": code, "error_description": words}))
    async with scripted.client() as client:
        with pytest.raises(AuthenticationError) as refused:
            await client.userinfo()
    assert refused.value.hint == cause.hint
    assert len(scripted.token_calls) == 1


async def test_a_token_that_another_program_is_just_getting_is_waited_for() -> None:
    scripted = ScriptedOrg()
    busy = {"error": "invalid_grant", "error_description": "token request is already being processed"}
    scripted.token_answers.append(Answer(400, busy))
    scripted.answers.append(Answer(value={"user_id": "005000000000001AAA", "organization_id": "00D000000000001AAA"}))
    async with scripted.client() as client:
        await client.userinfo()

    assert len(scripted.token_calls) == 2
    assert TokenBusyError("busy").retryable


@pytest.mark.parametrize(
    ("login_url", "audience"),
    [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme-dev-ed.develop.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://app-power-1234.scratch.my.salesforce.com", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.mil", "https://login.salesforce.com"),
        ("https://acme.my.site.com", "https://acme.my.site.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_an_assertion_is_for_the_login_host_of_the_orgs_kind(login_url: str, audience: str) -> None:
    assert default_audience(login_url) == audience
