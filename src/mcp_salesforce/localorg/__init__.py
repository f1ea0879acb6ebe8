"""A Salesforce org in this process, on SQLite, for trying and testing the server.

`docs/testing-with-the-local-org.md` shows how to use it. The names here are public, and of `LocalOrg` those that the
page shows; whatever else the package has may change at any time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mcp_salesforce.localorg.app import App, create_app
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services.bulk import Bulk
from mcp_salesforce.localorg.services.describe import Describes
from mcp_salesforce.localorg.services.faults import Fault, Faults
from mcp_salesforce.localorg.services.identities import Identities
from mcp_salesforce.localorg.services.lead_conversion import LeadConversions
from mcp_salesforce.localorg.services.limits import Limits
from mcp_salesforce.localorg.services.merges import Merges
from mcp_salesforce.localorg.services.oauth import Credentials, OAuth
from mcp_salesforce.localorg.services.planting import (
    plant,
    plant_business_hours,
    plant_lead_statuses,
    plant_record_types,
)
from mcp_salesforce.localorg.services.query import Queries
from mcp_salesforce.localorg.services.recents import Recents
from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.services.replication import Replication
from mcp_salesforce.localorg.services.search import Searches
from mcp_salesforce.localorg.services.series import archive
from mcp_salesforce.localorg.services.sessions import Sessions
from mcp_salesforce.localorg.services.upserts import Upserts
from mcp_salesforce.localorg.standard import STANDARD_OBJECTS
from mcp_salesforce.localorg.standard.errors import SchemaFileError
from mcp_salesforce.localorg.standard.seed import DEFAULT_CONTACTS
from mcp_salesforce.localorg.store.database_file import claim, discard
from mcp_salesforce.localorg.store.grants import Grants
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.sqlite import Store

__all__ = ["Credentials", "Fault", "LocalOrg", "OrgError", "SchemaFileError"]


def utcnow() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class LocalOrg:
    """One org: its records in a file or in memory, and an ASGI application that serves it."""

    def __init__(self, store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
        """Serve the records of `store`; use `open` to create an org."""
        self.store = store
        self.schema = schema
        self.now = now
        self.records = Records(store, schema, now)
        self.queries = Queries(store, schema, now)
        self.searches = Searches(store, schema, now)
        self.describes = Describes(store, schema)
        self.organization_id: str = self._first_id("Organization")
        self.user_id: str = self._first_id("User")
        self.upserts = Upserts(store, self.records)
        self.merges = Merges(store, schema, self.records, now)
        self.lead_conversions = LeadConversions(store, schema, now)
        grants = Grants(store)
        self.sessions = Sessions(self.organization_id, now, grants.is_active)
        self.oauth = OAuth(grants, self.sessions, self.organization_id, now)
        self.identities = Identities(store, self.organization_id)
        self.limits = Limits(store, schema)
        self.faults = Faults()
        self.recents = Recents(store, schema)
        self.replication = Replication(store, self.records, now)
        self.bulk = Bulk(store, schema, self.records, now)

    @cached_property
    def app(self) -> App:
        """The ASGI application that serves the org."""
        return create_app(self)

    @cached_property
    def credentials(self) -> Credentials:
        """Everything that a client needs to use the org as its first user."""
        return self.oauth.credentials(self.user_id)

    def credentials_of(self, name: str) -> Credentials:
        """Return everything that a client needs to use the org as another user, whom `user` finds by name."""
        return self.oauth.credentials(self.user(name))

    def user(self, name: str) -> str:
        """Return the id of an active user by first name, name or user name, in any case.

        Raises:
            LookupError: There is no such user, or there are several; the message lists the users.
        """
        users = self.oauth.users()
        wanted = name.strip().casefold()
        found = [
            str(each["Id"])
            for each in users
            if wanted in {each["Username"].casefold(), each["Name"].casefold(), each["Name"].split()[0].casefold()}
        ]
        if len(found) != 1:
            known = ", ".join(f"{each['Name']} ({each['Username']})" for each in users)
            raise LookupError(f"no user is {name!r}, or several are. The users are: {known}.")
        return found[0]

    def expire_sessions(self) -> None:
        """End every session; refresh tokens stay valid."""
        self.sessions.expire_all()

    @classmethod
    def open(
        cls,
        path: Path | None = None,
        *,
        seed: bool = True,
        now: Callable[[], datetime] = utcnow,
        fresh: bool = False,
        contacts: int = DEFAULT_CONTACTS,
        on_progress: Callable[[int], None] = lambda _contacts: None,
        schema_file: Path | None = None,
    ) -> Self:
        """Open the org in a file, or a new one in memory.

        Args:
            path: The file; made if it is not there. None keeps everything in memory.
            seed: Whether a new org starts with accounts, contacts, leads and appointments; it always has users.
            now: The org's clock.
            fresh: Whether to start over where the file exists already.
            contacts: How many contacts a new org starts with.
            on_progress: Gets how many of them there are so far, every hundred.
            schema_file: Custom objects and fields, as YAML or as the describe of a real org (`standard.custom`).

        Raises:
            OSError: The file cannot be opened, is not an org's, or an org that is to start over is running on it.
            SchemaFileError: The schema file cannot be used.
        """
        schema = Schema(STANDARD_OBJECTS)
        if schema_file is not None:
            from mcp_salesforce.localorg.standard.custom import read_schema

            for each in read_schema(schema_file, STANDARD_OBJECTS):
                schema.add(each)
        if path is not None:
            if fresh:
                discard(path)
            claim(path)
        store = Store(path)
        try:
            store.apply(schema)
            plant(store, schema, now, contacts=contacts if seed else None, on_progress=on_progress)
            plant_lead_statuses(store, schema, now)
            plant_business_hours(store, schema, now)
            plant_record_types(store, schema, now)
            archive(store, now())
            return cls(store, schema, now)
        except OrgError as error:
            store.close()
            raise OSError(f"{path}: {error.message}") from None
        except BaseException:
            store.close()
            raise

    def insert(self, sobject: str, **fields: Any) -> str:  # noqa: ANN401 - any JSON value
        """Create a record as the org's first user, checked by all rules, and return its id.

        Raises:
            OrgError: The record breaks a rule of its object.
        """
        return self.records.create(sobject, fields, self.user_id)

    @contextmanager
    def listening(self, *, port: int = 0, tls_folder: Path | None = None) -> Iterator[str]:
        """Serve the org on loopback, from a thread, and yield its address, such as `http://127.0.0.1:8080`.

        Args:
            port: Where; 0 picks a free port.
            tls_folder: Speak TLS, with a certificate kept in this folder; clients have to trust `ca.pem` there.

        Raises:
            OSError: The port is taken, or the folder cannot be written to.
        """
        from mcp_salesforce.localorg.listener import listening

        certificate = None
        if tls_folder is not None:
            from mcp_salesforce.localorg.certificates import loopback_certificate

            certificate = loopback_certificate(tls_folder)
        with listening(self.app, port=port, certificate=certificate) as address:
            yield address

    def close(self) -> None:
        """Close the database; saved records stay saved."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _first_id(self, sobject: str) -> str:
        row = self.store.row(f'SELECT min(Id) AS Id FROM "{sobject}"')  # noqa: S608 - a name of the schema
        if row is None or row["Id"] is None:
            raise LookupError(f"the org has no {sobject}")
        return str(row["Id"])
