"""Each call is one line: who did what to which records, and how it ended. Never a value."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult, PromptReference

from mcp_salesforce.audit.calls import AuditedCall, auditing
from mcp_salesforce.audit.recording import Audit
from mcp_salesforce.audit.subjects import Subjects
from mcp_salesforce.audit.trail import AuditFile
from mcp_salesforce.changes.approval_store import ApprovalStore
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, Request, SalesforceClient
from mcp_salesforce.settings.connect import token_source
from tests.approving import Person
from tests.audit.audits import audited, lines_in
from tests.conftest import ERAS, NOW, settings_of
from tests.faults.test_faults import Hanging
from tests.tools.calls import called, refusal

pytestmark = pytest.mark.anyio
FIRST, SECOND = "003lo0000000001AAA", "003lo0000000002AAA"
POLICY = """
[objects.Contact]
actions = ["read"]
hide = ["Birthdate"]
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    return str(file)


@pytest.mark.parametrize("mode", ERAS)
async def test_a_read_tells_who_read_which_fields_of_which_records(org: LocalOrg, tmp_path: Path, mode: str) -> None:
    async with audited(org, tmp_path, mode=mode) as client:
        await called(
            client, "query", soql="SELECT Name, Account.Name FROM Contact WHERE Title != null ORDER BY Id LIMIT 2"
        )
    [line] = lines_in(tmp_path)
    assert line["tool"] == "salesforce_query"
    assert line["outcome"] == "ok"
    assert line["org"].startswith("00D")
    assert line["user"] == org.user_id
    assert line["client"]["name"] == "mcp"
    assert line["ms"] >= 0
    contact, account = line["reads"]
    assert (contact["object"], contact["fields"]) == ("Contact", ["Name", "Account.Name", "Title", "Id"])
    assert len(contact["ids"]) == 2
    assert account["object"] == "Account"


async def test_rows_from_a_page_that_an_earlier_call_has_read_are_told_of_the_call_that_answers_them(
    org: LocalOrg, tmp_path: Path
) -> None:
    async with audited(org, tmp_path) as client:
        soql = "SELECT LastName FROM Contact ORDER BY Id"
        first, _ = await called(client, "query", soql=soql, limit=5)
        await called(client, "query", soql=soql, limit=5, cursor=first["next_cursor"])
    ids = [row["Id"] for row in org.store.rows("SELECT Id FROM Contact WHERE IsDeleted = 0 ORDER BY Id")]
    second = lines_in(tmp_path)[1]
    assert second["reads"][0]["ids"] == ids[5:10]


async def test_a_write_tells_its_records_fields_and_change(org: LocalOrg, tmp_path: Path) -> None:
    async with audited(org, tmp_path) as client:
        created, change_id = await called(client, "create_contact", data={"LastName": "Zurbriggen", "Title": "Dr"})
        _, undo = await called(client, "undo")
        rows = [{"Id": FIRST, "Title": "Dr"}, {"Id": "003lo00000000zZAAQ", "Title": "Dr"}]
        await called(client, "update_records", sobject="Contact", records=rows, all_or_none=False)
    made, undone, several = lines_in(tmp_path)
    write = {
        "action": "create",
        "object": "Contact",
        "ids": [created["Id"]],
        "fields": ["LastName", "Title"],
        "done": 1,
    }
    assert made["writes"] == [write]
    assert made["change_id"] == change_id
    assert (undone["change_id"], undone["undoes"]) == (undo, change_id)
    assert [(each["action"], each["ids"]) for each in undone["writes"]] == [("delete", [created["Id"]])]
    assert (several["writes"][0]["done"], several["writes"][0]["failed"]) == (1, 1)
    assert several["writes"][0]["ids"] == [each["Id"] for each in rows]


async def test_a_preview_says_so_and_has_written_nothing(org: LocalOrg, tmp_path: Path) -> None:
    async with audited(org, tmp_path) as client:
        await called(client, "update_contact", contact_id=FIRST, data={"Title": "Chief"}, preview=True)
    [line] = lines_in(tmp_path)
    assert line["preview"] is True
    assert "writes" not in line
    assert line["planned"] == [
        {"action": "update", "object": "Contact", "ids": [FIRST], "fields": ["Title"], "records": 1}
    ]


@pytest.mark.parametrize("mode", ERAS)
async def test_an_approved_write_tells_by_which_channel_and_after_how_many_seconds(
    org: LocalOrg, tmp_path: Path, mode: str
) -> None:
    async with audited(org, tmp_path, mode=mode) as client:
        await called(client, "delete_records", sobject="Contact", record_ids=[FIRST, SECOND])
    *asked, line = lines_in(tmp_path)
    assert [each["outcome"] for each in asked] == (["asked"] if mode == "auto" else [])
    assert line["approved_by"]["channel"] == "elicitation"
    assert line["approved_by"]["seconds"] >= 0
    assert line["approved_by"]["too_fast"] is True  # a program has answered
    assert line["writes"][0]["ids"] == [FIRST, SECOND]
    assert sum(line["also_deleted"].values()) > 0


async def test_an_answer_that_came_too_fast_is_told_though_it_was_not_taken(org: LocalOrg, tmp_path: Path) -> None:
    strict = tmp_path / "policy.toml"
    strict.write_text('approval = "strict"\n')
    async with audited(org, tmp_path, policy=str(strict)) as client:
        error = await refusal(client, "delete_records", sobject="Contact", record_ids=[FIRST, SECOND])
    line = lines_in(tmp_path)[-1]
    assert line["outcome"] == error["code"] == "APPROVAL_INVALID"
    assert line["answer_not_taken"]["too_fast"] is True
    assert "approved_by" not in line
    assert "writes" not in line


async def test_a_declined_write_tells_what_was_declined(org: LocalOrg, tmp_path: Path) -> None:
    person = Person(lambda _keep, _do: ElicitResult(action="decline"))
    async with audited(org, tmp_path, asked=person) as client:
        await refusal(client, "delete_records", sobject="Contact", record_ids=[FIRST, SECOND])
    line = lines_in(tmp_path)[-1]
    assert line["outcome"] == "APPROVAL_DECLINED"
    assert line["planned"][0]["ids"] == [FIRST, SECOND]
    assert "writes" not in line


async def test_an_approval_at_a_terminal_tells_its_channel_and_how_long_it_took(org: LocalOrg, tmp_path: Path) -> None:
    call = {"sobject": "Contact", "record_ids": [FIRST, SECOND]}
    async with audited(org, tmp_path, asked=None) as client:
        await refusal(client, "delete_records", **call)
        files = tmp_path / "journal.approvals.db", tmp_path / "journal.key"
        store = ApprovalStore(files[0], files[1].read_bytes, now=NOW.timestamp)
        [waiting] = store.to_answer()
        await store.answer(waiting.question_id, "approved")
        store.close()
        await called(client, "delete_records", **call)
    refused, made = lines_in(tmp_path)
    assert "approved_by" not in refused
    assert made["approved_by"]["channel"] == "terminal"
    assert made["approved_by"]["seconds"] >= 0


async def test_a_host_that_cannot_ask_leaves_a_line_too(org: LocalOrg, tmp_path: Path) -> None:
    async with audited(org, tmp_path, asked=None) as client:
        await refusal(client, "delete_records", sobject="Contact", record_ids=[FIRST, SECOND])
    assert lines_in(tmp_path)[-1]["outcome"] == "APPROVAL_UNAVAILABLE"


@pytest.mark.parametrize(
    ("tool", "arguments", "asked"),
    [
        ("delete_records", {"sobject": "Contact", "record_ids": [FIRST]}, {"object": "Contact", "ids": [FIRST]}),
        ("get_contact", {"contact_id": FIRST, "fields": ["Birthdate"]}, {"object": "Contact", "ids": [FIRST]}),
        ("query", {"soql": "SELECT Birthdate FROM Contact"}, {"object": "Contact"}),
    ],
)
async def test_what_the_policy_denies_is_told_as_asked_for(
    org: LocalOrg, tmp_path: Path, policy: str, tool: str, arguments: dict[str, Any], asked: dict[str, Any]
) -> None:
    async with audited(org, tmp_path, policy=policy) as client:
        error = await refusal(client, tool, **arguments)
    [line] = lines_in(tmp_path)
    assert line["outcome"] == error["code"]
    assert asked.items() <= line["asked"][0].items()
    assert "writes" not in line


@pytest.mark.parametrize("settings", [{"read_only": True}, {"toolsets": "query"}])
async def test_what_a_setting_forbids_is_told(org: LocalOrg, tmp_path: Path, settings: dict[str, Any]) -> None:
    async with audited(org, tmp_path, **settings) as client:
        await refusal(client, "delete_records", sobject="Contact", record_ids=[FIRST])
    [line] = lines_in(tmp_path)
    assert (line["outcome"], line["asked"]) == ("NOT_ALLOWED", [{"object": "Contact", "ids": [FIRST]}])
    assert line["user"] == org.user_id


async def test_calls_that_fail_are_told_with_their_error(org: LocalOrg, tmp_path: Path) -> None:
    async with audited(org, tmp_path) as client:
        await refusal(client, "get_contact", contact_id="003lo00000000zZAAQ")
        await refusal(client, "update_contact", contact_id=FIRST, data={"Email": "no address"})
    missing, rejected = lines_in(tmp_path)
    assert missing["outcome"] == "NOT_FOUND"
    assert missing["asked"][0]["ids"] == ["003lo00000000zZAAQ"]
    assert rejected["writes"] == [
        {"action": "update", "object": "Contact", "ids": [FIRST], "fields": ["Email"], "failed": 1}
    ]


async def test_resources_prompts_and_completions_that_read_are_told(org: LocalOrg, tmp_path: Path) -> None:
    async with audited(org, tmp_path) as client:
        await client.read_resource("salesforce://agenda/today")
        with pytest.raises(MCPError):
            await client.read_resource("salesforce://schema/Nothing")
        await client.get_prompt("day_sheet", {"date": "today"})
        reference = PromptReference(type="ref/prompt", name="book_appointment")
        await client.complete(reference, {"name": "person", "value": "Ada"})
    told = [
        (line["tool"], line["outcome"], [each["object"] for each in line.get("reads", ())])
        for line in lines_in(tmp_path)
    ]
    assert [each[:2] for each in told] == [
        ("agenda", "ok"),
        ("schema", "INVALID_TYPE"),
        ("prompt", "ok"),
        ("completion", "ok"),
    ]
    assert "Event" in told[0][2]
    assert "Contact" in told[3][2]


async def test_what_an_export_reads_in_the_background_has_a_line_of_its_own(org: LocalOrg, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    async with audited(org, tmp_path, files=str(folder)) as client:
        await called(client, "export", soql="SELECT Id, LastName FROM Contact", path="contacts.csv")
    lines = lines_in(tmp_path)
    [began] = [line for line in lines if "continues" not in line]
    [read] = [line for line in lines if line.get("continues") == began["id"]]
    assert (read["tool"], read["outcome"], read["user"]) == ("salesforce_export", "ok", org.user_id)
    [contact] = [each for each in read["reads"] if each["object"] == "Contact"]
    assert contact["fields"] == ["Id", "LastName"]
    assert len(contact["ids"]) == len(org.store.rows("SELECT Id FROM Contact WHERE IsDeleted = 0"))


async def test_a_bulk_job_tells_its_object_and_fields() -> None:
    subjects = Subjects()
    query = {"operation": "query", "query": "SELECT Id, Account.Name FROM Contact WHERE LastName = 'Zurbriggen'"}
    subjects.add_read(Request("POST", "jobs/query", body=query), {"id": "750lo0000000001AAA", "state": "Open"})
    assert subjects.told() == [{"object": "Contact", "fields": ["Id", "Account.Name", "LastName"]}]


async def test_a_cancelled_call_is_told(org: LocalOrg, tmp_path: Path) -> None:
    app = Hanging(org)
    async with audited(org, tmp_path, mode="legacy", app=app) as client:
        call = asyncio.create_task(client.call_tool("salesforce_list_contacts", {}))
        await app.begun.wait()
        call.cancel()
        await app.ended.wait()
    [line] = lines_in(tmp_path)
    assert (line["tool"], line["outcome"]) == ("salesforce_list_contacts", "cancelled")


async def test_no_request_more_is_sent_for_the_record_of_a_call(org: LocalOrg, tmp_path: Path) -> None:
    async def paths(audit: str) -> list[str]:
        sent: list[str] = []

        async def counting(scope: Any, receive: Any, send: Any) -> None:
            sent.append(scope["path"])
            await org.app(scope, receive, send)

        async with audited(org, tmp_path, audit=audit, app=counting) as client:
            await called(client, "create_contact", data={"LastName": "Sand"})
            await called(client, "list_contacts")
        return sent

    assert await paths(str(tmp_path / "audit.jsonl")) == await paths("off")


async def test_a_bulk_job_tells_what_it_writes_when_it_is_closed(org: LocalOrg, tmp_path: Path) -> None:
    trail = AuditFile(tmp_path / "audit.jsonl", lambda: bytes(32))
    audit = Audit(trail, is_required=True)
    tokens, transport = token_source(settings_of(org)), AsgiTransport(org.app)
    contact = org.insert("Contact", LastName="Zurbriggen")
    async with SalesforceClient(tokens, transport=transport, watch=audit.over) as client:
        call = AuditedCall("salesforce_test", NOW)
        with auditing(call):
            job = await client.bulk.create_ingest_job("Contact", "update")
            await client.bulk.upload(job.id, f"Id,Title\n{contact},Secret\n".encode())
            assert call.record("ok").get("writes") is None
            await client.bulk.close(job.id)
    trail.close()
    assert call.record("ok")["writes"] == [{"action": "update", "object": "Contact", "ids": [contact], "unknown": 1}]
    assert "Secret" not in (tmp_path / "audit.jsonl").read_text("utf-8")


async def test_what_soap_refuses_is_told_as_failed_and_leaves_nothing_to_undo(org: LocalOrg, tmp_path: Path) -> None:
    async with audited(org, tmp_path) as client:
        restored = await refusal(client, "restore_records", record_ids=["003lo0000009999AAA"])
        undone = await refusal(client, "undo")
    assert (restored["code"], undone["code"]) == ("UNDELETE_FAILED", "NOT_FOUND")
    assert "change_id" not in restored
    [written] = lines_in(tmp_path)[0]["writes"]
    assert written == {"action": "undelete", "object": "Contact", "ids": ["003lo0000009999AAA"], "failed": 1}
