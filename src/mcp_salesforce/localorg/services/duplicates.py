"""Duplicate rules: a contact who seems to be there already is refused, until the caller says to save it anyway."""

from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.saves import Save
from mcp_salesforce.localorg.store.sqlite import Row

_ALERT: Final = "Use one of these records?"
_MOST_MATCHES: Final = 100


@evidence(
    "Duplicate rules", "recorded", "A new contact who matches another is DUPLICATES_DETECTED, with duplicateResult"
)
@evidence("Duplicate rules", "documented", "Sforce-Duplicate-Rule-Header: allowSave=true saves it anyway")
@evidence(
    "Duplicate rules",
    "simulated",
    "Contacts match by first and last name and one of e-mail, phones, account with title",
)
def check_duplicates(save: Save, version: str) -> None:
    """Refuse a new contact who matches others; `version` (`v60.0`) is that of the URLs in the error.

    Raises:
        OrgError: DUPLICATES_DETECTED, with the ids of the contacts that match.
    """
    if save.definition.name != "Contact" or save.before is not None:
        return
    matches = _matches(save)
    if matches:
        raise OrgError(400, "DUPLICATES_DETECTED", _ALERT, None, {"duplicateResult": _result(matches, version)})


def _matches(save: Save) -> list[Row]:
    row = save.row
    if not row.get("FirstName"):
        return []
    return save.store.rows(
        "SELECT Id FROM Contact WHERE Name = ? AND IsDeleted = 0 AND "
        "(Email = ? OR Phone = ? OR MobilePhone = ? OR (AccountId = ? AND Title = ?)) ORDER BY Id LIMIT ?",
        [*(row.get(name) for name in ("Name", "Email", "Phone", "MobilePhone", "AccountId", "Title")), _MOST_MATCHES],
    )


def _result(matches: list[Row], version: str) -> dict[str, Any]:
    return {
        "allowSave": True,
        "duplicateRule": "Standard_Contact_Duplicate_Rule",
        "duplicateRuleEntityType": "Contact",
        "errorMessage": _ALERT,
        "matchResults": [
            {
                "entityType": "Contact",
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "matchRecords": [_match(each["Id"], version) for each in matches],
                "rule": "Standard_Contact_Match_Rule_v1_1",
                "size": len(matches),
                "success": True,
            }
        ],
    }


def _match(record_id: str, version: str) -> dict[str, Any]:
    url = f"/services/data/{version}/sobjects/Contact/{record_id}"
    return {
        "additionalInformation": [],
        "fieldDiffs": [],
        "matchConfidence": 100.0,
        "record": {"attributes": {"type": "Contact", "url": url}, "Id": record_id},
    }
