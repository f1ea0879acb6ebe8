"""Contacts, calls and tasks of a working day."""

from evals.aftermath import Aftermath, has
from evals.task import Call, Task, World, dicts, spoken


class PhoneList(Task):
    """Values from a list, matched by e-mail address."""

    number, title, others = 4, "Update six contacts from a list", True

    def __init__(self, world: World) -> None:
        names = ("Abel", "Berta", "Cato", "Dora", "Egon", "Frida")
        self.new = {
            world.contact(name, "Listed", Email=f"{name.lower()}@listed.example.com", Phone="+1 212 555 0100"): (
                f"{name.lower()}@listed.example.com",
                f"+1 212 555 01{number:02}",
            )
            for number, name in enumerate(names, 11)
        }
        world.contact("Gerd", "Listed", Email="gerd@listed.example.com", Phone="+1 212 555 0100")
        lines = "\n".join(f"{email}; {phone}" for email, phone in self.new.values())
        self.request = f"These contacts have new phone numbers (field Phone). Please put them in.\n{lines}"

    def check(self, after: Aftermath) -> None:
        for record_id, (_, phone) in self.new.items():
            digits = phone.replace(" ", "")
            after.changed(record_id, Phone=lambda value, digits=digits: str(value).replace(" ", "") == digits)

    async def script(self, call: Call) -> str:
        phones = dict(self.new.values())
        emails = ", ".join(f"'{email}'" for email in phones)
        found = dicts(await call("query", soql=f"SELECT Id, Email FROM Contact WHERE Email IN ({emails})"))
        records = [{"Id": row["Id"], "Phone": phones[row["Email"]]} for row in found]
        await call("update_records", sobject="Contact", records=records)
        return f"{len(records)} numbers are in."


class Merged(Task):
    """Two records of one person become one."""

    number, title = 5, "Merge two contacts who are one person"

    def __init__(self, world: World) -> None:
        self.old = world.contact("Pia", "Zwickl", Email="pia.zwickl@example.com", Title="Head of Procurement")
        self.new = world.contact("Pia", "Zwickl", Phone="+1 212 555 0177")
        self.visit = world.event("nora", world.day(1), "10:00", "Introduction", WhoId=self.new)
        self.request = (
            "Pia Zwickl is in our contacts twice. Merge the two: keep the one with the e-mail address, and let it have "
            "the phone number +1 212 555 0177 of the other one. I know that this cannot be undone."
        )

    def check(self, after: Aftermath) -> None:
        after.changed(self.old, Phone="+1 212 555 0177")
        after.changed(self.visit, WhoId=self.old)
        after.deleted(self.new)

    async def script(self, call: Call) -> str:
        found = dicts(await call("list_contacts", name="Pia Zwickl"))
        [kept] = [row for row in found if row["Email"]]
        [other] = [row for row in found if not row["Email"]]
        await call(
            "merge_records",
            sobject="Contact",
            master_id=kept["Id"],
            loser_ids=[other["Id"]],
            data={"Phone": other["Phone"]},
        )
        return "Merged."


class LoggedCall(Task):
    """A call that took place, and what follows."""

    number, title, others = 7, "Log a call and plan the follow-up", True

    def __init__(self, world: World) -> None:
        self.contact, self.nora = world.contact("Olga", "Tamm", Email="olga.tamm@example.com"), world.user("nora")
        self.due = world.day(4)
        self.request = (
            "I have just called Olga Tamm: she wants an offer for 20 seats. Log the call with the subject 'Call: offer "
            f"for 20 seats' (done), and make me a task for {spoken(self.due)} with the subject: Send offer"
        )

    def check(self, after: Aftermath) -> None:
        whose = {"WhoId": self.contact, "OwnerId": self.nora}
        after.created("Task", Subject=has("20 seats"), IsClosed=1, **whose)
        after.created("Task", Subject=has("send offer"), IsClosed=0, ActivityDate=self.due.isoformat(), **whose)

    async def script(self, call: Call) -> str:
        [olga] = dicts(await call("list_contacts", name="Olga Tamm"))
        await call("log_activity", kind="call", data={"Subject": "Call: offer for 20 seats", "WhoId": olga["Id"]})
        data = {"Subject": "Send offer", "WhoId": olga["Id"], "ActivityDate": self.due.isoformat()}
        await call("log_activity", kind="task", data=data)
        return "Logged."


class TasksDone(Task):
    """Some tasks are done, another one waits."""

    number, title, others = 8, "Complete two tasks and put off a third", True

    def __init__(self, world: World) -> None:
        who = world.contact("Rolf", "Anders")
        self.done = [
            world.task("nora", world.day(-3), each, WhoId=who) for each in ("Send contract", "Send price list")
        ]
        self.later, self.due = world.task("nora", world.day(-3), "Arrange visit", WhoId=who), world.day(4)
        world.task("jonas", world.day(-3), "Send contract", WhoId=who)
        self.request = (
            "Of my tasks with Rolf Anders, 'Send contract' and 'Send price list' are done. Put 'Arrange visit' off to "
            f"{spoken(self.due)}."
        )

    def check(self, after: Aftermath) -> None:
        for each in self.done:
            after.changed(each, Status="Completed", IsClosed=1)
        after.changed(self.later, ActivityDate=self.due.isoformat())

    async def script(self, call: Call) -> str:
        mine = "Who.Name = 'Rolf Anders' AND Owner.Name = 'Nora Quill' AND IsClosed = false"
        found = dicts(await call("query", soql=f"SELECT Id, Subject FROM Task WHERE {mine}"))
        await call(
            "update_tasks", task_ids=[row["Id"] for row in found if row["Subject"].startswith("Send")], done=True
        )
        late = [row["Id"] for row in found if row["Subject"] == "Arrange visit"]
        await call("update_tasks", task_ids=late, due=self.due.isoformat())
        return "Two are done, one is put off."


class KnownPerson(Task):
    """Somebody who may be there already."""

    number, title = 12, "Find a contact or create it, and note the new title"

    def __init__(self, world: World) -> None:
        self.known = world.contact("Sven", "Nyberg", Email="sven.nyberg@example.com", Title="Buyer")
        self.request = (
            "This was below an e-mail: Sven Nyberg, Chief Buyer, sven.nyberg@example.com. See that he is in our "
            "contacts, once, with this title."
        )

    def check(self, after: Aftermath) -> None:
        after.changed(self.known, Title="Chief Buyer")

    async def script(self, call: Call) -> str:
        data = {"LastName": "Nyberg", "FirstName": "Sven", "Email": "sven.nyberg@example.com", "Title": "Chief Buyer"}
        found = await call("find_or_create_contact", data=data)
        await call("update_contact", contact_id=found["contact"]["Id"], data={"Title": "Chief Buyer"})
        return "He was there; he has the new title."


class Restored(Task):
    """Somebody deleted the wrong contact."""

    number, title = 15, "Restore a contact that was deleted, with the appointments"

    def __init__(self, world: World) -> None:
        self.lost = world.contact("Lotte", "Vink", Email="lotte.vink@example.com")
        self.visit = world.event("nora", world.day(2), "10:00", "Review with Lotte", WhoId=self.lost)
        wrong = world.contact("Lotte", "Vinkel")
        for each in (wrong, self.lost):
            world.org.records.delete("Contact", each, world.user("nora"))
        self.request = "I deleted the contact Lotte Vink by mistake. Bring her back, with her appointments."

    def check(self, after: Aftermath) -> None:
        after.expect(self.lost in after.now["Contact"], "she is not back")
        after.expect(self.visit in after.now["Event"], "her appointment is not back")
        after.created("Contact", Id=self.lost)
        after.created("Event", Id=self.visit)

    async def script(self, call: Call) -> str:
        where = "Name = 'Lotte Vink' AND IsDeleted = true"
        [lotte] = dicts(await call("query", soql=f"SELECT Id FROM Contact WHERE {where}", include_deleted=True))
        await call("restore_records", record_ids=[lotte["Id"]])
        return "She is back."
