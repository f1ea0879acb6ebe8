"""Positions in lists: whatever the time and the Id, they come back as they were."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.tools.lookups.keyset_pages import packed, unpacked

ids = st.from_regex(r"[A-Za-z0-9]{12}", fullmatch=True).map(lambda rest: to_18(f"003{rest}"))
moments = st.datetimes(datetime(1700, 1, 1), datetime(4000, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


@given(moments | moments.map(lambda moment: moment.replace(microsecond=0)), ids, ids)
def test_a_position_comes_back_as_it_was(moment: datetime, record_id: str, near: str) -> None:
    assert unpacked(packed(moment, record_id, near), "003", near) == (moment, record_id)


def test_a_position_of_today_in_the_users_org_takes_few_bytes() -> None:
    moment = datetime(2026, 11, 24, 15, tzinfo=UTC) + timedelta(seconds=1)

    assert len(packed(moment, "003lo0000000035AAA", "005lo0000000001AAA")) <= 6
