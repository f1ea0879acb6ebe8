"""What one setting may hold: each function returns the value as it is used, or says in a ValueError what is wrong.

A message follows the setting's name: "SALESFORCE_INSTANCE_URL has more than the address of the org: …".
"""

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.salesforce.budget import Reserve
from mcp_salesforce.salesforce.proxies import Proxy, is_loopback
from mcp_salesforce.salesforce.transport import trusting

OLDEST_API_VERSION: Final = 31
"""Versions 21.0 to 30.0 were retired in Summer '25; Salesforce answers them with 410."""

_MY_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)?\.my\.(salesforce\.(com|mil)|sfcrmproducts\.cn)")
_PAGES = re.compile(
    r"([a-z0-9-]+)(\.[a-z0-9-]+)?\.(?:(?:lightning|file)\.force|my\.salesforce-(?:setup|sites|scrt)|my\.site"
    r"|(?:builder|preview|live-preview)\.salesforce-experience)\.(com|mil)"
)
_VISUALFORCE = re.compile(r"([a-z0-9-]+)--[a-z0-9-]+(\.[a-z0-9-]+)?\.vf\.force\.(com|mil)")  # behind --, the package
_CHINESE_PAGES = re.compile(
    r"([a-z0-9-]+?)(?:--c)?(\.[a-z0-9-]+)?\.(?:lightning|vf|my)\.(?:sfcrmapps|sfcrmproducts-setup)\.cn"
)
_SITE = re.compile(r".*\.my\.(site|salesforce-sites)\.com")
_OLD_SITE = re.compile(r"[a-z0-9-]+(\.secure)?\.force\.com")
_OLD_PAGES = re.compile(r".*\.(visual\.force\.com|visualforce\.com|documentforce\.com|content\.force\.com)")
_WORLD: Final = "salesforce.com"
_CLOUDS: Final = {".mil": "Government Cloud (.mil)", ".cn": "Salesforce on Alibaba Cloud (.cn)"}
ENDING_API_VERSION: Final = 41
"""Versions below v41.0 end in Summer '28."""
_SANDBOX_INSTANCE = re.compile(r"cs\d+\.salesforce\.com")
_LOGIN_HOSTS = frozenset({"login.salesforce.com", "test.salesforce.com", "welcome.salesforce.com"})
_PLACEHOLDER = re.compile(
    r"<.*>|\$?\{.*\}|\[.*\]|%\w+%|\.{3}|…|x{3,}|\*{3,}|change[-_ ]?me|todo"
    r"|(https?://)?(mydomainname|your(\b|[-_ ]|client|consumer|refresh|secret|instance|token|org|company|domain)).*",
    re.IGNORECASE | re.DOTALL,
)
_AROUND = re.compile("\\A[\\s\"'`\u201c\u201d\u2018\u2019]+|[\\s\"'`\u201c\u201d\u2018\u2019]+\\Z")
_SHORTEST_SECRET: Final = 32  # characters
_REFRESH_TOKEN_START: Final = "5Aep"  # noqa: S105 - how all of them begin
_ACCESS_TOKEN = re.compile(r"00D\w{12,15}!.*", re.DOTALL)


def text(value: object) -> object:
    """Return a value that is not a text as it is, and a text if it can be sent to anybody."""
    if isinstance(value, str) and not value.isascii() and re.search("[\ud800-\udfff]", value):
        raise ValueError("has bytes that are not UTF-8: write it again")
    return value


def tidy(value: object) -> object:
    """Take away what a copy from a shell, a page or a JSON file leaves around a value."""
    if isinstance(value, SecretStr):
        return SecretStr(str(tidy(value.get_secret_value())))
    if not isinstance(text(value), str):
        return value
    tidied = _AROUND.sub("", str(value))
    if not tidied:
        raise ValueError("is empty")
    if _PLACEHOLDER.fullmatch(tidied):
        raise ValueError("still holds a placeholder instead of a value")
    if re.search(r"\s", tidied):
        raise ValueError("has a space or a line break inside: copy it again without it")
    return tidied


