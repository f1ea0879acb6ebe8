"""What only SOAP can do: undelete, merge, convert a lead. The partner API, with the access token as session id."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.errors import InvalidArgumentError, UnreadableReplyError
from mcp_salesforce.salesforce.ids import key_prefix, to_18
from mcp_salesforce.salesforce.models import LeadConvertResult, MergeResult, SaveResult, unknown_if_unreadable
from mcp_salesforce.salesforce.replies import rejection
from mcp_salesforce.salesforce.wire import Request, field_name, sobject_name

MOST_UNDELETED: Final = 200
_MOST_MERGED: Final = 2
_SET_BY_ITSELF: Final = frozenset({"id", "type", "fieldstonull"})


class SoapApi:
    """Calls of the partner API. A call that Salesforce may have carried out is never repeated."""

    def __init__(self, send: Send, api_version: str) -> None:
        """Use `send` for every call; `api_version`, such as `v60.0`, stands in the URL."""
        self._send = send
        self._path = f"/services/Soap/u/{api_version.removeprefix('v')}"

    async def undelete(self, record_ids: Sequence[str]) -> tuple[SaveResult, ...]:
        """Restore records of any objects from the recycle bin; each has its own outcome, in the order given.

        What their deletion deleted comes back with them. A record that went with another one's deletion is not in the
        bin on its own (UNDELETE_FAILED): undelete the other one.

        API: undelete()

        Raises:
            InvalidArgumentError: There are none, more than 200, or one is not an Id.
            SalesforceError: The call as a whole failed; it tells whether it may have been carried out.
        """
        if not 1 <= len(record_ids) <= MOST_UNDELETED:
            raise InvalidArgumentError(f"One call takes 1 to {MOST_UNDELETED} records, not {len(record_ids)}.")
        results = await self._call("undelete", {"ids": [to_18(each) for each in record_ids]}, len(record_ids))
        return tuple(SaveResult.read(result) for result in results)

    async def merge(
        self, sobject: str, master_id: str, loser_ids: Sequence[str], values: Mapping[str, object] | None = None
    ) -> MergeResult:
        """Merge one or two records into a third of the same object: they are deleted, and references to them move.

        Undeleting a loser brings it back without what moved.

        API: merge()

        Args:
            sobject: Account, Contact, Lead, or another object whose describe says `mergeable`.
            master_id: The record that stays.
            loser_ids: Those that go.
            values: Fields of the master to change with it; None clears one.

        Raises:
            InvalidArgumentError: The losers are none, more than two, of another object, or the master itself.
            RecordRejectedError: A rule of the org refuses it; nothing was changed.
            SalesforceError: The call failed; it tells whether it may have been carried out.
        """
        master = _master(sobject, master_id, values or {})
        request = {"masterRecord": master, "recordToMergeIds": _losers(master_id, loser_ids)}
        (result,) = await self._call("merge", {"request": request}, 1)
        merged = MergeResult.read(result)
        if not merged.success:
            raise rejection(merged)
        return merged

    async def convert_lead(
        self,
        lead_id: str,
        converted_status: str,
        *,
        account_id: str | None = None,
        contact_id: str | None = None,
        owner_id: str | None = None,
        opportunity_name: str | None = None,
        create_opportunity: bool = True,
        overwrite_lead_source: bool = False,
    ) -> LeadConvertResult:
        """Convert a lead into a contact with an account and, by default, an opportunity. No e-mail is sent.

        API: convertLead()

        Args:
            lead_id: The lead.
            converted_status: Its status from then on; one for which LeadStatus has `IsConverted`.
            account_id: An account to use instead of a new one; only its empty fields are filled.
            contact_id: A contact of that account to use instead of a new one; only its empty fields are filled.
            owner_id: Who owns what is made; None for the lead's owner.
            opportunity_name: What to call the opportunity; None for the lead's company.
            create_opportunity: Whether to make one.
            overwrite_lead_source: Whether the contact takes over LeadSource although it has one.

        Raises:
            InvalidArgumentError: An Id is none, or a contact is given without its account.
            RecordRejectedError: The status is not one of converted leads, or a rule of the org refuses it.
            SalesforceError: The call failed; it tells whether it may have been carried out.
        """
        if contact_id and not account_id:
            raise InvalidArgumentError("A contact to convert into needs its account_id too.")
        arguments = {  # in the order of the WSDL, which Salesforce insists on
            "accountId": account_id and to_18(account_id),
            "contactId": contact_id and to_18(contact_id),
            "convertedStatus": converted_status,
            "doNotCreateOpportunity": not create_opportunity,
            "leadId": to_18(lead_id),
            "opportunityName": opportunity_name if create_opportunity else None,
            "overwriteLeadSource": overwrite_lead_source,
            "ownerId": owner_id and to_18(owner_id),
            "sendNotificationEmail": False,
        }
        (result,) = await self._call("convertLead", {"leadConverts": arguments}, 1)
        converted = LeadConvertResult.read(result)
        if not converted.success:
            raise rejection(converted)
        return converted

    async def _call(self, operation: str, arguments: Mapping[str, object], count: int) -> Sequence[Any]:
        results = (await self._send(Request("POST", self._path, body={operation: arguments}))).value
        if not isinstance(results, list) or len(results) != count:
            with unknown_if_unreadable():
                raise UnreadableReplyError(f"The reply to {operation} has not {count} results", status=200)
        return results


def _losers(master_id: str, loser_ids: Sequence[str]) -> list[str]:
    losers = list(dict.fromkeys(map(to_18, loser_ids)))
    if not 1 <= len(losers) <= _MOST_MERGED:
        raise InvalidArgumentError(f"One or two records can be merged into another one, not {len(losers)}.")
    if to_18(master_id) in losers:
        raise InvalidArgumentError("A record cannot be merged into itself.")
    if any(key_prefix(each) != key_prefix(master_id) for each in losers):
        raise InvalidArgumentError("Only records of the same object can be merged.")
    return losers


def _master(sobject: str, master_id: str, values: Mapping[str, object]) -> dict[str, object]:
    """Return the master as SOAP takes records, in the order of the WSDL."""
    if refused := [name for name in map(field_name, values) if name.casefold() in _SET_BY_ITSELF or "." in name]:
        raise InvalidArgumentError(f"{refused[0]} is not a field to change in a merge.")
    cleared = [name for name, value in values.items() if value is None]
    return {"type": sobject_name(sobject), "fieldsToNull": cleared, "Id": to_18(master_id), **values}
