"""Picklists that several objects share."""

from typing import Final

from mcp_salesforce.localorg.standard.definitions import words

INDUSTRIES: Final = (
    "Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction",
    "Consulting", "Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental", "Finance",
    "Food & Beverage", "Government", "Healthcare", "Hospitality", "Insurance", "Machinery", "Manufacturing",
    "Media", "Not For Profit", "Recreation", "Retail", "Shipping", "Technology", "Telecommunications",
    "Transportation", "Utilities", "Other",
)  # fmt: skip

SOURCES: Final = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")

RATINGS: Final = ("Hot", "Warm", "Cold")

CLEAN_STATUSES: Final = (
    ("Matched", "In Sync"), "Different", ("Acknowledged", "Reviewed"), ("NotFound", "Not Found"), "Inactive",
    ("Pending", "Not Compared"), ("SelectMatch", "Select Match"), "Skipped",
)  # fmt: skip

EMAIL_ENCODINGS: Final = (
    ("UTF-8", "Unicode (UTF-8)"), ("ISO-8859-1", "General US & Western Europe (ISO-8859-1, ISO-LATIN-1)"),
    ("Shift_JIS", "Japanese (Shift-JIS)"), ("ISO-2022-JP", "Japanese (JIS)"), ("EUC-JP", "Japanese (EUC)"),
    ("ks_c_5601-1987", "Korean (ks_c_5601-1987)"), ("Big5", "Traditional Chinese (Big5)"),
    ("GB2312", "Simplified Chinese (GB2312)"), ("Big5-HKSCS", "Traditional Chinese Hong Kong (Big5-HKSCS)"),
    ("x-SJIS_0213", "Japanese (Shift-JIS_2004)"),
)  # fmt: skip

LANGUAGES: Final = (
    ("en_US", "English"), ("de", "German"), ("es", "Spanish"), ("fr", "French"), ("it", "Italian"),
    ("ja", "Japanese"), ("sv", "Swedish"), ("ko", "Korean"), ("zh_TW", "Chinese (Traditional)"),
    ("zh_CN", "Chinese (Simplified)"), ("pt_BR", "Portuguese (Brazilian)"), ("nl_NL", "Dutch"), ("da", "Danish"),
    ("th", "Thai"), ("fi", "Finnish"), ("ru", "Russian"),
)  # fmt: skip

