"""Single records, by Id: the `sobjects` family of the REST API."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.lost_creates import looked_for
from mcp_salesforce.salesforce.models import SaveResult, SObjectRecord, record_of
from mcp_salesforce.salesforce.wire import (
    Request,
    duplicate_headers,
    field_list,
    if_unmodified_since,
    path,
    sobject_name,
)


class SObjectsApi:
    """Create, retrieve, update and delete one record at a time."""

    def __init__(self, send: Send) -> None:
        """Use `send` for every call; it signs, retries and decodes."""
        self._send = send

    async def create(self, sobject: str, values: Mapping[str, object], *, allow_duplicate: bool = False) -> SaveResult:
        """Create one record; `allow_duplicate` saves it even if a duplicate rule finds matches and allows this.

        API: POST /sobjects/{sobject}

        Raises:
            RecordRejectedError: A value breaks a rule of the org.
            DuplicateError: A duplicate rule found matches, or a unique value is taken.
            InvalidRequestError: `sobject` or a field is unknown or not writable.
            OutcomeUnknownError: The answer is lost; it names the records that it may have created.
        """
        async with looked_for(self._send, sobject, [values]):
            return SaveResult.read((await self._send(creating(sobject, values, allow_duplicate=allow_duplicate))).value)

    async def retrieve(self, sobject: str, record_id: str, *, fields: Sequence[str] = ()) -> SObjectRecord:
        """Return one record without `attributes`: the given `fields`, or all readable ones.

        API: GET /sobjects/{sobject}/{id}

        Raises:
            NotFoundError: The record does not exist, or was deleted.
            InvalidRequestError: `sobject` or a name in `fields` is unknown.
        """
        return record_from((await self._send(retrieving(sobject, record_id, fields=fields))).value)

    async def update(
        self,
        sobject: str,
        record_id: str,
        values: Mapping[str, object],
        *,
        allow_duplicate: bool = False,
        unmodified_since: datetime | None = None,
    ) -> None:
        """Change the given fields of one record; None clears a field.

        API: PATCH /sobjects/{sobject}/{id}

        Args:
            sobject: The object's API name.
            record_id: Which record.
            values: The fields to change.
            allow_duplicate: Save it although a duplicate rule finds matches, if the rule lets it.
            unmodified_since: Change it only if its LastModifiedDate is no later (If-Unmodified-Since, to the second).

        Raises:
            ConflictError: The record was changed after `unmodified_since`.
            NotFoundError: The record does not exist, or was deleted.
            RecordRejectedError: A value breaks a rule of the org.
            InvalidRequestError: `sobject` or a field is unknown or not writable.
        """
        await self._send(
            updating(sobject, record_id, values, allow_duplicate=allow_duplicate, unmodified_since=unmodified_since)
        )

    async def delete(self, sobject: str, record_id: str) -> None:
        """Move one record to the recycle bin.

        API: DELETE /sobjects/{sobject}/{id}

        Raises:
            NotFoundError: The record does not exist, or was deleted before.
            RecordRejectedError: Other records keep it from being deleted.
        """
        await self._send(deleting(sobject, record_id))

    async def delete_from_event_onwards(self, event_id: str) -> None:
        """Move an appointment of a Lightning series and those after it to the recycle bin; of the first one, all.

        Salesforce may still be deleting when this returns.

        API: DELETE /sobjects/Event/{id}/fromThisEventOnwards

        Raises:
            NotFoundError: The event does not exist, or was deleted before.
            RecordRejectedError: It is in no such series.
        """
        await self._send(Request("DELETE", f"{_record_path('Event', event_id)}/fromThisEventOnwards"))


def creating(sobject: str, values: Mapping[str, object], *, allow_duplicate: bool = False) -> Request:
    """Return the request of `create`, for a composite call; `SaveResult.read` reads its value."""
    return Request(
        "POST", path("sobjects", sobject_name(sobject)), body=dict(values), headers=duplicate_headers(allow_duplicate)
    )


def retrieving(sobject: str, record_id: str, *, fields: Sequence[str] = ()) -> Request:
    """Return the request of `retrieve`, for a composite call; `record_from` reads its value."""
    params = {"fields": field_list(fields)} if fields else {}
    return Request("GET", _record_path(sobject, record_id), params)


def deleting(sobject: str, record_id: str) -> Request:
    """Return the call that `delete` makes, for a composite one."""
    return Request("DELETE", _record_path(sobject, record_id))


def record_from(value: object) -> SObjectRecord:
    """Return the record in the JSON that a retrieve gives, without `attributes`.

    Raises:
        UnreadableReplyError: It is none.
    """
    record = record_of(value)
    record.pop("attributes", None)
    return record


def updating(
    sobject: str,
    record_id: str,
    values: Mapping[str, object],
    *,
    allow_duplicate: bool = False,
    unmodified_since: datetime | None = None,
) -> Request:
    """Return the request of `update`, for a composite call."""
    headers = duplicate_headers(allow_duplicate)
    if unmodified_since is not None:
        headers |= if_unmodified_since(unmodified_since)
    return Request("PATCH", _record_path(sobject, record_id), body=dict(values), headers=headers)


def _record_path(sobject: str, record_id: str) -> str:
    return path("sobjects", sobject_name(sobject), to_18(record_id))
