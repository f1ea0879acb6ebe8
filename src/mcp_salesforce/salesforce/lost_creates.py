"""After a create whose answer was lost: find the records that it may have created."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.errors import OutcomeUnknownError, SalesforceError
from mcp_salesforce.salesforce.ids import is_id
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.models import QueryResult, UserInfo
from mcp_salesforce.salesforce.time_limit import time_limit
from mcp_salesforce.salesforce.wire import Request, field_list

LOOK_S: Final = 5.0
CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)
"""How far the clock of the org may be from that of this machine."""
_MOST: Final = 2000  # a page: many of the same user's calls may create records at once


@asynccontextmanager
async def looked_for(send: Send, sobject: str, records: Sequence[Mapping[str, object]]) -> AsyncIterator[None]:
    """Create `records` in the block; if the answer is lost, look for them.

    API: GET /services/oauth2/userinfo, GET /query

    Raises:
        OutcomeUnknownError: The answer is lost; it names the records that it may have created.
    """
    started = datetime.now(UTC)
    try:
        yield
    except SalesforceError as error:
        if not error.is_outcome_unknown:
            raise
        what = f"the {sobject} was" if len(records) == 1 else f"these {len(records)} {sobject} records were"
        raise OutcomeUnknownError(what, error, await created_since(send, sobject, records, started)) from None


async def created_since(
    send: Send, sobject: str, records: Sequence[Mapping[str, object]], started: datetime
) -> list[str] | None:
    """Return the Ids of records with the values of one of `records` that the user created since about `started`.

    The newest come first. None if the org cannot be asked now; the search takes at most `LOOK_S`.

    API: GET /services/oauth2/userinfo, GET /query
    """
    sought = [{name: value for name, value in record.items() if not isinstance(value, dict)} for record in records]
    names = dict.fromkeys(name for record in sought for name in record)
    since = quote(started - CLOCKS_DIFFER_BY)
    try:
        with time_limit(LOOK_S):  # also where the call that lost the answer has no time left
            async with asyncio.timeout(LOOK_S):
                user = UserInfo.read((await send(Request("GET", "/services/oauth2/userinfo"))).value)
                soql = (
                    f"SELECT {field_list(['Id', *names])} FROM {sobject} "  # noqa: S608 - SOQL, of names and quoted values
                    f"WHERE CreatedById = {quote(user.user_id)} AND CreatedDate >= {since} "
                    f"ORDER BY CreatedDate DESC LIMIT {_MOST}"
                )
                found = QueryResult.read((await send(Request("GET", "query", {"q": soql}))).value)
    except (SalesforceError, TimeoutError):
        return None
    ids = [record.get("Id") for record in found.records if any(_has(record, each) for each in sought)]
    return [record_id for record_id in ids if isinstance(record_id, str) and is_id(record_id)]


def _has(record: Mapping[str, Any], values: Mapping[str, object]) -> bool:
    fields = {name.casefold(): value for name, value in record.items()}
    return all(comparable(fields.get(name.casefold())) == comparable(value) for name, value in values.items())


def comparable(value: object) -> object:
    """Return a value in a form in which the sent and the stored value are equal.

    Salesforce trims texts, writes addresses in lower case, and stores nothing for an empty text.
    """
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value).timestamp() if "T" in value else _text(value)
    except ValueError:
        return _text(value)


def _text(value: str) -> str | None:
    return value.replace("\r\n", "\n").strip().casefold() or None
