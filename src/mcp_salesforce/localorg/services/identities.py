"""Describe a user, for OpenID Connect and the identity URL."""

from datetime import UTC, datetime
from typing import Any

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store.sqlite import Row, Store
from mcp_salesforce.zones import ZoneInfo

_ENDPOINTS = {
    "enterprise": "/services/Soap/c/{version}/{organization}",
    "metadata": "/services/Soap/m/{version}/{organization}",
    "partner": "/services/Soap/u/{version}/{organization}",
    "rest": "/services/data/v{version}/",
    "sobjects": "/services/data/v{version}/sobjects/",
    "search": "/services/data/v{version}/search/",
    "query": "/services/data/v{version}/query/",
    "recent": "/services/data/v{version}/recent/",
    "tooling_soap": "/services/Soap/T/{version}/{organization}",
    "tooling_rest": "/services/data/v{version}/tooling/",
    "profile": "/{user}",
    "feeds": "/services/data/v{version}/chatter/feeds",
    "groups": "/services/data/v{version}/chatter/groups",
    "users": "/services/data/v{version}/chatter/users",
    "feed_items": "/services/data/v{version}/chatter/feed-items",
    "feed_elements": "/services/data/v{version}/chatter/feed-elements",
}


class Identities:
    """Describes the users of the org to the clients they use."""

    def __init__(self, store: Store, organization_id: str) -> None:
        self._store = store
        self._organization_id = organization_id

    @evidence("OAuth", "recorded", "userinfo has no is_app_installed, and its urls keep the {version} placeholder")
    @evidence("OAuth", "recorded", "The SOAP addresses among the urls have the org's Id of 15 characters")
    def userinfo(self, user_id: str, base_url: str) -> dict[str, Any]:
        """Return the OpenID Connect claims of a user."""
        user = self._user(user_id)
        return {
            "sub": f"{base_url}/id/{self._organization_id}/{user_id}",
            "user_id": user_id,
            "organization_id": self._organization_id,
            "preferred_username": user["Username"],
            "nickname": user["CommunityNickname"],
            "name": user["Name"],
            "email": user["Email"],
            "email_verified": True,
            "given_name": user["FirstName"],
            "family_name": user["LastName"],
            "zoneinfo": user["TimeZoneSidKey"],
            "photos": _photos(base_url),
            "profile": f"{base_url}/{user_id}",
            "picture": _photos(base_url)["picture"],
            "address": {},
            "urls": self._urls(user_id, base_url),
            "active": bool(user["IsActive"]),
            "user_type": "STANDARD",
            "language": user["LanguageLocaleKey"],
            "locale": user["LocaleSidKey"],
            "utcOffset": _utc_offset_ms(user),
            "updated_at": _iso(user["LastModifiedDate"]),
            "is_salesforce_integration_user": False,
        }

    @evidence("OAuth", "documented", "The identity URL describes the user with the names of the REST guide's example")
    def identity(self, user_id: str, base_url: str) -> dict[str, Any]:
        """Return the answer of the identity URL for a user."""
        user = self._user(user_id)
        photos = _photos(base_url)
        return {
            "id": f"{base_url}/id/{self._organization_id}/{user_id}",
            "asserted_user": True,
            "user_id": user_id,
            "organization_id": self._organization_id,
            "username": user["Username"],
            "nick_name": user["CommunityNickname"],
            "display_name": user["Name"],
            "email": user["Email"],
            "email_verified": True,
            "first_name": user["FirstName"],
            "last_name": user["LastName"],
            "timezone": user["TimeZoneSidKey"],
            "photos": photos,
            "addr_street": None,
            "addr_city": None,
            "addr_state": None,
            "addr_country": None,
            "addr_zip": None,
            "mobile_phone": None,
            "mobile_phone_verified": False,
            "is_lightning_login_user": False,
            "status": {"created_date": None, "body": None},
            "urls": self._urls(user_id, base_url),
            "active": bool(user["IsActive"]),
            "user_type": "STANDARD",
            "language": user["LanguageLocaleKey"],
            "locale": user["LocaleSidKey"],
            "utcOffset": _utc_offset_ms(user),
            "last_modified_date": _iso(user["LastModifiedDate"]),
        }

    def organization_name(self) -> str:
        """Return the name of the org."""
        row = self._store.row("SELECT Name FROM Organization")
        return str(row["Name"]) if row else ""

    def _urls(self, user_id: str, base_url: str) -> dict[str, str]:
        return {
            name: base_url + path.replace("{organization}", self._organization_id[:15]).replace("{user}", user_id)
            for name, path in _ENDPOINTS.items()
        }

    def _user(self, user_id: str) -> Row:
        user = self._store.row("SELECT * FROM User WHERE Id = ?", [user_id])
        if user is None:
            raise errors.not_found()
        return user


def _photos(base_url: str) -> dict[str, str]:
    return {"picture": f"{base_url}/profilephoto/005/F", "thumbnail": f"{base_url}/profilephoto/005/T"}


def _utc_offset_ms(user: Row) -> int:
    """Return the standard offset of the user's zone, without daylight saving time, in milliseconds."""
    january = datetime(2026, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(user["TimeZoneSidKey"]))
    offset, saving = january.utcoffset(), january.dst()
    assert offset is not None  # noqa: S101 - an aware datetime has one
    return int((offset - saving if saving else offset).total_seconds() * 1000)


def _iso(instant: str) -> str:
    return instant.replace(".000+0000", "Z")
