"""From what a stage met to its cause: one table, first match wins. `docs/doctor.md` is made from it.

The texts are Salesforce's own OAuth and REST errors, the client's, and the findings of the stages themselves.
"""

import re
from dataclasses import dataclass
from typing import Final

from mcp_salesforce.salesforce.oauth_causes import HERE as _HERE
from mcp_salesforce.salesforce.oauth_causes import OAUTH_CAUSES

STAGES: Final = {
    "command": "Command",
    "settings": "Settings",
    "host": "Kind of host",
    "dns": "DNS",
    "tls": "Connection and TLS",
    "clock": "Clock",
    "token": "Access token",
    "identity": "Identity",
    "version": "API version",
    "api": "Use of the API",
    "contact": "Contact: permissions",
    "event": "Event: permissions",
    "features": "Features",
    "time_zone": "Time zone",
    "api_calls": "API calls left",
    "policy": "Policy",
}
"""Every stage in its order, with its title."""


class Finding(Exception):  # noqa: N818 - not an error of the program: what a stage found out
    """A stage does not pass.

    Attributes:
        code: Salesforce's error code, an OAuth error, or the stage's own name of what it found.
        message: What was found; safe to show.
        hint: What to do where the table knows no cause.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a stage fails, what to do about it, and where that is done.

    Attributes:
        name: Its own name, in `--json` and in the docs.
        stages: The stages where it is looked for, separated by spaces; `*` for each.
        code: Pattern of the whole error code; empty for any.
        text: Pattern somewhere in the message, whatever its case; empty for any.
        cause: What is wrong.
        fix: What to do.
        setup: Where: in Salesforce's Setup, or on this machine.
    """

    name: str
    stages: str
    code: str
    text: str
    cause: str
    fix: str
    setup: str

    def matches(self, stage: str, finding: Finding) -> bool:
        """Tell whether it is why `stage` found what it did."""
        return (
            (self.stages == "*" or stage in self.stages.split())
            and (not self.code or re.fullmatch(self.code, finding.code) is not None)
            and re.search(self.text, finding.message, re.IGNORECASE) is not None
        )


def cause_of(stage: str, finding: Finding) -> Cause:
    """Return why `stage` failed; where the table has no answer, Salesforce's words and the error's own hint."""
    known = next((cause for cause in CAUSES if cause.matches(stage, finding)), None)
    return known or Cause("unknown", stage, "", "", "The cause is not known.", finding.hint, "")


_APP = "External Client App Manager (or App Manager), the app"
_APP_POLICIES = f"{_APP}, Policies"
_USER = "Users, Users, the user"
_PERMISSIONS = "Users, Permission Sets (or Profiles), the user's, Object Settings"

_OF_ANY_CALL: Final = frozenset({"inactive_user", "inactive_org"})

