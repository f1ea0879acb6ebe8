"""Up to 200 records in one call: the `composite/sobjects` resources of the REST API."""

from collections.abc import Mapping, Sequence
from typing import Final

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.errors import InvalidArgumentError
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.lost_creates import looked_for
from mcp_salesforce.salesforce.models import SaveResult, unknown_if_unreadable, wrong_shape
from mcp_salesforce.salesforce.wire import Request, duplicate_headers, field_name, path, sobject_name

MOST_RECORDS: Final = 200
_RESOURCE: Final = "composite/sobjects"


class CollectionsApi:
    """Save many records at once; each has its own outcome, in the order given.

    With `all_or_none`, one that fails undoes the others (ALL_OR_NONE_OPERATION_ROLLED_BACK).
    """

    def __init__(self, send: Send) -> None:
        """Use `send` for every call; it signs, retries and decodes."""
        self._send = send

    async def create(
        self,
        sobject: str,
        records: Sequence[Mapping[str, object]],
        *,
        all_or_none: bool = False,
        allow_duplicate: bool = False,
    ) -> tuple[SaveResult, ...]:
        """Create records; `allow_duplicate` saves them even if a duplicate rule finds matches and allows this.

        API: POST /composite/sobjects

        Raises:
            InvalidArgumentError: There are none, or more than 200.
            OutcomeUnknownError: The answer is lost; it names the records that it may have created.
        """
        headers = duplicate_headers(allow_duplicate)
        request = Request("POST", _RESOURCE, body=_body(sobject, records, all_or_none), headers=headers)
        async with looked_for(self._send, sobject, records):
            return _results((await self._send(request)).value, len(records))

    async def update(
        self,
        sobject: str,
        records: Sequence[Mapping[str, object]],
        *,
        all_or_none: bool = False,
        allow_duplicate: bool = False,
    ) -> tuple[SaveResult, ...]:
        """Change records; each has its `Id`.

        API: PATCH /composite/sobjects

        Raises:
            InvalidArgumentError: There are none, more than 200, or one is without an Id.
        """
        for record in records:
            to_18(str(record.get("Id", "")))
        headers = duplicate_headers(allow_duplicate)
        request = Request("PATCH", _RESOURCE, body=_body(sobject, records, all_or_none), headers=headers)
        return _results((await self._send(request)).value, len(records))

    async def upsert(
        self,
        sobject: str,
        external_id_field: str,
        records: Sequence[Mapping[str, object]],
        *,
        all_or_none: bool = False,
        allow_duplicate: bool = False,
    ) -> tuple[SaveResult, ...]:
        """Create or change records, found by the value each has in `external_id_field`.

        API: PATCH /composite/sobjects/{sobject}/{externalIdField}

        Raises:
            InvalidArgumentError: There are none, or more than 200.
        """
        resource = f"{_RESOURCE}/{path(sobject_name(sobject), field_name(external_id_field))}"
        headers = duplicate_headers(allow_duplicate)
        request = Request("PATCH", resource, body=_body(sobject, records, all_or_none), headers=headers)
        return _results((await self._send(request)).value, len(records))

    async def delete(self, record_ids: Sequence[str], *, all_or_none: bool = False) -> tuple[SaveResult, ...]:
        """Move records to the recycle bin.

        API: DELETE /composite/sobjects?ids={ids}

        Raises:
            InvalidArgumentError: There are none, more than 200, or one is not an Id.
        """
        _check_count(record_ids)
        params = {"ids": ",".join(map(to_18, record_ids)), "allOrNone": str(all_or_none).lower()}
        # Not sent again after an unknown outcome: the records deleted the first time would look like failures.
        request = Request("DELETE", _RESOURCE, params, idempotent=False)
        return _results((await self._send(request)).value, len(record_ids))


def _results(value: object, count: int) -> tuple[SaveResult, ...]:
    with unknown_if_unreadable():
        if not isinstance(value, list) or len(value) != count:
            raise wrong_shape(f"{count} results")
    return tuple(SaveResult.read(result) for result in value)


def _body(sobject: str, records: Sequence[Mapping[str, object]], all_or_none: bool) -> dict[str, object]:
    _check_count(records)
    attributes = {"type": sobject_name(sobject)}  # Salesforce wants them first in each record
    return {"allOrNone": all_or_none, "records": [{"attributes": attributes, **record} for record in records]}


def _check_count(records: Sequence[object]) -> None:
    if not 1 <= len(records) <= MOST_RECORDS:
        raise InvalidArgumentError(f"One call takes 1 to {MOST_RECORDS} records, not {len(records)}.")
