"""Which policy holds for whom: the first role that fits, and for all others the narrowest."""

from typing import Any

import pytest

from mcp_salesforce.policy.policy_file import PolicyFileError, read_policy
from mcp_salesforce.policy.roles import Role, roles_in

FILE = """
max_rows = 5

[[roles]]
permission_set = "MCP_Booking"
policy = "booking.toml"

[[roles]]
claim = "custom_attributes.team"
value = "Sales"
policy = "sales.toml"

[objects.Contact]
actions = ["read"]
"""


def test_roles_are_read_in_their_order_and_without_one_only_what_the_file_names_is_allowed() -> None:
    assert roles_in(FILE) == (
        Role("booking.toml", permission_set="MCP_Booking"),
        Role("sales.toml", claim="custom_attributes.team", value="Sales"),
    )
    policy = read_policy(FILE, "policy.toml")
    assert policy.actions == frozenset()
    assert policy.rules["contact"].actions == {"read"}
    assert read_policy('actions = ["read"]\n' + FILE, "policy.toml").actions == {"read"}
    assert roles_in("max_rows = 5") == ()


@pytest.mark.parametrize(
    ("role", "claims", "fits"),
    [
        ({"permission_set": "MCP"}, {"permission_sets": ["Other", "mcp"]}, True),
        ({"permission_set": "MCP"}, {"permission_sets": ["MCP_2"]}, False),
        ({"permission_set": "MCP"}, {"permission_sets": []}, False),
        ({"permission_set": "MCP"}, {}, False),
        ({"permission_set": "MCP"}, {"permission_sets": None}, False),
        ({"profile": "System Administrator"}, {"profile_name": "System Administrator"}, True),
        ({"profile": "System Administrator"}, {"profile": "https://acme.my.salesforce.com/005"}, False),
        ({"profile": "Sales"}, {"profile_name": ""}, False),
        ({"claim": "user_type", "value": "STANDARD"}, {"user_type": "STANDARD"}, True),
        ({"claim": "is_admin", "value": "true"}, {"is_admin": True}, True),
        ({"claim": "is_admin", "value": "true"}, {"is_admin": False}, False),
        ({"claim": "custom_attributes.team", "value": "sales"}, {"custom_attributes": {"team": "Sales"}}, True),
        ({"claim": "custom_attributes.team", "value": "sales"}, {"custom_attributes": "Sales"}, False),
        ({"claim": "custom_attributes.team", "value": "sales"}, {"custom_attributes.team": "sales"}, False),
        ({"claim": "groups", "value": "b"}, {"groups": ["a", "b"]}, True),
        ({"claim": "groups", "value": "b"}, {"groups": [["b"], {"b": "b"}, 1]}, False),
    ],
)
def test_a_role_is_had_by_what_salesforce_says_alone(role: dict[str, str], claims: dict[str, Any], fits: bool) -> None:
    assert Role("x.toml", **role).fits(claims) is fits


@pytest.mark.parametrize(
    ("role", "says"),
    [
        ('policy = "x.toml"', "has one of permission_set, profile and claim"),
        ('permission_set = "A"\nprofile = "B"\npolicy = "x.toml"', "has one of"),
        ('permission_set = "A"', "has the file of its policy"),
        ('claim = "a"\npolicy = "x.toml"', "a role by claim has a value"),
        ('profile = "A"\nvalue = "b"\npolicy = "x.toml"', "no other role has one"),
        ('permission_sets = "A"\npolicy = "x.toml"', "is not a key here. Did you mean"),
        ("permission_set = 1", "string"),
    ],
)
def test_a_role_that_cannot_be_used_is_refused(role: str, says: str) -> None:
    with pytest.raises(PolicyFileError, match=says):
        read_policy(f"[[roles]]\n{role}\n", "policy.toml")