def sf_alias(value: object) -> object:
    """Return an alias of the `sf` command, which may have spaces and apostrophes inside."""
    if not isinstance(value, str):
        return value
    alias = str(text(value)).strip()
    if len(alias) > 1 and alias[0] == alias[-1] and alias[0] in "\"'":
        alias = alias[1:-1].strip()
    if not alias:
        raise ValueError("is empty")
    if _PLACEHOLDER.fullmatch(alias):
        raise ValueError("still holds a placeholder instead of a value")
    return alias


def reserve(value: str) -> str:
    """Return a number of API calls, or a share of them, as it is written."""
    Reserve.parse(value)
    return value


def field_name(value: str) -> str:
    """Return the API name of a field; empty means none."""
    if not re.fullmatch(r"([A-Za-z]\w*)?", value, re.ASCII):
        raise ValueError("is not the API name of a field, such as Status__c")
    return value


def upper(value: object) -> object:
    """Return a text in upper case."""
    return value.strip().upper() if isinstance(value, str) else value


def lower(value: object) -> object:
    """Return a text in lower case."""
    return value.strip().lower() if isinstance(value, str) else value


def names(value: object) -> object:
    """Return names with commas between them, whatever stood there."""
    if not isinstance(value, str):
        return value
    return ",".join(str(text(value)).strip().strip("\"'").replace(",", " ").split())


def refuse_access_token(value: SecretStr) -> SecretStr:
    """Return a secret that is not an access token."""
    if _ACCESS_TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("is an access token, which expires within hours: give a refresh token")
    return value


def refuse_refresh_token(value: SecretStr) -> SecretStr:
    """Return a secret that is not a refresh token."""
    if value.get_secret_value().startswith(_REFRESH_TOKEN_START):
        raise ValueError("is a refresh token: put it into SALESFORCE_REFRESH_TOKEN")
    return value


def long_enough(value: SecretStr) -> SecretStr:
    """Return a secret that cannot be guessed."""
    if len(value.get_secret_value()) < _SHORTEST_SECRET:
        raise ValueError(
            f"has fewer than {_SHORTEST_SECRET} characters: make a random one with openssl rand -base64 32"
        )
    return value


def existing_file(value: object) -> object:
    """Return the path of a file that is there."""
    if not isinstance(value, str):
        return value
    try:
        path = Path(value.strip().strip("\"'")).expanduser()
        if path.is_file():
            return path
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(f"is not the path of a file that can be read: {why}") from None
    raise ValueError("is not the path of a file that exists")


def existing_folder(value: object) -> object:
    """Return the path of a folder that is there."""
    if not isinstance(value, str):
        return value
    try:
        path = Path(value.strip().strip("\"'")).expanduser()
        if path.is_dir():
            return path
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(f"is not the path of a folder that can be used: {why}") from None
    raise ValueError("is not the path of a folder that exists")


def journal(value: str) -> str:
    """Return the path of a file that is there or can be made, `off`, or nothing."""
    if value.casefold() in {"", "off", "false", "no", "0"}:
        return value and "off"
    try:
        path = Path(value).expanduser()
        if path.is_dir() or not path.name:
            raise ValueError("is a folder: name a file in it, or write off")
        return str(path)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"is not the path of a file: {error}") from None


def audit(value: str) -> str:
    """Return the path of a file that is there or can be made, `otel`, `off`, or nothing."""
    return "otel" if value.casefold() == "otel" else journal(value)


def ca_file(value: object) -> object:
    """Return the path of a file with certificates."""
    path = existing_file(value)
    if isinstance(path, Path):
        try:
            trusting(path)
        except OSError:
            raise ValueError("is not a file with certificates in PEM form (-----BEGIN CERTIFICATE-----)") from None
    return path


def proxy(value: SecretStr) -> SecretStr:
    """Return the address of a proxy, credentials included."""
    try:
        Proxy.parse(value.get_secret_value())
    except InvalidArgumentError as error:
        raise ValueError(error.message) from None
    return value


