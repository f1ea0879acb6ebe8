"""Why Jonas cannot see it: an administrator and two users of one org, through the tools."""

from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from tests.tools.calls import call, refusal, rows_as_dicts
from tests.tools.test_availability import client_as, user


async def test_why_jonas_cannot_see_an_account_and_how_he_can(org: LocalOrg, mcp: Client) -> None:
    jonas = user(org, "Jonas Brandt")
    account = str(org.store.rows("SELECT Id FROM Account WHERE OwnerId = ?", [org.user_id])[0]["Id"])
    asked = f"FROM UserRecordAccess WHERE UserId = '{jonas}' AND RecordId = '{account}'"

    async def access(fields: str) -> dict[str, object]:
        (row,) = rows_as_dicts(await call(mcp, "query", soql=f"SELECT {fields} {asked}"))
        return row

    async with client_as(org, "Jonas Brandt") as his:
        hidden = await refusal(his, "get_record", sobject="Account", record_ids=[account])
        assert hidden["code"] == "NOT_FOUND"
        found = await call(his, "query", soql=f"SELECT Id FROM Account WHERE Id = '{account}'")
        assert rows_as_dicts(found) == []
        denied = await refusal(
            his, "update_records", sobject="Account", records=[{"Id": account, "Description": "Mine"}]
        )
        assert "INSUFFICIENT_ACCESS_OR_READONLY" in str(denied)
        assert (await access("RecordId, HasReadAccess, MaxAccessLevel"))["MaxAccessLevel"] == "None"
        (owner,) = rows_as_dicts(
            await call(mcp, "query", soql=f"SELECT Owner.Name FROM Account WHERE Id = '{account}'")
        )
        assert owner == {"Owner.Name": "Nora Quill"}
        (default,) = rows_as_dicts(await call(mcp, "query", soql="SELECT DefaultAccountAccess FROM Organization"))
        assert default == {"DefaultAccountAccess": "None"}

        share = {"AccountId": account, "UserOrGroupId": jonas, "AccountAccessLevel": "Read"}
        await call(mcp, "create_records", sobject="AccountShare", records=[share])

        assert (await access("RecordId, HasReadAccess, HasEditAccess"))["HasReadAccess"] is True
        assert len(rows_as_dicts(await call(his, "query", soql=f"SELECT Id FROM Account WHERE Id = '{account}'"))) == 1
