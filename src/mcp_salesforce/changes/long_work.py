"""Work that goes on after its call: it is approved as a whole, with its counts, before its first request."""

from dataclasses import dataclass

from mcp_salesforce.changes.change import Change, Step, current_change
from mcp_salesforce.changes.writes import Write
from mcp_salesforce.salesforce.errors import SalesforceError, refused


@dataclass(slots=True)
class Permit:
    """Lets the steps of long work pass: what was approved of one object, and no record more.

    Attributes:
        work: What was approved, as one write of many rows.
        left: How many records it may still write.
    """

    work: Write
    left: int

    def foresee(self, change: Change) -> None:
        """Ask nothing: the whole was approved."""

    def compares(self, change: Change, step: Step) -> bool:  # noqa: ARG002 - `Approving`
        """Compare no record: the counts were approved."""
        return False

    def require(self, change: Change, step: Step) -> None:
        """Allow `step`, the next one of `change`.

        Raises:
            InvalidArgumentError: It is not of what was approved.
        """
        count = sum(write.count for write in step.writes)
        is_of_it = all(
            (write.action, write.object_in(change.sobject)) == (self.work.action, self.work.sobject)
            for write in step.writes
        )
        if not is_of_it or count > self.left:
            raise not_approved()
        self.left -= count


def approved(work: Write, count: int) -> Permit | None:
    """Have `work` approved, which goes on after this call; return what lets its `count` records pass.

    None in a preview: nothing is to be done then.

    Raises:
        ApprovalNeededError: A person has to be asked first.
        InvalidArgumentError: It is not what was approved.
    """
    change = current_change()
    if change is None:
        return Permit(work, count)
    step = Step((work,), before=(None,))
    if change.is_preview:
        change.steps.append(step)
        return None
    if change.approval:
        change.approval.require(change, step)
    return Permit(work, count)


def not_approved() -> SalesforceError:
    """Return the error for a step that nobody approved."""
    return refused(
        "This is more than what was approved. Nothing more was sent.",
        code="APPROVAL_NEEDED",
        hint="Call salesforce_import again with go; the person is asked about the rows that are left.",
    )