TIME_ZONES: Final = words("""
    Pacific/Kiritimati Pacific/Chatham Antarctica/McMurdo Pacific/Apia Pacific/Auckland Pacific/Enderbury
    Pacific/Fakaofo Pacific/Tongatapu Asia/Anadyr Asia/Kamchatka Pacific/Fiji Pacific/Funafuti Pacific/Kwajalein
    Pacific/Majuro Pacific/Nauru Pacific/Norfolk Pacific/Tarawa Pacific/Wake Pacific/Wallis Antarctica/Casey
    Antarctica/Macquarie Asia/Magadan Asia/Sakhalin Asia/Srednekolymsk Australia/Currie Australia/Hobart
    Australia/Lord_Howe Australia/Melbourne Australia/Sydney Pacific/Bougainville Pacific/Efate
    Pacific/Guadalcanal Pacific/Kosrae Pacific/Noumea Pacific/Ponape Australia/Adelaide Australia/Broken_Hill
    Antarctica/DumontDUrville Asia/Ust-Nera Asia/Vladivostok Australia/Brisbane Australia/Lindeman Pacific/Guam
    Pacific/Port_Moresby Pacific/Saipan Pacific/Truk Australia/Darwin Asia/Chita Asia/Dili Asia/Jayapura
    Asia/Khandyga Asia/Seoul Asia/Tokyo Asia/Yakutsk Pacific/Palau Australia/Eucla Asia/Brunei Asia/Choibalsan
    Asia/Hong_Kong Asia/Irkutsk Asia/Kuala_Lumpur Asia/Kuching Asia/Macau Asia/Makassar Asia/Manila
    Asia/Shanghai Asia/Singapore Asia/Taipei Asia/Ulaanbaatar Australia/Perth Antarctica/Davis Asia/Bangkok
    Asia/Barnaul Asia/Ho_Chi_Minh Asia/Hovd Asia/Jakarta Asia/Krasnoyarsk Asia/Novokuznetsk Asia/Novosibirsk
    Asia/Phnom_Penh Asia/Pontianak Asia/Tomsk Asia/Vientiane Indian/Christmas Asia/Rangoon Indian/Cocos
    Antarctica/Vostok Asia/Almaty Asia/Bishkek Asia/Dhaka Asia/Omsk Asia/Qostanay Asia/Thimphu Asia/Urumqi
    Indian/Chagos Asia/Kathmandu Asia/Colombo Asia/Kolkata Antarctica/Mawson Asia/Aqtau Asia/Aqtobe
    Asia/Ashgabat Asia/Atyrau Asia/Dushanbe Asia/Karachi Asia/Oral Asia/Qyzylorda Asia/Samarkand Asia/Tashkent
    Asia/Yekaterinburg Indian/Kerguelen Indian/Maldives Asia/Kabul Asia/Baku Asia/Dubai Asia/Muscat Asia/Tbilisi
    Asia/Yerevan Europe/Astrakhan Europe/Samara Europe/Saratov Europe/Ulyanovsk Indian/Mahe Indian/Mauritius
    Indian/Reunion Africa/Addis_Ababa Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala
    Africa/Mogadishu Africa/Nairobi Antarctica/Syowa Asia/Aden Asia/Amman Asia/Baghdad Asia/Bahrain Asia/Kuwait
    Asia/Qatar Asia/Riyadh Europe/Istanbul Europe/Kirov Europe/Minsk Europe/Moscow Europe/Volgograd
    Indian/Antananarivo Indian/Comoro Indian/Mayotte Africa/Blantyre Africa/Bujumbura Africa/Cairo
    Africa/Gaborone Africa/Harare Africa/Johannesburg Africa/Juba Africa/Kigali Africa/Lubumbashi Africa/Lusaka
    Africa/Maputo Africa/Maseru Africa/Mbabane Africa/Tripoli Africa/Windhoek Asia/Beirut Asia/Famagusta
    Asia/Gaza Asia/Hebron Asia/Jerusalem Asia/Nicosia Europe/Athens Europe/Bucharest Europe/Chisinau
    Europe/Helsinki Europe/Kaliningrad Europe/Kiev Europe/Mariehamn Europe/Riga Europe/Sofia Europe/Tallinn
    Europe/Uzhgorod Europe/Vilnius Europe/Zaporozhye Africa/Algiers Africa/Bangui Africa/Brazzaville
    Africa/Casablanca Africa/Ceuta Africa/Douala Africa/El_Aaiun Africa/Kinshasa Africa/Lagos Africa/Libreville
    Africa/Luanda Africa/Malabo Africa/Ndjamena Africa/Niamey Africa/Porto-Novo Africa/Tunis Arctic/Longyearbyen
    Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels
    Europe/Budapest Europe/Busingen Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana Europe/Luxembourg
    Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo Europe/Paris Europe/Podgorica Europe/Prague Europe/Rome
    Europe/San_Marino Europe/Sarajevo Europe/Skopje Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican
    Europe/Vienna Europe/Warsaw Europe/Zagreb Europe/Zurich Africa/Abidjan Africa/Accra Africa/Bamako
    Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar Africa/Freetown Africa/Lome Africa/Monrovia
    Africa/Nouakchott Africa/Ouagadougou Africa/Sao_Tome America/Danmarkshavn Antarctica/Troll Atlantic/Canary
    Atlantic/Faeroe Atlantic/Madeira Atlantic/Reykjavik Atlantic/St_Helena Europe/Dublin Europe/Guernsey
    Europe/Isle_of_Man Europe/Jersey Europe/Lisbon Europe/London GMT America/Scoresbysund Atlantic/Azores
    Atlantic/Cape_Verde America/Godthab America/Noronha Atlantic/South_Georgia America/Araguaina
    America/Argentina/Buenos_Aires America/Argentina/La_Rioja America/Argentina/Rio_Gallegos
    America/Argentina/Salta America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Tucuman
    America/Argentina/Ushuaia America/Asuncion America/Bahia America/Belem America/Catamarca America/Cayenne
    America/Cordoba America/Fortaleza America/Jujuy America/Maceio America/Mendoza America/Miquelon
    America/Montevideo America/Paramaribo America/Punta_Arenas America/Recife America/Santarem America/Santiago
    America/Sao_Paulo Antarctica/Palmer Antarctica/Rothera Atlantic/Stanley America/St_Johns America/Anguilla
    America/Antigua America/Aruba America/Barbados America/Blanc-Sablon America/Boa_Vista America/Campo_Grande
    America/Caracas America/Cuiaba America/Curacao America/Dominica America/Glace_Bay America/Goose_Bay
    America/Grenada America/Guadeloupe America/Guyana America/Halifax America/Kralendijk America/La_Paz
    America/Lower_Princes America/Manaus America/Marigot America/Martinique America/Moncton America/Montserrat
    America/Port_of_Spain America/Porto_Velho America/Puerto_Rico America/Santo_Domingo America/St_Barthelemy
    America/St_Kitts America/St_Lucia America/St_Thomas America/St_Vincent America/Thule America/Tortola
    Atlantic/Bermuda America/Bogota America/Cancun America/Cayman America/Coral_Harbour America/Detroit
    America/Eirunepe America/Grand_Turk America/Guayaquil America/Indiana/Indianapolis America/Indiana/Marengo
    America/Indiana/Petersburg America/Indiana/Vevay America/Indiana/Vincennes America/Indiana/Winamac
    America/Iqaluit America/Jamaica America/Kentucky/Monticello America/Lima America/Louisville America/Montreal
    America/Nassau America/New_York America/Nipigon America/Panama America/Pangnirtung America/Port-au-Prince
    America/Rio_Branco America/Thunder_Bay America/Toronto Pacific/Easter America/Bahia_Banderas America/Belize
    America/Chicago America/Chihuahua America/Costa_Rica America/El_Salvador America/Guatemala
    America/Indiana/Knox America/Indiana/Tell_City America/Managua America/Matamoros America/Menominee
    America/Merida America/Mexico_City America/Monterrey America/North_Dakota/Beulah America/North_Dakota/Center
    America/North_Dakota/New_Salem America/Ojinaga America/Rainy_River America/Rankin_Inlet America/Regina
    America/Resolute America/Swift_Current America/Tegucigalpa America/Winnipeg Pacific/Galapagos America/Boise
    America/Cambridge_Bay America/Creston America/Dawson America/Dawson_Creek America/Denver America/Edmonton
    America/Fort_Nelson America/Hermosillo America/Inuvik America/Mazatlan America/Phoenix America/Whitehorse
    America/Yellowknife America/Los_Angeles America/Santa_Isabel America/Tijuana America/Vancouver
    Pacific/Pitcairn America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka
    America/Yakutat Pacific/Gambier Pacific/Marquesas America/Adak Pacific/Honolulu Pacific/Johnston
    Pacific/Rarotonga Pacific/Tahiti Pacific/Midway Pacific/Niue Pacific/Pago_Pago
    """)