CAUSES: Final = (
    Cause("other_program", "command", "OTHER_PROGRAM", "",
          "Another project's program has the same name and comes first on PATH.",
          "Uninstall the distribution mcp-salesforce (ours is mcp-for-salesforce), or register ours by its path.",
          _HERE),
    Cause("two_ways", "settings", "", r"more than one way", "The settings are complete for two ways to get a token.",
          "Unset the settings of the way that you do not want.", _HERE),
    Cause("http_refused", "settings", "", r"starts with http://", "The address would send tokens unencrypted.",
          "Write https:// instead.", _HERE),
    Cause("login_host", "settings", "", r"is a login page|does not serve client credentials",
          "The address is a login host; the org's own address is needed.",
          "Use the org's My Domain, such as https://acme.my.salesforce.com.", "My Domain, Current My Domain URL"),
    Cause("pages_address", "settings", "", r"address of the web pages",
          "The address is that of the web pages, not of the API.",
          "Use the org's My Domain, which the message names.", "My Domain, Current My Domain URL"),
    Cause("wrong_kind_of_token", "settings", "", r"is an? (access|refresh) token",
          "An access token was given as refresh token, or the reverse.",
          "Move it to the other setting, or get the right token: docs/connect-an-org.md.", _HERE),
    Cause("placeholder", "settings", "", r"placeholder", "A setting still has the example's text.",
          "Fill in the value of your own org and app.", f"{_APP}, Settings, OAuth Settings"),
    Cause("retired_version", "settings version", "", r"retired", "Salesforce has retired this API version.",
          "Set SALESFORCE_API_VERSION to v60.0, or unset it.", _HERE),
    Cause("login_not_chosen", "settings", "", r"choose one of the stored logins",
          "There are several stored logins, none is called default, and no setting names one.",
          "Set SALESFORCE_ORG to the alias of one; mcp-salesforce orgs lists them.", _HERE),
    Cause("login_unknown", "settings token", "", r"no login|log in again|OS keyring",
          "There is no login of that alias, or it cannot be read.", "Log in: mcp-salesforce login.", _HERE),
    Cause("settings_incomplete", "settings", "", r"", "Settings are missing or wrong.",
          "Log in (mcp-salesforce login), or set the named settings; docs/configuration.md lists all.", _HERE),
    Cause("sandbox_with_production_url", "host", "SANDBOX_AT_PRODUCTION", "",
          "The org is a sandbox, but the login host is that of production.",
          "Set SALESFORCE_LOGIN_URL to the sandbox's My Domain or https://test.salesforce.com, or unset it.",
          "In the sandbox: My Domain, Current My Domain URL"),
    Cause("production_with_sandbox_url", "host", "PRODUCTION_AT_SANDBOX", "",
          "The org is not a sandbox, but the login host is that of sandboxes.",
          "Set SALESFORCE_LOGIN_URL to the org's My Domain or https://login.salesforce.com, or unset it.",
          "My Domain, Current My Domain URL"),
    Cause("unknown_proxy", "dns", "UNKNOWN_PROXY", "", "The proxy's host name does not resolve.",
          "Correct it in SALESFORCE_PROXY or HTTPS_PROXY, or unset it.", _HERE),
    Cause("unknown_host", "dns", "", "", "The host name does not resolve: it is misspelt, or DNS does not answer.",
          "Compare the address with the one in Setup; try another network, or its DNS.",
          "My Domain, Current My Domain URL"),
    Cause("proxy_credentials", "tls", "", r"the proxy .* HTTP 407",
          "The proxy asks for a user name and a password, or refuses those that are given.",
          "Set SALESFORCE_PROXY=http://user:password@host:port, with special characters escaped, such as %40 "
          "for @. For NTLM or "
          "Kerberos run a local proxy that logs in there.", _HERE),
    Cause("proxy_refuses", "tls", "", r"the proxy .* blocks connections", "The proxy blocks connections to this host.",
          "Allow *.salesforce.com, port 443, in the proxy, or bypass the proxy with SALESFORCE_NO_PROXY.", _HERE),
    Cause("untrusted_certificate", "tls", "", r"certificate",
          "The certificate is not trusted: a proxy intercepts TLS, or the host is not Salesforce.",
          "Set SALESFORCE_CA_FILE to the proxy's CA certificate (PEM); your network's administrator has it.",
          _HERE),
    Cause("proxy_unreachable", "tls", "", r"no connection to the proxy", "The proxy does not answer at its address.",
          "Check host and port in SALESFORCE_PROXY or HTTPS_PROXY, or unset it.", _HERE),
    Cause("connection_refused", "tls", "", r"refused|connect call failed", "Nothing listens at this address and port.",
          "Check the address and its port; a local org must be running.", _HERE),
    Cause("no_tls", "tls", "", r"ssl|tls|wrong version", "The other side does not speak TLS.",
          "Check the address and its port; a proxy may be in the way.", _HERE),
    Cause("unreachable", "tls", "", "", "No answer came: a firewall or a proxy may hold the request back.",
          "Allow connections to *.salesforce.com, port 443.", _HERE),
    Cause("clock_off", "clock", "CLOCK_OFF", "", "This machine's clock and Salesforce's are minutes apart.",
          "Set the clock, or use NTP. Until then Salesforce refuses signed tokens.", _HERE),
    Cause("redirected", "*", "UNREADABLE_REPLY", r"redirects",
          "The address has moved: the org's My Domain was changed.",
          "Set SALESFORCE_INSTANCE_URL to the address that the message names.", "My Domain, Current My Domain URL"),
    Cause("proxy_page", "*", "UNREADABLE_REPLY", r"text/html|not one of Salesforce",
          "A web page came instead of Salesforce's answer: from a proxy, a captive portal, or a wrong address.",
          "Log in to the network, allow *.salesforce.com in the proxy, and check the address.", _HERE),
    *(
        Cause(each.name, "*" if each.name in _OF_ANY_CALL else "token", each.code, each.text, each.cause, each.fix,
              each.setup)
        for each in OAUTH_CAUSES
    ),
    Cause("access_token_expired", "token identity api", "INVALID_SESSION_ID", r"access token has expired",
          "The access token has expired, and it cannot be renewed.",
          "Set a new SALESFORCE_ACCESS_TOKEN, or use a login that renews itself: docs/configuration.md.", _HERE),
    Cause("session_refused", "identity api", "INVALID_SESSION_ID", "",
          "The org refuses the new token: because of its session settings, or because the address is another org's.",
          "Check that SALESFORCE_INSTANCE_URL and SALESFORCE_LOGIN_URL belong to the same org, and that Session "
          "Settings do not lock sessions to another IP address.",
          "Session Settings"),
    Cause("another_org", "identity", "ANOTHER_ORG", "", "The token is for another org than SALESFORCE_INSTANCE_URL.",
          "Set the address that the message names, or authorize the app in the right org.",
          "My Domain, Current My Domain URL"),
    Cause("version_not_offered", "version", "VERSION_NOT_OFFERED", "", "The org does not offer this API version.",
          "Set SALESFORCE_API_VERSION to one that the message names.", _HERE),
    Cause("api_disabled", "*", "API_(DISABLED_FOR_ORG|CURRENTLY_DISABLED)", "",
          "The edition has no API, or the user lacks the permission.",
          "Grant API Enabled; Professional Edition needs the API as an add-on.",
          "Users, Permission Sets (or Profiles), System Permissions, API Enabled"),
    Cause("password_expired", "*", "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "", "The user's password has expired.",
          (
              "Log in as the user and set a new one. The password of an integration user can be set to never "
              "expire."
          ), _USER),
    Cause("login_challenge", "*", "LOGIN_CHALLENGE_(ISSUED|PENDING)|LOGIN_MUST_USE_SECURITY_TOKEN", "",
          "Salesforce wants to verify the user's device first.",
          "Log in once as the user in a browser, from this network.",
          "Network Access, Trusted IP Ranges"),
    Cause("request_limit", "*", "REQUEST_LIMIT_EXCEEDED|NO_CALLS_LEFT", "",
          "The org's API calls of the last 24 hours are used up.",
          (
              "Wait until calls become available again, or find out which program uses them."
          ), "Company Information, API Requests"),
    Cause("reserve_reached", "api_calls", "RESERVE_REACHED", "",
          "The remaining API calls are reserved for other programs.",
          "Wait, or lower SALESFORCE_API_RESERVE.", "Company Information, API Requests"),
    Cause("maintenance", "*", "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE|INVALID_READ_ONLY_USER_DML", "",
          "The org is read-only during maintenance.",
          "Wait; status.salesforce.com shows when it ends.", "Company Information"),
    Cause("unavailable", "*", "SERVER_UNAVAILABLE|UNKNOWN_EXCEPTION|HTTP_5..", "",
          "Salesforce is unavailable for the moment.", "Try again in a few minutes; status.salesforce.com shows more.",
          "Company Information"),
    Cause("no_permission_on_object", "contact event", "NOT_FOUND|INVALID_TYPE|INSUFFICIENT_ACCESS.*|FORBIDDEN", "",
          "The user cannot see the object.", "Grant the user Read on the object.", _PERMISSIONS),
    Cause("object_is_read_only", "contact event", "OBJECT_NOT_WRITABLE", "",
          "The user can read the object, but not do everything that the tools do.",
          "Grant what the message names. Without it, those tools are refused.", _PERMISSIONS),
    Cause("field_hidden", "contact event", "FIELD_HIDDEN", "", "Fields that the tools use are hidden from the user.",
          "Make the fields visible.", f"{_PERMISSIONS}; Object Manager, the object, Fields, Set Field-Level Security"),
    Cause("field_read_only", "contact event", "FIELD_READ_ONLY", "", "Fields that the tools write are read-only.",
          "Make the fields editable.", f"{_PERMISSIONS}; Object Manager, the object, Fields, Set Field-Level Security"),
    Cause("policy_wrong", "policy", "POLICY", "",
          "The policy has an error, or names objects or fields that the org or the user does not have.",
          "Correct the lines that the message names; docs/policy.md explains how.", _HERE),
    Cause("zone_unknown", "time_zone", "UNKNOWN_ZONE", "", "This machine does not know the user's time zone.",
          "Install the zone data (Python's tzdata), or set another zone for the user.",
          "Personal settings of the user, Language & Time Zone"),
    Cause("no_answer", "*", "NO_ANSWER", "", "No answer came in time.",
          "Try again. If it happens again, check the network, or raise SALESFORCE_TIMEOUT_S.", _HERE),
)  # fmt: skip
"""Every known cause; the first that matches counts, so narrow ones stand before wide ones."""
