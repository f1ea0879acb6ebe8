"""A key in a file beside what it encrypts."""

import os
import secrets
from pathlib import Path
from typing import Final

from mcp_salesforce.changes.journal import JournalError
from mcp_salesforce.changes.kept_file import KEY_BYTES

_NAME_BYTES: Final = 4


def key_in(file: Path) -> bytes:
    """Return the key that `file` keeps, which only its owner can read; a new one is drawn if there is none."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists():
        drawn = file.with_name(f"{file.name}.{secrets.token_hex(_NAME_BYTES)}")
        with os.fdopen(os.open(drawn, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
            new.write(secrets.token_bytes(KEY_BYTES))
        try:
            file.hardlink_to(drawn)  # whole, or not at all, and by one of several processes
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            drawn.replace(file)
        drawn.unlink(missing_ok=True)
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        raise JournalError(f"{file} is damaged.", hint="Remove it, and clear the journal: mcp-salesforce journal clear")
    return key
