"""The certainly valid form of each setting's value; the settings package judges all other values."""

import re


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


_YES_OR_NO = r"(?i:true|false|yes|no|on|off|1|0)"
_NO_PLACEHOLDER = (
    r"(?!(?i:x+|todo|change[-_ ]?me|[.]+|false|f|no|n|off|0)\Z)(?!(?i:(https?://)?(your|mydomain)))(?!%\w+%\Z)"
)
_TOKEN = rf"{_NO_PLACEHOLDER}[\w.~+/=-]+"
_PORT = r"(:[1-9]\d{0,3})?|:[1-5]\d{4}"
_MY_DOMAIN = r"https://[a-z0-9][a-z0-9-]*(\.(sandbox|develop|scratch|trailblaze))?\.my\.salesforce\.com/?"
_HERE = rf"http://(127\.0\.0\.1|localhost)({_PORT})/?"
_HOST = r"[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*"
_NUMBER = r"[1-9]\d?"
_PATH = r"[/A-Za-z][\w./:\\ -]*(?<! )"

FORMS = {
    "client_id": _form(_TOKEN),
    "client_secret": _form(_TOKEN),
    "refresh_token": _form(_TOKEN),
    "instance_url": _form(f"{_NO_PLACEHOLDER}({_MY_DOMAIN}|{_HERE})"),
    "client_credentials": _form(_YES_OR_NO),
    "access_token": _form(rf"(?!5Aep){_NO_PLACEHOLDER}[\w.~+/=!-]+"),
    "jwt_key_file": _form(r"(?!)"),  # valid only if the key can be read
    "jwt_audience": _form(r"(?!)"),  # belongs to a key file, which must be read
    "username": _form(rf"{_NO_PLACEHOLDER}[\w.+-]+@[\w.-]+"),
    "org": _form(rf"{_NO_PLACEHOLDER}[A-Za-z0-9][\w.-]{{0,63}}"),
    "sf_org": _form(rf"{_NO_PLACEHOLDER}[A-Za-z0-9][\w.@+-]*"),
    "api_version": _form(r"v?(3[1-9]|[4-9]\d)(\.0)?"),
    "login_url": _form(rf"https://(login|test)\.salesforce\.com|{_NO_PLACEHOLDER}({_MY_DOMAIN}|{_HERE})"),
    "ca_file": _form(r"(?!)"),  # valid only if the certificates can be read
    "proxy": _form(rf"http://({_NO_PLACEHOLDER}[\w.~%-]+(:[\w.~%-]*)?@)?{_HOST}({_PORT})/?"),
    "no_proxy": _form(r"[\w.,*: -]*"),
    "timeout_s": _form(_NUMBER),
    "call_timeout_s": _form(r"[1-9]\d{0,2}"),
    "max_reply_mb": _form(_NUMBER),
    "toolsets": _form(r"[\w, -]+"),
    "read_only": _form(_YES_OR_NO),
    "policy": _form(_PATH),
    "max_answer_tokens": _form(r"[1-9]\d{3,4}"),
    "state_key": _form(rf"{_NO_PLACEHOLDER}[\w.~+/=-]{{32,512}}"),
    "journal": _form(r"(?i:off|false|no|0)"),  # depends on the file system
    "audit": _form(r"(?!)"),  # only the file system knows
    "audit_required": _form(_YES_OR_NO),
    "files": _form(r"(?!)"),  # only the file system knows
    "working_hours": _form(r"Mon-Fri 0[6-9]:[0-5]0-1[5-9]:[0-5]0"),
    "max_concurrency": _form(_NUMBER),
    "api_reserve": _form(r"\d{1,6}|[1-9]?\d%"),
    "appointment_status_field": _form(rf"{_NO_PLACEHOLDER}[A-Za-z]\w*"),
    "appointment_status_values": _form(r"(?!)"),  # names of an org's own
    "appointment_reason_field": _form(rf"{_NO_PLACEHOLDER}[A-Za-z]\w*"),
    "log_level": _form(r"(?i:debug|info|warning|error)"),
    "log_format": _form(r"(?i:text|json)"),
}

CONNECTION = (
    "client_id",
    "client_secret",
    "refresh_token",
    "instance_url",
    "client_credentials",
    "jwt_key_file",
    "username",
    "access_token",
    "org",
    "sf_org",
)
NOT_OF_A_DEMO = frozenset({*CONNECTION, "api_version", "login_url", "ca_file", "proxy", "no_proxy"})
OF_ANY_ORG = frozenset({"client_id", "client_secret"})
CLIENT_CREDENTIALS = frozenset({"client_id", "client_secret", "instance_url", "client_credentials"})
WAYS = frozenset(
    {
        frozenset({"client_id", "client_secret", "refresh_token", "instance_url"}),
        frozenset({"access_token", "instance_url"}),
        frozenset({"access_token", "instance_url", *OF_ANY_ORG}),
        frozenset({"sf_org"}),
    }
)
ALIAS = _form(r"[a-z0-9][a-z0-9._-]{0,63}")
OF_A_LOGIN = frozenset({"alias", "client_id", "login_url", "instance_url", "username", "secrets"})

_OFF = frozenset({"", "false", "f", "no", "n", "off", "0"})


def is_on(value: str, *, of_any_text: bool = False) -> bool:
    """Return whether a setting's value means yes; with `of_any_text`, whether it means anything but no."""
    return value.casefold() not in _OFF if of_any_text else value.casefold() in {"true", "yes", "on", "1"}
