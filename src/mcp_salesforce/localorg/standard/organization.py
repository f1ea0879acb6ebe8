"""Organization: the org itself; it has one record."""

from mcp_salesforce.localorg.standard.definitions import (
    AUDIT,
    FieldDef,
    SObjectDef,
    address,
    boolean,
    datetime,
    email,
    integer,
    phone,
    picklist,
    record_id,
    string,
)
from mcp_salesforce.localorg.standard.picklists import LANGUAGES, LOCALES, TIME_ZONES

_SHARING = (
    ("None", "Private"), ("Read", "Public Read Only"), ("Edit", "Public Read/Write"),
    ("ReadEditTransfer", "Public Read/Write/Transfer"), ("All", "Public Full Access"),
    ("ControlledByParent", "Controlled By Parent"), ("HideDetailsInsert", "Hide Details and Add Events"),
    ("ReadSelect", "Use"),
)  # fmt: skip

*_CREATED_AND_MODIFIED, _SYSTEM_MODSTAMP = AUDIT  # which do not stand together in this object


def _access(name: str, label: str) -> FieldDef:
    return picklist(f"Default{name}Access", f"Default {label} Access", _SHARING, "NR")


ORGANIZATION = SObjectDef(
    name="Organization",
    label="Organization",
    label_plural="Organizations",
    key_prefix="00D",
    createable=False,
    deletable=False,
    undeletable=False,
    searchable=False,
    sharing="Setup",
    fields=(
        record_id("Organization ID"),
        string("Name", "Name", 80, "U", name_field=True),
        string("Division", "Division", 80, "UN"),
        *address(),
        phone("Phone", "Phone", "UN"),
        phone("Fax", "Fax", "UN"),
        string("PrimaryContact", "Primary Contact", 80, "UN"),
        picklist("DefaultLocaleSidKey", "Locale", LOCALES, "UR"),
        picklist("TimeZoneSidKey", "Time Zone", TIME_ZONES, "UR"),
        picklist("LanguageLocaleKey", "Language", LANGUAGES, "UR"),
        boolean("ReceivesInfoEmails", "Info Emails", "UD"),
        boolean("ReceivesAdminInfoEmails", "Info Emails Admin", "UD"),
        *(
            boolean(f"Preferences{name}", name, "UD")
            for name in (
                "RequireOpportunityProducts",
                "TransactionSecurityPolicy",
                "ConsentManagementEnabled",
                "AutoSelectIndividualOnMerge",
                "LightningLoginEnabled",
                "OnlyLLPermUserAllowed",
            )
        ),
        integer("FiscalYearStartMonth", "Fiscal Year Starts In", "N"),
        boolean("UsesStartDateAsFiscalYearName", "Fiscal Year Name by Start"),
        _access("Account", "Account"),
        _access("Contact", "Contact"),
        _access("Opportunity", "Opportunity"),
        _access("Lead", "Lead"),
        _access("Case", "Case"),
        _access("Calendar", "Calendar"),
        _access("Pricebook", "Price Book"),
        _access("Campaign", "Campaign"),
        _SYSTEM_MODSTAMP,
        email("ComplianceBccEmail", "Compliance BCC Email", "N"),
        picklist("UiSkin", "UI Skin", (("Theme3", "Lightning Experience"),), "UN"),
        string("SignupCountryIsoCode", "Signup Country", 2, "N"),
        datetime("TrialExpirationDate", "Trial Expiration Date", "N"),
        integer("NumKnowledgeService", "Knowledge Licenses", "N"),
        picklist("OrganizationType", "Edition", ("Developer Edition", "Enterprise Edition", "Unlimited Edition"), "N"),
        string("NamespacePrefix", "Namespace Prefix", 15, "N"),
        string("InstanceName", "Instance Name", 5, "N"),
        boolean("IsSandbox", "Is Sandbox"),
        string("WebToCaseDefaultOrigin", "Web to Cases Default Origin", 40, "UN"),
        integer("MonthlyPageViewsUsed", "Monthly Page Views Used", "N"),
        integer("MonthlyPageViewsEntitlement", "Monthly Page Views Allowed", "N"),
        boolean("IsReadOnly", "Is Read Only"),
        *_CREATED_AND_MODIFIED,
    ),
)
