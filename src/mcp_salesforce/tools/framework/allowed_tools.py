"""Which tools are allowed: one rule for the list of tools and for every call."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from mcp_salesforce.policy.rules import Policy
from mcp_salesforce.spelling import did_you_mean, nearest
from mcp_salesforce.tools.answers.results import Allowed
from mcp_salesforce.tools.framework.toolset import Toolset, ToolSpec

ALL: Final = "all"
DEFAULT: Final = "default"


class UnknownToolsetError(ValueError):
    """A name in SALESFORCE_TOOLSETS is not a toolset; the message names it and suggests similar ones."""


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
            toolsets: Names with commas between them; `default` stands for those that are on by default, `all` for all.
            present: Every toolset that there is.
            read_only: Whether to leave out what writes.
            policy: What may be read and changed.
        """
        everything = list(present)
        groups = {toolset.name: [toolset.name] for toolset in everything}
        groups[DEFAULT] = [toolset.name for toolset in everything if toolset.is_default]
        groups[ALL] = [toolset.name for toolset in everything]
        asked = toolsets.casefold().replace(",", " ").split() or [DEFAULT]
        for name in asked:
            if name not in groups:
                meant = did_you_mean(nearest(name, groups)) or f"There are: {', '.join(groups)}."
                raise UnknownToolsetError(f"SALESFORCE_TOOLSETS: {name!r} is not a toolset. {meant}")
        return cls(frozenset(name for group in asked for name in groups[group]), read_only, policy)

    @property
    def key(self) -> tuple[frozenset[str], bool, str]:
        """What tells it from any other."""
        return self.toolsets, self.read_only, self.policy.digest if self.policy else ""

    def narrowed(self, *, toolsets: frozenset[str] | None = None, read_only: bool = False) -> "Access":
        """Return what is left of it where only `toolsets` are wanted, or nothing is to be written."""
        wanted = self.toolsets if toolsets is None else self.toolsets & toolsets
        return replace(self, toolsets=wanted, read_only=self.read_only or read_only)

    def summary(self) -> Allowed:
        """Return it as `salesforce_whoami` shows it."""
        summary: Allowed = {"toolsets": sorted(self.toolsets)}
        if self.read_only:
            summary["read_only"] = True
        if self.policy:
            summary["policy"] = self.policy.summary()
        return summary

    def forbidden_by(self, toolset: str, spec: ToolSpec) -> str:
        """Return the setting that forbids a tool of `toolset`; empty if it is allowed."""
        if toolset not in self.toolsets:
            return "SALESFORCE_TOOLSETS"
        if self.read_only and not spec.effect.is_reading:
            return "SALESFORCE_READ_ONLY"
        places = [self.policy.forbids(action, spec.sobject) for action in spec.effect.actions] if self.policy else []
        if spec.effect.needs_one and not all(places):
            return ""
        return next((f"SALESFORCE_POLICY ({place})" for place in places if place), "")
