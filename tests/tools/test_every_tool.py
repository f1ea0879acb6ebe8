"""Laws that hold for every tool, present and to come."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # comes with the SDK, without types
import pytest
from mcp import Client
from mcp_types import Tool

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.toolset import NAME_PREFIX
from tests.conftest import ERAS
from tests.tools.calls import PREFIX, refusal, text_of
from tests.tools.tokens import tokens

SPECS = {spec.name: spec for toolset in TOOLSETS for spec in toolset.specs}
NAMES = list(SPECS)
SELDOM = [toolset for toolset in TOOLSETS if not toolset.is_default]
SEEDED_CONTACT = "003lo0000000001AAA"  # the sample data's first
ACTIONS_OF_VERBS = {  # one meaning a verb
    **dict.fromkeys(("get", "list", "find", "query", "search", "describe"), ("read",)),
    "create": ("create",),
    "find_or_create": ("create",),
    "update": ("update",),
    "upsert": ("create", "update"),
    "delete": ("delete",),
}
LONGEST_PREFIX = "mcp__plugin_salesforce_salesforce__"  # of the names that hosts make; models take 64 characters
USUAL_PREFIX = "mcp__salesforce__"  # for tools that a setting turns on: whoever does can name the plugin shorter too
PEOPLE_SAY = (
    "meeting", "calendar", "booking", "reschedule", "visit", "lead", "case", "opportunity", "deal", "person", "phone",
    "note", "call", "task",
)  # fmt: skip


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def tools_of(mcp: Client) -> dict[str, Tool]:
    return {tool.name: tool for tool in (await mcp.list_tools()).tools}


def sample_calls(contact_id: str, event_id: str) -> dict[str, list[dict[str, Any]]]:
    """Good arguments for every tool, its example where nothing else is here; the deletes come last."""
    times = {"StartDateTime": "2027-02-23T15:00:00Z", "DurationInMinutes": 30}  # the seed has nothing there
    calls: dict[str, list[dict[str, Any]]] = {
        "salesforce_create_contact": [{"data": {"LastName": "Ode", "Title": "CTO"}}],
        "salesforce_get_contact": [
            {"contact_id": contact_id},
            {"contact_id": contact_id, "fields": ["Name", "Fax", "Account.Name"]},
        ],
        "salesforce_update_contact": [{"contact_id": contact_id, "data": {"Title": "CFO", "Email": None}}],
        "salesforce_list_contacts": [
            {},
            {"limit": 3, "fields": ["Birthdate", "Account.Name"]},
            {"name": "nobody at all"},
        ],
        "salesforce_create_appointment": [
            {"data": {"Subject": "Call", **times}},
            {"data": {"Subject": "Fair", "StartDateTime": "2027-02-24", "IsAllDayEvent": True}},
        ],
        "salesforce_get_appointment": [
            {"event_id": event_id},
            {"event_id": event_id, "fields": ["Subject", "Who.Name", "StartDateTime"]},
        ],
        "salesforce_update_appointment": [
            {"event_id": event_id, "data": {"Location": "Room 1", "StartDateTime": "2027-02-23T16:00:00Z"}}
        ],
        "salesforce_list_appointments": [
            {},
            {"start": "2026-11-23", "end": "2026-11-27", "time_zone": "Asia/Tokyo"},
        ],
        "salesforce_set_invitees": [{"event_id": event_id, "add": [contact_id]}],
        "salesforce_close_appointment": [
            {
                "event_id": event_id,
                "outcome": "cancelled",
                "reason": "Ill",
                "follow_up": {"ActivityDate": "2026-11-25", "Subject": "Call"},
            }
        ],
        "salesforce_get_free_busy": [
            {"calendars": ["me", "Harbour Room"], "start": "2026-11-24", "end": "2026-11-27"},
        ],
        "salesforce_find_free_times": [
            {"calendars": ["Jonas Brandt"], "duration_minutes": 30, "start": "2026-11-24", "end": "2026-11-27"},
            {
                "calendars": ["me"],
                "duration_minutes": 60,
                "start": "2026-11-24",
                "end": "2026-11-24",
                "working_hours": "Sat 10:00-11:00",
            },
        ],
        "salesforce_get_record": [
            {"sobject": "Contact", "record_ids": [contact_id]},
            {"sobject": "Contact", "record_ids": [contact_id], "fields": ["Name", "Fax", "Account.Name"]},
            {"sobject": "Contact", "record_ids": [contact_id, "003000000000999AAA"]},
        ],
        "salesforce_create_records": [
            {"sobject": "Account", "records": [{"Name": "Acme"}, {"Name": "Bolt"}]},
            {"sobject": "Account", "columns": ["Name"], "rows": [["Acme"], [""]], "all_or_none": False},
        ],
        "salesforce_update_records": [
            {"sobject": "Contact", "records": [{"Id": contact_id, "Title": "COO"}]},
            {
                "sobject": "Contact",
                "records": [{"Id": contact_id, "Title": "CEO"}, {"Id": "003000000000999AAA", "Title": "CEO"}],
                "all_or_none": False,
            },
        ],
        "salesforce_upsert_records": [
            {
                "sobject": "Contact",
                "external_id_field": "Email",
                "records": [{"Email": "ada@example.com", "LastName": "Lovelace"}],
            },
        ],
        "salesforce_query": [
            {"soql": "SELECT Id, Name, Account.Name FROM Contact", "limit": 3},
            {"soql": "SELECT COUNT() FROM Contact"},
            {"soql": "SELECT Name, (SELECT Id, LastName FROM Contacts) FROM Account", "limit": 2},
        ],
        "salesforce_whoami": [{}],
        "salesforce_search": [
            {"text": "quill"},
            {"text": "ode", "sobjects": ["Contact(Id, Name, Account.Name)", "event"], "limit": 2},
        ],
        "salesforce_describe": [
            {},
            {"search": "contact"},
            {"sobject": "contact", "search": "mail"},
            {"sobject": "Event", "fields": ["ShowAs", "Who.Name", "EventRelations"]},
        ],
        "salesforce_delete_appointment": [{"event_id": event_id}],
        "salesforce_delete_contact": [{"contact_id": contact_id}],
        "salesforce_delete_records": [{"sobject": "Contact", "record_ids": [SEEDED_CONTACT]}],
        "salesforce_restore_records": [{"record_ids": [SEEDED_CONTACT, event_id]}],
        "salesforce_undo": [{}],
    }
    return {name: [dict(spec.example)] for name, spec in SPECS.items() if name not in calls} | calls


async def test_the_tools_are_listed_in_the_order_of_their_toolsets(mcp: Client) -> None:
    assert list(await tools_of(mcp)) == NAMES
    assert NAMES[:1] == [PREFIX + "create_contact"]
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("name", NAMES)
async def test_a_tool_says_what_it_is(mcp: Client, name: str) -> None:
    tool = (await tools_of(mcp))[name]

    assert tool.name.startswith(NAME_PREFIX)
    seldom = {spec.name for toolset in SELDOM for spec in toolset.specs}
    assert len((USUAL_PREFIX if name in seldom else LONGEST_PREFIX) + tool.name) <= 64
    assert (tool.meta or {})["anthropic/searchHint"]
    assert tool.title
    assert (tool.description or "").endswith((".", "Z."))
    hints = tool.annotations
    assert hints is not None
    assert None not in (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
    effect = SPECS[name].effect
    actions, steers, saves = effect.actions, effect.steers, effect.writes_files
    verb, _, _ = name.removeprefix(PREFIX).rpartition("_")
    assert ACTIONS_OF_VERBS.get(verb, ACTIONS_OF_VERBS.get(verb.partition("_")[0], actions)) == actions
    assert hints.read_only_hint == (actions == ("read",) and not (steers or saves))
    assert hints.destructive_hint == bool(steers or saves or {"update", "delete", "merge", "convert"} & set(actions))
    assert steers == (name == f"{PREFIX}job")
    assert saves == (name in {f"{PREFIX}export", f"{PREFIX}get_file"})


@pytest.mark.parametrize("name", NAMES)
async def test_schemas_are_slim_and_every_host_can_read_them(mcp: Client, name: str) -> None:
    tool = (await tools_of(mcp))[name]

    assert "additionalProperties" not in tool.input_schema
    assert tool.output_schema is not None
    for schema in (tool.input_schema, tool.output_schema):
        assert schema["type"] == "object"
        jsonschema.Draft202012Validator.check_schema(schema)
        assert not {'"title":', '"$defs":', '"$ref":'} & set(json.dumps(schema).split())
        for part in parts_of(schema):
            assert isinstance(part.get("type"), str) or part.get("anyOf"), part
            assert "items" in part or part.get("type") != "array", part
            is_free = part.get("type") == "object" and part is not schema and "properties" not in part
            assert part.get("additionalProperties") or not is_free, part
    for value in (tool.input_schema["properties"].get(name, {}) for name in ("data", "follow_up")):
        assert value.get("additionalProperties", True)
    assert not [part for part in parts_of(tool.input_schema) if isinstance(part.get("additionalProperties"), bool)]


def parts_of(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema and every schema in it; none may be empty."""
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    inner += [schema["items"]] if "items" in schema else []
    for part in inner:
        yield from parts_of(part)


