"""Read the settings without the settings library, if their values are certain.

Each setting has a form here that is certainly valid. The settings library judges a value of any other form, valid or
not, and the host waits for that. A test keeps the two consistent.
"""

import json
import os
import re

from mcp_salesforce.front import folders, values

PREFIX = "SALESFORCE_"

_VALUE = r"""([\w.~:/@%+,;=!*&-]*)|"([^"\\$]*)"|'([^'\\$]*)'"""
_LINE = re.compile(rf"\s*(?:#.*|(?:export\s+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(?:{_VALUE})[ \t]*)?", re.ASCII)


class Told:
    """The settings that the first answers depend on, if they are certainly valid; `config.Surface` has the same."""

    __slots__ = ("cache", "is_read_only", "policy", "toolsets")

    def __init__(self, toolsets: str = "default", policy: str = "", *, cache: str, is_read_only: bool = False) -> None:
        """Keep them: names of toolsets, the path of a policy file, and the user's folder for what can be made again."""
        self.cache = cache
        self.toolsets = toolsets
        self.policy = policy
        self.is_read_only = is_read_only


def told(*, demo: bool = False) -> Told | None:
    """Return the settings of the environment and of the files; None if they could be wrong.

    Args:
        demo: Whether the org is a local one; then the settings of the connection do not count.
    """
    given = _given(dict(os.environ), demo=demo)
    if given is None:
        return None
    if demo:
        given = {name: value for name, value in given.items() if name not in values.NOT_OF_A_DEMO}
    if not all(values.FORMS[name].fullmatch(value) for name, value in given.items()):
        return None
    if not demo and not _has_one_way(given):
        return None
    if "policy" in given and not os.path.isfile(given["policy"]):
        return None
    return Told(
        given.get("toolsets", "default"),
        given.get("policy", ""),
        cache=folders.user_folder("cache", os.environ),
        is_read_only=values.is_on(given.get("read_only", "")),
    )


def _given(environment: dict[str, str], *, demo: bool) -> dict[str, str] | None:
    """Return each setting that has a value; None if that is not certain."""
    ours = [name for name in environment if name.upper().startswith(PREFIX)]
    proxies = {name for name in environment if name.lower() == "https_proxy"}
    if len({name.upper() for name in ours}) < len(ours) or not proxies <= {"https_proxy", "HTTPS_PROXY"}:
        return None  # one name in two spellings
    found = _in_file(folders.ENV_FILE)
    if found is None:
        return None
    found.update({name.upper(): environment[name] for name in ours if environment[name]})
    if not demo and _named(found, PREFIX) <= values.OF_ANY_ORG:
        weaker = _in_file(folders.env_file(environment))
        if weaker is None:
            return None
        found = {**weaker, **found}
    found.setdefault(f"{PREFIX}PROXY", environment.get("https_proxy", environment.get("HTTPS_PROXY", "")))
    named = {name: found.get(PREFIX + name.upper(), "") for name in values.FORMS}
    return {name: value for name, value in named.items() if value}


def _in_file(path: str) -> dict[str, str] | None:
    """Return the values of a file of settings; None if it uses anything but the simplest syntax."""
    try:
        with open(path, "rb") as file:
            text = file.read().decode("ascii")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        return None
    found: dict[str, str] = {}
    for line in text.replace("\r\n", "\n").split("\n"):
        read = _LINE.fullmatch(line)
        if read is None or (read[1] and read[1].upper() in found):
            return None
        if read[1]:
            found[read[1].upper()] = read[2] or read[3] or read[4] or ""
    return {name: value for name, value in found.items() if value}


def _named(given: dict[str, str], prefix: str = "") -> frozenset[str]:
    """Return the settings of a connection that have a value; with a prefix, their names have it, in upper case."""
    keys = {name: prefix + name.upper() if prefix else name for name in values.CONNECTION}
    return frozenset(name for name, key in keys.items() if values.is_on(given.get(key, "").strip(), of_any_text=True))


def _has_one_way(given: dict[str, str]) -> bool:
    """Return whether the settings name one org and one way to log in, with everything that this way needs."""
    named = _named(given)
    if named <= values.OF_ANY_ORG:
        return _has_login("")
    if named - values.OF_ANY_ORG == {"org"}:
        return _has_login(given["org"])
    if named == values.CLIENT_CREDENTIALS:
        return "login_url" not in given
    return named in values.WAYS


def _has_login(alias: str) -> bool:
    """Return whether a complete login is kept under `alias`; without an alias, under `default` or as the only one."""
    folder = os.path.join(folders.user_folder("data", os.environ), "logins")
    try:
        if not alias:
            kept = [name.removesuffix(".json") for name in os.listdir(folder) if name.endswith(".json")]
            kept = [name for name in kept if values.ALIAS.fullmatch(name)]
            alias = "default" if "default" in kept else kept[0] if len(kept) == 1 else ""
        with open(os.path.join(folder, f"{alias.lower()}.json"), "rb") as file:
            login = json.loads(file.read().decode())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(login, dict) and login.keys() >= values.OF_A_LOGIN
