"""Orgs in memory for a test of its own: each kind is made once in a process, and copied in half a millisecond."""

import atexit
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from mcp_salesforce.localorg import LocalOrg, utcnow
from mcp_salesforce.localorg.standard.seed import DEFAULT_CONTACTS
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.sqlite import Store

_kept = ExitStack()
atexit.register(_kept.close)


def as_it_is(_org: LocalOrg) -> None:
    """Change nothing of a new org."""


def without_appointments(org: LocalOrg) -> None:
    """Put the seed's appointments into the recycle bin."""
    for row in org.store.rows("SELECT Id FROM Event WHERE IsDeleted = 0"):
        org.records.delete("Event", row["Id"], org.user_id)


def new_org(
    now: Callable[[], datetime] = utcnow,
    *,
    seed: bool = True,
    contacts: int = DEFAULT_CONTACTS,
    schema: str = "",
    then: Callable[[LocalOrg], None] = as_it_is,
) -> LocalOrg:
    """Return an org as `LocalOrg.open` makes it, changed by `then`; `schema` is the text of a schema file."""
    return copy_of(_made(None if now is utcnow else now(), seed, contacts, schema, then), now)


def copy_of(org: LocalOrg, now: Callable[[], datetime]) -> LocalOrg:
    """Return an org with the records of another one; no change of either reaches the other.

    It is closed when nothing refers to it any more, if the test has not closed it.
    """
    store = Store()
    org.store.connection.backup(store.connection)
    copy = LocalOrg(store, Schema(org.schema), now)
    weakref.finalize(copy, store.close)
    return copy


def kept(org: LocalOrg) -> LocalOrg:
    """Return `org`, which is closed at the end of the process: one to make copies of."""
    return _kept.enter_context(org)


@cache
def _made(
    moment: datetime | None, seed: bool, contacts: int, schema: str, then: Callable[[LocalOrg], None]
) -> LocalOrg:
    now = (lambda: moment) if moment else utcnow
    with TemporaryDirectory() as folder:
        file = None
        if schema:
            file = Path(folder, "schema.json" if schema.startswith("[") else "schema.yaml")
            file.write_text(schema)
        org = kept(LocalOrg.open(seed=seed, now=now, contacts=contacts, schema_file=file))
    then(org)
    return org
