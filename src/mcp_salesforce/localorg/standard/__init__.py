"""The standard objects and the records a new org starts with."""

from mcp_salesforce.localorg.standard.account import ACCOUNT
from mcp_salesforce.localorg.standard.business_hours import BUSINESS_HOURS
from mcp_salesforce.localorg.standard.calendar import CALENDAR
from mcp_salesforce.localorg.standard.campaign import CAMPAIGN
from mcp_salesforce.localorg.standard.campaign_member import CAMPAIGN_MEMBER
from mcp_salesforce.localorg.standard.case import CASE
from mcp_salesforce.localorg.standard.contact import CONTACT
from mcp_salesforce.localorg.standard.content import CONTENT
from mcp_salesforce.localorg.standard.definitions import SObjectDef
from mcp_salesforce.localorg.standard.event import EVENT
from mcp_salesforce.localorg.standard.event_relation import EVENT_RELATION
from mcp_salesforce.localorg.standard.group import GROUP
from mcp_salesforce.localorg.standard.holiday import HOLIDAY
from mcp_salesforce.localorg.standard.lead import LEAD
from mcp_salesforce.localorg.standard.lead_status import LEAD_STATUS
from mcp_salesforce.localorg.standard.opportunity import OPPORTUNITY
from mcp_salesforce.localorg.standard.opportunity_contact_role import OPPORTUNITY_CONTACT_ROLE
from mcp_salesforce.localorg.standard.organization import ORGANIZATION
from mcp_salesforce.localorg.standard.permission_set import PERMISSION_SET, PERMISSION_SET_ASSIGNMENT
from mcp_salesforce.localorg.standard.profile import PROFILE
from mcp_salesforce.localorg.standard.record_type import RECORD_TYPE
from mcp_salesforce.localorg.standard.shares import GROUP_MEMBER, SHARES
from mcp_salesforce.localorg.standard.task import TASK
from mcp_salesforce.localorg.standard.user import USER
from mcp_salesforce.localorg.standard.user_record_access import USER_RECORD_ACCESS
from mcp_salesforce.localorg.standard.user_role import USER_ROLE

STANDARD_OBJECTS: tuple[SObjectDef, ...] = (
    ACCOUNT,
    CALENDAR,
    CONTACT,
    EVENT,
    EVENT_RELATION,
    LEAD,
    ORGANIZATION,
    PROFILE,
    CAMPAIGN,
    CAMPAIGN_MEMBER,
    CASE,
    GROUP,
    OPPORTUNITY,
    OPPORTUNITY_CONTACT_ROLE,
    RECORD_TYPE,
    TASK,
    USER_ROLE,
    USER,
    GROUP_MEMBER,
    PERMISSION_SET,
    PERMISSION_SET_ASSIGNMENT,
    LEAD_STATUS,
    *SHARES,
    USER_RECORD_ACCESS,
    BUSINESS_HOURS,
    HOLIDAY,
    *CONTENT,
)
"""Every object that a new org has."""
