"""Which policy holds for whom: a policy file can name other ones for those who have a role. No I/O."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

PERMISSION_SETS: Final = "permission_sets"
PROFILE: Final = "profile_name"


@dataclass(frozen=True, slots=True)
class Role:
    """A role, and the policy of those who have it.

    Attributes:
        policy: The file of its policy, from the folder of the file that names it.
        permission_set: Who has it: the users with this permission set, by its API name; empty if it is another sign.
        profile: The users with this profile, by its name.
        claim: The users whose claim of this name, with dots into objects, has `value`.
        value: The value, as text; of a list, one of its entries.
    """

    policy: str
    permission_set: str = ""
    profile: str = ""
    claim: str = ""
    value: str = ""

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether somebody of whom Salesforce says `claims` has the role; what it does not say is no role."""
        if self.permission_set:
            return _has(claims.get(PERMISSION_SETS), self.permission_set)
        if self.profile:
            return _has(claims.get(PROFILE), self.profile)
        found: Any = claims
        for name in self.claim.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return _has(found, self.value)


def roles_in(text: str) -> tuple[Role, ...]:
    """Return the roles of a policy that `read_policy` takes, in the order of the file: the first that fits counts."""
    return tuple(Role(**each) for each in tomllib.loads(text).get("roles", ()))


def wrong_with(role: Mapping[str, str]) -> str:
    """Return what is wrong with a role; empty where nothing is."""
    signs = [name for name in ("permission_set", "profile", "claim") if role.get(name)]
    if len(signs) != 1:
        return "a role has one of permission_set, profile and claim."
    if ("value" in role) != (signs == ["claim"]) or (signs == ["claim"] and not role["value"]):
        return "a role by claim has a value, and no other role has one."
    return "" if role.get("policy") else "a role has the file of its policy."


def _has(found: object, wanted: str) -> bool:
    """Tell whether a claim is, or has among its entries, a text, in any case."""
    if isinstance(found, Sequence) and not isinstance(found, str):
        return any(_has(each, wanted) for each in found if isinstance(each, str))
    if isinstance(found, bool):
        found = str(found).lower()
    return isinstance(found, str) and found.casefold() == wanted.casefold()
