"""User: someone who works in the org, or an integration."""

from mcp_salesforce.localorg.standard.definitions import (
    AUDIT,
    VIEWED,
    FieldDef,
    SObjectDef,
    address,
    boolean,
    date,
    datetime,
    email,
    integer,
    person_name,
    phone,
    picklist,
    record_id,
    reference,
    string,
    textarea,
    url,
    words,
)
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
    return boolean(f"{prefix}{name}", label or name, "CU", groupable=False, sortable=False)


USER = SObjectDef(
    name="User",
    label="User",
    label_plural="Users",
    key_prefix="005",
    deletable=False,
    undeletable=False,
    sharing="Read",
    fields=(
        record_id("User ID"),
        string("Username", "Username", 80, "CUL", unique=True),
        *(each for each in person_name() if each.name != "Salutation"),
        string("CompanyName", "Company Name", 80, "CUN"),
        string("Division", "Division", 80, "CUN"),
        string("Department", "Department", 80, "CUN"),
        string("Title", "Title", 80, "CUN"),
        *address(),
        email("Email", "Email", "CUL", length=128),
        *(_switch("EmailPreferences", name) for name in ("AutoBcc", "AutoBccStayInTouch", "StayInTouchReminder")),
        email("SenderEmail", "Email Sender Address", "CUN"),
        string("SenderName", "Email Sender Name", 80, "CUN"),
        textarea("Signature", "Email Signature", 1333, "CUN", aggregatable=True, filterable=True, sortable=True),
        string("StayInTouchSubject", "Stay-in-Touch Email Subject", 80, "CUN"),
        textarea(
            "StayInTouchSignature",
            "Stay-in-Touch Email Signature",
            512,
            "CUN",
            aggregatable=True,
            filterable=True,
            sortable=True,
        ),
        string("StayInTouchNote", "Stay-in-Touch Email Note", 512, "CUN", groupable=False),
        phone("Phone", "Phone", "CUN"),
        phone("Fax", "Fax", "CUN"),
        phone("MobilePhone", "Mobile", "CUN"),
        string("Alias", "Alias", 8, "CU"),
        string("CommunityNickname", "Nickname", 40, "CU", unique=True),
        string("BadgeText", "User Photo badge text overlay", 80, "N"),
        boolean("IsActive", "Active", "CUD", default=True),
        picklist("TimeZoneSidKey", "Time Zone", TIME_ZONES, "CUR"),
        reference("UserRoleId", "Role ID", "UserRole", child_relationship="Users"),
        picklist("LocaleSidKey", "Locale", LOCALES, "CUR"),
        boolean("ReceivesInfoEmails", "Info Emails", "CUD"),
        boolean("ReceivesAdminInfoEmails", "Admin Info Emails", "CUD"),
        picklist("EmailEncodingKey", "Email Encoding", EMAIL_ENCODINGS, "CUR"),
        reference("ProfileId", "Profile ID", "Profile", "CU", child_relationship="Users"),
        picklist(
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
        picklist("LanguageLocaleKey", "Language", LANGUAGES, "CUR"),
        string("EmployeeNumber", "Employee Number", 20, "CUN"),
        reference(
            "DelegatedApproverId",
            "Delegated Approver ID",
            ("Group", "User"),
            relationship_name=None,
            child_relationship="DelegatedUsers",
        ),
        reference("ManagerId", "Manager ID", "User", child_relationship="ManagedUsers"),
        datetime("LastLoginDate", "Last Login", "N"),
        datetime("LastPasswordChangeDate", "Last Password Change or Reset", "N"),
        *AUDIT,
        datetime("PasswordExpirationDate", "Password Expiration Date", "N"),
        integer("NumberOfFailedLogins", "Failed Login Attempts", "N"),
        date("SuAccessExpirationDate", "SU Access Expiration Date", "N"),
        datetime("OfflineTrialExpirationDate", "Offline Edition Trial Expiration Date", "N"),
        datetime("OfflinePdaTrialExpirationDate", "Sales Anywhere Trial Expiration Date", "N"),
        *(_switch("UserPermissions", name, label) for name, label in PERMISSIONS),
        boolean("ForecastEnabled", "Allow Forecasting", "CUD"),
        *(_switch("UserPreferences", name) for name in PREFERENCES),
        boolean("HasUserVerifiedPhone", "User Verified Mobile Number"),
        boolean("HasUserVerifiedEmail", "User Verified Email"),
        reference("ContactId", "Contact ID", "Contact", "CN", child_relationship="Users", restricted_delete=True),
        reference("AccountId", "Account ID", "Account", "N", relationship_name=None, child_relationship="Users"),
        reference("CallCenterId", "Call Center ID", "CallCenter", relationship_name=None),
        phone("Extension", "Extension", "CUN"),
        string("FederationIdentifier", "SAML Federation ID", 512, "CUNL", groupable=False, unique=True),
        textarea("AboutMe", "About Me", 1000, "CUN"),
        url("FullPhotoUrl", "Url for full-sized Photo", "N", extra_type_info="imageurl"),
        url("SmallPhotoUrl", "Photo", "N", extra_type_info="imageurl"),
        boolean("IsExtIndicatorVisible", "Show external indicator"),
        string("OutOfOfficeMessage", "Out of office message", 40, "N"),
        url("MediumPhotoUrl", "Url for medium profile photo", "N", extra_type_info="imageurl"),
        picklist(
            "DigestFrequency",
            "Chatter Email Highlights Frequency",
            (("D", "Daily"), ("W", "Weekly"), ("N", "Never")),
            "CUDR",
            default="D",
        ),
        picklist(
            "DefaultGroupNotificationFrequency",
            "Default Notification Frequency when Joining Groups",
            (("P", "Email on Each Post"), ("D", "Daily Digests"), ("W", "Weekly Digests"), ("N", "Never")),
            "CUDR",
            default="N",
        ),
        *VIEWED,
        url("BannerPhotoUrl", "Url for banner photo", "N", extra_type_info="imageurl"),
        url("SmallBannerPhotoUrl", "Url for IOS banner photo", "N", extra_type_info="imageurl"),
        url("MediumBannerPhotoUrl", "Url for Android banner photo", "N", extra_type_info="imageurl"),
        boolean("IsProfilePhotoActive", "Has Profile Photo"),
        reference("IndividualId", "Individual ID", "Individual"),
    ),
    scopes=(("everything", "All users"), ("mine", "My users")),
)
