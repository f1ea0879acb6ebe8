"""Apply duplicate rules: refuse a contact that is like an existing one, unless the caller allows duplicates."""

from collections.abc import Sequence
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.access import Access
from mcp_salesforce.localorg.services.saves import Save
from mcp_salesforce.localorg.store.sqlite import Row

_ALERT: Final = "Use one of these records?"
_MOST_MATCHES: Final = 100
_TOGETHER: Final = (("Name", "Email"), ("Name", "Phone"), ("Name", "MobilePhone"), ("Name", "AccountId", "Title"))
"""The fields that matching contacts have in common."""


@evidence(
    "Duplicate rules", "recorded", "A new contact who matches another is DUPLICATES_DETECTED, with duplicateResult"
)
@evidence(
    "Duplicate rules",
    "documented",
    "A rule that enforces sharing, like this one, matches only records that the user can see",
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
    known = [names for names in _TOGETHER if all(row.get(name) for name in names)]
    if not known:
        return []
    # One query each, by its own index: a single query with OR would read all contacts with this name.
    seen, values = Access(save.store, save.schema).condition(save.definition, save.user_id)
    alike = (f"SELECT t.Id FROM Contact t WHERE {_equal(names)} AND t.IsDeleted = 0 AND {seen}" for names in known)  # noqa: S608 - constants
    given = {name: row[name] for names in known for name in names}
    return save.store.rows(f"{' UNION '.join(alike)} ORDER BY Id LIMIT {_MOST_MATCHES}", given | dict(values))


def _equal(names: Sequence[str]) -> str:
    return " AND ".join(f"t.{name} = :{name}" for name in names)


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
