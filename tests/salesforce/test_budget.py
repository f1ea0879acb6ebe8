"""The org's API calls that are left to others."""

import pytest

from mcp_salesforce.salesforce import ApiReserveError, InvalidArgumentError
from mcp_salesforce.salesforce.budget import LOOK_AGAIN_S, Budget, Reserve


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("text", "reserved"), [("0", 0), ("500", 500), ("10%", 1500), (" 1 % ", 150)])
def test_a_reserve_is_a_number_or_a_share(text: str, reserved: int) -> None:
    assert Reserve.parse(text).of(15_000) == reserved


@pytest.mark.parametrize("text", ["", "-1", "100%", "ten", "5.5", "10 %%"])
def test_what_is_no_reserve_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="10%"):
        Reserve.parse(text)


def test_calls_pass_until_only_the_reserve_is_left() -> None:
    budget = Budget(Reserve.parse("10%"), Clock())
    budget.check()
    budget.note("api-usage=13499/15000")
    budget.check()
    budget.note("api-usage=13500/15000")

    with pytest.raises(ApiReserveError, match=r"13,500 of the org's 15,000 API calls .* 1,500 are reserved"):
        budget.check()


def test_once_a_minute_a_call_passes_to_see_whether_calls_have_come_free() -> None:
    clock = Clock()
    budget = Budget(Reserve.parse("500"), clock)
    budget.note("api-usage=14999/15000")
    clock.now += LOOK_AGAIN_S

    budget.check()
    with pytest.raises(ApiReserveError):
        budget.check()
    budget.note("api-usage=9000/15000")
    budget.check()


def test_without_a_reserve_and_without_news_nothing_is_refused() -> None:
    budget = Budget(Reserve.parse("0"), Clock())
    budget.note("api-usage=15000/15000")
    budget.check()
    budget.note("")

    assert budget.usage is not None
    assert budget.usage.used == 15_000
