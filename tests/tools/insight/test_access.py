"""Why somebody can see or change a record, or cannot: what Setup would show on five pages, in one call."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import ERAS, NOW, settings_of
from tests.tools.calls import call, refusal
from tests.tools.framework.test_allowed_tools import served
from tests.tools.test_availability import CountingApp, client_as, user

GIVES = ("They own it", "member of", "everybody can", "is above", "Shared with", "every record is open", "can see it")


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def account(org: LocalOrg) -> str:
    """An account of the administrator."""
    return org.insert("Account", Name="Acme", OwnerId=org.user_id)


async def explained(mcp: Client, sobject: str, record_id: str = "", **more: Any) -> dict[str, Any]:
    return await call(mcp, "explain_access", sobject=sobject, record_id=record_id, **more)


async def test_why_jonas_cannot_see_it_is_answered_in_one_call(org: LocalOrg, mcp: Client, account: str) -> None:
    told = await explained(mcp, "Account", account, user="Jonas Brandt")

    assert told["user"] == {
        "Id": user(org, "Jonas Brandt"),
        "Name": "Jonas Brandt",
        "profile": "Standard User",
        "role": "Account Executive",
    }
    assert told["record"] == {"Id": account, "Name": "Acme"}
    assert told["may"] == ["nothing"]
    assert told["because"] == [
        "They do not own it: Nora Quill does.",
        "Org-wide default of Account: Private: it gives nobody access.",
        "Their role Account Executive is not above Sales Director of Nora Quill.",
        "No share is for them or one of their groups.",
    ]
    assert told["not_told"] == ["ObjectPermissions, FieldPermissions: not there, or not readable for you"]


async def test_a_share_is_named_with_its_level_and_the_group_it_comes_by(
    org: LocalOrg, mcp: Client, account: str
) -> None:
    jonas = user(org, "Jonas Brandt")
    outer, inner = (org.insert("Group", Name=name, Type="Regular") for name in ("Outer", "Inner"))
    org.insert("GroupMember", GroupId=outer, UserOrGroupId=inner)
    org.insert("GroupMember", GroupId=inner, UserOrGroupId=jonas)
    org.insert("AccountShare", AccountId=account, UserOrGroupId=outer, AccountAccessLevel="Read")

    by_group = await explained(mcp, "Account", account, user=jonas)
    org.insert("AccountShare", AccountId=account, UserOrGroupId=jonas, AccountAccessLevel="Edit")
    by_both = await explained(mcp, "Account", account, user="jonas brandt")

    assert by_group["may"] == ["read"]
    assert by_group["because"][-1] == "Shared with Outer, which they are in: Read (Manual)."
    assert by_both["may"] == ["read", "update"]
    assert "Shared with them: Edit (Manual)." in by_both["because"]


async def test_owners_queues_roles_and_the_profile_are_named(org: LocalOrg, mcp: Client) -> None:
    jonas = user(org, "Jonas Brandt")
    queue = org.insert("Group", Name="Callbacks", Type="Queue")
    org.insert("GroupMember", GroupId=queue, UserOrGroupId=jonas)
    lead = org.insert("Lead", LastName="Ode", Company="Odes", OwnerId=queue)
    his = org.insert("Account", Name="His", OwnerId=jonas)

    assert (
        "They are a member of Callbacks, which owns it." in (await explained(mcp, "Lead", lead, user=jonas))["because"]
    )
    assert (await explained(mcp, "Account", his, user=jonas))["because"][0] == "They own it."
    above = (await explained(mcp, "Account", his))["because"]
    assert above[0] == "Profile System Administrator has Modify All Data: every record is open."
    assert any(
        reason.startswith("Their role Sales Director is above Account Executive of Jonas Brandt") for reason in above
    )


@pytest.mark.parametrize("sobject", ["Account", "Contact", "Opportunity", "Lead", "Case", "Event"])
async def test_whoever_may_see_a_record_is_told_what_gives_it(org: LocalOrg, mcp: Client, sobject: str) -> None:
    ids = [row["Id"] for row in org.store.rows(f'SELECT Id FROM "{sobject}" ORDER BY OwnerId, Id')][::40]
    for name in ("Nora Quill", "Jonas Brandt", "Aiko Sunada"):
        for record_id in ids[:4]:
            told = await explained(mcp, sobject, record_id, user=name)
            given = any(words in reason for reason in told["because"] for words in GIVES)
            assert given or told["may"] == ["nothing"], told


async def test_what_you_do_not_see_yourself_you_cannot_explain(org: LocalOrg, account: str) -> None:
    async with client_as(org, "Jonas Brandt", toolsets="insight") as his:
        told = await explained(his, "Account", account, user="Nora Quill")
        own = await explained(his, "Account")

    assert "may" not in told
    assert "record" not in told
    assert "You cannot see" in told["because"][0]
    assert own["because"] == ["Org-wide default of Account: Private: it gives nobody access."]
    assert own["object_rights"] == ["read, create, update, delete"]


async def test_permission_sets_and_fields_are_told_where_the_user_may_read_them(org: LocalOrg, account: str) -> None:
    profile = {"IsOwnedByProfile": True, "Profile": {"Name": "Standard User"}, "Label": "00e"}
    rows: dict[str, list[dict[str, Any]]] = {
        "ObjectPermissions": [
            {"Parent": profile, "PermissionsRead": True, "PermissionsEdit": True},
            {"Parent": {"Label": "Auditors"}, "PermissionsRead": True, "PermissionsViewAllRecords": True},
        ],
        "FieldPermissions": [
            {"Field": "Account.Phone", "PermissionsRead": True, "PermissionsEdit": False},
            {"Field": "Account.Industry", "PermissionsRead": True, "PermissionsEdit": True},
        ],
        "EntityDefinition": [{"InternalSharingModel": "ReadWrite"}],
    }

    def granted(content: Any) -> None:
        for reply in content["compositeResponse"]:
            for name, records in rows.items():
                if reply["httpStatusCode"] == 400 and f"'{name}'" in str(reply["body"]):
                    body = {"totalSize": len(records), "done": True, "records": records}
                    reply |= {"httpStatusCode": 200, "body": body}

    app = CountingApp(org, granted)
    settings = settings_of(org, toolsets="insight")
    async with Client(create_server(settings, transport=AsgiTransport(app), now=lambda: NOW)) as mcp:
        told = await explained(mcp, "Account", account, user="Jonas Brandt")

    assert told["object_rights"] == [
        "read, update, by profile Standard User",
        "read, view all, by permission set Auditors",
    ]
    assert "View All of Account, by permission set Auditors." in told["because"]
    assert "Org-wide default of Account: Public Read/Write: everybody can change it." in told["because"]
    assert "Website" in told["hidden_fields"]
    assert told["read_only_fields"] == ["Phone"]
    assert "not_told" not in told
    assert app.calls.count("composite") <= 4


async def test_what_the_policy_takes_away_is_said_first(org: LocalOrg, tmp_path: Path) -> None:
    contact = org.insert("Contact", LastName="Ode", OwnerId=org.user_id)
    (tmp_path / "p.toml").write_text(
        '[objects.Contact]\nactions = ["read", "update"]\nhide = ["Email"]\nmax_rows = 5\n', "utf-8"
    )
    async with served(org, toolsets="all", policy=tmp_path / "p.toml") as mcp:
        told = await explained(mcp, "Contact", contact)
        rights = (await call(mcp, "whoami", sobjects=["Contact", "Account", "Nope__c"]))["rights"]

    assert next(iter(told)) == "policy"
    assert told["policy"] == [
        "Contact: only read, update (p.toml:2).",
        "Contact: without Email (p.toml:3).",
        "Contact: at most 5 rows in an answer (p.toml:4).",
    ]
    assert any("UserRecordAccess" in each and each.endswith("refused by the policy") for each in told["not_told"])
    assert told["object_rights"] == ["read, update"]
    assert rights["Contact"] == "read, update"
    assert rights["Account"] == "read, create, update, delete"
    assert "Nope__c" in rights["Nope__c"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"sobject": "Acount"}, "INVALID_TYPE"),
        ({"sobject": "Account", "user": "Nobody"}, "UNKNOWN_CALENDAR"),
        ({"sobject": "Account", "user": "Harbour Room"}, "INVALID_ARGUMENT"),
        ({"sobject": "Account", "record_id": "003lo0000000001AAA"}, "INVALID_ARGUMENT"),
        ({"sobject": "Account", "record_id": "acme"}, "MALFORMED_ID"),
    ],
)
async def test_a_question_that_means_nothing_is_refused(mcp: Client, arguments: dict[str, Any], code: str) -> None:
    assert (await refusal(mcp, "explain_access", **arguments))["code"] == code


async def test_a_user_that_there_is_not_is_refused_by_the_name_of_the_argument(mcp: Client) -> None:
    error = await refusal(mcp, "explain_access", sobject="Account", user="Jonas")

    assert (error["fields"], error["hint"]) == (["user"], "Did you mean Jonas Brandt?")


async def test_a_name_of_two_users_is_a_question_with_both(org: LocalOrg, mcp: Client) -> None:
    two = [user(org, "Jonas Brandt"), user(org, "Aiko Sunada")]
    org.store.execute("UPDATE User SET Name = 'Jonas Brandt' WHERE Id = ?", [two[1]])

    error = await refusal(mcp, "explain_access", sobject="Account", user="jonas brandt")

    assert (error["code"], error["fields"]) == ("AMBIGUOUS_CALENDAR", ["user"])
    assert all(each in error["message"] for each in two)
    assert error["hint"] == "Ask the user which one is meant, and give its Id."
