"""What of the surface may be used: one rule, by which tools are listed and by which calls are let through."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mcp_salesforce.policy.rules import Policy
from mcp_salesforce.spelling import did_you_mean, nearest
from mcp_salesforce.tools.answers.results import Allowed
from mcp_salesforce.tools.framework.toolset import Toolset, ToolSpec

ALL: Final = "all"


class UnknownToolsetError(ValueError):
    """A name in SALESFORCE_TOOLSETS is no toolset; the text says which, and what it may have meant."""


@dataclass(frozen=True, slots=True)
class Access:
    """What the person who runs the server allows.

    Attributes:
        toolsets: Names of the toolsets that are on.
        read_only: Whether tools that write are off.
        policy: What may be read and changed, if a policy says so.
    """

    toolsets: frozenset[str]
    read_only: bool = False
    policy: Policy | None = None

    @classmethod
    def of(
        cls, toolsets: str, present: Iterable[Toolset], *, read_only: bool = False, policy: Policy | None = None
    ) -> "Access":
        """Return the access that the settings give.

        Args:
            toolsets: Names with commas between them, or `all`.
            present: Every toolset that there is.
            read_only: Whether to leave out what writes.
            policy: What may be read and changed.

        Raises:
            UnknownToolsetError: A name is none of a toolset.
        """
        known = [toolset.name for toolset in present]
        asked = [name for name in toolsets.casefold().replace(",", " ").split() if name != ALL]
        for name in asked:
            if name not in known:
                meant = did_you_mean(nearest(name, known)) or f"There are: {', '.join(known)}."
                raise UnknownToolsetError(f"SALESFORCE_TOOLSETS: {name!r} is no toolset. {meant}")
        is_all = ALL in toolsets.casefold().replace(",", " ").split()
        return cls(frozenset(known if is_all or not asked else asked), read_only, policy)

    def summary(self) -> Allowed:
        """Return what a model is told of it."""
        summary: Allowed = {"toolsets": sorted(self.toolsets)}
        if self.read_only:
            summary["read_only"] = True
        if self.policy:
            summary["policy"] = self.policy.summary()
        return summary

    def forbidden_by(self, toolset: str, spec: ToolSpec) -> str:
        """Return the setting that forbids a tool of `toolset`, or nothing where it is allowed."""
        if toolset not in self.toolsets:
            return "SALESFORCE_TOOLSETS"
        if self.read_only and not spec.effect.is_reading:
            return "SALESFORCE_READ_ONLY"
        places = [self.policy.forbids(action, spec.sobject) for action in spec.effect.actions] if self.policy else []
        return next((f"SALESFORCE_POLICY ({place})" for place in places if place), "")
