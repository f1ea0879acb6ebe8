"""The org's objects and fields: the describe resources of the REST API."""

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.models import SObjectDescribe, SObjectSummary, members_of, record_of
from mcp_salesforce.salesforce.wire import Answer, Request, path, sobject_name


class DescribeApi:
    """Describe objects and their fields.

    Every answer has a stamp, its Last-Modified: the time of the last metadata change, the same for all objects.
    If you give a stamp, the answer is None if nothing has changed since.
    """

    def __init__(self, send: Send) -> None:
        """Use `send` for every call; it signs, retries and decodes."""
        self._send = send

    async def describe(self, sobject: str) -> SObjectDescribe:
        """Return one object's fields, picklist values, record types and child relationships.

        API: GET /sobjects/{sobject}/describe

        Raises:
            NotFoundError: There is no such object, or the user may not see it.
        """
        return SObjectDescribe.read((await self._get(_describe_path(sobject))).value)

    async def describe_since(self, sobject: str, stamp: str) -> tuple[SObjectDescribe, str] | None:
        """Return one object's describe and its stamp, or None if nothing has changed since `stamp`.

        API: GET /sobjects/{sobject}/describe, with If-Modified-Since

        Raises:
            NotFoundError: There is no such object, or the user may not see it.
        """
        answer = await self._get(_describe_path(sobject), stamp)
        return None if stamp and answer.is_unchanged else (SObjectDescribe.read(answer.value), _stamp(answer))

    async def global_(self) -> tuple[SObjectSummary, ...]:
        """Return a summary of every object that the user can see.

        API: GET /sobjects
        """
        return _summaries((await self._get("sobjects")).value)

    async def global_since(self, stamp: str) -> tuple[tuple[SObjectSummary, ...], str] | None:
        """Return a summary of every object and the stamp, or None if nothing has changed since `stamp`.

        API: GET /sobjects, with If-Modified-Since
        """
        answer = await self._get("sobjects", stamp)
        return None if stamp and answer.is_unchanged else (_summaries(answer.value), _stamp(answer))

    async def picklist_values(self, sobject: str, record_type_id: str, field: str) -> tuple[str, ...]:
        """Return the values of a picklist that a record type allows.

        API: GET /ui-api/object-info/{sobject}/picklist-values/{record type}/{field}

        Raises:
            NotFoundError: There is no such picklist or record type, or the user may not see it.
        """
        names = sobject_name(sobject), "picklist-values", record_type_id, field
        answer = await self._get(path("ui-api", "object-info", *names))
        return tuple(str(record_of(each).get("value") or "") for each in members_of(answer.value, "values"))

    async def _get(self, resource: str, stamp: str = "") -> Answer:
        return await self._send(Request("GET", resource, headers={"If-Modified-Since": stamp} if stamp else {}))


def _describe_path(sobject: str) -> str:
    return path("sobjects", sobject_name(sobject), "describe")


def _stamp(answer: Answer) -> str:
    return answer.headers.get("last-modified", "")


def _summaries(value: object) -> tuple[SObjectSummary, ...]:
    return tuple(SObjectSummary.read(item) for item in members_of(value, "sobjects"))
