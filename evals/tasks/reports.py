"""Questions of a working day: the answer is what counts, and nothing may change; and deals."""

from evals.aftermath import Aftermath
from evals.task import Call, Task, World, dicts, spoken


class OwnerAndWeek(Task):
    """Appointments counted by owner and week."""

    number, title = 6, "Report the appointments per owner and week"

    def __init__(self, world: World) -> None:
        for owner, counts in {"nora": (3, 1), "jonas": (2, 4), "aiko": (0, 5)}.items():
            for week, count in enumerate(counts):
                for day in range(count):
                    world.event(owner, world.day(day + 7 * week), "10:00", "Visit", clock_of="nora")
        self.first, self.last = world.day(0), world.day(13)
        self.request = (
            f"How many appointments does each of us have in each of the two weeks from {spoken(self.first)} to "
            f"{spoken(self.last)}? End with one line in this form, first week first: Nora 0 0, Jonas 0 0, Aiko 0 0"
        )

    def check(self, after: Aftermath) -> None:
        after.says("Nora 3 1, Jonas 2 4, Aiko 0 5")

    async def script(self, call: Call) -> str:
        days = {"start": self.first.isoformat(), "end": self.last.isoformat()}
        counted = dicts(await call("count_appointments", by=["owner", "week"], **days))
        weeks = sorted({row["week"] for row in counted})
        found = {(row["owner"].split()[0], row["week"]): row["appointments"] for row in counted}
        return ", ".join(
            f"{who} {' '.join(str(found.get((who, week), 0)) for week in weeks)}" for who in ("Nora", "Jonas", "Aiko")
        )


class MaySee(Task):
    """Who may change a record, and why."""

    number, title = 10, "Say whether a colleague may change a deal, and why"

    def __init__(self, world: World) -> None:
        world.org.insert(
            "Opportunity",
            Name="Pier 9 expansion",
            StageName="Prospecting",
            CloseDate=world.day(30).isoformat(),
            OwnerId=world.user("aiko"),
        )
        self.request = (
            "May Jonas Brandt change the opportunity 'Pier 9 expansion'? And whose is it? End with one line in this "
            "form: yes or no, first name of its owner"
        )

    def check(self, after: Aftermath) -> None:
        after.says("no, Aiko")

    async def script(self, call: Call) -> str:
        soql = "SELECT Id, Owner.FirstName FROM Opportunity WHERE Name = 'Pier 9 expansion'"
        [deal] = dicts(await call("query", soql=soql))
        told = await call("explain_access", sobject="Opportunity", record_id=deal["Id"], user="Jonas Brandt")
        return f"{'yes' if 'edit' in told['may'] else 'no'}, {deal['Owner.FirstName']}"


class LastChange(Task):
    """Who changed a record last."""

    number, title = 11, "Say who changed a deal last, and when"

    def __init__(self, world: World) -> None:
        deal = world.org.insert(
            "Opportunity",
            Name="Quay renewal",
            StageName="Prospecting",
            CloseDate=world.day(30).isoformat(),
            Amount=100,
            OwnerId=world.user("jonas"),
        )
        world.days_ago = 2
        world.org.records.update("Opportunity", deal, {"Amount": 90}, world.user("jonas"))
        self.day = world.org.now().date()  # two days ago
        self.request = (
            "Who changed the opportunity 'Quay renewal' last, and on which day (UTC)? End with one line in this form: "
            "first name, 2026-01-31"
        )

    def check(self, after: Aftermath) -> None:
        after.says(f"Jonas, {self.day.isoformat()}")

    async def script(self, call: Call) -> str:
        [deal] = dicts(await call("query", soql="SELECT Id FROM Opportunity WHERE Name = 'Quay renewal'"))
        told = await call("list_history", sobject="Opportunity", record_id=deal["Id"])
        last = dicts(told)[0]
        return f"{last['CreatedBy.Name'].split()[0]}, {last['CreatedDate'][:10]}"


class LateDeals(Task):
    """A field of several deals that meet conditions."""

    number, title, others = 14, "Put off the close dates of a colleague's deals", True

    def __init__(self, world: World) -> None:
        self.to, due, others = world.day(35), world.day(2).isoformat(), world.day(60).isoformat()

        def deal(name: str, owner: str, stage: str, close: str) -> str:
            values = {"Name": name, "StageName": stage, "CloseDate": close, "OwnerId": world.user(owner)}
            return world.org.insert("Opportunity", **values)

        self.late = [deal(f"Deal {each}", "jonas", "Negotiation/Review", due) for each in "ABC"]
        deal("Deal D", "jonas", "Prospecting", due)
        deal("Deal E", "aiko", "Negotiation/Review", due)
        deal("Deal F", "jonas", "Negotiation/Review", others)
        self.last = world.day(6)
        self.request = (
            f"Put off the opportunities of Jonas Brandt that are in Negotiation/Review and close until "
            f"{spoken(self.last)}: they close on {spoken(self.to)}."
        )

    def check(self, after: Aftermath) -> None:
        for each in self.late:
            after.changed(each, CloseDate=self.to.isoformat())

    async def script(self, call: Call) -> str:
        where = (
            f"Owner.Name = 'Jonas Brandt' AND StageName = 'Negotiation/Review' AND CloseDate <= {self.last.isoformat()}"
        )
        found = dicts(await call("query", soql=f"SELECT Id FROM Opportunity WHERE {where}"))
        records = [{"Id": row["Id"], "CloseDate": self.to.isoformat()} for row in found]
        await call("update_records", sobject="Opportunity", records=records)
        return f"{len(records)} are put off."
