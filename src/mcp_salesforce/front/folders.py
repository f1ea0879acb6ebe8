"""The user's folders as platformdirs names them, without its import where the answer is certain."""

import os
import sys
from collections.abc import Mapping

APP = "mcp-salesforce"
ENV_FILE = ".env"

_ON_UNIX = {"config": ".config", "data": ".local/share", "cache": ".cache"}
_ON_MACOS = {
    "config": "Library/Application Support",
    "data": "Library/Application Support",
    "cache": "Library/Caches",
}


def user_folder(kind: str, environment: Mapping[str, str]) -> str:
    """Return this user's folder for the program.

    Args:
        kind: `config`, `data` or `cache`.
        environment: The environment variables of the process.
    """
    return _certain(kind, environment) or _looked_up(kind)


def env_file(environment: Mapping[str, str]) -> str:
    """Return the path of the user's own file of settings."""
    return os.path.join(user_folder("config", environment), ENV_FILE)


def _certain(kind: str, environment: Mapping[str, str]) -> str:
    """Return the folder if nothing unusual decides on it, such as Windows' registry; else nothing."""
    if sys.platform not in {"linux", "darwin"} or "ANDROID_ROOT" in environment:
        return ""
    named = environment.get(f"XDG_{kind.upper()}_HOME", "")
    if named.startswith("/") and named == named.strip():
        return os.path.join(named, APP)
    home = environment.get("HOME", "")
    if named or not home.startswith("/"):
        return ""
    below = _ON_MACOS if sys.platform == "darwin" else _ON_UNIX
    return os.path.join(f"{home.rstrip('/')}/{below[kind]}", APP)


def _looked_up(kind: str) -> str:
    import platformdirs

    folders = platformdirs.PlatformDirs(APP, appauthor=False)
    folder: str = getattr(folders, f"user_{kind}_dir")
    return folder
