"""Sales: leads, accounts, deals and what was agreed."""

from evals.aftermath import Aftermath, has
from evals.task import Call, Task, World, dicts, spoken


class Converted(Task):
    """A lead becomes a contact of an account that exists."""

    number, title = 22, "Convert a lead into an account that exists"

    def __init__(self, world: World) -> None:
        self.account = world.org.insert("Account", Name="Lindgren Yards")
        self.lead = world.org.insert(
            "Lead", FirstName="Maja", LastName="Holm", Company="Lindgren Yards", Status="Working - Contacted"
        )
        self.request = (
            "Convert the lead Maja Holm. Her company is there already: the account Lindgren Yards. Make "
            "no opportunity. I know "
            "that this cannot be undone."
        )

    def check(self, after: Aftermath) -> None:
        made = after.created("Contact", FirstName="Maja", LastName="Holm", AccountId=self.account)
        conversion = ("Status", "ConvertedDate", "ConvertedOpportunityId", "IsUnreadByOwner")
        after.changed(self.lead, *conversion, IsConverted=1, ConvertedAccountId=self.account, ConvertedContactId=made)

    async def script(self, call: Call) -> str:
        [lead] = dicts(await call("query", soql="SELECT Id FROM Lead WHERE Name = 'Maja Holm' AND IsConverted = false"))
        [account] = dicts(await call("query", soql="SELECT Id FROM Account WHERE Name = 'Lindgren Yards'"))
        await call("convert_lead", lead_id=lead["Id"], account_id=account["Id"], create_opportunity=False)
        return "Converted."


class NewCustomer(Task):
    """An account and its people."""

    number, title = 23, "Create an account with three contacts"

    def __init__(self, world: World) -> None:  # noqa: ARG002 - nothing is there yet
        self.people = (("Arne", "Falk"), ("Britt", "Falk"), ("Claes", "Ek"))
        listed = ", ".join(f"{first} {last}" for first, last in self.people)
        self.request = f"We have a new customer: Falk & Ek Rigging. Create the account and its contacts {listed}."

    def check(self, after: Aftermath) -> None:
        account = after.created("Account", Name="Falk & Ek Rigging")
        for first, last in self.people:
            after.created("Contact", FirstName=first, LastName=last, AccountId=account)

    async def script(self, call: Call) -> str:
        made = await call("create_records", sobject="Account", records=[{"Name": "Falk & Ek Rigging"}])
        [account] = [row["Id"] for row in dicts(made)]
        records = [{"FirstName": first, "LastName": last, "AccountId": account} for first, last in self.people]
        await call("create_records", sobject="Contact", records=records)
        return "They are in."


class WhatWasAgreed(Task):
    """The timeline of a contact."""

    number, title = 24, "Say when a contact was last called, and what about"

    def __init__(self, world: World) -> None:
        who = world.contact("Greta", "Sund")
        for days, subject in ((-20, "Call: first contact"), (-6, "Call: asked for training")):
            world.task("nora", world.day(days), subject, WhoId=who, Status="Completed", TaskSubtype="Call")
        world.task("nora", world.day(-4), "Send brochure", WhoId=who)
        world.event("nora", world.day(3), "10:00", "Visit", WhoId=who)
        self.day = world.day(-6)
        self.request = (
            "On which day did we last call Greta Sund, and what was it about? End with one line in this form: "
            "2026-01-31, subject of the call"
        )

    def check(self, after: Aftermath) -> None:
        after.says(f"{self.day.isoformat()}, ", "asked for training")

    async def script(self, call: Call) -> str:
        [greta] = dicts(await call("list_contacts", name="Greta Sund"))
        calls = [each for each in dicts(await call("list_activities", record_id=greta["Id"])) if each["kind"] == "call"]
        return f"{calls[0]['when'][:10]}, {calls[0]['Subject']}"


class Won(Task):
    """A deal is won, and work begins."""

    number, title = 25, "Close a deal as won, and plan the first step"

    def __init__(self, world: World) -> None:
        close = world.day(40).isoformat()
        self.deal, _ = (
            world.org.insert("Opportunity", Name=name, StageName="Negotiation/Review", CloseDate=close)
            for name in ("Mole 4 cranes", "Mole 4 crane rails")
        )
        self.due = world.day(1)
        self.request = (
            "We won the opportunity 'Mole 4 cranes': set its stage to Closed Won. Then make me a task about it for "
            f"{spoken(self.due)}: Plan hand-over"
        )

    def check(self, after: Aftermath) -> None:
        after.changed(self.deal, "CloseDate", StageName="Closed Won", IsClosed=1, IsWon=1)
        due = self.due.isoformat()
        after.created("Task", Subject=has("plan hand-over"), WhatId=self.deal, ActivityDate=due, IsClosed=0)

    async def script(self, call: Call) -> str:
        [deal] = dicts(await call("query", soql="SELECT Id FROM Opportunity WHERE Name = 'Mole 4 cranes'"))
        won = [{"Id": deal["Id"], "StageName": "Closed Won"}]
        await call("update_records", sobject="Opportunity", records=won)
        data = {"Subject": "Plan hand-over", "WhatId": deal["Id"], "ActivityDate": self.due.isoformat()}
        await call("log_activity", kind="task", data=data)
        return "Won."


class Pipeline(Task):
    """Amounts by stage."""

    number, title = 26, "Report the amounts of open deals by stage"

    def __init__(self, world: World) -> None:
        close = world.day(40).isoformat()
        for number, (stage, amount) in enumerate((("Prospecting", 100), ("Prospecting", 250), ("Qualification", 75))):
            world.org.insert("Opportunity", Name=f"Deal {number}", StageName=stage, CloseDate=close, Amount=amount)
        world.org.insert("Opportunity", Name="Lost", StageName="Closed Lost", CloseDate=close, Amount=900)
        self.request = (
            "What are the amounts of the open opportunities, by stage? End with one line in this form, "
            "without decimals: "
            "Prospecting 0, Qualification 0"
        )

    def check(self, after: Aftermath) -> None:
        after.says("Prospecting 350, Qualification 75")

    async def script(self, call: Call) -> str:
        of = "FROM Opportunity WHERE IsClosed = false GROUP BY StageName ORDER BY StageName"
        found = dicts(await call("query", soql=f"SELECT StageName, SUM(Amount) total {of}"))
        return ", ".join(f"{row['StageName']} {row['total']:.0f}" for row in found)
