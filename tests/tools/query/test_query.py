"""SOQL through the whole stack: compact rows, and pages that are exact."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.store.ids import mint
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.query import toolset as query
from tests.approving import approve
from tests.conftest import settings_of
from tests.salesforce.scripted import Answer, ScriptedOrg
from tests.salesforce.scripted import refusal as org_refusal
from tests.tools.calls import all_ids, call, error_in, refusal, server_on, text_of
from tests.tools.tokens import tokens

IN_ORDER = "SELECT Id, Subject FROM Event ORDER BY StartDateTime, Id"
BY_NAME = "SELECT Id FROM Contact ORDER BY Name, Id"


def ids_of(org: LocalOrg, soql: str) -> list[str]:
    return [record["Id"] for record in org.queries.query(soql, org.user_id)["records"]]


def replica_on(org: LocalOrg, **changes: Any) -> Any:
    """A server with the key of every other one of these."""
    return create_server(settings_of(org, state_key="k" * 32, **changes), transport=AsgiTransport(org.app))


@pytest.fixture
async def replica(org: LocalOrg) -> AsyncIterator[Client]:
    async with Client(replica_on(org), elicitation_callback=approve) as client:
        yield client


class Counted:
    """The org's app, and what was asked of it."""

    def __init__(self, org: LocalOrg) -> None:
        self._org = org
        self.paths: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith("/services/data"):
            self.paths.append(scope["path"])
        await self._org.app(scope, receive, send)


async def test_a_parents_fields_are_columns_and_a_missing_parent_is_empty(org: LocalOrg, mcp: Client) -> None:
    account_id = org.insert("Account", Name="Acme")
    org.insert("Contact", LastName="Ode-1")
    org.insert("Contact", LastName="Ode-2", AccountId=account_id)

    rows = await call(
        mcp, "query", soql="SELECT Account.Name, LastName, Account.Owner.Name FROM Contact WHERE LastName LIKE 'Ode-%' "
        "ORDER BY LastName"
    )  # fmt: skip

    assert rows["columns"] == ["Account.Name", "LastName", "Account.Owner.Name"]
    assert rows["rows"] == [[None, "Ode-1", None], ["Acme", "Ode-2", "Nora Quill"]]
    assert rows["total"] == 2


@pytest.mark.parametrize("where", ["Name = 'Nobody'", "ReportsToId = null LIMIT 2"], ids=["no rows", "no parents"])
@pytest.mark.parametrize(
    ("selected", "columns"),
    [
        ("ReportsTo.Name, LastName, ReportsTo.Email", ["ReportsTo.Name", "LastName", "ReportsTo.Email"]),
        ("Id, ReportsTo.Account.Name", ["Id", "ReportsTo.Account.Name"]),
        ("c.Name, c.ReportsTo.Name", ["Name", "ReportsTo.Name"]),
        ("Contact.Name, Contact.Account.Name", ["Name", "Account.Name"]),
        ("toLabel(LeadSource), Name", ["LeadSource", "Name"]),
        ("toLabel(LeadSource) source, Name", ["source", "Name"]),
        ("(SELECT Id FROM Cases), Name", ["Cases", "Name"]),
    ],
)
async def test_columns_are_what_is_selected_whatever_the_rows_hold(
    mcp: Client, selected: str, columns: list[str], where: str
) -> None:
    source = "Contact c" if "c." in selected else "Contact"

    rows = await call(mcp, "query", soql=f"SELECT {selected} FROM {source} WHERE {where}")

    assert rows["columns"] == columns
    assert all(len(row) == len(columns) for row in rows["rows"])


async def test_groups_and_kinds_of_records_have_their_columns_without_rows_too(mcp: Client) -> None:
    groups = await call(
        mcp, "query", soql="SELECT LeadSource, COUNT(Id), MAX(Name) last_one FROM Contact WHERE Name = 'x' GROUP BY "
        "LeadSource"
    )  # fmt: skip
    kinds = await call(
        mcp, "query", soql="SELECT Id, TYPEOF Who WHEN Contact THEN Email WHEN Lead THEN Company, Email ELSE Name END "
        "FROM Event WHERE Subject = 'x'"
    )  # fmt: skip

    assert groups["columns"] == ["LeadSource", "COUNT(Id)", "last_one"]
    assert kinds["columns"] == ["Id", "Who.Email", "Who.Company", "Who.Name"]


