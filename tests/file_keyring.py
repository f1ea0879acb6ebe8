"""A keyring of the tests: a backend as `keyring` wants it, which keeps what it is given in a file."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FileKeyring(KeyringBackend):
    """Keeps secrets in the file that TEST_KEYRING_FILE names."""

    priority = 9.0

    @property
    def file(self) -> Path:
        return Path(os.environ["TEST_KEYRING_FILE"])

    def _kept(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads(self.file.read_text()) if self.file.exists() else {}
        return kept

    def get_password(self, service: str, username: str) -> str | None:
        return self._kept().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self.file.write_text(json.dumps(self._kept() | {f"{service}/{username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        kept = self._kept()
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError
        self.file.write_text(json.dumps(kept))