async def test_tools_are_found_by_the_words_that_people_say(mcp: Client) -> None:
    hints = " ".join((tool.meta or {})["anthropic/searchHint"] for tool in (await tools_of(mcp)).values())

    assert not [word for word in PEOPLE_SAY if word not in hints]


async def test_a_tool_can_be_called_by_its_former_name_and_is_listed_once(mcp: Client) -> None:
    former = {spec.former_name: spec.name for spec in SPECS.values() if spec.former_name}

    assert former == {"salesforce_find_appointment_times": "salesforce_find_free_times"}
    assert not set(former) & set(await tools_of(mcp))
    for old, new in former.items():
        arguments = sample_calls("", "")[new][0]
        told, as_before = await mcp.call_tool(new, arguments), await mcp.call_tool(old, arguments)
        assert as_before.structured_content == told.structured_content
        assert not as_before.is_error


@pytest.mark.parametrize("name", NAMES)
async def test_its_example_works_in_the_demo_org_as_it_begins(mcp: Client, name: str) -> None:
    if name == "salesforce_undo":  # needs something to undo
        await mcp.call_tool("salesforce_create_contact", dict(SPECS["salesforce_create_contact"].example))
    if name == "salesforce_update_tasks":  # the org begins without tasks
        await mcp.call_tool("salesforce_log_activity", dict(SPECS["salesforce_log_activity"].example))
    if name in {"salesforce_job", "salesforce_attach_file", "salesforce_get_file"}:
        await mcp.call_tool("salesforce_export", dict(SPECS["salesforce_export"].example))
    if name == "salesforce_get_file":
        await mcp.call_tool("salesforce_attach_file", dict(SPECS["salesforce_attach_file"].example))
    result = await mcp.call_tool(name, dict(SPECS[name].example))

    assert not result.is_error, result.content


