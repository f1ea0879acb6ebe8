"""User: someone who works in the org, or an integration."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, VIEWED, FieldDef, SObjectDef, words
from mcp_salesforce.localorg.standard.picklists import EMAIL_ENCODINGS, LANGUAGES, LOCALES, TIME_ZONES

PERMISSIONS = (
    ("MarketingUser", "Marketing User"), ("OfflineUser", "Offline User"),
    ("CallCenterAutoLogin", "Auto-login To Call Center"), ("SFContentUser", "Salesforce CRM Content User"),
    ("KnowledgeUser", "Knowledge User"), ("InteractionUser", "Flow User"), ("SupportUser", "Service Cloud User"),
    ("JigsawProspectingUser", "Data.com User"), ("SiteforceContributorUser", "Site.com Contributor User"),
    ("SiteforcePublisherUser", "Site.com Publisher User"), ("WorkDotComUserFeature", "WDC User"),
)  # fmt: skip

PREFERENCES = words("""
    ActivityRemindersPopup EventRemindersCheckboxDefault TaskRemindersCheckboxDefault ReminderSoundOff
    DisableAllFeedsEmail DisableFollowersEmail DisableProfilePostEmail DisableChangeCommentEmail
    DisableLaterCommentEmail DisProfPostCommentEmail ContentNoEmail ContentEmailAsAndWhen ApexPagesDeveloperMode
    ReceiveNoNotificationsAsApprover ReceiveNotificationsAsDelegatedApprover HideCSNGetChatterMobileTask
    DisableMentionsPostEmail DisMentionsCommentEmail HideCSNDesktopTask HideChatterOnboardingSplash
    HideSecondChatterOnboardingSplash DisCommentAfterLikeEmail DisableLikeEmail SortFeedByComment
    DisableMessageEmail JigsawListUser DisableBookmarkEmail DisableSharePostEmail EnableAutoSubForFeeds
    DisableFileShareNotificationsForApi ShowTitleToExternalUsers ShowManagerToExternalUsers
    ShowEmailToExternalUsers ShowWorkPhoneToExternalUsers ShowMobilePhoneToExternalUsers
    ShowFaxToExternalUsers ShowStreetAddressToExternalUsers ShowCityToExternalUsers ShowStateToExternalUsers
    ShowPostalCodeToExternalUsers ShowCountryToExternalUsers ShowProfilePicToGuestUsers
    ShowTitleToGuestUsers ShowCityToGuestUsers ShowStateToGuestUsers ShowPostalCodeToGuestUsers
    ShowCountryToGuestUsers HideS1BrowserUI DisableEndorsementEmail PathAssistantCollapsed CacheDiagnostics
    ShowEmailToGuestUsers ShowManagerToGuestUsers ShowWorkPhoneToGuestUsers ShowMobilePhoneToGuestUsers
    ShowFaxToGuestUsers ShowStreetAddressToGuestUsers LightningExperiencePreferred PreviewLightning
    """)


def _switch(prefix: str, name: str, label: str = "") -> FieldDef:
    return field.boolean(f"{prefix}{name}", label or name, "CU", groupable=False, sortable=False)


USER = SObjectDef(
    name="User",
    label="User",
    label_plural="Users",
    key_prefix="005",
    deletable=False,
    undeletable=False,
    sharing="Read",
    fields=(
        field.record_id("User ID"),
        field.string("Username", "Username", 80, "CUL", unique=True),
        *(each for each in field.person_name() if each.name != "Salutation"),
        field.string("CompanyName", "Company Name", 80, "CUN"),
        field.string("Division", "Division", 80, "CUN"),
        field.string("Department", "Department", 80, "CUN"),
        field.string("Title", "Title", 80, "CUN"),
        *field.address(),
        field.email("Email", "Email", "CUL", length=128),
        *(_switch("EmailPreferences", name) for name in ("AutoBcc", "AutoBccStayInTouch", "StayInTouchReminder")),
        field.email("SenderEmail", "Email Sender Address", "CUN"),
        field.string("SenderName", "Email Sender Name", 80, "CUN"),
        field.textarea("Signature", "Email Signature", 1333, "CUN", aggregatable=True, filterable=True, sortable=True),
        field.string("StayInTouchSubject", "Stay-in-Touch Email Subject", 80, "CUN"),
        field.textarea(
            "StayInTouchSignature",
            "Stay-in-Touch Email Signature",
            512,
            "CUN",
            aggregatable=True,
            filterable=True,
            sortable=True,
        ),
        field.string("StayInTouchNote", "Stay-in-Touch Email Note", 512, "CUN", groupable=False),
        field.phone("Phone", "Phone", "CUN"),
        field.phone("Fax", "Fax", "CUN"),
        field.phone("MobilePhone", "Mobile", "CUN"),
        field.string("Alias", "Alias", 8, "CU"),
        field.string("CommunityNickname", "Nickname", 40, "CU", unique=True),
        field.string("BadgeText", "User Photo badge text overlay", 80, "N"),
        field.boolean("IsActive", "Active", "CUD", default=True),
        field.picklist("TimeZoneSidKey", "Time Zone", TIME_ZONES, "CUR"),
        field.reference("UserRoleId", "Role ID", "UserRole", child_relationship="Users"),
        field.picklist("LocaleSidKey", "Locale", LOCALES, "CUR"),
        field.boolean("ReceivesInfoEmails", "Info Emails", "CUD"),
        field.boolean("ReceivesAdminInfoEmails", "Admin Info Emails", "CUD"),
        field.picklist("EmailEncodingKey", "Email Encoding", EMAIL_ENCODINGS, "CUR"),
        field.reference("ProfileId", "Profile ID", "Profile", "CU", child_relationship="Users"),
        field.picklist(
            "UserType",
            "User Type",
            (
                "Standard",
                ("PowerPartner", "Partner"),
                ("PowerCustomerSuccess", "Customer Portal Manager"),
                ("CustomerSuccess", "Customer Portal User"),
                "Guest",
                ("CspLitePortal", "High Volume Portal"),
                ("CsnOnly", "CSN Only"),
                ("SelfService", "Self Service"),
            ),
            "NR",
        ),
        field.picklist("LanguageLocaleKey", "Language", LANGUAGES, "CUR"),
        field.string("EmployeeNumber", "Employee Number", 20, "CUN"),
        field.reference(
            "DelegatedApproverId",
            "Delegated Approver ID",
            ("Group", "User"),
            relationship_name=None,
            child_relationship="DelegatedUsers",
        ),
        field.reference("ManagerId", "Manager ID", "User", child_relationship="ManagedUsers"),
        field.datetime("LastLoginDate", "Last Login", "N"),
        field.datetime("LastPasswordChangeDate", "Last Password Change or Reset", "N"),
        *AUDIT,
        field.datetime("PasswordExpirationDate", "Password Expiration Date", "N"),
        field.integer("NumberOfFailedLogins", "Failed Login Attempts", "N"),
        field.date("SuAccessExpirationDate", "SU Access Expiration Date", "N"),
        field.datetime("OfflineTrialExpirationDate", "Offline Edition Trial Expiration Date", "N"),
        field.datetime("OfflinePdaTrialExpirationDate", "Sales Anywhere Trial Expiration Date", "N"),
        *(_switch("UserPermissions", name, label) for name, label in PERMISSIONS),
        field.boolean("ForecastEnabled", "Allow Forecasting", "CUD"),
        *(_switch("UserPreferences", name) for name in PREFERENCES),
        field.boolean("HasUserVerifiedPhone", "User Verified Mobile Number"),
        field.boolean("HasUserVerifiedEmail", "User Verified Email"),
        field.reference("ContactId", "Contact ID", "Contact", "CN", child_relationship="Users", restricted_delete=True),
        field.reference("AccountId", "Account ID", "Account", "N", relationship_name=None, child_relationship="Users"),
        field.reference("CallCenterId", "Call Center ID", "CallCenter", relationship_name=None),
        field.phone("Extension", "Extension", "CUN"),
        field.string("FederationIdentifier", "SAML Federation ID", 512, "CUNL", groupable=False, unique=True),
        field.textarea("AboutMe", "About Me", 1000, "CUN"),
        field.url("FullPhotoUrl", "Url for full-sized Photo", "N", extra_type_info="imageurl"),
        field.url("SmallPhotoUrl", "Photo", "N", extra_type_info="imageurl"),
        field.boolean("IsExtIndicatorVisible", "Show external indicator"),
        field.string("OutOfOfficeMessage", "Out of office message", 40, "N"),
        field.url("MediumPhotoUrl", "Url for medium profile photo", "N", extra_type_info="imageurl"),
        field.picklist(
            "DigestFrequency",
            "Chatter Email Highlights Frequency",
            (("D", "Daily"), ("W", "Weekly"), ("N", "Never")),
            "CUDR",
            default="D",
        ),
        field.picklist(
            "DefaultGroupNotificationFrequency",
            "Default Notification Frequency when Joining Groups",
            (("P", "Email on Each Post"), ("D", "Daily Digests"), ("W", "Weekly Digests"), ("N", "Never")),
            "CUDR",
            default="N",
        ),
        *VIEWED,
        field.url("BannerPhotoUrl", "Url for banner photo", "N", extra_type_info="imageurl"),
        field.url("SmallBannerPhotoUrl", "Url for IOS banner photo", "N", extra_type_info="imageurl"),
        field.url("MediumBannerPhotoUrl", "Url for Android banner photo", "N", extra_type_info="imageurl"),
        field.boolean("IsProfilePhotoActive", "Has Profile Photo"),
        field.reference("IndividualId", "Individual ID", "Individual"),
    ),
    scopes=(("everything", "All users"), ("mine", "My users")),
)
