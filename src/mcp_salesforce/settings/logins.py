"""Logins that are kept: what names them in a file, their secrets in the OS keyring if there is one."""

import asyncio
import json
import logging
import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from mcp_salesforce.salesforce import AuthenticationError, RefreshTokenSource, Token
from mcp_salesforce.salesforce.auth import HttpExchange
from mcp_salesforce.settings.loading import user_folder

DEFAULT_ALIAS: Final = "default"
_SERVICE: Final = "mcp-salesforce"
_ALIAS = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SECRETS: Final = ("client_secret", "refresh_token")
_LOCK_POLL_S: Final = 0.05

logger = logging.getLogger(__name__)


class LoginError(Exception):
    """A login is not there, or cannot be read or kept; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Login:
    """What it takes to get access tokens as one user of one org; the secrets do not show in its repr."""

    alias: str
    client_id: str
    login_url: str
    instance_url: str
    username: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


def checked_alias(alias: str) -> str:
    """Return `alias` in lower case.

    Raises:
        LoginError: It is not a name that can be one.
    """
    if not _ALIAS.fullmatch(alias.lower()):
        raise LoginError(f"{alias[:64]!r} is not an alias: use letters, digits, dots, dashes and underscores.")
    return alias.lower()


class Logins:
    """The logins in one folder, each in its file `ALIAS.json`, which only the user can read."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use `folder`, by default one under the user's data directory."""
        self._folder = folder or user_folder("data") / "logins"

    def aliases(self) -> list[str]:
        """Return the aliases, in order."""
        return sorted(path.stem for path in self._folder.glob("*.json") if _ALIAS.fullmatch(path.stem))

    def describe(self, alias: str) -> dict[str, str]:
        """Return what names the login, and where its secrets are; no secret.

        Raises:
            LoginError: There is no such login, or its file is damaged.
        """
        kept = self._read(alias)
        place = f"file {self._file(alias)}" if kept.get("secrets") else "OS keyring"
        return {name: str(kept[name]) for name in ("alias", "username", "instance_url", "login_url")} | {"kept": place}

    def read(self, alias: str) -> Login:
        """Return a login with its secrets.

        Raises:
            LoginError: There is no such login, or its secrets cannot be read.
        """
        kept = self._read(alias)
        secrets = kept.pop("secrets", None) or self._from_keyring(alias)
        try:
            return Login(**kept, **{name: str(secrets[name]) for name in _SECRETS})
        except (TypeError, KeyError):
            raise LoginError(f"{self._file(alias)} is damaged: log in again.") from None

    def write(self, login: Login) -> None:
        """Store `login` instead of the one with its alias; its secrets go where that one's are.

        Raises:
            LoginError: It cannot be kept anywhere.
        """
        kept: dict[str, Any] = asdict(login)
        secrets = {name: kept.pop(name) for name in _SECRETS}
        in_file = self._file(login.alias).exists() and bool(self._read(login.alias).get("secrets"))
        kept["secrets"] = secrets if in_file or not _keep_in_keyring(login.alias, secrets) else None
        try:
            self._replace(self._file(login.alias), json.dumps(kept, indent=2))
        except OSError as error:
            raise LoginError(f"{self._file(login.alias)} cannot be written: {error.strerror}.") from None

    def require_writable(self) -> None:
        """Check that a login could be kept.

        Raises:
            LoginError: The folder cannot be written to.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".", suffix=".new") as probe:
                probe.write(b"x" * 4096)
                probe.flush()
                os.fsync(probe.fileno())
        except OSError as error:
            raise LoginError(f"No login can be stored in {self._folder}: {error.strerror}.") from None

    def set_aside_if_damaged(self, alias: str) -> Path | None:
        """Rename the file of a login that cannot be read, and return its new name; None if there is none.

        Raises:
            LoginError: It cannot be renamed.
        """
        file = self._file(alias)
        if not file.exists():
            return None
        try:
            self._read(alias)
        except LoginError:
            names = (file.with_name(f"{file.name}.damaged{number or ''}") for number in range(1000))
            aside = next(name for name in names if not name.exists())
            try:
                file.rename(aside)
            except OSError as error:
                raise LoginError(f"{file} is damaged and cannot be renamed: {error.strerror}.") from None
            return aside
        return None

    def remove(self, alias: str) -> None:
        """Forget a login and its secrets.

        Raises:
            LoginError: There is no such login, or it cannot be removed.
        """
        in_file = bool(self._read(alias).get("secrets"))
        try:
            if not in_file:
                import keyring

                keyring.delete_password(_SERVICE, alias)
            self._file(alias).unlink()
        except Exception as error:  # noqa: BLE001 - keyring's backends raise errors of their own
            raise LoginError(f"The login {alias} cannot be removed: {type(error).__name__}.") from None

    @asynccontextmanager
    async def locked(self, alias: str) -> AsyncIterator[None]:
        """Hold the login: of all processes, one at a time gets tokens for it or removes it."""
        from filelock import FileLock, Timeout

        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(self._folder / f"{alias}.lock", mode=0o600)
        while True:
            try:
                lock.acquire(timeout=0)
                break
            except Timeout:
                await asyncio.sleep(_LOCK_POLL_S)
        try:
            yield
        finally:
            lock.release()

    def _file(self, alias: str) -> Path:
        return self._folder / f"{checked_alias(alias)}.json"

    def _read(self, alias: str) -> dict[str, Any]:
        try:
            kept = json.loads(self._file(alias).read_text(encoding="utf-8"))
            return {name: kept[name] for name in ("alias", "client_id", "login_url", "instance_url", "username")} | {
                "secrets": kept["secrets"]
            }
        except FileNotFoundError:
            known = ", ".join(self.aliases())
            there = f"there are: {known}" if known else "there are none yet"
            raise LoginError(
                f"There is no login {alias!r} ({there}). Create it: mcp-salesforce login --org {alias}"
            ) from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise LoginError(
                f"{self._file(alias)} is damaged or cannot be read. Log in again: mcp-salesforce login --org {alias}"
            ) from None

    @staticmethod
    def _from_keyring(alias: str) -> dict[str, str]:
        import keyring

        try:
            secrets: dict[str, str] = json.loads(keyring.get_password(_SERVICE, alias) or "null") or {}
        except Exception as error:  # noqa: BLE001 - keyring's backends raise errors of their own
            raise LoginError(f"The OS keyring does not return the login {alias}: {type(error).__name__}.") from None
        if not secrets:
            raise LoginError(f"The OS keyring no longer has the login {alias}: log in again.")
        return secrets

    def _replace(self, file: Path, text: str) -> None:
        """Write `file` whole or not at all, for the user's eyes only."""
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".new")  # made with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as new:
                new.write(text)
                new.flush()
                os.fsync(new.fileno())
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class LoginSource:
    """Access tokens of a stored login; a refresh token that Salesforce rotates is kept before anyone else asks."""

    def __init__(self, logins: Logins, alias: str) -> None:
        """Use the login `alias` of `logins`, as it is when a token is wanted."""
        self._logins = logins
        self._alias = checked_alias(alias)
        self._unkept: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"<LoginSource of {self._alias}>"

    async def token(self, exchange: HttpExchange, *, refused: Token | None) -> Token:
        """Return a new access token.

        API: POST /services/oauth2/token, grant_type=refresh_token
        """
        async with self._logins.locked(self._alias):
            try:
                login = await asyncio.to_thread(self._logins.read, self._alias)
            except LoginError as error:
                raise AuthenticationError(str(error), code="LOGIN", hint="Log in with mcp-salesforce login.") from None
            if self._unkept and self._unkept[0] == login.refresh_token:
                login = replace(login, refresh_token=self._unkept[1])
            source = RefreshTokenSource(
                login.client_id,
                login.client_secret,
                login.refresh_token,
                login.login_url,
                on_rotated=lambda rotated: self._keep(login, rotated),
            )
            return await source.token(exchange, refused=refused)

    def _keep(self, login: Login, rotated: str) -> None:
        """Keep a new refresh token at once, without a pause in which the call could be cancelled."""
        try:
            self._logins.write(replace(login, refresh_token=rotated))
            self._unkept = None
        except LoginError as error:
            kept = self._unkept[0] if self._unkept else login.refresh_token
            self._unkept = (kept, rotated)
            logger.error("The new refresh token is in memory only: %s", error)  # noqa: TRY400 - no traceback is wanted


def _keep_in_keyring(alias: str, secrets: dict[str, str]) -> bool:
    """Return whether the OS keyring has the secrets now; not a backend that stores nothing."""
    import keyring

    try:
        if keyring.get_keyring().priority < 1:
            return False
        text = json.dumps(secrets)
        keyring.set_password(_SERVICE, alias, text)
        return keyring.get_password(_SERVICE, alias) == text
    except Exception:  # noqa: BLE001 - keyring's backends raise errors of their own
        return False
