"""What the settings allow at this moment: a policy is read again when its file changes, without a restart."""

import logging
import time
from typing import Final

from mcp_salesforce.server import access_of
from mcp_salesforce.settings.loading import ConfigurationError
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.tools.framework.allowed_tools import Access

_LOOK_AFTER_S: Final = 1.0
_log = logging.getLogger(__name__)


class AccessNow:
    """The access that the settings give; a policy that cannot be used leaves the last one that could in force."""

    def __init__(self, settings: Settings) -> None:
        """Read the policy.

        Raises:
            ConfigurationError: The settings cannot be used.
        """
        self._settings = settings
        self._access = access_of(settings)
        self._stamp = self._stamp_now()
        self._looked_at = time.monotonic()

    @property
    def access(self) -> Access:
        """What is allowed; the file is looked at once in a second."""
        if time.monotonic() - self._looked_at >= _LOOK_AFTER_S:
            self._looked_at = time.monotonic()
            if self._stamp_now() != self._stamp:
                self.reload()
        return self._access

    def reload(self) -> None:
        """Read the policy again; calls that run go on under the one they began with."""
        self._stamp = self._stamp_now()
        try:
            self._access = access_of(self._settings)
        except ConfigurationError as error:
            _log.error("The policy was not read again, the last one stays in force: %s", error)
        else:
            _log.warning("The policy was read again")

    def _stamp_now(self) -> tuple[int, ...]:
        if self._settings.policy is None:
            return ()
        try:
            found = self._settings.policy.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino
