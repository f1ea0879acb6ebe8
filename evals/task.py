"""A task: the start state of an org, the request in a person's words, a script and a checker."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar, Final, Protocol

from evals.aftermath import Aftermath
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.zones import ZoneInfo

ZONES: Final = {"nora": "America/New_York", "jonas": "Europe/Berlin", "aiko": "Asia/Tokyo"}


class Call(Protocol):
    """Calls a tool, named without `salesforce_`, and returns what it answered; raises `ToolError`."""

    def __call__(self, tool: str, **arguments: Any) -> Awaitable[dict[str, Any]]: ...  # noqa: ANN401 - JSON


class World:
    """The org of a task: its people, the days of next week, and ways to plant records."""

    days_ago = 7
    """When records are planted; 0 once they are."""

    def __init__(self, new_org: Callable[[Callable[[], datetime]], LocalOrg], now: Callable[[], datetime]) -> None:
        """Plant records in an org that is made with its clock; `now` says which week is next."""
        self.org = new_org(lambda: now() - timedelta(days=self.days_ago))
        today = now().date()
        self.monday = today + timedelta(days=7 - today.weekday())
        self.bystander = self.contact("Ida", "Bystander", Email="ida.bystander@example.com")

    def day(self, number: int) -> date:
        """Return a day of next week: 0 is its Monday; -3 the Friday before."""
        return self.monday + timedelta(days=number)

    def user(self, name: str) -> str:
        """Return the Id of a user by first name."""
        return self.org.user(name)

    def named(self, sobject: str, name: str) -> str:
        """Return the Id of a record of the start state by name."""
        [row] = self.org.store.rows(f'SELECT Id FROM "{sobject}" WHERE Name = ?', [name])
        return str(row["Id"])

    def contact(self, first: str, last: str, **fields: Any) -> str:  # noqa: ANN401 - values of fields
        """Plant a contact."""
        return self.org.insert("Contact", FirstName=first, LastName=last, **fields)

    def event(
        self,
        owner: str,
        day: date,
        clock: str,
        subject: str,
        minutes: int = 60,
        *,
        clock_of: str = "",
        **fields: Any,  # noqa: ANN401 - values of fields
    ) -> str:
        """Plant an appointment at a time of its owner's zone, or of that of `clock_of`."""
        start = at(day, clock, clock_of or owner)
        times = {"StartDateTime": start.isoformat(), "EndDateTime": (start + timedelta(minutes=minutes)).isoformat()}
        return self.org.insert("Event", Subject=subject, OwnerId=self.user(owner), **times, **fields)

    def task(self, owner: str, due: date, subject: str, **fields: Any) -> str:  # noqa: ANN401 - values of fields
        """Plant a task."""
        return self.org.insert(
            "Task", Subject=subject, OwnerId=self.user(owner), ActivityDate=due.isoformat(), **fields
        )


class Task(ABC):
    """One task; an instance has planted its start state, and knows the Ids."""

    number: ClassVar[int]
    title: ClassVar[str]
    others: ClassVar[bool] = False
    """Whether other servers can do it too: its checker knows no convention of this one."""
    most_calls: ClassVar[int] = 4
    request: str
    """What the person asks for."""

    @abstractmethod
    def __init__(self, world: World) -> None:
        """Plant the start state."""

    @abstractmethod
    def check(self, after: Aftermath) -> None:
        """Say what is missing; what is not expected here is damage."""

    @abstractmethod
    async def script(self, call: Call) -> str:
        """Do it in as few calls as can be, from the request and from answers alone; return what to tell the person."""


def at(day: date, clock: str, owner: str = "nora") -> datetime:
    """Return a time of day in a user's zone, as UTC."""
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(ZONES[owner])).astimezone(UTC)


def spoken(day: date) -> str:
    """Return a day as people write it."""
    return f"{day:%A}, {day.isoformat()}"


def dicts(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of an answer, each by column."""
    return [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]
