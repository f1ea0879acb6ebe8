"""What a file org keeps of OAuth."""

import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.consents import SCOPES, OAuthError
from mcp_salesforce.localorg.services.oauth import Credentials
from mcp_salesforce.localorg.store.sqlite import Store

URL = "http://localhost"


def refresh(org: LocalOrg, own: Credentials, **changes: str) -> dict[str, str]:
    shown = {"client_id": own.client_id, "client_secret": own.client_secret, "refresh_token": own.refresh_token}
    return org.oauth.token({"grant_type": "refresh_token"} | shown | changes, URL)


def revoke(org: LocalOrg, own: Credentials) -> None:
    org.oauth.revoke(own.refresh_token)


def rotate(org: LocalOrg, own: Credentials) -> None:
    org.oauth.rotate_refresh_tokens = True
    assert refresh(org, own)["refresh_token"] != own.refresh_token


def test_a_restart_keeps_what_clients_were_given_but_no_session(tmp_path: Path) -> None:
    starts: list[Credentials] = []
    for _ in range(3):
        with LocalOrg.open(tmp_path / "org.db", seed=False) as org:
            starts.append(org.credentials)
            for own in starts:
                assert org.sessions.find(refresh(org, own)["access_token"])
                assert org.oauth.login(own.username, own.password).user_id == org.user_id
            assert [bool(org.sessions.find(own.access_token)) for own in starts] == [
                own is starts[-1] for own in starts
            ]
    assert len({own.client_id for own in starts}) == 1


@pytest.mark.parametrize("end", [revoke, rotate])
def test_a_refresh_token_that_was_revoked_or_rotated_is_dead_after_a_restart(
    tmp_path: Path, end: Callable[[LocalOrg, Credentials], None]
) -> None:
    with LocalOrg.open(tmp_path / "org.db", seed=False) as org:
        own = org.credentials
        end(org, own)
    with LocalOrg.open(tmp_path / "org.db", seed=False) as org:
        with pytest.raises(OAuthError, match="expired"):
            refresh(org, own)
        assert refresh(org, own, refresh_token=org.credentials.refresh_token)


def test_what_the_file_holds_of_a_secret_is_not_taken_for_it(tmp_path: Path) -> None:
    with LocalOrg.open(tmp_path / "org.db", seed=False) as org:
        own = org.credentials
        for (stored,) in org.store.rows("SELECT hash FROM _grant UNION SELECT hash FROM _secret"):
            with pytest.raises(OAuthError):
                refresh(org, own, refresh_token=stored)
            with pytest.raises(OAuthError):
                refresh(org, own, client_secret=stored)
            with pytest.raises(OAuthError):
                org.oauth.login(own.username, stored)
        with pytest.raises(OAuthError):
            refresh(org, own, client_secret=own.password)


def finds(org: LocalOrg) -> bool:
    return len(org.searches.search("FIND {Odette} RETURNING Contact(Id)", org.user_id)["searchRecords"]) == 1


def in_clear(path: Path) -> tuple[list[str], list[str]]:
    """Make an org's file as earlier builds did; return its secrets that work, and those that are dead already."""
    with LocalOrg.open(path, seed=False) as org:
        user_id, client_id = org.user_id, org.credentials.client_id
        org.insert("Contact", LastName="Odette")
        assert finds(org)
    made = [secrets.token_urlsafe(40) for _ in range(500)]
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            "PRAGMA secure_delete=OFF; PRAGMA user_version=0;"
            "DROP TABLE _consumer; DROP TABLE _secret; DROP TABLE _grant;"
            "CREATE TABLE _consumer (client_id TEXT, client_secret TEXT, password TEXT, private_key TEXT);"
            "CREATE TABLE _grant (refresh_token TEXT PRIMARY KEY, client_id TEXT, user_id TEXT, scope TEXT,"
            " public INTEGER);"
        )
        database.execute("INSERT INTO _consumer VALUES (?, ?, ?, ?)", [client_id, *made[:3]])
        values = [(token, client_id, user_id, SCOPES, False) for token in made[3:]]
        database.executemany("INSERT INTO _grant VALUES (?, ?, ?, ?, ?)", values)
        database.commit()
        database.execute("DELETE FROM _grant WHERE refresh_token <> ?", [made[3]])
        database.commit()
    content = path.read_bytes()
    assert sum(each.encode() in content for each in made[4:]) > 100
    return made[:4], made[4:]


@pytest.mark.parametrize("in_use", [False, True])
def test_a_file_of_an_earlier_build_loses_its_secrets_and_its_clients_do_not(tmp_path: Path, in_use: bool) -> None:
    path = tmp_path / "org.db"
    (client_secret, password, key, refresh_token), dead = in_clear(path)
    if in_use:
        with closing(sqlite3.connect(path)) as reader:
            reader.execute("SELECT * FROM _grant").fetchall()
            with pytest.raises(OSError, match="an earlier build is running on it"):
                Store(path, lock_timeout_s=0)
    for _ in range(2):
        with LocalOrg.open(path, seed=False) as org:
            old = {"client_secret": client_secret, "refresh_token": refresh_token}
            assert refresh(org, org.credentials, **old)
            assert refresh(org, org.credentials)
            assert org.oauth.login(org.credentials.username, password).user_id == org.user_id
            assert finds(org)
            content = b"".join(each.read_bytes() for each in tmp_path.iterdir())
            given = [client_secret, password, key, refresh_token, *dead]
            assert [each for each in given if each.encode() in content] == []


def test_two_orgs_have_no_secret_in_common() -> None:
    with LocalOrg.open(seed=False) as first, LocalOrg.open(seed=False) as second:
        assert first.credentials.client_secret != second.credentials.client_secret
        assert first.credentials.refresh_token != second.credentials.refresh_token
        assert first.credentials.password != second.credentials.password
