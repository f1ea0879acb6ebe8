"""Links to files of a server over HTTP: each works for one person, one file and one hour."""

import base64
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from typing_extensions import TypedDict

from mcp_salesforce.state_key import StateKey

LIFETIME_S: Final = 3600
_PURPOSE: Final = "file link"
_MARK_BYTES: Final = 16


class FileLink(TypedDict, total=False):
    """How a person gets a file: a link, and for how many minutes it works."""

    link: str
    link_valid_min: int


class FileLinks:
    """Makes the links of a server, and knows them again."""

    def __init__(self, key: StateKey, now: Callable[[], float], address: str = "") -> None:
        """Mark links by `key`.

        Args:
            key: Marks them; replicas have the same one.
            now: The time in Unix seconds.
            address: The server's; the server of one person learns it from each request.
        """
        self._key = key
        self._now = now
        self.address = address

    def to(self, person: str, name: str) -> FileLink:
        """Return the link by which `person` gets the file `name`."""
        until = int(self._now()) + LIFETIME_S
        link = f"{self.address}/files/{until}.{self._mark(person, name, until)}/{quote(name)}"
        return {"link": link, "link_valid_min": LIFETIME_S // 60}

    def knows(self, link: str, person: str, name: str) -> bool:
        """Tell whether `link`, the part of an address before the name, was made for this person and file."""
        until, _, mark = link.partition(".")
        if not (until.isascii() and until.isdigit() and mark.isascii()) or len(link) > len(str(2**63)) + 32:
            return False
        given = base64.urlsafe_b64decode(f"{mark}==") if len(mark) == len(self._mark("", "", 0)) else b""
        return self._key.is_mark(given, _PURPOSE, _parts(person, name, int(until)), _MARK_BYTES)

    def is_over(self, link: str) -> bool:
        """Tell whether a link that was made here does not work any more."""
        return int(link.partition(".")[0]) <= self._now()

    def _mark(self, person: str, name: str, until: int) -> str:
        mark = self._key.mark(_PURPOSE, _parts(person, name, until), _MARK_BYTES)
        return base64.urlsafe_b64encode(mark).rstrip(b"=").decode()


def _parts(person: str, name: str, until: int) -> list[bytes]:
    return [person.encode(), name.encode(), str(until).encode()]
