"""The standard objects and the records a new org starts with."""

from mcp_salesforce.localorg.standard.account import ACCOUNT
from mcp_salesforce.localorg.standard.calendar import CALENDAR
from mcp_salesforce.localorg.standard.contact import CONTACT
from mcp_salesforce.localorg.standard.definitions import SObjectDef
from mcp_salesforce.localorg.standard.event import EVENT
from mcp_salesforce.localorg.standard.event_relation import EVENT_RELATION
from mcp_salesforce.localorg.standard.lead import LEAD
from mcp_salesforce.localorg.standard.organization import ORGANIZATION
from mcp_salesforce.localorg.standard.profile import PROFILE
from mcp_salesforce.localorg.standard.user import USER

STANDARD_OBJECTS: tuple[SObjectDef, ...] = (
    ACCOUNT,
    CALENDAR,
    CONTACT,
    EVENT,
    EVENT_RELATION,
    LEAD,
    ORGANIZATION,
    PROFILE,
    USER,
)
"""Every object that a new org has."""