async def test_archived_and_deleted_records_are_read_on_request(org: LocalOrg, mcp: Client) -> None:
    ids = {
        name: org.insert("Event", Subject="Ode", StartDateTime="2026-12-01T10:00:00Z", DurationInMinutes=30)
        for name in ("there", "archived", "deleted")
    }
    org.store.execute("UPDATE Event SET IsArchived = 1 WHERE Id = ?", [ids["archived"]])
    org.records.delete("Event", ids["deleted"], org.user_id)
    soql = "SELECT Id FROM Event WHERE Subject = 'Ode' ORDER BY Id"

    async def found(**more: bool) -> set[str]:
        page = await call(mcp, "query", soql=soql, limit=1, **more)
        read = list(page["rows"])
        while "next_cursor" in page:
            page = await call(mcp, "query", soql=soql, limit=1, cursor=page["next_cursor"], **more)
            read += page["rows"]
        return {name for name, record_id in ids.items() if [record_id] in read}

    assert await found() == {"there"}
    assert await found(include_archived=True) == {"there", "archived"}
    assert await found(include_deleted=True) == {"there", "archived", "deleted"}


async def test_children_have_the_columns_of_the_sub_query(org: LocalOrg, mcp: Client) -> None:
    account_id = org.insert("Account", Name="Acme")
    org.insert("Contact", LastName="Ode-1", AccountId=account_id)

    rows = await call(
        mcp, "query", soql="SELECT (SELECT ReportsTo.Name, LastName FROM Contacts) FROM Account WHERE Name = 'Acme'"
    )

    ((children,),) = rows["rows"]
    assert children["columns"] == ["ReportsTo.Name", "LastName"]
    assert children["rows"] == [[None, "Ode-1"]]


async def test_children_are_rows_in_a_cell(org: LocalOrg, mcp: Client) -> None:
    account_id = org.insert("Account", Name="Acme")
    contact_id = org.insert("Contact", LastName="Ode", AccountId=account_id)

    rows = await call(
        mcp, "query", soql=f"SELECT Name, (SELECT Id, LastName FROM Contacts) FROM Account WHERE Id = '{account_id}'"
    )

    assert rows["columns"] == ["Name", "Contacts"]
    assert rows["rows"] == [["Acme", {"columns": ["Id", "LastName"], "rows": [[contact_id, "Ode"]]}]]


async def test_counts_and_groups(org: LocalOrg, mcp: Client) -> None:
    count = await call(mcp, "query", soql="SELECT COUNT() FROM Contact")
    assert count == {"columns": [], "rows": [], "total": 200}

    groups = await call(mcp, "query", soql="SELECT IsAllDayEvent, COUNT(Id) many FROM Event GROUP BY IsAllDayEvent")
    assert groups["columns"] == ["IsAllDayEvent", "many"]
    assert sum(row[1] for row in groups["rows"]) == len(ids_of(org, "SELECT Id FROM Event"))


async def test_a_value_of_a_group_without_an_alias_is_called_by_its_function(mcp: Client) -> None:
    soql = "SELECT IsAllDayEvent, COUNT(Id), MIN(Subject) least, MAX(Subject) FROM Event GROUP BY IsAllDayEvent"

    assert (await call(mcp, "query", soql=soql))["columns"] == ["IsAllDayEvent", "COUNT(Id)", "least", "MAX(Subject)"]


@pytest.mark.parametrize("soql", ["select Id from Contact limit 1;", "  SELECT\nId FROM Contact LIMIT 1  "])
async def test_a_query_may_be_written_in_any_case_and_end_in_a_semicolon(mcp: Client, soql: str) -> None:
    assert len((await call(mcp, "query", soql=soql))["rows"]) == 1


@pytest.mark.parametrize("limit", [45, 200, 250, 2000])
async def test_pages_hold_every_row_exactly_once(org: LocalOrg, mcp: Client, limit: int) -> None:
    assert await all_ids(mcp, "query", limit=limit, soql=IN_ORDER) == ids_of(org, IN_ORDER)


async def test_the_limit_may_change_from_page_to_page(org: LocalOrg, mcp: Client) -> None:
    ids, cursor = [], ""
    for limit in (230, 3, 2000):
        page = await call(mcp, "query", soql=IN_ORDER, limit=limit, cursor=cursor)
        ids += [row[0] for row in page["rows"]]
        cursor = page.get("next_cursor", "")

    assert not cursor
    assert ids == ids_of(org, IN_ORDER)


async def test_total_counts_all_rows_on_every_page(org: LocalOrg, mcp: Client) -> None:
    many = len(ids_of(org, IN_ORDER))
    first = await call(mcp, "query", soql=IN_ORDER, limit=200)
    second = await call(mcp, "query", soql=IN_ORDER, limit=200, cursor=first["next_cursor"])

    assert first["total"] == second["total"] == many


async def test_rows_that_change_while_they_are_read_leave_the_rest_as_it_was_found(org: LocalOrg, mcp: Client) -> None:
    before = ids_of(org, BY_NAME)
    page = await call(mcp, "query", soql=BY_NAME, limit=10)
    await call(mcp, "delete_contact", contact_id=before[3])
    org.insert("Contact", LastName="Aaa", FirstName="Aaa")

    rest = await all_ids(mcp, "query", limit=100, soql=BY_NAME, cursor=page["next_cursor"])

    assert rest == before[10:]


async def test_rows_that_change_before_a_cursor_make_it_stale_for_another_server(
    org: LocalOrg, replica: Client
) -> None:
    page = await call(replica, "query", soql=BY_NAME, limit=10)
    await call(replica, "delete_contact", contact_id=page["rows"][3][0])

    async with Client(replica_on(org), elicitation_callback=approve) as other:
        error = await refusal(other, "query", soql=BY_NAME, limit=10, cursor=page["next_cursor"])

    assert error["code"] == "STALE_CURSOR"
    assert error["hint"] == "Repeat the call without cursor."


async def test_rows_that_change_behind_a_cursor_leave_it_good_for_another_server(
    org: LocalOrg, replica: Client
) -> None:
    page = await call(replica, "query", soql=BY_NAME, limit=10)
    before = ids_of(org, BY_NAME)
    await call(replica, "update_contact", contact_id=before[2], data={"Title": "renamed"})
    await call(replica, "delete_contact", contact_id=before[15])

    async with Client(replica_on(org), elicitation_callback=approve) as other:
        rest = await all_ids(other, "query", limit=100, soql=BY_NAME, cursor=page["next_cursor"])

    assert rest == before[10:15] + before[16:]


