"""Organization: the org itself; it has one record."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, FieldDef, SObjectDef
from mcp_salesforce.localorg.standard.picklists import LANGUAGES, LOCALES, TIME_ZONES

_SHARING = (
    ("None", "Private"), ("Read", "Public Read Only"), ("Edit", "Public Read/Write"),
    ("ReadEditTransfer", "Public Read/Write/Transfer"), ("All", "Public Full Access"),
    ("ControlledByParent", "Controlled By Parent"), ("HideDetailsInsert", "Hide Details and Add Events"),
    ("ReadSelect", "Use"),
)  # fmt: skip

*_CREATED_AND_MODIFIED, _SYSTEM_MODSTAMP = AUDIT  # which do not stand together in this object


def _access(name: str, label: str) -> FieldDef:
    return field.picklist(f"Default{name}Access", f"Default {label} Access", _SHARING, "NR")


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
        field.record_id("Organization ID"),
        field.string("Name", "Name", 80, "U", name_field=True),
        field.string("Division", "Division", 80, "UN"),
        *field.address(),
        field.phone("Phone", "Phone", "UN"),
        field.phone("Fax", "Fax", "UN"),
        field.string("PrimaryContact", "Primary Contact", 80, "UN"),
        field.picklist("DefaultLocaleSidKey", "Locale", LOCALES, "UR"),
        field.picklist("TimeZoneSidKey", "Time Zone", TIME_ZONES, "UR"),
        field.picklist("LanguageLocaleKey", "Language", LANGUAGES, "UR"),
        field.boolean("ReceivesInfoEmails", "Info Emails", "UD"),
        field.boolean("ReceivesAdminInfoEmails", "Info Emails Admin", "UD"),
        *(
            field.boolean(f"Preferences{name}", name, "UD")
            for name in (
                "RequireOpportunityProducts",
                "TransactionSecurityPolicy",
                "ConsentManagementEnabled",
                "AutoSelectIndividualOnMerge",
                "LightningLoginEnabled",
                "OnlyLLPermUserAllowed",
            )
        ),
        field.integer("FiscalYearStartMonth", "Fiscal Year Starts In", "N"),
        field.boolean("UsesStartDateAsFiscalYearName", "Fiscal Year Name by Start"),
        _access("Account", "Account"),
        _access("Contact", "Contact"),
        _access("Opportunity", "Opportunity"),
        _access("Lead", "Lead"),
        _access("Case", "Case"),
        _access("Calendar", "Calendar"),
        _access("Pricebook", "Price Book"),
        _access("Campaign", "Campaign"),
        _SYSTEM_MODSTAMP,
        field.email("ComplianceBccEmail", "Compliance BCC Email", "N"),
        field.picklist("UiSkin", "UI Skin", (("Theme3", "Lightning Experience"),), "UN"),
        field.string("SignupCountryIsoCode", "Signup Country", 2, "N"),
        field.datetime("TrialExpirationDate", "Trial Expiration Date", "N"),
        field.integer("NumKnowledgeService", "Knowledge Licenses", "N"),
        field.picklist(
            "OrganizationType", "Edition", ("Developer Edition", "Enterprise Edition", "Unlimited Edition"), "N"
        ),
        field.string("NamespacePrefix", "Namespace Prefix", 15, "N"),
        field.string("InstanceName", "Instance Name", 5, "N"),
        field.boolean("IsSandbox", "Is Sandbox"),
        field.string("WebToCaseDefaultOrigin", "Web to Cases Default Origin", 40, "UN"),
        field.integer("MonthlyPageViewsUsed", "Monthly Page Views Used", "N"),
        field.integer("MonthlyPageViewsEntitlement", "Monthly Page Views Allowed", "N"),
        field.boolean("IsReadOnly", "Is Read Only"),
        *_CREATED_AND_MODIFIED,
    ),
)