def _split_url(value: str, *, takes_sites: bool = False) -> SplitResult:
    """Read an address, with https:// supplied; refuse other texts, and addresses without encryption."""
    try:
        url = urlsplit(value if "://" in value else f"https://{value}")
        host, _ = url.hostname or "", url.port
    except ValueError:
        url, host = SplitResult("", "", "", "", ""), ""
    if url.scheme not in {"http", "https"} or not re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]+", host):
        raise ValueError("is not an address like https://acme.my.salesforce.com")
    if url.username is not None:
        raise ValueError("contains a user name or password: give only the address")
    if url.scheme == "http" and not is_loopback(host):
        raise ValueError(f"starts with http://, which would send tokens unencrypted: use https://{url.netloc}")
    if not (takes_sites and _SITE.fullmatch(host)) and (right := api_host(host)):
        raise ValueError(f"is the address of the web pages, not of the API: use https://{right}")
    if _OLD_PAGES.fullmatch(host) or (not takes_sites and _OLD_SITE.fullmatch(host)):
        raise ValueError("is the address of the web pages, not of the API: use the My Domain URL that Setup shows")
    return url


def api_host(host: str) -> str:
    """Return the My Domain whose pages (Lightning, Visualforce, Setup, sites) are at `host`; empty if they are not."""
    if pages := _PAGES.fullmatch(host) or _VISUALFORCE.fullmatch(host):
        return f"{pages[1]}{pages[2] or ''}.my.salesforce.{pages[3]}"
    if pages := _CHINESE_PAGES.fullmatch(host):
        return f"{pages[1]}{pages[2] or ''}.my.sfcrmproducts.cn"
    return ""


def another_cloud(instance_url: str, login_url: str) -> str:
    """Return why tokens of an org are not asked for at a login host: it is of another cloud. Empty where it is not."""
    org, login = (urlsplit(url).hostname or "" for url in (instance_url, login_url))
    if not org or not login or is_loopback(org) or is_loopback(login):
        return ""
    of_org, of_login = _cloud(org), _cloud(login)
    return "" if of_org == of_login else f"is a host of {of_login}, and the org is one of {of_org}: use https://{org}"


def _cloud(host: str) -> str:
    return next((name for end, name in _CLOUDS.items() if host.endswith(end)), _WORLD)


def instance_url(value: str) -> str:
    """Return an org's address, without anything behind the host."""
    url = _split_url(value)
    origin = f"{url.scheme}://{url.netloc.lower()}"
    if url.hostname in _LOGIN_HOSTS:
        raise ValueError("is a login page, not an org: use the org's own My Domain")
    if url.path.strip("/") or url.query or url.fragment:
        raise ValueError(f"has more than the org's address: use {origin}")
    return origin


def login_url(value: str) -> str:
    """Return the address that gives tokens."""
    url = _split_url(value, takes_sites=True)  # members of a site log in there
    base = f"{url.scheme}://{url.netloc.lower()}{url.path.rstrip('/')}"
    if url.query or url.fragment or "/services/" in base:
        raise ValueError(f"has more than the login host's address: use {base.partition('/services/')[0]}")
    return base


def default_login_url(data: dict[str, Any]) -> str:
    """Return where the org of `instance_url` gives tokens: its own My Domain, or the shared login host."""
    instance_url: str = data["instance_url"]
    host = urlsplit(instance_url).hostname or ""
    if _MY_DOMAIN.fullmatch(host) or is_loopback(host):
        return instance_url
    return "https://test.salesforce.com" if _SANDBOX_INSTANCE.fullmatch(host) else "https://login.salesforce.com"


def api_version(value: str) -> str:
    """Return a version of the REST API as `v60.0`."""
    version = re.fullmatch(r"v?(\d{1,3})(\.0)?", value, re.IGNORECASE)
    if version is None:
        raise ValueError("is not an API version: write it like v60.0")
    if int(version[1]) < OLDEST_API_VERSION:
        raise ValueError(f"names a version that Salesforce has retired: use v{OLDEST_API_VERSION}.0 or newer")
    return f"v{int(version[1])}.0"