@pytest.mark.parametrize("limit", [150, 200])
async def test_an_expired_locator_is_told_as_such_and_how_to_go_on(
    org: LocalOrg, mcp: Client, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(query, "LARGEST_BATCH", 200)
    page = await call(mcp, "query", soql=IN_ORDER, limit=limit)
    org.store.execute("DELETE FROM _locator")

    error = await refusal(mcp, "query", soql=IN_ORDER, limit=2000, cursor=page["next_cursor"])

    assert error["code"] == "INVALID_QUERY_LOCATOR"
    assert error["hint"].startswith("Repeat the call without cursor. To continue from here, add ORDER BY Id")


async def test_another_server_goes_on_where_one_stopped(org: LocalOrg, replica: Client) -> None:
    page = await call(replica, "query", soql=IN_ORDER, limit=230)
    async with Client(replica_on(org), elicitation_callback=approve) as other:
        rest = await all_ids(other, "query", limit=2000, soql=IN_ORDER, cursor=page["next_cursor"])

    assert [row[0] for row in page["rows"]] + rest == ids_of(org, IN_ORDER)


async def test_an_answer_beyond_the_budget_ends_at_a_whole_row_and_goes_on_by_cursor(org: LocalOrg) -> None:
    server = create_server(settings_of(org, max_answer_tokens=800), transport=AsgiTransport(org.app))
    async with Client(server) as mcp:
        first = await call(mcp, "query", soql=IN_ORDER, limit=300)
        assert first["left_out"] == 300 - len(first["rows"])
        ids = await all_ids(mcp, "query", limit=300, soql=IN_ORDER)

    assert ids == ids_of(org, IN_ORDER)


async def test_one_row_that_is_larger_than_the_budget_is_given_with_its_texts_cut(org: LocalOrg) -> None:
    org.insert("Contact", LastName="Aaa", Description="word " * 6000 + "end")
    server = create_server(settings_of(org, max_answer_tokens=500), transport=AsgiTransport(org.app))
    async with Client(server) as mcp:
        soql = "SELECT Description FROM Contact WHERE LastName = 'Aaa'"
        rows: dict[str, Any] = await call(mcp, "query", soql=soql)

    assert "next_cursor" not in rows
    ((text,),) = rows["rows"]
    assert text.startswith("word word")
    shown, _, said = text.partition(" [")
    assert said.endswith(f'get fields ["Description[{len(shown)}:]"]]')
    assert len(shown) + int(said.split()[0]) == len("word " * 6000 + "end")
    assert len(text) < 1250


async def test_every_row_comes_once_and_a_page_of_the_org_is_read_once(org: LocalOrg) -> None:
    rows = ({"Id": mint("001", number), "Name": f"Paged {number:05}"} for number in range(10_001, 16_001))
    org.records.load("Account", rows, org.user_id)
    app = Counted(org)
    server = create_server(settings_of(org, max_answer_tokens=6000), transport=AsgiTransport(app))
    soql = "SELECT Id, Name FROM Account WHERE Name LIKE 'Paged%' ORDER BY Name"
    async with Client(server) as mcp:
        ids = await all_ids(mcp, "query", limit=2000, soql=soql)

    assert ids == ids_of_all(org, soql)
    assert len(ids) == 6000
    assert len(app.paths) == 3


def ids_of_all(org: LocalOrg, soql: str) -> list[str]:
    page = org.queries.query(soql, org.user_id)
    ids = [record["Id"] for record in page["records"]]
    while "nextRecordsUrl" in page:
        page = org.queries.more(page["nextRecordsUrl"].rpartition("/")[2], org.user_id)
        ids += [record["Id"] for record in page["records"]]
    return ids


async def test_a_query_without_limit_reads_no_more_than_a_page(org: LocalOrg) -> None:
    app = Counted(org)
    async with Client(create_server(settings_of(org), transport=AsgiTransport(app))) as mcp:
        rows = await call(mcp, "query", soql=IN_ORDER)

    assert len(rows["rows"]) == 200
    assert rows["next_cursor"]
    assert len(app.paths) == 1


async def test_a_query_too_long_for_a_url_is_run_all_the_same(org: LocalOrg) -> None:
    contact_id = org.insert("Contact", LastName="Ode")
    ids = ", ".join(f"'{mint('003', number)}'" for number in range(900_000, 901_500))
    app = Counted(org)
    async with Client(create_server(settings_of(org), transport=AsgiTransport(app))) as mcp:
        rows = await call(mcp, "query", soql=f"SELECT Id FROM Contact WHERE Id IN ('{contact_id}', {ids})")

    assert rows["rows"] == [[contact_id]]
    assert app.paths == ["/services/data/v60.0/composite"]


CHILDREN = "SELECT Name, (SELECT LastName FROM Contacts) FROM Account"
CHILD_PAGE = "/services/data/v60.0/query/0r8000000000001AAA-2"


def children(*names: str, total: int, more: str | None) -> dict[str, Any]:
    records = [{"attributes": {"type": "Contact"}, "LastName": name} for name in names]
    return {"totalSize": total, "done": more is None, "nextRecordsUrl": more, "records": records}


async def test_children_that_do_not_come_at_once_have_a_cursor_of_their_own() -> None:
    scripted = ScriptedOrg()
    account = {
        "attributes": {"type": "Account"},
        "Name": "Acme",
        "Contacts": children("A", "B", total=3, more=CHILD_PAGE),
    }
    scripted.answers.append(Answer(value={"totalSize": 1, "done": True, "records": [account]}))
    scripted.answers.append(Answer(value=children("C", total=3, more=None)))

    async with Client(server_on(scripted)) as mcp:
        ((_, cell),) = (await call(mcp, "query", soql=CHILDREN))["rows"]
        rest = await call(mcp, "query", soql=CHILDREN, cursor=cell["next_cursor"])

    assert {**cell, "next_cursor": ""} == {
        "columns": ["LastName"],
        "rows": [["A"], ["B"]],
        "total": 3,
        "next_cursor": "",
    }
    assert rest == {"columns": ["LastName"], "rows": [["C"]], "total": 3}
    assert scripted.data_calls[1].path == CHILD_PAGE


async def test_more_children_than_an_answer_holds_are_counted() -> None:
    scripted = ScriptedOrg()
    names = [f"Person number {number}" for number in range(400)]
    account = {"attributes": {"type": "Account"}, "Name": "Acme", "Contacts": children(*names, total=400, more=None)}
    scripted.answers.append(Answer(value={"totalSize": 1, "done": True, "records": [account]}))

    async with Client(server_on(scripted, max_answer_tokens=1000)) as mcp:
        result = await mcp.call_tool("salesforce_query", {"soql": CHILDREN})

    ((_, cell),) = (result.structured_content or {})["rows"]
    assert 0 < len(cell["rows"]) < 400
    assert len(cell["rows"]) + cell["left_out"] == 400
    assert tokens(text_of(result.content)) <= 1100


# --- What is refused before it is sent ------------------------------------------------------------

BAD = {
    "SELECT COUNT(DISTINCT AccountId) FROM Contact": (23, "SOQL has no DISTINCT: use COUNT_DISTINCT(field)"),
    "SELECT Id FROM Event ALL ROWS": (26, "ALL ROWS is not supported here: set include_deleted"),
    "SELECT COUNT(Id) AS n FROM Contact": (18, "SOQL has no AS"),
    "SELECT TOP 5 Id FROM Contact": (12, "SOQL has no TOP"),
    "SELECT Id FROM Contact FOR UPDATE": (28, "FOR UPDATE works only in Apex"),
    "SELECT Id FROM Contact OFFSET 5 LIMIT 3": (33, "Write LIMIT before OFFSET"),
    "SELECT Id FROM Contact WHERE Id NOT IN ()": (41, "The list is empty"),
    "SELECT Id FROM Contact WHERE CreatedDate = NOW()": (44, "Use a date literal such as TODAY, LAST_N_DAYS:7"),
    "SELECT Id, CASE WHEN x THEN y END FROM Contact": (22, "SOQL has no CASE"),
    "SELECT Id FORM Contact": (16, "Did you mean FROM instead of FORM?"),
    "SELECT Id FROM Contact WHER Name = 'x'": (29, "Did you mean WHERE instead of WHER?"),
    "SELECT Id FROM Contact LIMT 5": (29, "Did you mean LIMIT instead of LIMT?"),
    "SELECT * FROM Contact": (8, "SOQL has no *"),
    "SELECT COUNT(*) FROM Contact": (14, "SOQL has no *"),
    "SELECT DISTINCT Name FROM Contact": (8, "SOQL has no DISTINCT"),
    "SELECT Id FROM Contact c JOIN Account a": (26, "SOQL has no JOIN"),
    'SELECT Id FROM Contact WHERE Name = "x"': (37, "Put text values in single quotes."),
    "SELECT Id FROM Contact WHERE Name = Ode": (37, "Put text values in single quotes. SOQL has no variables."),
    "SELECT Id FROM Contact WHERE A = 1 AND B = 2 OR C = 3": (46, "When you mix AND, OR and NOT, use parentheses"),
    "SELECT Id FROM Contact WHERE NOT A = 1 AND B = 2": (40, "When you mix AND, OR and NOT, use parentheses"),
    "SELECT Id FROM Contact WHERE AND A = 1": (30, "Expected NOT, (, a name."),
    "SELECT Id FROM Contact ORDER Name": (30, "Write ORDER BY."),
    "SELECT Id FROM Contact GROUP Name": (30, "Write GROUP BY."),
    "SELECT Id FROM Contact LIMIT x": (30, "Expected a number."),
    "SELECT Id FROM Contact WHERE Name = ": (36, "Expected a value."),
    "SELECT Id FROM Contact WHERE Name": (34, "Expected (, IN, NOT, INCLUDES, EXCLUDES, LIKE, =, !=."),
    "SELECT Id FROM Contact WHERE (Name = 'x'": (41, "Expected AND, OR, )."),
    "SELECT Id,\nFROM Contact": (1, "Expected (, a name."),
}


@pytest.mark.parametrize("soql", BAD)
async def test_a_syntax_error_is_told_with_place_and_remedy_and_nothing_is_sent(org: LocalOrg, soql: str) -> None:
    app = Counted(org)
    async with Client(create_server(settings_of(org), transport=AsgiTransport(app))) as mcp:
        result = await mcp.call_tool("salesforce_query", {"soql": soql})
    error = error_in(text_of(result.content))
    column, hint = BAD[soql]

    assert error["code"] == "MALFORMED_QUERY"
    assert error["message"].endswith(f":Column:{column})")
    assert error["near"].endswith("^")
    assert error["hint"].startswith(hint)
    assert tokens(text_of(result.content)) <= 120
    assert app.paths == []


async def test_a_wrong_name_is_sent_once_and_refused_without_the_org_from_then_on(org: LocalOrg) -> None:
    app = Counted(org)
    async with Client(create_server(settings_of(org), transport=AsgiTransport(app))) as mcp:
        first = await refusal(mcp, "query", soql="SELECT Emial, Phne FROM Contact WHERE Acount.Name = 'x'")
        queries = app.paths.count("/services/data/v60.0/query")
        second = await refusal(mcp, "query", soql="SELECT Id FROM Contact ORDER BY Naem")
        third = await refusal(
            mcp, "query", soql="SELECT Id FROM Contact WHERE AccountId IN (SELECT AccontId FROM Contact)"
        )

    assert first["code"] == second["code"] == "INVALID_FIELD"
    assert first["fields"] == ["Emial", "Phne", "Acount"]
    assert first["hint"] == "Emial: Email? Phne: Phone? Acount: Account?"
    assert second["hint"] == "Did you mean Name?"
    assert third["hint"] == "Did you mean AccountId?"
    assert queries == app.paths.count("/services/data/v60.0/query") == 1


async def test_a_good_query_costs_no_describe(org: LocalOrg) -> None:
    app = Counted(org)
    async with Client(create_server(settings_of(org), transport=AsgiTransport(app))) as mcp:
        await call(mcp, "query", soql="SELECT Id, Account.Owner.Name FROM Contact WHERE Owner.Name != null LIMIT 1")

    assert app.paths == ["/services/data/v60.0/query"]


@pytest.mark.parametrize(
    ("soql", "hint"),
    [
        ("SELECT Id FROM Kontakt", "Did you mean Contact?"),
        ("SELECT Id, (SELECT Id FROM Contact) FROM Account", "Did you mean Contacts?"),
        ("SELECT Account.Nmae FROM Contact", "Did you mean Name?"),
        ("SELECT TYPEOF Who WHEN Contact THEN Emial END FROM Event", "Did you mean Email?"),
    ],
)
async def test_wrong_objects_and_paths_are_answered_with_the_nearest(mcp: Client, soql: str, hint: str) -> None:
    assert (await refusal(mcp, "query", soql=soql))["hint"] == hint


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT c.Name, Contact.Email FROM Contact c ORDER BY c.Name LIMIT 1",
        "SELECT FIELDS(STANDARD) FROM Contact LIMIT 1",
        "SELECT LeadSource s, COUNT(Id) many FROM Contact GROUP BY LeadSource HAVING COUNT(Id) > 1",
        "SELECT Id, Who.Name, What.Name, Owner.Name FROM Event LIMIT 1",
        "SELECT TYPEOF Who WHEN Contact THEN Email ELSE Name END FROM Event LIMIT 1",
        "SELECT Id FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact WHERE Email != null) LIMIT 1",
        "SELECT Id, (SELECT Id, Owner.Name FROM Contacts LIMIT 2) FROM Account LIMIT 1",
    ],
)
async def test_what_is_right_is_right_with_all_describes_known_as_well(mcp: Client, soql: str) -> None:
    for sobject in ("Contact", "Account", "Event", "User"):
        await call(mcp, "describe", sobject=sobject)

    await call(mcp, "query", soql=soql)


