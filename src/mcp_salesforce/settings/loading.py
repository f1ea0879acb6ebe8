"""Settings from the environment and `.env`, and what is wrong with them: the only module that reads either."""

import os
import re
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast
from urllib.request import getproxies_environment

from pydantic import BaseModel, SecretStr, ValidationError, create_model
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from mcp_salesforce.front import folders
from mcp_salesforce.settings import flows

ENV_PREFIX: Final = "SALESFORCE_"
ENV_FILE: Final = folders.ENV_FILE


class ConfigurationError(Exception):
    """The settings do not allow a start; the text names each problem and what to do about it.

    Attributes:
        problems: The problems alone, a sentence for each.
    """

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        """Say `message`, at its length."""
        super().__init__(message)
        self.problems = tuple(problems) or (message,)


_Found = TypeVar("_Found", bound=BaseModel)
_LINE = 74
_WITHOUT_SETTINGS = (
    "To log in with a browser instead: mcp-salesforce login",
    "To try everything without an org and without settings: mcp-salesforce demo",
    "(in the project's folder: python3 run.py mcp-salesforce demo)",
)
_FROM_ENVIRONMENT: Final = SettingsConfigDict(
    env_prefix=ENV_PREFIX, env_file_encoding="utf-8-sig", env_ignore_empty=True, extra="ignore", validate_default=False
)
TWO_WAYS: Final = "two_ways"
_HOLDS_SECRET: Final = re.compile(r"://[^/]*@|5Aep|00D\w{12,15}!|PRIVATE KEY")
_SAID: Final = {"int_parsing_size": "is too long for a number"}


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{ENV_PREFIX}{name.upper()}"


def environment() -> dict[str, str]:
    """Return the environment variables, for a program to be started."""
    return dict(os.environ)


def _of_all_programs() -> dict[str, Any]:
    """Return the settings that every program knows by names of its own."""
    standard = getproxies_environment()
    named = {"proxy": standard.get("https"), "no_proxy": standard.get("no")}
    return {name: value for name, value in named.items() if value}


class _FromEnvironment(BaseSettings):
    """Looks fields up as `SALESFORCE_*`; a proxy also by the names that every program knows."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, the strongest first."""
        del file_secret_settings
        return init_settings, env_settings, dotenv_settings, InitSettingsSource(settings_cls, _of_all_programs())


@cache
def _from_environment(kind: type[BaseModel]) -> type[BaseSettings]:
    """Return the settings of `kind`, looked up in the environment."""
    namespace = {"__module__": __name__, "__doc__": kind.__doc__, "model_config": _FROM_ENVIRONMENT}
    return type(kind.__name__, (_FromEnvironment, kind), namespace)


def user_folder(kind: Literal["data", "cache"]) -> Path:
    """Return where this user's programs keep what they need, or what can be made again."""
    return Path(folders.user_folder(kind, os.environ))


def user_file() -> Path:
    """Return the user's own file of settings, which counts in every folder where nothing else names an org."""
    return Path(folders.env_file(os.environ))


def files(given: Mapping[str, object]) -> tuple[Path, ...]:
    """Return the files that the settings are read from, if they exist: the strongest last.

    The user's own file counts only where neither `given`, nor the environment, nor `.env` in the folder names an org:
    settings for two orgs are never mixed.
    """
    here, own = Path(ENV_FILE), user_file()
    return (here,) if not own.is_file() or _is_an_org_named(given, here) else (own, here)


def _is_an_org_named(given: Mapping[str, object], here: Path) -> bool:
    kind = _from_environment(_connection())
    try:
        found = {**DotEnvSettingsSource(kind, env_file=here)(), **EnvSettingsSource(kind)(), **given}
    except (OSError, UnicodeError):
        return True  # what is wrong with the file is reported when it is loaded
    return not flows.named(found) <= flows.OF_ANY_ORG


@cache
def _connection() -> type[BaseModel]:
    return create_model("Connection", **cast("dict[str, Any]", dict.fromkeys(flows.CONNECTION, (str, ""))))


