"""Why Salesforce gives no token: one table for `login`, `doctor` and the tools. The first match wins.

The words are those of Salesforce's OAuth endpoints, as its help page on OAuth errors and public reports have them.
"""

import re
from dataclasses import dataclass
from typing import Final

_APP = "External Client App Manager (or App Manager), the app"
_POLICIES = f"{_APP}, Policies"
_OAUTH = f"{_APP}, Settings, OAuth Settings"
_USER = "Users, Users, the user"
HERE: Final = "This machine"


@dataclass(frozen=True, slots=True)
class OAuthCause:
    """Why there is no token, what to do, and where.

    Attributes:
        name: Its own name.
        code: Pattern of the whole OAuth error; empty for any.
        text: Pattern somewhere in its description, whatever its case; empty for any.
        cause: What is wrong.
        fix: What to do.
        setup: Where: in Salesforce's Setup, or on this machine.
    """

    name: str
    code: str
    text: str
    cause: str
    fix: str
    setup: str

    @property
    def hint(self) -> str:
        """Cause, fix and place in one."""
        return f"{self.cause} {self.fix}" + (f" ({self.setup})" if self.setup != HERE else "")


OAUTH_CAUSES: Final = (
    OAuthCause("being_processed", "", r"already being processed", "Another program asks with the same refresh token.",
               "Try again in a few seconds.", HERE),
    OAuthCause("scope_missing", "invalid_scope", "", "The app does not have the scopes that the login asks for.",
               "Give the app the scopes api and refresh_token.", _OAUTH),
    OAuthCause("ip_restricted", "", r"\bip\b.*(restrict|range)|login hours|whitelist|trusted ip",
               "The user may not log in from this address, or at this hour.",
               "Add the address to the trusted ranges, or relax the app's IP restrictions.",
               f"{_POLICIES}, IP Relaxation; Profiles, the profile, Login IP Ranges"),
    OAuthCause("user_not_approved", "access_denied|invalid_grant|invalid_app_access|OAUTH_(APPROVAL|APP_ACCESS).*",
               r"approved", "The user has not been approved for the app.",
               "Approve the user's profile or permission set, or let users authorize themselves.",
               f"{_POLICIES}, Permitted Users"),
    OAuthCause("denied", "access_denied", r"end.?user|denied authori[sz]ation|no reason given|^$",
               "Somebody pressed Deny in the browser.", "Log in again, and press Allow.", HERE),
    OAuthCause("app_not_installed", "OAUTH_EC_APP_NOT_FOUND|app_not_found", "",
               "The app is not installed in this org.",
               "Install it here, or make an app in this org and give its consumer key.",
               "Connected Apps OAuth Usage, the app, Install"),
    OAuthCause("cross_org", "", r"cross.?org",
               "The app belongs to another org, and does not let users of this one log in.",
               "Make an app in this org, or package that one and install it.", _APP),
    OAuthCause("app_blocked", "OAUTH_APP_.*|OAUTH_AUTHORIZATION_BLOCKED|app_blocked", "",
               "An administrator has blocked the app.", "Unblock it.", "Connected Apps OAuth Usage, the app, Unblock"),
    OAuthCause("pkce", "", r"code.?(challenge|verifier)|pkce", "The proof key (PKCE) of the login is refused.",
               "Log in again without a pause; nothing may change the address on the way.",
               f"{_OAUTH}, Require Proof Key for Code Exchange"),
    OAuthCause("wrong_callback", "redirect_uri_mismatch|redirect_uri_missing", "",
               "The app does not have the callback URL of this login.",
               "Add http://localhost:1717/callback (or that of your --port) to the app.", f"{_OAUTH}, Callback URL"),
    OAuthCause("sign_on_policy", "", r"single sign.?on|\bsso\b|sign.?on polic|must use (my domain|identity provider)",
               "The org's Sign-On policies do not let this user log in this way.",
               "Log in at the org's My Domain (--instance-url), through its identity provider.",
               "My Domain, Authentication Configuration and Policies; Single Sign-On Settings"),
    OAuthCause("locked_user", "", r"(user|account).*(locked|frozen)|locked out|user is frozen",
               "The user is locked or frozen.", "Unlock the user, or wait until the lock ends.", _USER),
    OAuthCause("inactive_user", "inactive_user|INACTIVE_OWNER_OR_USER", "", "The user is not active.",
               "Activate the user, or authorize the app as another one.", _USER),
    OAuthCause("user_not_active", "", r"inactive user", "The user is not active.",
               "Activate the user, or authorize the app as another one.", _USER),
    OAuthCause("inactive_org", "inactive_org|ORG_LOCKED", "", "The org is locked, closed or suspended.",
               "Ask Salesforce's support, or the owner of the org.", "Company Information"),
    OAuthCause("login_rate", "", r"rate_limit|rate exceeded|login.*exceeded", "Too many logins in the last hour.",
               "Wait an hour; keep the server running instead of starting it for each call.", "Login History"),
    OAuthCause("wrong_audience", "invalid_grant|invalid_assertion", r"audience",
               "The signed assertion names another audience than this host takes.",
               "Set SALESFORCE_JWT_AUDIENCE: https://login.salesforce.com, or https://test.salesforce.com for a "
               "sandbox; mcp-salesforce doctor tries them.", "My Domain, Current My Domain URL"),
    OAuthCause("expired_code", "invalid_grant", r"authorization code",
               "The code of the login, or the signed assertion, is too old.",
               "Log in again: a code works once, for some minutes. With a key, check the clock.", HERE),
    OAuthCause("expired_token", "invalid_grant", r"expired (access|refresh)|token (is )?(revoked|invalid)",
               "The refresh token has expired, was revoked, or belongs to another org.",
               "Authorize the app again: mcp-salesforce login.", f"{_POLICIES}, Refresh Token Policy"),
    OAuthCause("wrong_assertion", "invalid_grant", r"assertion",
               "The signed assertion is refused: the key is not that of the app's certificate, or the clock is off.",
               "Upload the certificate that belongs to the key, and check the clock.",
               f"{_OAUTH}, Use digital signatures"),
    OAuthCause("no_run_as_user", "", r"no client credentials user",
               "The client credentials flow is not enabled, or names no user to run as.",
               "Enable the flow and name the user.", f"{_POLICIES}, Client Credentials Flow"),
    OAuthCause("wrong_domain_for_flow", "", r"not supported on this domain",
               "This login host does not support the way to log in.",
               "Set SALESFORCE_LOGIN_URL to the org's My Domain.", "My Domain, Current My Domain URL"),
    OAuthCause("wrong_secret", "invalid_client", "", "The client secret is not the app's.",
               "Copy the Consumer Secret again, in one piece.", f"{_OAUTH}, Consumer Key and Secret"),
    OAuthCause("wrong_client_id", "invalid_client_id", "",
               "No app has this client id: it is mistyped, belongs to another org, or is only minutes old.",
               "Copy the Consumer Key again; a new app takes up to ten minutes.", f"{_OAUTH}, Consumer Key and Secret"),
    OAuthCause("login_refused", "invalid_grant", r"authentication failure",
               "The user cannot log in: frozen, an expired password, or a token of another login host.",
               "Check the user's login history, which names the reason.", "Login History"),
)  # fmt: skip
"""Every known cause; narrow ones stand before wide ones."""


def oauth_cause(code: str, description: str) -> OAuthCause | None:
    """Return why an OAuth endpoint refused, or None if that is unknown."""
    return next(
        (
            each
            for each in OAUTH_CAUSES
            if (not each.code or re.fullmatch(each.code, code, re.IGNORECASE))
            and re.search(each.text, description, re.IGNORECASE)
        ),
        None,
    )
