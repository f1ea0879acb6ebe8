"""From settings to a source of access tokens, and to what carries requests."""

import logging
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Final

from mcp_salesforce.audit.otel import OtelTrail
from mcp_salesforce.audit.recording import Audit
from mcp_salesforce.audit.trail import AuditFile
from mcp_salesforce.changes.approval_store import ApprovalStore
from mcp_salesforce.changes.import_store import ImportStore
from mcp_salesforce.changes.journal import JournalError
from mcp_salesforce.changes.journal_file import JournalFile
from mcp_salesforce.changes.kept_key import key_in
from mcp_salesforce.salesforce import (
    AiohttpTransport,
    ClientCredentialsSource,
    InvalidArgumentError,
    JwtBearerSource,
    RefreshTokenSource,
    SfCliSource,
    StaticTokenSource,
    TokenSource,
)
from mcp_salesforce.settings import flows, values
from mcp_salesforce.settings.loading import ConfigurationError, environment, user_folder
from mcp_salesforce.settings.logins import LoginError, Logins, LoginSource
from mcp_salesforce.settings.settings import Kept, Network, Settings
from mcp_salesforce.state_key import StateKey

_APPROVALS: Final = ".approvals.db"
_IMPORTS: Final = ".imports.db"
_APPROVE: Final = "mcp-salesforce approve"
logger = logging.getLogger(__name__)


def token_source(settings: Settings) -> TokenSource:
    """Return the token source for which `settings` are complete; it asks nobody yet.

    Raises:
        ConfigurationError: A value turns out to be wrong: not a key, or an address that issues no tokens.
    """
    if wrong := values.another_cloud(settings.instance_url, settings.login_url):
        raise ConfigurationError(f"mcp-salesforce cannot start: SALESFORCE_LOGIN_URL {wrong}")
    if int(settings.api_version[1:].partition(".")[0]) < values.ENDING_API_VERSION:
        end = f"Versions below v{values.ENDING_API_VERSION}.0 end in Summer '28"
        logger.warning("%s: set SALESFORCE_API_VERSION to a newer one than %s", end, settings.api_version)
    try:
        return _source(settings)
    except InvalidArgumentError as error:
        raise ConfigurationError(f"mcp-salesforce cannot start ({settings.way.name}): {error.message}") from None
    except LoginError as error:
        raise ConfigurationError(f"mcp-salesforce cannot start: {error}") from None
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"{settings.jwt_key_file} cannot be read: {error}") from None


def transport(network: Network) -> AiohttpTransport:
    """Return what carries requests the way that `network` says."""
    return AiohttpTransport(
        ca_file=network.ca_file, proxy=network.way_out, most_reply_bytes=int(network.max_reply_mb * 2**20)
    )


def journal(settings: Settings, now: Callable[[], float]) -> JournalFile | None:
    """Return the journal that the settings name, opened at the first write; None where changes are not kept.

    Args:
        settings: Its file, and the secret that its key comes from; without one, a key is kept next to the file.
        now: The time in Unix seconds.
    """
    if settings.journal == "off":
        return None
    file, secret = _journal_file(settings.journal), settings.state_key.get_secret_value()
    return JournalFile(file, _key(file, secret, "journal"), now=now, is_wanted=bool(settings.journal))


def audit(settings: Settings) -> Audit | None:
    """Return the audit that the settings name, opened at the first call; None where calls are not recorded.

    Args:
        settings: Its file, and the secret that its key comes from; without one, a key is kept next to the file.
    """
    if settings.audit in {"", "off"}:
        return None
    if settings.audit == "otel":
        return Audit(OtelTrail(), is_required=settings.audit_required)
    file = Path(settings.audit)
    key = _key(file, settings.state_key.get_secret_value(), "audit")
    return Audit(AuditFile(file, key), is_required=settings.audit_required)


def audit_to_look_at(file: Path | None) -> tuple[Path | None, bytes | None]:
    """Return the audit's file, or that which the settings name, and the key of its seals if there is one here.

    Raises:
        ConfigurationError: A setting is malformed.
    """
    kept = Kept.load()
    where = file or (None if kept.audit in {"", "off", "otel"} else Path(kept.audit))
    secret = kept.state_key.get_secret_value()
    has_key = where is not None and (secret or where.with_suffix(".key").is_file())
    return where, _key(where, secret, "audit")() if where and has_key else None


def journal_to_look_at(file: Path | None) -> JournalFile | None:
    """Return the journal in `file`, or that which the settings name, or the user's own; None if there is none.

    No org has to be named for that.

    Raises:
        ConfigurationError: A setting is malformed.
    """
    kept = Kept.load()
    if file is None and kept.journal == "off":
        return None
    where = file or _journal_file(kept.journal)
    key = _key(where, kept.state_key.get_secret_value(), "journal")
    return JournalFile(where, key, now=time.time, is_wanted=True) if where.is_file() else None


def approvals(settings: Settings, now: Callable[[], float]) -> ApprovalStore:
    """Return where questions to people are kept: beside the journal, or in memory if there is none."""
    if settings.journal == "off":
        return ApprovalStore(None, partial(token_bytes, 32), now=now)
    journal = _journal_file(settings.journal)
    command = f"{_APPROVE} --journal {_typed(journal.absolute())}" if settings.journal else _APPROVE
    return _approvals_of(journal, now, command)