"""Names of the IANA database, in Salesforce's order: from the east to the west."""

LOCALES: Final = words("""
    sq sq_AL ar ar_BH ar_EG ar_JO ar_KW ar_LB ar_QA ar_SA ar_AE hy hy_AM az_AZ eu eu_ES be_BY bn_BD bs bs_BA bg
    bg_BG ca ca_ES_EURO ca_ES zh zh_CN_PINYIN zh_CN_STROKE zh_CN zh_HK_STROKE zh_HK zh_MO zh_SG zh_TW_STROKE
    zh_TW hr hr_HR cs cs_CZ da da_DK nl nl_BE nl_NL nl_SR en_AU en_BB en_BM en_CA en_GH en_IN en_ID en_IE_EURO
    en_IE en_MY en_NZ en_NG en_PK en_PH en_SG en_ZA en_GB en_US et et_EE fi fi_FI_EURO fi_FI fr fr_BE fr_CA
    fr_FR_EURO fr_FR fr_LU fr_MC fr_CH ka ka_GE de de_AT_EURO de_AT de_DE_EURO de_DE de_LU_EURO de_LU de_CH el
    el_GR iw iw_IL hi hi_IN hu hu_HU is is_IS in in_ID ga ga_IE it it_IT it_CH ja ja_JP kk_KZ km_KH ky_KG ko
    ko_KR lv lv_LV lt lt_LT lb lb_LU mk mk_MK ms ms_BN ms_MY mt mt_MT sh_ME no no_NO pl pl_PL pt pt_AO pt_BR
    pt_PT ro ro_MD ro_RO rm rm_CH ru ru_RU sr sr_BA sh sh_BA sh_CS sr_CS sk sk_SK sl sl_SI es es_AR es_BO es_CL
    es_CO es_CR es_DO es_EC es_SV es_GT es_HN es_MX es_PA es_PY es_PE es_PR es_ES_EURO es_ES es_UY es_VE sv
    sv_SE tl tl_PH tg_TJ th th_TH tr tr_TR uk uk_UA ur ur_PK vi vi_VN cy cy_GB
    """)

