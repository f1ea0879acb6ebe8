"""Account: a company or another organization."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, IS_DELETED, VIEWED, SObjectDef
from mcp_salesforce.localorg.standard.picklists import CLEAN_STATUSES, INDUSTRIES, RATINGS, SOURCES

ACCOUNT = SObjectDef(
    name="Account",
    label="Account",
    label_plural="Accounts",
    key_prefix="001",
    sharing="Private",
    fields=(
        field.record_id("Account ID"),
        IS_DELETED,
        field.reference("MasterRecordId", "Master Record ID", "Account", "N"),
        field.string(
            "Name", "Account Name", 255, "CU", name_field=True, compound="Name", extra_type_info="switchablepersonname"
        ),
        field.picklist(
            "Type",
            "Account Type",
            (
                "Prospect",
                "Customer - Direct",
                "Customer - Channel",
                "Channel Partner / Reseller",
                "Installation Partner",
                "Technology Partner",
                "Other",
            ),
        ),
        field.reference("RecordTypeId", "Record Type ID", "RecordType"),
        field.reference("ParentId", "Parent Account ID", "Account", "CUNP", child_relationship="ChildAccounts"),
        *field.address("Billing"),
        *field.address("Shipping"),
        field.phone("Phone", "Account Phone"),
        field.phone("Fax", "Account Fax"),
        field.string("AccountNumber", "Account Number", 40),
        field.url("Website", "Website"),
        field.image_url(),
        field.string("Sic", "SIC Code", 20),
        field.picklist("Industry", "Industry", INDUSTRIES),
        field.currency("AnnualRevenue", "Annual Revenue"),
        field.integer("NumberOfEmployees", "Employees", "CUNP"),
        field.picklist("Ownership", "Ownership", ("Public", "Private", "Subsidiary", "Other")),
        field.string("TickerSymbol", "Ticker Symbol", 20),
        field.textarea("Description", "Account Description", 32000),
        field.picklist("Rating", "Account Rating", RATINGS),
        field.string("Site", "Account Site", 80),
        field.reference("OwnerId", "Owner ID", "User", "CUD"),
        *AUDIT,
        field.date("LastActivityDate", "Last Activity", "N"),
        *VIEWED,
        field.boolean("IsPartner", "Partner Account", "UD"),
        field.boolean("IsCustomerPortal", "Customer Portal Account", "UD"),
        field.string("ChannelProgramName", "Channel Program Name", 255, "N", filterable=False, sortable=False),
        field.string(
            "ChannelProgramLevelName", "Channel Program Level Name", 255, "N", filterable=False, sortable=False
        ),
        field.string("Jigsaw", "Data.com Key", 20),
        field.string("JigsawCompanyId", "Jigsaw Company ID", 20, "N", relationship_name="JigsawCompany"),
        field.picklist("CleanStatus", "Clean Status", CLEAN_STATUSES, "CUNPR"),
        field.picklist("AccountSource", "Account Source", SOURCES),
        field.string("DunsNumber", "D-U-N-S Number", 9),
        field.string("Tradestyle", "Tradestyle", 255),
        field.string("NaicsCode", "NAICS Code", 8),
        field.string("NaicsDesc", "NAICS Description", 120),
        field.string("YearStarted", "Year Started", 4),
        field.string("SicDesc", "SIC Description", 80),
        field.reference("DandbCompanyId", "D&B Company ID", "DandBCompany", "CUNP"),
        field.reference("OperatingHoursId", "Operating Hour ID", "OperatingHours", "CUNP"),
    ),
    mergeable=True,
    feed_enabled=True,
    scopes=(("everything", "All accounts"), ("mine", "My accounts"), ("team", "My team's accounts")),
)