async def test_a_field_added_since_the_describe_is_not_refused() -> None:
    scripted = ScriptedOrg()
    describe: dict[str, Any] = {
        "name": "Trip__c",
        "label": "Trip",
        "fields": [{"name": "Id", "label": "Id", "type": "id"}],
    }
    scripted.answers.append(Answer(value=describe))
    grown = {**describe, "fields": [*describe["fields"], {"name": "New__c", "label": "New", "type": "string"}]}
    scripted.answers.append(Answer(value=grown))
    scripted.answers.append(Answer(value={"totalSize": 0, "done": True, "records": []}))

    async with Client(server_on(scripted)) as mcp:
        await call(mcp, "describe", sobject="Trip__c")
        rows = await call(mcp, "query", soql="SELECT New__c FROM Trip__c")

    assert rows["total"] == 0
    assert [call.path.rpartition("/")[2] for call in scripted.data_calls] == ["describe", "describe", "query"]


async def test_a_query_runs_where_describes_fail() -> None:
    scripted = ScriptedOrg()
    describe = {"name": "Trip__c", "label": "Trip", "fields": [{"name": "Id", "label": "Id", "type": "id"}]}
    scripted.answers.extend([Answer(value=describe), org_refusal(403, "REQUEST_LIMIT_EXCEEDED")])
    scripted.answers.append(Answer(value={"totalSize": 0, "done": True, "records": []}))

    async with Client(server_on(scripted)) as mcp:
        await call(mcp, "describe", sobject="Trip__c")
        assert (await call(mcp, "query", soql="SELECT New__c FROM Trip__c"))["total"] == 0


async def test_the_orgs_own_refusal_stands_where_describe_knows_no_better() -> None:
    scripted = ScriptedOrg()
    message = "No such column 'Odd__c' on entity 'Trip__c'."
    scripted.answers.extend([org_refusal(400, "INVALID_FIELD", message), org_refusal(403, "REQUEST_LIMIT_EXCEEDED")])

    async with Client(server_on(scripted)) as mcp:
        error = await refusal(mcp, "query", soql="SELECT Odd__c FROM Trip__c")

    assert error["message"] == message


async def test_times_are_local_where_a_zone_is_asked_for(org: LocalOrg, mcp: Client) -> None:
    org.insert("Contact", LastName="Aaa")
    soql = "SELECT CreatedDate, Birthdate FROM Contact WHERE LastName = 'Aaa'"

    utc = await call(mcp, "query", soql=soql)
    local = await call(mcp, "query", soql=soql, time_zone="Asia/Tokyo")

    assert utc["rows"] == [["2026-11-22T09:00:00Z", None]]
    assert local["rows"] == [["2026-11-22T18:00:00+09:00", None]]
    assert local["time_zone"] == "Asia/Tokyo"
