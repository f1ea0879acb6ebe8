"""One replica of a server for a team, as a process: its org listens elsewhere, its store is a file or a server.

Usage: python -m tests.http.replica FOLDER; a line of JSON on stdin names people, org and store.
"""

import base64
import json
import os
import sys
from pathlib import Path

from mcp_salesforce import logs
from mcp_salesforce.http.listening import serve
from mcp_salesforce.localorg import Credentials
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.store.sealing import KeyRing, SealedStore
from mcp_salesforce.store.sqlite_file import SqliteStore
from mcp_salesforce.store.valkey import ValkeyStore
from tests.http.team import KnownPeople, team_app


def main() -> None:
    folder, given = Path(sys.argv[1]), json.loads(sys.stdin.readline())
    people = {name: Credentials(**each) for name, each in given["people"].items()}
    own = next(iter(people.values()))
    place = folder / given.get("place", "")
    if place != folder:  # a machine of its own
        os.environ["XDG_DATA_HOME"] = str(place)
        (place / "files").mkdir(parents=True)
    settings = Settings(
        client_id=own.client_id,
        client_secret=own.client_secret,
        refresh_token=own.refresh_token,
        instance_url=given["url"],
        state_key="k" * 32,
        toolsets="default,files",
        files=place / "files" if place != folder else None,
    )
    logs.set_up("WARNING")
    shared = ValkeyStore(given["store"]) if given["store"] else SqliteStore(folder / "store.db")
    store = SealedStore(shared, KeyRing([base64.urlsafe_b64encode(b"k" * 32).decode()]))
    app = team_app(settings, KnownPeople(people, given["url"]), store, calls_per_minute=40)
    serve(app, host="127.0.0.1", port=0, drain_s=20, ready=lambda address: print(address, flush=True))


if __name__ == "__main__":
    main()