@pytest.mark.parametrize("name", NAMES)
async def test_an_unknown_argument_is_refused_by_name(mcp: Client, name: str) -> None:
    known = list((await tools_of(mcp))[name].input_schema["properties"])

    misspelt = [f"{known[0]}x"] if known else []
    error = await refusal(mcp, name.removeprefix(PREFIX), **dict.fromkeys([*misspelt, "zzzzz"], 1))

    assert error["code"] == "UNKNOWN_ARGUMENT"
    assert error["fields"] == sorted([*misspelt, "zzzzz"])
    assert error["hint"] == (f"Did you mean {known[0]}?" if known else "This tool takes no arguments.")


async def test_results_conform_to_their_schema_and_are_complete_as_text(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="Ode", Email="ode@example.com")
    event_id = org.insert(
        "Event",
        Subject="Visit",
        WhoId=contact_id,
        StartDateTime="2026-11-24T10:00:00Z",
        EndDateTime="2026-11-24T11:00:00Z",
    )
    tools, samples = await tools_of(mcp), sample_calls(contact_id, event_id)
    assert set(samples) == set(NAMES)

    for name, calls in samples.items():
        for arguments in calls:
            result = await mcp.call_tool(name, arguments)
            assert not result.is_error, (name, arguments, result.content)
            jsonschema.validate(arguments, tools[name].input_schema)
            jsonschema.validate(result.structured_content, tools[name].output_schema or {})
            assert_complete(text_of(result.content), result.structured_content)


def assert_complete(text: str, structured: Any) -> None:
    """The text is the structured content: so the one costs what the other does, in every kind of answer."""
    assert "attributes" not in text
    assert text == json.dumps(structured, separators=(",", ":"), ensure_ascii=False)


async def test_what_a_model_reads_of_the_tools_stays_within_its_budget(mcp: Client) -> None:
    listed = {name: tool.model_dump(by_alias=True, mode="json") for name, tool in (await tools_of(mcp)).items()}
    read = {
        name: sum(tokens(tool[part]) for part in ("name", "description", "inputSchema"))
        for name, tool in listed.items()
    }

    for toolset in SELDOM:
        assert sum(read.pop(spec.name) for spec in toolset.specs) <= 1_200, toolset.name
    assert len(read) <= 25
    assert sum(read.values()) <= 4_550
    as_sent = [
        tool.model_dump(
            by_alias=True, mode="json", exclude_none=True, exclude={"meta"}
        )  # which hosts keep to themselves
        for tool in (await mcp.list_tools()).tools
    ]
    assert tokens({"tools": [tool for tool in as_sent if tool["name"] in read]}) <= 11_200


async def test_a_host_is_told_of_a_tool_what_its_snapshot_says(mcp: Client) -> None:
    for name, tool in (await tools_of(mcp)).items():
        snapshot = Path(__file__).parent / "snapshots" / f"{name}.json"
        assert tool.model_dump(by_alias=True, mode="json", exclude_none=True) == json.loads(snapshot.read_text("utf-8"))
