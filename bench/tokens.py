"""What a model reads, in tokens of o200k_base: the tool list and each tool's answer."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tiktoken

from bench.figures import Figure
from bench.setting import LIST_CONTACTS, Org
from bench.stdio import StdioServer

Count = Callable[[str], int]

FULL_CONTACT = {
    "Salutation": "Ms.",
    "FirstName": "Marguerite",
    "LastName": "Okonkwo-Bell",
    "Title": "Vice President, Field Operations",
    "Department": "Operations",
    "Email": "marguerite.okonkwo-bell@example.com",
    "Phone": "+1 415 555 0132",
    "MobilePhone": "+1 415 555 0178",
    "Fax": "+1 415 555 0199",
    "MailingStreet": "1250 Harbor Way, Suite 400",
    "MailingCity": "Oakland",
    "MailingState": "CA",
    "MailingPostalCode": "94607",
    "MailingCountry": "USA",
    "LeadSource": "Web",
    "Birthdate": "1979-04-12",
    "AssistantName": "Tom Reyes",
    "AssistantPhone": "+1 415 555 0150",
    "Description": "Prefers mornings. Met at the spring conference; runs the depot roll-out.",
}


def counter() -> Count | str:
    """Return a function that counts tokens, or why there is none."""
    try:
        encoding = tiktoken.get_encoding("o200k_base")
    except Exception as error:  # noqa: BLE001 - a missing table shows as whatever the download raised
        return f"no o200k_base table ({type(error).__name__}): set TIKTOKEN_CACHE_DIR to a folder that has it"
    return lambda text: len(encoding.encode(text, disallowed_special=()))


def compact(value: object) -> str:
    """The JSON text of a value, as it is sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_of(result: Mapping[str, Any]) -> str:
    """All the text of a tool's result."""
    return "".join(block.get("text", "") for block in result["content"])


class Reader:
    """Counts what a model would read of each answer."""

    def __init__(self, server: StdioServer, count: Count) -> None:
        """Call the tools of `server`."""
        self._server = server
        self._count = count
        self.figures: list[Figure] = []

    async def read(
        self,
        tool: str,
        what: str,
        arguments: Mapping[str, Any],
        *,
        text: int | None = None,
        structured: int | None = None,
    ) -> dict[str, Any]:
        """Call a tool, note the tokens of its answer beside the targets, and return its structured content."""
        result = await self._server.call_tool(f"salesforce_{tool}", arguments)
        if result.get("isError"):
            raise RuntimeError(f"{tool}: {text_of(result)}")
        content: dict[str, Any] = result["structuredContent"]
        self._note(f"{tool}{what}: text", self._count(text_of(result)), text)
        self._note(f"{tool}{what}: structured", self._count(compact(content)), structured)
        return content

    async def errors(self, mistakes: Sequence[tuple[str, Mapping[str, Any]]], most: int) -> None:
        """Make the mistakes, and note the tokens of the longest answer; raise when one is not flagged as an error."""
        counts = []
        for tool, arguments in mistakes:
            result = await self._server.call_tool(f"salesforce_{tool}", arguments)
            if not result.get("isError"):
                raise RuntimeError(f"{tool}: no error: {text_of(result)}")
            counts.append(self._count(text_of(result)))
        self._note(f"the longest of {len(counts)} errors: text", max(counts), most)

    async def tool_list(self) -> None:
        """Count the tool list: what a model reads of it, and the whole."""
        answer = await self._server.request("tools/list", {})
        read = [{name: tool.get(name) for name in ("name", "description", "inputSchema")} for tool in answer["tools"]]
        self._note(f"tools/list, {len(read)} tools: names, descriptions, input", self._count(compact(read)), 4000)
        self._note("tools/list: the whole answer", self._count(compact(answer)), 10_000)

    def _note(self, what: str, tokens: int, target: int | None) -> None:
        self.figures.append(Figure(f"tokens of {what}", tokens, target=target))


async def tokens(org: Org) -> list[Figure]:
    """Call each tool once; count the tokens of the answers."""
    count = counter()
    if isinstance(count, str):
        return [Figure("tokens", None, note=count)]
    async with org.product() as server:
        await server.initialize()
        reader = Reader(server, count)
        await reader.tool_list()
        await contacts(reader)
        await appointments(reader)
        await records(reader)
        await others(reader)
    return reader.figures


