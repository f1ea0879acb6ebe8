"""The share objects, whose rows give a user or a group access to a record; and the members of groups."""

from collections.abc import Sequence

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import IS_DELETED, FieldDef, SObjectDef

_LEVELS = (("Read", "Read Only"), ("Edit", "Read/Write"))
_MODIFIED = (
    field.datetime("LastModifiedDate", "Last Modified Date", "D"),
    field.reference("LastModifiedById", "Last Modified By ID", "User", "D"),
)


def _level(name: str) -> FieldDef:
    return field.picklist(
        f"{name}AccessLevel", f"{name} Access", (("None", "Private"), *_LEVELS), "CUDR", default="None"
    )


@evidence("Sharing", "simulated", "A share object has only manual shares (RowCause Manual)")
def share_of(name: str, key_prefix: str, more: Sequence[FieldDef] = ()) -> SObjectDef:
    """Return the share object of a standard object."""
    return SObjectDef(
        name=f"{name}Share",
        label=f"{name} Share",
        label_plural=f"{name} Share",
        key_prefix=key_prefix,
        layoutable=False,
        searchable=False,
        undeletable=False,
        mru_enabled=False,
        triggerable=False,
        sharing="ControlledByParent",
        controlled_by=(f"{name}Id",),
        shares=name,
        fields=(
            field.record_id(f"{name} Share ID"),
            field.reference(f"{name}Id", f"{name} ID", name, "C", child_relationship="Shares", cascade_delete=True),
            field.reference(
                "UserOrGroupId",
                "User/Group ID",
                ("Group", "User"),
                "C",
                relationship_name="UserOrGroup",
                cascade_delete=True,
            ),
            field.picklist(f"{name}AccessLevel", f"{name} Access", _LEVELS, "CUR"),
            *more,
            field.picklist("RowCause", "Row Cause", (("Manual", "Manual Sharing"),), "CNDR", default="Manual"),
            *_MODIFIED,
            IS_DELETED,
        ),
    )


SHARES = (
    share_of("Account", "00r", (_level("Opportunity"), _level("Case"))),
    share_of("Campaign", "08s"),
    share_of("Case", "01n"),
    share_of("Contact", "03s"),
    share_of("Lead", "01o"),
    share_of("Opportunity", "00t"),
)

GROUP_MEMBER = SObjectDef(
    name="GroupMember",
    label="Group Member",
    label_plural="Group Member",
    key_prefix="011",
    updateable=False,
    layoutable=False,
    searchable=False,
    undeletable=False,
    mru_enabled=False,
    triggerable=False,
    sharing="Setup",
    fields=(
        field.record_id("Group Member ID"),
        field.reference("GroupId", "Group ID", "Group", "C", child_relationship="GroupMembers", cascade_delete=True),
        field.reference("UserOrGroupId", "User/Group ID", ("Group", "User"), "C", relationship_name=None),
        field.datetime("SystemModstamp", "System Modstamp", "D"),
    ),
)
