"""Lists that are read page by page with one query each: a page begins behind the last row of the one before it.

The position is the value of the ordering field and the Id of a row, so no page is skipped or repeated while records
come and go, and the server remembers nothing.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.models import present
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.results import Rows, table
from mcp_salesforce.tools.framework.session import OrgSession

Shape = Callable[[list[dict[str, Any]]], Sequence[Mapping[str, Any]]]

NOT_DELETED = "IsDeleted = false"
"""Beside queryAll: what is archived, and not what is in the recycle bin."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_BYTES, _FRACTION_BYTES, _NUMBER_BYTES, _FEW_SECONDS_BYTES = 5, 2, 9, 4
_PREFIX_CHARACTERS, _ID_CHARACTERS = 3, 15


@dataclass(frozen=True, slots=True)
class Listing:
    """A query to page through: which columns it shows, and the datetime field that orders it.

    `fields` are what it selects where that is not the columns themselves; `is_named` tells that the caller chose the
    columns, and so is refused if one is hidden. `with_archived` takes in archived activities.
    """

    sobject: str
    key_prefix: str
    columns: Sequence[str]
    conditions: Sequence[str]
    order_by: str
    descending: bool
    fields: Sequence[str] = ()
    is_named: bool = False
    with_archived: bool = False

    async def shown(self, org: OrgSession) -> "Listing":
        """Return the listing with those of our own columns that a policy shows."""
        if self.is_named:
            return self
        chosen = self.fields or self.columns
        shown = await org.shown(self.sobject, chosen)
        dropped = set(chosen) - set(shown)
        columns = [column for column in self.columns if column not in dropped]
        return replace(self, columns=columns, fields=shown if self.fields else ())

    def soql(self, limit: int, after: tuple[datetime, str] | None) -> str:
        """Return the query for `limit` records behind the position `after`."""
        direction, comparison = ("DESC", "<") if self.descending else ("ASC", ">")
        conditions = [*self.conditions, *([NOT_DELETED] if self.with_archived else [])]
        if after:
            moment, record_id = quote(after[0]), quote(after[1])
            conditions.append(
                f"({self.order_by} {comparison} {moment} OR "
                f"({self.order_by} = {moment} AND Id {comparison} {record_id}))"
            )
        selected = ", ".join(dict.fromkeys([*(self.fields or self.columns), "Id", self.order_by]))
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        order = f"ORDER BY {self.order_by} {direction}, Id {direction}"
        return f"SELECT {selected} FROM {self.sobject}{where} {order} LIMIT {limit}"  # noqa: S608 - SOQL, values quoted


async def read_page(
    org: OrgSession, listing: Listing, limit: int, cursor: str, call: Sequence[str], shape: Shape = list
) -> Rows:
    """Return the rows of `listing` behind `cursor`, cut on a row boundary where the answer would be too long.

    Args:
        org: Where to read.
        listing: What to read.
        limit: How many rows at most.
        cursor: Where the answer before stopped; empty for the beginning.
        call: The tool and its arguments, which the cursor is bound to.
        shape: Reworks the records, one to one, before they become rows.
    """
    listing = await listing.shown(org)
    limit = await org.most_records(listing.sobject, limit, listing.fields or listing.columns)
    cursors, near = await org.cursors(), (await org.owner())[1]
    after = unpacked(cursors.unpack(cursor, call), listing.key_prefix, near) if cursor else None
    result = await org.client.queries.query(listing.soql(limit + 1, after), query_all=listing.with_archived)
    found = result.records
    while len(found) <= limit and result.next_records_url:  # a page can be shorter than what was asked for
        result = await org.client.queries.query_more(result.next_records_url)
        found = [*found, *result.records]
    records = found[:limit]
    rows = table(shape(records), listing.columns)
    kept = cut_to_fit(rows, org.max_answer_bytes)
    if kept < len(found):
        last = records[kept - 1]
        position = packed(datetime.fromisoformat(present(last, listing.order_by)), last["Id"], near)
        rows["next_cursor"] = cursors.pack(position, call)
    return rows


def packed(moment: datetime, record_id: str, near: str) -> bytes:
    """Return a position in few bytes, since a model reads them and writes them back.

    A time without a fraction, as Salesforce keeps it, takes four bytes; of the Id there is what differs from that of
    `near`, as a rule a record of the same org.
    """
    seconds, milliseconds = divmod((moment - _EPOCH) // timedelta(milliseconds=1), 1000)
    number = _number(record_id) ^ _number(near)
    if milliseconds == 0 and 0 <= seconds < 1 << 8 * _FEW_SECONDS_BYTES:
        return seconds.to_bytes(_FEW_SECONDS_BYTES) + number.to_bytes(-(-number.bit_length() // 8))
    return (
        seconds.to_bytes(_SECONDS_BYTES, signed=True)
        + number.to_bytes(_NUMBER_BYTES)
        + milliseconds.to_bytes(_FRACTION_BYTES)
    )


def unpacked(position: bytes, key_prefix: str, near: str) -> tuple[datetime, str]:
    """Return the time and the Id of a position that `packed` made."""
    if len(position) == _SECONDS_BYTES + _NUMBER_BYTES + _FRACTION_BYTES:
        seconds = int.from_bytes(position[:_SECONDS_BYTES], signed=True)
        number = position[_SECONDS_BYTES:-_FRACTION_BYTES]
        milliseconds = int.from_bytes(position[-_FRACTION_BYTES:])
    else:
        seconds = int.from_bytes(position[:_FEW_SECONDS_BYTES])
        number, milliseconds = position[_FEW_SECONDS_BYTES:], 0
    whole = (int.from_bytes(number) ^ _number(near)).to_bytes(_NUMBER_BYTES)
    record_id = to_18(key_prefix + b64encode(whole).decode())
    return _EPOCH + timedelta(seconds=seconds, milliseconds=milliseconds), record_id


def _number(record_id: str) -> int:
    """Return what tells an Id from others of its object; its alphabet is a part of base64's."""
    return int.from_bytes(b64decode(record_id[_PREFIX_CHARACTERS:_ID_CHARACTERS]))
