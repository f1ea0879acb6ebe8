"""What a person may do goes by the profile, the permission sets and the claims that Salesforce tells of the person."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.http.access_now import AccessNow
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, TransportError
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.settings.loading import ConfigurationError
from tests.conftest import settings_of
from tests.oauth.site import Site, Time, log_in, site_of, sqlite

pytestmark = pytest.mark.anyio


class Line:
    """The way to the org, on which queries can be cut."""

    def __init__(self, org: LocalOrg) -> None:
        self._there = AsgiTransport(org.app)
        self.cuts_queries = False

    async def exchange(self, request: HttpRequest) -> HttpReply:
        if self.cuts_queries and "/query" in request.url:
            raise TransportError("cut", sent=False)
        return await self._there.exchange(request)

    async def close(self) -> None:
        """Nothing is held open."""


@pytest.fixture
def line(org: LocalOrg) -> Line:
    return Line(org)


@pytest.fixture
async def site(org: LocalOrg, line: Line, tmp_path: Path, time: Time) -> AsyncIterator[Site]:
    async with site_of(org, sqlite(tmp_path, time), time, transport=line, reads_roles=True) as site:
        yield site


def assign(org: LocalOrg, name: str, user_id: str) -> str:
    permission_set = org.insert("PermissionSet", Name=name, Label=name)
    return org.insert("PermissionSetAssignment", PermissionSetId=permission_set, AssigneeId=user_id)


async def claims(site: Site, tokens: dict[str, Any]) -> Any:
    person = await site.logins.person_of(tokens["access_token"])
    assert person is not None
    return person.claims


async def test_a_person_has_the_own_profile_and_permission_sets_as_of_five_minutes_ago(site: Site) -> None:
    org, maria = site.org, str(site.org.oauth.users()[1]["Id"])
    assigned = assign(org, "MCP_Booking", maria)
    hers, mine = await log_in(site, maria), await log_in(site)

    assert (await claims(site, hers))["permission_sets"] == ["MCP_Booking"]
    assert (await claims(site, mine))["permission_sets"] == []
    assert (await claims(site, hers))["profile_name"]
    org.records.delete("PermissionSetAssignment", assigned, org.user_id)
    assign(org, "MCP_Admin", org.user_id)
    site.time.now += 301

    assert (await claims(site, hers))["permission_sets"] == []
    assert (await claims(site, mine))["permission_sets"] == ["MCP_Admin"]


async def test_roles_that_cannot_be_read_are_none_until_they_can(site: Site, line: Line) -> None:
    assign(site.org, "MCP_Booking", site.org.user_id)
    line.cuts_queries = True
    tokens = await log_in(site)

    assert "permission_sets" not in await claims(site, tokens)
    line.cuts_queries = False
    site.time.now += 55
    assert (await claims(site, tokens))["permission_sets"] == ["MCP_Booking"]
    line.cuts_queries = True
    site.time.now += 301
    assert "permission_sets" not in await claims(site, tokens)


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)
    return folder / "policy.toml"


ROLES = '[[roles]]\npermission_set = "MCP_Booking"\npolicy = "booking.toml"\n[objects.Account]\nactions = ["read"]\n'


async def test_each_person_gets_the_policy_of_the_role_and_without_one_the_narrowest(
    org: LocalOrg, tmp_path: Path
) -> None:
    policy = write(tmp_path, policy=ROLES, booking='actions = ["read", "create"]')
    access = AccessNow(settings_of(org, policy=str(policy)))

    booking, nobody = access.of({"permission_sets": ["MCP_Booking"]}), access.of({})

    assert booking.policy is not None
    assert nobody.policy is not None
    assert booking.policy.actions == {"read", "create"}
    assert nobody.policy.actions == frozenset()
    assert nobody.key != booking.key

    write(tmp_path, booking='actions = ["read"]')
    os.utime(tmp_path / "booking.toml", (1, 1))
    access.reload()
    changed = access.of({"permission_sets": ["MCP_Booking"]}).policy
    assert changed is not None
    assert changed.actions == {"read"}


@pytest.mark.parametrize("booking", [None, "actions = 1", ROLES])
async def test_a_policy_of_a_role_that_cannot_be_used_stops_the_start(
    org: LocalOrg, tmp_path: Path, booking: str | None
) -> None:
    policy = write(tmp_path, policy=ROLES, **({"booking": booking} if booking else {}))

    with pytest.raises(ConfigurationError, match="cannot start"):
        AccessNow(settings_of(org, policy=str(policy)))
