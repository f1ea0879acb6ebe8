"""What the settings allow at this moment: a policy is read again when its file changes, without a restart."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from mcp_salesforce.policy.roles import Role, roles_in
from mcp_salesforce.server import access_of
from mcp_salesforce.settings.loading import ConfigurationError
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.tools.framework.allowed_tools import Access

_LOOK_AFTER_S: Final = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Allowed:
    """What is allowed to those without a role, and to those with each."""

    without_role: Access
    by_role: tuple[tuple[Role, Access], ...]
    files: tuple[Path, ...]

    @classmethod
    def by(cls, settings: Settings) -> Self:
        without_role = access_of(settings)
        if settings.policy is None:
            return cls(without_role, (), ())
        roles = roles_in(settings.policy.read_text("utf-8"))
        files = [settings.policy.parent / role.policy for role in roles]
        for file in files:
            if file.is_file() and roles_in(file.read_text("utf-8")):
                raise ConfigurationError(
                    f"mcp-salesforce cannot start: {file} is the policy of a role: it has no roles."
                )
        found = [access_of(settings.model_copy(update={"policy": file})) for file in files]
        return cls(without_role, tuple(zip(roles, found, strict=True)), (settings.policy, *files))

    def of(self, claims: Mapping[str, Any]) -> Access:
        return next((access for role, access in self.by_role if role.fits(claims)), self.without_role)


class AccessNow:
    """The access that the settings give; a policy that cannot be used leaves the last one that could in force."""

    def __init__(self, settings: Settings) -> None:
        """Read the policy, and those of its roles.

        Raises:
            ConfigurationError: The settings cannot be used.
        """
        self._settings = settings
        self._allowed = _Allowed.by(settings)
        self._stamp = self._stamp_now()
        self._looked_at = time.monotonic()

    def of(self, claims: Mapping[str, Any]) -> Access:
        """Return what somebody may do of whom Salesforce says `claims`; the files are looked at once in a second."""
        if time.monotonic() - self._looked_at >= _LOOK_AFTER_S:
            self._looked_at = time.monotonic()
            if self._stamp_now() != self._stamp:
                self.reload()
        return self._allowed.of(claims)

    def reload(self) -> None:
        """Read the policy again; calls that run go on under the one they began with."""
        self._stamp = self._stamp_now()
        try:
            self._allowed = _Allowed.by(self._settings)
        except (ConfigurationError, OSError, UnicodeError) as error:
            _log.error("The policy was not read again, the last one stays in force: %s", error)
        else:
            _log.warning("The policy was read again")

    def _stamp_now(self) -> tuple[int, ...]:
        return tuple(part for file in self._allowed.files for part in _stamp_of(file))


def _stamp_of(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino
