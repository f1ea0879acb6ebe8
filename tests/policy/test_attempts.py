"""No attempt on what a policy forbids succeeds, and none is answered by silence."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceTemplateReference

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.policy_file import read_policy
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import Answer, Request
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.files import exporting
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.orgs import new_org
from tests.policy.attempts import ATTEMPTS, POLICY, QUERIES, SECRETS, Attempt, filled
from tests.tools.calls import PREFIX, call, refusal
from tests.tools.changes.states import state_of
from tests.tools.framework.test_allowed_tools import served
from tests.tools.test_every_tool import SPECS

REFUSALS = {"POLICY_REFUSED", "NOT_ALLOWED"}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def planted(org: LocalOrg) -> dict[str, str]:
    """Make records that hold what is forbidden; return their Ids by name."""
    other = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    org.records.update("User", other, {"Email": "hidden-user@example.com"}, org.user_id)
    account = org.insert("Account", Name="Hidden Holdings")
    contact = org.insert(
        "Contact",
        LastName="Ode",
        FirstName="Ada",
        Email="hidden-4711@example.com",
        Birthdate="1971-07-04",
        Description="hidden-0815",
        MailingCity="Hiddenville",
        AccountId=account,
    )
    lead = org.insert("Lead", LastName="Lead", Company="Leads", Phone="+1 555-0199")
    times = {"StartDateTime": "2026-11-24T10:00:00Z", "EndDateTime": "2026-11-24T11:00:00Z"}
    event = org.insert(
        "Event", Subject="Visit", WhoId=contact, WhatId=account, Description="hidden-2342", OwnerId=org.user_id, **times
    )
    org.insert("Event", Subject="Talk", WhoId=lead, OwnerId=org.user_id, **times)
    case = org.insert("Case", Subject="Help", ContactId=contact)
    opportunity = org.insert(
        "Opportunity", Name="Hidden Deal", StageName="Prospecting", CloseDate="2026-12-01", OwnerId=other
    )
    org.insert("OpportunityContactRole", OpportunityId=opportunity, ContactId=contact)
    more = {"ada": org.insert("Contact", LastName="Ada"), "account2": org.insert("Account", Name="Second")}
    return {
        "contact": contact, "account": account, "event": event, "lead": lead, "case": case, "other": other,
        "opportunity": opportunity, "me": org.user_id, **more,
    }  # fmt: skip


@pytest.fixture
def records(org: LocalOrg) -> dict[str, str]:
    """The Ids of the records that hold what is forbidden, by name."""
    return planted(org)


@asynccontextmanager
async def under_policy(org: LocalOrg, folder: Path) -> AsyncIterator[Client]:
    """A client of a server that the policy binds."""
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    (folder / "files").mkdir()
    (folder / "files" / "kept.csv").write_text("LastName\nOde\n", encoding="utf-8")
    settings = settings_of(
        org,
        policy=folder / "policy.toml",
        toolsets="all",
        journal=str(folder / "journal.db"),
        files=folder / "files",
    )
    server = create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server, raise_exceptions=True, elicitation_callback=approve) as client:
        yield client


@pytest.fixture
async def guarded(org: LocalOrg, records: dict[str, str], tmp_path: Path) -> AsyncIterator[Client]:
    del records  # they are there
    async with under_policy(org, tmp_path) as client:
        yield client


@pytest.fixture(scope="module")
async def tried(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Client, dict[str, str]]]:
    """One server for all attempts, and the records of its org, which are in the end what they were."""
    with new_org(lambda: NOW) as org:
        records = planted(org)
        before = state_of(org)
        async with under_policy(org, tmp_path_factory.mktemp("policy")) as client:
            yield client, records
        assert state_of(org) == before


def changes_something(attempt: Attempt) -> bool:
    return attempt.outcome != "refused" and not SPECS[PREFIX + attempt.tool].effect.is_reading


@pytest.mark.parametrize(
    "attempt", [each for each in ATTEMPTS if not changes_something(each)], ids=lambda attempt: attempt.id
)
async def test_no_attempt_succeeds_and_none_is_answered_by_silence(
    attempt: Attempt, tried: tuple[Client, dict[str, str]]
) -> None:
    await check(attempt, *tried)


@pytest.mark.parametrize(
    "attempt", [each for each in ATTEMPTS if changes_something(each)], ids=lambda attempt: attempt.id
)
async def test_a_write_that_is_allowed_shows_nothing_that_is_hidden(
    attempt: Attempt, guarded: Client, records: dict[str, str]
) -> None:
    await check(attempt, guarded, records)


async def check(attempt: Attempt, client: Client, records: dict[str, str]) -> None:
    """Try it: what it comes to is what the table says, and no secret is told."""
    result = await client.call_tool(PREFIX + attempt.tool, filled(attempt.arguments, records))

    whole = result.model_dump_json()
    given = json.dumps(attempt.arguments)
    assert not [secret for secret in SECRETS if secret in whole and secret not in given], whole
    if attempt.outcome == "refused":
        assert result.is_error, whole
        assert (result.meta or {})["code"] in REFUSALS, whole
    elif attempt.outcome == "missing":
        assert (result.meta or {})["code"] == "NOT_FOUND", whole
    else:
        assert not result.is_error, whole
        withheld = (result.structured_content or {}).get("withheld", [])
        assert bool(withheld) == (attempt.outcome == "withheld"), whole
        assert all(name in str(result.content) for name in withheld)


@pytest.mark.parametrize("small", [0, 10_000], ids=["bulk jobs", "query API"])
async def test_no_export_holds_what_is_hidden(
    guarded: Client, records: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr(exporting, "SMALL", small)
    for number, attempt in enumerate(QUERIES):
        arguments = filled(attempt.arguments, records)
        result = await guarded.call_tool(PREFIX + "export", {"path": f"{number}.csv", "soql": arguments["soql"]})
        assert not [secret for secret in SECRETS if secret in str(result.content) and secret not in str(arguments)]

    written = [file.read_text("utf-8") for file in tmp_path.joinpath("files").iterdir()]
    assert len(written) >= 5
    assert not [secret for secret in SECRETS for text in written if secret in text]


async def test_without_the_policy_the_same_attempts_show_what_is_hidden(org: LocalOrg, records: dict[str, str]) -> None:
    """What the attempts look for is there: each secret comes out where nothing forbids it."""
    seen = ""
    async with served(org, toolsets="all") as mcp:
        for attempt in ATTEMPTS:
            arguments = filled(attempt.arguments, records)
            if attempt.tool.startswith(("get_", "list_", "query")):
                seen += (await mcp.call_tool(PREFIX + attempt.tool, arguments)).model_dump_json()

    assert not [secret for secret in SECRETS if secret not in seen]


WITHOUT_AN_ATTEMPT = {
    "whoami": "shows the user alone",
    "undo": "tests/policy/test_rights_of_undo.py",
    "get_file": "tests/tools/files/test_record_files.py",
    "job": "shows what an export or an import of this user has done",
}


def test_every_tool_is_tried() -> None:
    tried = {attempt.tool for attempt in ATTEMPTS}
    assert {name.removeprefix(PREFIX) for name in SPECS} - tried == WITHOUT_AN_ATTEMPT.keys()


def test_there_are_enough_attempts_and_each_is_another_one() -> None:
    assert len(ATTEMPTS) >= 60
    assert len({attempt.id for attempt in ATTEMPTS}) == len(ATTEMPTS)
    assert len(QUERIES) > 40


@pytest.mark.parametrize("name", [name for name in SPECS if name != PREFIX + "whoami"])  # which shows the user alone
async def test_where_a_policy_allows_nothing_no_tool_does_anything(org: LocalOrg, tmp_path: Path, name: str) -> None:
    (tmp_path / "p.toml").write_text("actions = []", "utf-8")
    async with served(org, policy=tmp_path / "p.toml", toolsets="all") as mcp:
        error = await refusal(mcp, name.removeprefix(PREFIX), **SPECS[name].example)

    assert error["code"] in REFUSALS


async def test_what_is_not_forbidden_is_as_it_was(org: LocalOrg, guarded: Client, records: dict[str, str]) -> None:
    soql = [
        "SELECT Id, LastName, Owner.Name, ReportsTo.Phone FROM Contact ORDER BY LastName",
        "SELECT Subject, Contact.LastName, Owner.Name FROM Case",
        "SELECT LastName, COUNT(Id) n FROM Contact GROUP BY LastName HAVING COUNT(Id) > 0 ORDER BY COUNT(Id)",
        "SELECT Id, (SELECT Subject FROM Events LIMIT 3) FROM Contact",
        "SELECT TYPEOF Who WHEN Contact THEN LastName WHEN Lead THEN Company END FROM Event",
        "SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM Case)",
        "SELECT COUNT() FROM Lead",
    ]
    async with served(org) as free:
        for each in soql:
            answers = [await call(mcp, "query", soql=each, limit=30) for mcp in (guarded, free)]
            cursors = [answer.pop("next_cursor", None) for answer in answers]
            assert answers[0] == answers[1]
            assert cursors[0] is None or cursors[0] != cursors[1]
    assert records


async def test_own_records_are_read_and_others_are_not(org: LocalOrg, guarded: Client, records: dict[str, str]) -> None:
    fields = {"StageName": "Prospecting", "CloseDate": "2026-12-01"}
    org.insert("Opportunity", Name="My Deal", OwnerId=org.user_id, **fields)
    found = await call(guarded, "query", soql="SELECT Name, OwnerId FROM Opportunity LIMIT 2000")

    assert ["My Deal", org.user_id] in found["rows"]
    assert {row[1] for row in found["rows"]} == {org.user_id}
    assert records


async def test_an_answer_has_at_most_as_many_rows_as_the_policy_allows(guarded: Client) -> None:
    found = await call(guarded, "query", soql="SELECT Id FROM Contact", limit=200)
    rest = await call(guarded, "query", soql="SELECT Id FROM Contact", limit=200, cursor=found["next_cursor"])
    listed = await call(guarded, "list_contacts", limit=200)

    assert [len(answer["rows"]) for answer in (found, listed)] == [40, 40]
    assert 0 < len(rest["rows"]) <= 40
    assert "next_cursor" in listed
    error = await refusal(guarded, "query", soql="SELECT Id, (SELECT Id FROM Tasks LIMIT 2) FROM Contact")
    assert error["hint"] == "Add LIMIT 1 to the sub-query."


@pytest.mark.parametrize("other", [None, "[objects.Contact]\nhide = ['Fax']", POLICY + "\n"])
async def test_a_cursor_ends_with_its_policy(org: LocalOrg, tmp_path: Path, other: str | None) -> None:
    files = {"one.toml": POLICY, "other.toml": other or ""}
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    other_policy = tmp_path / "other.toml" if other else None
    async with served(org, policy=tmp_path / "one.toml", state_key="k" * 32) as mcp:
        async with served(org, policy=other_policy, state_key="k" * 32) as elsewhere:
            cursor = (await call(elsewhere, "list_contacts", limit=2))["next_cursor"]
        error = await refusal(mcp, "list_contacts", limit=2, cursor=cursor)

    assert error["code"] == "INVALID_CURSOR"


@pytest.mark.parametrize("text", ["4711", "0815", "Hiddenville", "Holdings", "0199", "Deal"])
async def test_a_search_finds_nothing_by_what_is_hidden(
    org: LocalOrg, guarded: Client, records: dict[str, str], text: str
) -> None:
    sobjects = ["Contact", "Lead", "Opportunity"]
    async with served(org) as free:
        shown = await call(free, "search", text=text, sobjects=[*sobjects, "Account"])

    assert [group for group in shown["found"].values() if group["rows"]]
    found = await call(guarded, "search", text=text, sobjects=sobjects)
    assert found["found"] == {}
    assert "Only names were searched" in found["note"]
    assert records


async def test_resources_prompts_and_completions_show_no_more_than_tools(
    guarded: Client, records: dict[str, str]
) -> None:
    agenda = (await guarded.read_resource("salesforce://agenda/2026-11-24")).model_dump_json()
    contact = (await guarded.read_resource("salesforce://schema/Contact")).model_dump_json()
    prompt = (await guarded.get_prompt("day_sheet", {"date": "2026-11-24"})).model_dump_json()
    with pytest.raises(MCPError, match="Account cannot be read"):
        await guarded.read_resource("salesforce://schema/Account")
    reference = ResourceTemplateReference(type="ref/resource", uri="salesforce://schema/{sobject}")
    objects = (await guarded.complete(reference, {"name": "sobject", "value": "Acc"})).completion.values

    assert "Visit" in agenda
    assert "What.Name" in agenda
    assert "Birthdate,date" not in contact
    assert "LastName,string" in contact
    assert "Account" not in objects
    assert not [secret for secret in SECRETS if secret in agenda + contact + prompt]
    assert records


async def test_a_hidden_owner_is_never_taken_for_free(org: LocalOrg, records: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[objects.Event]\nowner_only = true", "utf-8")
    window = {"start": "2026-11-24", "end": "2026-11-25"}
    async with served(org, policy=tmp_path / "p.toml") as mcp:
        told = await call(mcp, "get_free_busy", calendars=["me", records["other"]], **window)

    assert [each["visibility"] for each in told["calendars"]] == ["full", "unknown"]


async def test_the_user_is_a_record_like_any_other(org: LocalOrg, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[objects.User]\nactions = []\n[objects.Organization]\nactions = []", "utf-8")
    async with served(org, policy=tmp_path / "p.toml") as mcp:
        for _ in range(2):
            told = await call(mcp, "whoami")
            assert told["user"] == {"Id": org.user_id, "Name": "", "Username": ""}
            assert {"Name", "Username"} <= set(told["withheld"])
            assert told["time_zone"] == "UTC"


async def test_a_field_that_has_gone_since_takes_its_object_with_it() -> None:
    async def exchange(_: Request) -> Answer:
        return Answer({"name": "Contact", "label": "Contact", "fields": []}, {})

    views = OrgViews(read_policy('[objects.Contact]\nhide = ["Email"]', "p.toml"), exchange)

    with pytest.raises(PolicyRefusedError, match=r"Contact.Email is in the policy and not in the org .*p\.toml:2"):
        await views.view("Contact")


async def test_writes_need_their_action(org: LocalOrg, records: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('actions = ["read"]', "utf-8")
    async with served(org, toolsets="all", policy=tmp_path / "p.toml") as mcp:
        listed = {tool.name.removeprefix(PREFIX) for tool in (await mcp.list_tools()).tools}
        refused = [
            await refusal(mcp, "delete_contact", contact_id=records["contact"]),
            await refusal(mcp, "delete_appointment", event_id=records["event"]),
            await refusal(mcp, "update_contact", contact_id=records["contact"], data={"Title": "x"}),
            await refusal(mcp, "create_contact", data={"LastName": "x"}),
        ]
        assert await call(mcp, "get_contact", contact_id=records["contact"])
        assert await call(mcp, "get_appointment", event_id=records["event"])

    assert listed == {spec.name.removeprefix(PREFIX) for spec in SPECS.values() if spec.effect.is_reading}
    assert {error["code"] for error in refused} == {"NOT_ALLOWED"}
    assert refused[0]["message"] == "salesforce_delete_contact is not allowed here by SALESFORCE_POLICY (p.toml:1)."
