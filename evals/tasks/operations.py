"""Operations: records put in order."""

from evals.aftermath import Aftermath
from evals.task import Call, Task, World, dicts, spoken


class WithoutEmail(Task):
    """How many records lack a value, by owner."""

    number, title = 27, "Count the contacts of an account that have no e-mail address"

    def __init__(self, world: World) -> None:
        account = world.org.insert("Account", Name="Norden Pilots")
        for number in range(5):
            email = {"Email": f"pilot{number}@example.com"} if number in {3, 4} else {}
            world.contact(f"Pilot{number}", "Norden", AccountId=account, **email)
        self.request = (
            "How many contacts of the account Norden Pilots have no e-mail address? End with one "
            "line in this form: Missing: 0"
        )

    def check(self, after: Aftermath) -> None:
        after.says("Missing: 3")

    async def script(self, call: Call) -> str:
        where = "Account.Name = 'Norden Pilots' AND Email = null"
        counted = await call("query", soql=f"SELECT COUNT(Id) missing FROM Contact WHERE {where}")
        return f"Missing: {dicts(counted)[0]['missing']}"


class Trials(Task):
    """Some go, others of almost the same name stay."""

    number, title = 28, "Delete the test contacts, and no others"

    def __init__(self, world: World) -> None:
        self.test = [world.contact(f"Case{number}", "Testperson") for number in range(3)]
        world.contact("Ada", "Testaverde")
        world.contact("Testperson", "Real")
        self.request = "Delete the three contacts whose last name is Testperson; they were for a test."

    def check(self, after: Aftermath) -> None:
        for each in self.test:
            after.deleted(each)

    async def script(self, call: Call) -> str:
        found = dicts(await call("query", soql="SELECT Id FROM Contact WHERE LastName = 'Testperson'"))
        await call("delete_records", sobject="Contact", record_ids=[row["Id"] for row in found])
        return f"{len(found)} are in the recycle bin."


class OpenTasks(Task):
    """Open tasks get another owner; those that are done stay."""

    number, title = 29, "Give a colleague's open tasks to somebody else"

    def __init__(self, world: World) -> None:
        self.open = [world.task("jonas", world.day(1), f"Open {number}") for number in range(3)]
        world.task("jonas", world.day(-3), "Done", Status="Completed")
        world.task("nora", world.day(1), "Mine")
        self.aiko = world.user("aiko")
        self.request = "Give all open tasks of Jonas Brandt to Aiko Sunada."

    def check(self, after: Aftermath) -> None:
        for each in self.open:
            after.changed(each, OwnerId=self.aiko)

    async def script(self, call: Call) -> str:
        [aiko] = dicts(await call("query", soql="SELECT Id FROM User WHERE Name = 'Aiko Sunada'"))
        where = "Owner.Name = 'Jonas Brandt' AND IsClosed = false"
        found = dicts(await call("query", soql=f"SELECT Id FROM Task WHERE {where}"))
        records = [{"Id": row["Id"], "OwnerId": aiko["Id"]} for row in found]
        await call("update_records", sobject="Task", records=records)
        return f"{len(records)} tasks are Aiko's now."


class WrongBookings(Task):
    """Some appointments go; others of the same name stay."""

    number, title = 30, "Delete three appointments, and no others of that name"

    def __init__(self, world: World) -> None:
        self.day = world.day(2)
        self.drills = [world.event("nora", self.day, clock, "Fire drill", 30) for clock in ("08:00", "12:00", "16:00")]
        world.event("nora", self.day, "10:00", "Fire drill review")
        world.event("nora", world.day(3), "08:00", "Fire drill", 30)
        world.event("jonas", self.day, "08:00", "Fire drill", 30)
        self.request = f"Delete my three appointments 'Fire drill' of {spoken(self.day)}. They were a mistake."

    def check(self, after: Aftermath) -> None:
        for each in self.drills:
            after.deleted(each)

    async def script(self, call: Call) -> str:
        day = self.day.isoformat()
        found = dicts(await call("list_appointments", start=day, end=day))
        ids = [
            {"Id": row["Id"]} for row in found if (row["Subject"], row["Owner.Name"]) == ("Fire drill", "Nora Quill")
        ]
        await call("reschedule_appointments", action="delete", appointments=ids)
        return "They are in the recycle bin."