async def contacts(reader: Reader) -> None:
    """Call the contact tools."""
    await reader.read(LIST_CONTACTS.removeprefix("salesforce_"), ", 10", {"limit": 10}, text=385, structured=385)
    await reader.read(LIST_CONTACTS.removeprefix("salesforce_"), ", 200", {"limit": 200}, text=7090, structured=7090)
    created = await reader.read("create_contact", "", {"data": FULL_CONTACT})
    contact = {"contact_id": created["Id"]}
    await reader.read("get_contact", ", 60 fields", contact, text=390, structured=390)
    await reader.read("update_contact", ", 1 field", {**contact, "data": {"Title": "Chief Operating Officer"}})
    await reader.read("delete_contact", "", contact)
    await reader.errors(
        [
            ("get_contact", contact),
            ("get_contact", {"contact_id": "x"}),
            ("get_contact", {"contact_id": "00U000000000001AAA"}),
            ("create_contact", {"data": {"FirstName": "Ada"}}),
            ("create_contact", {"data": {"LastName": "Lovelace", "Emial": "a@example.com"}}),
            ("create_contact", {"data": {"LastName": "Lovelace", "Email": "nobody"}}),
            ("create_contact", {"data": {"LastName": "L" * 81}}),
            ("create_contact", {"dta": {"LastName": "Lovelace"}}),
            ("list_contacts", {"limit": 0}),
            ("list_contacts", {"limit": 100_000}),
            ("list_contacts", {"cursor": "stale"}),
            ("create_appointment", {"data": {"StartDateTime": "2031-03-05T09:00:00", "DurationInMinutes": 30}}),
            ("query", {"soql": "SELECT Id FORM Contact"}),
            ("query", {"soql": "SELECT Nmae FROM Contact"}),
        ],
        most=80,
    )


async def others(reader: Reader) -> None:
    """Call the tools that read schema, calendars and the org."""
    await reader.read("query", ", 5 rows", {"soql": "SELECT Id, Name, Account.Name FROM Contact LIMIT 5"})
    await reader.read("search", ", 1 word", {"text": "Logistics"})
    await reader.read("describe", " of Contact", {"sobject": "Contact"}, text=700, structured=700)
    week = {"calendars": ["me"], "start": "2031-03-03", "end": "2031-03-07"}
    await reader.read("get_free_busy", ", a week", week)
    await reader.read("find_free_times", ", 5 times", {**week, "duration_minutes": 30})
    await reader.read("whoami", "", {})


async def records(reader: Reader) -> None:
    """Call the record tools."""
    rows = [
        {**FULL_CONTACT, "LastName": f"Bell {number}", "Email": f"bell{number}@example.com"} for number in range(200)
    ]
    created = await reader.read("create_records", ", 200", {"sobject": "Contact", "records": rows})
    ids = [row[1] for row in created["rows"]]
    of_contact = {"sobject": "Contact", "record_ids": ids}
    await reader.read("get_record", ", 60 fields", {**of_contact, "record_ids": ids[:1]}, text=390, structured=390)
    await reader.read("get_record", ", 20 whole", {**of_contact, "record_ids": ids[:20]})
    await reader.read("delete_records", ", 200", of_contact)
    await reader.errors(
        [
            ("create_records", {"sobject": "Contact", "records": [{"FirstName": "Ada"}]}),
            ("create_records", {"sobject": "Contcat", "records": [{"LastName": "Ada"}]}),
            ("update_records", {"sobject": "Contact", "records": [{"Id": ids[0], "Title": "x"}]}),
            ("get_record", {"sobject": "Contact", "record_ids": ids[:1]}),
        ],
        most=120,
    )


async def appointments(reader: Reader) -> None:
    """Call the appointment tools."""
    week = {"limit": 11, "start": "2020-01-01", "end": "2040-01-01"}
    await reader.read("list_appointments", ", an agenda of 11", week, text=750, structured=750)
    made = {
        "Subject": "Depot visit",
        "StartDateTime": "2031-03-05T09:00:00+01:00",
        "EndDateTime": "2031-03-05T10:00:00+01:00",
    }
    created = await reader.read("create_appointment", "", {"data": made})
    event = {"event_id": created["Id"]}
    await reader.read("get_appointment", "", event)
    await reader.read("update_appointment", ", 1 field", {**event, "data": {"Location": "Gate 4"}})
    await reader.read("delete_appointment", "", event)