def imports(settings: Settings, now: Callable[[], float]) -> ImportStore:
    """Return where imports are kept: beside the journal, or in memory if there is none or its folder is read-only."""
    journal, secret = _journal_file(settings.journal), settings.state_key.get_secret_value()
    key = _key(journal, secret, "imports")
    if settings.journal == "off" or not (settings.journal or _can_write(journal.parent)):
        return ImportStore(None, key if secret else partial(token_bytes, 32), now=now)
    return ImportStore(journal.with_name(f"{journal.stem}{_IMPORTS}"), key, now=now)


def approval_stores(journal: Path | None) -> list[ApprovalStore]:
    """Return the questions of the server with this journal.

    Without one, they are those of the server of these settings, and of all that keep theirs in the user's data folder.

    Raises:
        ConfigurationError: A setting is malformed.
    """
    if journal:
        journals = [journal]
    else:
        named = Kept.load().journal
        known = [
            file.with_name(file.name.replace(_APPROVALS, ".db")) for file in user_folder("data").glob(f"*{_APPROVALS}")
        ]
        journals = [*([] if named in {"", "off"} else [_journal_file(named)]), *sorted(known)]
    by_file = {_beside(each).resolve(): each for each in journals if _beside(each).exists()}
    return [_approvals_of(each, time.time, _APPROVE) for each in by_file.values()]


def question_key(settings: Settings) -> Callable[[], bytes]:
    """Return what gives the key that seals a question while a host asks it; it outlives the process, if it can."""
    secret = settings.state_key.get_secret_value()
    lasting = _key(_journal_file(settings.journal), secret, "question")

    def key() -> bytes:
        try:
            return token_bytes(32) if settings.journal == "off" and not secret else lasting()
        except (OSError, JournalError):
            return token_bytes(32)

    return key


def _approvals_of(journal: Path, now: Callable[[], float], command: str) -> ApprovalStore:
    return ApprovalStore(_beside(journal), lambda: key_in(journal.with_suffix(".key")), now=now, command=command)


def _typed(path: Path) -> str:
    """Return a path as a person types it, in any shell."""
    return f'"{path}"' if " " in str(path) else str(path)


def _beside(journal: Path) -> Path:
    return journal.with_name(f"{journal.stem}{_APPROVALS}")


def _journal_file(named: str) -> Path:
    return Path(named).expanduser() if named else user_folder("data") / "journal.db"


def _can_write(folder: Path) -> bool:
    """Tell whether a folder can be written to, or made."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return there.is_dir() and os.access(there, os.W_OK)


def _key(journal: Path, secret: str, purpose: str) -> Callable[[], bytes]:
    """Return what gives the key for one purpose, when it is wanted: of `secret`, or kept beside the journal."""
    return lambda: StateKey(secret or key_in(journal.with_suffix(".key")).hex()).derived(purpose)


def addresses(settings: Settings) -> tuple[str, str]:
    """Return the org's address and that of its login host, as far as they are known before there is a token.

    Either is empty where it is not known, or not used.

    Raises:
        ConfigurationError: The stored login cannot be read.
    """
    if settings.way is flows.STORED_LOGIN:
        try:
            kept = Logins().describe(settings.org)
        except LoginError as error:
            raise ConfigurationError(f"mcp-salesforce cannot start: {error}") from None
        return kept["instance_url"], kept["login_url"]
    if settings.way in {flows.ACCESS_TOKEN, flows.SF_CLI}:
        return settings.instance_url, ""
    return settings.instance_url, settings.login_url


def _source(settings: Settings) -> TokenSource:
    secret = settings.client_secret.get_secret_value()
    way = settings.way
    if way is flows.CLIENT_CREDENTIALS:
        return ClientCredentialsSource(settings.client_id, secret, settings.login_url)
    if way is flows.JWT_BEARER and settings.jwt_key_file is not None:
        key = settings.jwt_key_file.read_text(encoding="utf-8")
        return JwtBearerSource(
            settings.client_id, settings.username, key, settings.login_url, audience=settings.jwt_audience
        )
    if way is flows.ACCESS_TOKEN:
        return StaticTokenSource(settings.access_token.get_secret_value(), settings.instance_url)
    if way is flows.STORED_LOGIN:
        return LoginSource(_known(settings.org), settings.org)
    if way is flows.SF_CLI:
        return SfCliSource(settings.sf_org, {**environment(), **settings.network.as_environment()})
    return RefreshTokenSource(
        settings.client_id,
        secret,
        settings.refresh_token.get_secret_value(),
        settings.login_url,
        on_rotated=_RotationWarning(),
    )


class _RotationWarning:
    """Tells once that the refresh token of the settings is used up; the new one is never shown."""

    def __init__(self) -> None:
        self._is_told = False

    def __call__(self, _rotated: str) -> None:
        if not self._is_told:
            logger.warning(
                "Salesforce replaced the refresh token: the one in SALESFORCE_REFRESH_TOKEN is no longer valid, and "
                "the new one is only in the memory of this process. After a restart the server cannot log in. "
                "Use mcp-salesforce login, which stores each new token, or turn Refresh Token Rotation off in the "
                "app's policies."
            )
        self._is_told = True


def _known(alias: str) -> Logins:
    """Return the logins if `alias` is one of them."""
    logins = Logins()
    logins.describe(alias)
    return logins