def loaded(kind: type[_Found], given: Mapping[str, str | None]) -> _Found:
    """Return the settings of the environment and of the files, with `given` over both.

    Raises:
        ConfigurationError: At least one is missing or malformed; the text names all of them.
    """
    read, looked_up = files(given), _from_environment(kind)
    for file in read:
        _check_readable(looked_up, file)
    try:
        return cast("_Found", looked_up(_env_file=read, **cast("dict[str, Any]", given)))
    except ValidationError as error:
        raise _report(looked_up, error, read[-1], _readings(looked_up, given, read)) from None


def _check_readable(kind: type[BaseSettings], file: Path) -> None:
    try:
        DotEnvSettingsSource(kind, env_file=file)
    except UnicodeError as error:
        wrong = f"{file.absolute()} cannot be read as UTF-8 text: {error}. Save it as UTF-8"
        raise ConfigurationError(f"mcp-salesforce cannot start: {wrong}.") from None
    except OSError as error:
        wrong = f"{file.absolute()} cannot be read: {error.strerror}"
        raise ConfigurationError(f"mcp-salesforce cannot start: {wrong}.") from None


def _readings(kind: type[BaseSettings], given: Mapping[str, str | None], read: Sequence[Path]) -> dict[str, str]:
    """Return for each setting where its value was read, and as what: of a secret, or what holds one, its length."""
    sources = (
        ("HTTPS_PROXY or NO_PROXY", _of_all_programs()),
        *((str(file), DotEnvSettingsSource(kind, env_file=file)()) for file in read),
        ("the environment", EnvSettingsSource(kind)()),
        ("the command line", given),
    )
    found = {name: (place, str(value)) for place, values in sources for name, value in values.items() if value}
    hidden = {name for name, field in kind.model_fields.items() if field.annotation is SecretStr}
    secrets = [secret for name, (_, value) in found.items() if name in hidden and (secret := value.strip())]

    def shown(name: str, value: str) -> str:
        if name in hidden or _HOLDS_SECRET.search(value) or any(secret in value for secret in secrets):
            return f"{len(value)} characters"
        return ascii(value) if len(value) <= _LINE else f"{value[:_LINE]!a}… ({len(value)} characters)"

    return {name: f"Read from {place} as {shown(name, value)}." for name, (place, value) in found.items()}


def _report(
    kind: type[BaseSettings], error: ValidationError, file: Path, readings: Mapping[str, str]
) -> ConfigurationError:
    """Word every problem: which setting, what is wrong, how it was read, and where its value comes from."""
    problems = [p for p in error.errors(include_url=False) if p["type"] != "default_factory_not_called"]
    lines = [
        f"mcp-salesforce cannot start: {_count(problems)}.",
        f"Set them in the environment, or as NAME=value lines in {file.absolute()}",
    ]
    sentences = []
    for problem in sorted(problems, key=lambda problem: problem["type"] != TWO_WAYS):
        if problem["type"] == TWO_WAYS:
            sentences.append(problem["msg"])
            lines += ["", f"  {problem['msg']}", "    Unset the settings that belong to only one of them."]
            continue
        name = str(problem["loc"][0])
        sentences.append(f"{variable(name)}{_wrong(problem)}.")
        about = textwrap.fill(kind.model_fields[name].description or "", _LINE)
        read = [f"    {readings[name]}"] if name in readings and problem["type"] != "missing" else []
        lines += ["", f"  {sentences[-1]}", *read, textwrap.indent(about, "    ")]
    return ConfigurationError("\n".join([*lines, "", *_kept_logins(), *_WITHOUT_SETTINGS]), sentences)


def _wrong(problem: Mapping[str, Any]) -> str:
    """Say what is wrong; the text follows the setting's name."""
    said = "is missing" if problem["type"] == "missing" else _SAID.get(problem["type"], problem["msg"])
    said = said.removeprefix("Value error, ").replace("Input should", "must").rstrip(".")
    return f" {said}" if said[:1].islower() else f": {said}"


def _kept_logins() -> list[str]:
    from mcp_salesforce.settings.logins import Logins  # which needs this module

    aliases = Logins().aliases()
    return [f"To use a stored login, set SALESFORCE_ORG to its alias: {', '.join(aliases)}"] if aliases else []


def _count(problems: Sequence[Mapping[str, Any]]) -> str:
    wrong = sum(problem["type"] != TWO_WAYS for problem in problems)
    if not wrong:
        return "more than one way to get a token is set"
    return "1 setting is missing or wrong" if wrong == 1 else f"{wrong} settings are missing or wrong"