WHAT: Final = words("""
    Account ApptBundleAggrDurDnscale ApptBundleAggrPolicy ApptBundleConfig ApptBundlePolicy
    ApptBundlePolicySvcTerr ApptBundlePropagatePolicy ApptBundleRestrictPolicy ApptBundleSortPolicy Asset
    AssetRelationship AssetWarranty AssignedResource AttributeDefinition AttributePicklist
    AttributePicklistValue Campaign Case ChannelProgram ChannelProgramLevel CommSubscriptionConsent
    ContactRequest Contract ContractLineItem CreditMemo DelegatedAccount Entitlement Expense ExpenseReport
    ExpenseReportEntry Image Invoice LegalEntity ListEmail Location MaintenanceAsset MaintenancePlan
    OperatingHoursHoliday Opportunity Order PartnerFundAllocation PartnerFundClaim PartnerFundRequest
    PartnerMarketingBudget PartyConsent ProcessException Product2 ProductConsumed ProductItem ProductRequest
    ProductRequestLineItem ProductServiceCampaign ProductServiceCampaignItem ProductTransfer ResourceAbsence
    ReturnOrder ReturnOrderLineItem ServiceAppointment ServiceContract ServiceCrew ServiceCrewMember
    ServiceResource Shift ShiftPattern ShiftPatternEntry Shipment ShipmentItem Solution TimeSheet
    TimeSheetEntry TravelMode WarrantyTerm WorkOrder WorkOrderLineItem WorkPlan WorkPlanSelectionRule
    WorkPlanTemplate WorkPlanTemplateEntry WorkStep WorkStepTemplate
    """)
"""The objects that an event or a task can be about."""

RECURRENCE_TYPES: Final = (
    ("RecursDaily", "Recurs Daily"), ("RecursEveryWeekday", "Recurs Every Weekday"),
    ("RecursMonthly", "Recurs Monthly"), ("RecursMonthlyNth", "Recurs Monthly Nth"),
    ("RecursWeekly", "Recurs Weekly"), ("RecursYearly", "Recurs Yearly"), ("RecursYearlyNth", "Recurs Yearly Nth"),
)  # fmt: skip

RECURRENCE_INSTANCES: Final = (
    ("First", "1st"), ("Second", "2nd"), ("Third", "3rd"), ("Fourth", "4th"), ("Last", "last"),
)  # fmt: skip

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
