"""Who sees and changes what, against the rules written a second time, over any users, records and shares."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.store.ids import mint
from tests.localorg.clock import Clock
from tests.orgs import new_org

PUBLIC: Final = {"None": 0, "Read": 1, "Edit": 2, "ReadEditTransfer": 3, "All": 4}
LEVELS: Final = ("None", "Read", "Edit", "Transfer", "All")
SHARED: Final = {"None": 0, "Read": 1, "Edit": 2}
ADMIN, *STANDARD = range(5)
OBJECTS: Final = ("Account", "Contact", "Opportunity", "Lead", "Event")

_REFUSALS: Final = {
    "NOT_FOUND",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INVALID_ACCESS_LEVEL",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
}

Row = dict[str, Any]


@dataclass
class World:
    """Users (the first is the administrator) with roles, a group, org-wide defaults, records and shares."""

    parents: list[int | None]
    roles: list[int | None]
    members: list[int]
    bosses: bool
    defaults: dict[str, str]
    for_owner: str
    records: dict[str, list[Row]]
    shares: list[Row] = field(default_factory=list)


users = st.sampled_from(range(5))
maybe = st.none() | st.integers(0, 1)


def rows(count: int, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.fixed_dictionaries({"owner": users, **columns}), min_size=count, max_size=count)


events = st.fixed_dictionaries({"owner": users, "who": maybe, "what": maybe, "private": st.just(value=False)}) | (
    st.fixed_dictionaries({"owner": users, "who": st.none(), "what": st.none(), "private": st.just(value=True)})
)
worlds = st.builds(
    World,
    parents=st.tuples(st.none(), st.none() | st.just(0), st.none() | st.integers(0, 1)).map(list),
    roles=st.lists(st.none() | st.integers(0, 2), min_size=5, max_size=5),
    members=st.lists(users, max_size=2),
    bosses=st.booleans(),
    defaults=st.fixed_dictionaries(
        {
            "Account": st.sampled_from(["None", "None", "Read", "Edit"]),
            "Contact": st.sampled_from(["ControlledByParent", "None", "Read"]),
            "Opportunity": st.sampled_from(["None", "Read", "Edit"]),
            "Lead": st.sampled_from(["None", "Read", "Edit", "ReadEditTransfer"]),
        }
    ),
    for_owner=st.sampled_from(["None", "Read", "Edit"]),
    records=st.fixed_dictionaries(
        {
            "Account": rows(2),
            "Contact": rows(3, account=maybe),
            "Opportunity": rows(2, account=maybe),
            "Lead": rows(2),
            "Event": st.lists(events, min_size=3, max_size=3),
        }
    ),
    shares=st.lists(
        st.fixed_dictionaries(
            {
                "object": st.sampled_from(OBJECTS[:-1]),
                "record": st.integers(0, 1),
                "to": st.none() | users,
                "level": st.sampled_from(["Read", "Edit"]),
                "opportunities": st.sampled_from(["None", "Read", "Edit"]),
            }
        ),
        max_size=4,
    ),
)


class Rules:
    """What the documentation says, over the values of a world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def above(self, boss: int, user: int) -> bool:
        role, top = self.world.roles[user], self.world.roles[boss]
        while role is not None and top is not None:
            role = self.world.parents[role]
            if role == top:
                return True
        return False

    def below(self, user: int) -> set[int]:
        return {user} | {each for each in range(5) if self.above(user, each)}

    def reached(self, user: int, to: int | None) -> bool:
        """Tell whether a share with somebody, or with the group (None), is a share with `user`."""
        if to is not None:
            return to in self.below(user)
        members = set(self.world.members)
        return user in members or (self.world.bosses and bool(members & self.below(user)))

    def granted(self, sobject: str, number: int, user: int) -> int:
        if self.world.records[sobject][number]["owner"] in self.below(user):
            return 4
        found = [
            SHARED[each["level"]]
            for each in self.world.shares
            if (each["object"], each["record"]) == (sobject, number) and self.reached(user, each["to"])
        ]
        return max(found, default=0)

    def level(self, sobject: str, number: int, user: int) -> int:
        if user == ADMIN:
            return 4
        record = self.world.records[sobject][number]
        if sobject == "Event":
            return self.event(record, user)
        if self.world.defaults[sobject] == "ControlledByParent":
            if record["account"] is None:
                return 4 if record["owner"] == user else 0
            return self.level("Account", record["account"], user)
        public = PUBLIC[self.world.defaults[sobject]]
        return max(public, self.granted(sobject, number, user), self.implicit(sobject, number, user))

    def implicit(self, sobject: str, number: int, user: int) -> int:
        world = self.world
        if sobject == "Account":
            children = ["Opportunity", *(["Contact"] if world.defaults["Contact"] != "ControlledByParent" else [])]
            return int(
                any(
                    each["account"] == number and self.granted(child, place, user)
                    for child in children
                    for place, each in enumerate(world.records[child])
                )
            )
        account = world.records[sobject][number].get("account")
        if account is None:
            return 0
        owner = world.records["Account"][account]["owner"]
        found = [SHARED[world.for_owner]] if owner in self.below(user) and world.roles[owner] is not None else []
        for each in world.shares:
            if (each["object"], each["record"]) == ("Account", account) and self.reached(user, each["to"]):
                found += [SHARED[each["opportunities"]]] if sobject == "Opportunity" else []
        return max(found, default=0)

    def event(self, record: Row, user: int) -> int:
        if record["private"]:
            return 4 if record["owner"] == user else 0
        if record["owner"] in self.below(user):
            return 4
        related = [("Contact", record["who"]), ("Opportunity", record["what"])]
        seen = [self.level(name, number, user) for name, number in related if number is not None]
        return int(bool(seen) and all(seen))


@pytest.fixture(scope="module")
def org() -> Iterator[LocalOrg]:
    with new_org(Clock(), seed=False) as opened:
        yield opened


class Built:
    """A world in an org: its users' and records' ids."""

    def __init__(self, org: LocalOrg, world: World) -> None:
        self.org = org
        store, schema = org.store, org.schema
        for name, default in world.defaults.items():
            store.execute(f"UPDATE Organization SET Default{name}Access = ?", [default])
        roles = [mint("00E", 1000 + number) for number in range(3)]
        for number, parent in enumerate(world.parents):
            levels = dict.fromkeys(
                (f"{name}AccessForAccountOwner" for name in ("Opportunity", "Contact", "Case")), world.for_owner
            )
            place = {
                "Id": roles[number],
                "Name": f"R{number}",
                "ParentRoleId": None if parent is None else roles[parent],
            }
            store.insert(schema["UserRole"], place | levels)
        standard = store.rows("SELECT Id FROM Profile WHERE PermissionsViewAllData = 0")[0]["Id"]
        self.users = [org.user_id, *(mint("005", 1000 + number) for number in STANDARD)]
        for number, user_id in enumerate(self.users):
            role = world.roles[number]
            values = {"UserRoleId": None if role is None else roles[role]}
            if number == ADMIN:
                store.update(schema["User"], user_id, values)
            else:
                store.insert(schema["User"], values | {"Id": user_id, "ProfileId": standard, "TimeZoneSidKey": "UTC"})
        self.group = org.insert("Group", Name="Some", Type="Regular", DoesIncludeBosses=world.bosses)
        for member in world.members:
            org.insert("GroupMember", GroupId=self.group, UserOrGroupId=self.users[member])
        self.ids: dict[str, list[str]] = {name: [] for name in OBJECTS}
        for name in OBJECTS:
            for record in world.records[name]:
                self.ids[name].append(self.add(name, record))
        world.shares = [each for each in world.shares if self.share(each)]

    def add(self, name: str, record: Row) -> str:
        values: Row = {"OwnerId": self.users[record["owner"]]}
        if record.get("account") is not None:
            values["AccountId"] = self.ids["Account"][record["account"]]
        if name in {"Account", "Opportunity"}:
            values["Name"] = "Some"
        if name == "Opportunity":
            values |= {"StageName": "Prospecting", "CloseDate": "2026-12-01"}
        if name in {"Contact", "Lead"}:
            values["LastName"] = "Some"
        if name == "Lead":
            values["Company"] = "Some"
        if name == "Event":
            values |= {"StartDateTime": "2026-12-01T09:00:00Z", "DurationInMinutes": 30}
            values |= {"IsPrivate": record["private"]}
            values |= {"WhoId": None if record["who"] is None else self.ids["Contact"][record["who"]]}
            values |= {"WhatId": None if record["what"] is None else self.ids["Opportunity"][record["what"]]}
        return self.org.insert(name, **values)

    def share(self, row: Row) -> bool:
        """Share a record, if the default lets it be shared at all."""
        name, to = row["object"], row["to"]
        values = {
            f"{name}Id": self.ids[name][row["record"]],
            "UserOrGroupId": self.group if to is None else self.users[to],
            f"{name}AccessLevel": row["level"],
        }
        if name == "Account":
            values |= {"OpportunityAccessLevel": row["opportunities"]}
        return refused(self.org.insert, f"{name}Share", **values) == ""

    def access(self, name: str, asker: str, user: str) -> dict[str, str]:
        ids = ", ".join(f"'{each}'" for each in self.ids[name])
        soql = (
            "SELECT RecordId, HasReadAccess, HasEditAccess, HasDeleteAccess, HasTransferAccess, MaxAccessLevel "
            f"FROM UserRecordAccess WHERE UserId = '{user}' AND RecordId IN ({ids})"
        )
        found = {}
        for row in self.org.queries.query(soql, asker)["records"]:
            level = LEVELS.index(row["MaxAccessLevel"])
            said = [row[f"Has{right}Access"] for right in ("Read", "Edit", "Transfer", "Delete")]
            assert said == [level >= 1, level >= 2, level >= 3, level >= 4]
            found[row["RecordId"]] = row["MaxAccessLevel"]
        return found


@settings(max_examples=100)
@given(worlds, st.sampled_from(STANDARD))
def test_every_way_to_read_and_write_goes_by_the_rules(org: LocalOrg, world: World, user: int) -> None:
    with org.store.transaction() as transaction:
        transaction.take_back()
        built = Built(org, world)
        rules, me = Rules(world), built.users[user]
        for name, ids in built.ids.items():
            expected = {each: LEVELS[rules.level(name, number, user)] for number, each in enumerate(ids)}
            assert built.access(name, org.user_id, me) == expected, name
            seen = {each for each, level in expected.items() if level != "None"}
            assert built.access(name, me, org.user_id) == dict.fromkeys(seen, "All")
            assert {row["Id"] for row in org.queries.query(f"SELECT Id FROM {name}", me)["records"]} == seen
            assert org.queries.query(f"SELECT COUNT() FROM {name}", me)["totalSize"] == len(seen)
            for number, each in enumerate(ids):
                assert can(org.records.retrieve, name, each, (), me) == (each in seen)
                edits = expected[each] in {"Edit", "Transfer", "All"}
                assert can(org.records.update, name, each, {"Description": "Changed"}, me) == edits
                new = STANDARD[0]
                moves = edits if world.records[name][number]["owner"] == new else expected[each] in {"Transfer", "All"}
                with org.store.transaction() as attempt:
                    attempt.take_back()
                    assert can(org.records.update, name, each, {"OwnerId": built.users[new]}, me) == moves


@settings(max_examples=40)
@given(worlds, st.sampled_from(STANDARD))
def test_parents_and_children_that_may_not_be_seen_are_not_there(org: LocalOrg, world: World, user: int) -> None:
    with org.store.transaction() as transaction:
        transaction.take_back()
        built = Built(org, world)
        rules, me = Rules(world), built.users[user]

        def seen(name: str, number: int | None) -> str | None:
            return built.ids[name][number] if number is not None and rules.level(name, number, user) else None

        soql = "SELECT Id, AccountId, Account.Id FROM Opportunity"
        for row in org.queries.query(soql, me)["records"]:
            account = world.records["Opportunity"][built.ids["Opportunity"].index(row["Id"])]["account"]
            assert row["AccountId"] == (None if account is None else built.ids["Account"][account])
            assert (row["Account"] and row["Account"]["Id"]) == seen("Account", account)
        soql = "SELECT Id, Who.Id, TYPEOF What WHEN Opportunity THEN Name END FROM Event"
        for row in org.queries.query(soql, me)["records"]:
            event = world.records["Event"][built.ids["Event"].index(row["Id"])]
            assert (row["Who"] and row["Who"]["Id"]) == seen("Contact", event["who"])
            assert (row["What"] is None) == (seen("Opportunity", event["what"]) is None)
        for row in org.queries.query("SELECT Id, (SELECT Id FROM Opportunities) FROM Account", me)["records"]:
            number = built.ids["Account"].index(row["Id"])
            children = {each["Id"] for each in (row["Opportunities"] or {"records": []})["records"]}
            assert children == {
                built.ids["Opportunity"][place]
                for place, each in enumerate(world.records["Opportunity"])
                if each["account"] == number and seen("Opportunity", place)
            }


def can(do: Callable[..., object], *arguments: Any) -> bool:
    """Tell whether something is done, and not refused for want of access."""
    return refused(do, *arguments) == ""


def refused(do: Callable[..., object], *arguments: Any, **fields: Any) -> str:
    """Return the code that something is refused with for want of access; nothing if it is done."""
    try:
        do(*arguments, **fields)
    except OrgError as error:
        if error.error_code not in _REFUSALS:
            raise
        return error.error_code
    return ""


@pytest.fixture
def own(clock: Clock) -> Iterator[LocalOrg]:
    with new_org(clock, seed=False) as opened:
        yield opened


def named(org: LocalOrg, name: str) -> str:
    return str(org.store.rows("SELECT Id FROM User WHERE FirstName = ?", [name])[0]["Id"])


def sees(org: LocalOrg, user: str, record_id: str) -> bool:
    name = org.schema.of_record(record_id)
    assert name is not None
    return bool(org.queries.query(f"SELECT COUNT() FROM {name.name} WHERE Id = '{record_id}'", user)["totalSize"])


def test_a_group_reaches_the_managers_of_its_members_only_if_it_says_so(own: LocalOrg) -> None:
    jonas, aiko = named(own, "Jonas"), named(own, "Aiko")
    role = own.store.rows("SELECT UserRoleId FROM User WHERE Id = ?", [jonas])[0]["UserRoleId"]
    below = own.insert("UserRole", Name="Junior", ParentRoleId=role)
    own.records.update("User", aiko, {"UserRoleId": below}, own.user_id)
    account = own.insert("Account", Name="Dahl")
    for bosses in (False, True):
        group = own.insert("Group", Name="Some", Type="Regular", DoesIncludeBosses=bosses)
        own.insert("GroupMember", GroupId=group, UserOrGroupId=aiko)
        own.insert("AccountShare", AccountId=account, UserOrGroupId=group, AccountAccessLevel="Read")
        assert sees(own, aiko, account)
        assert sees(own, jonas, account) is bosses


def test_a_queue_lends_its_members_what_it_owns(own: LocalOrg) -> None:
    own.store.execute("UPDATE Organization SET DefaultLeadAccess = 'None'")
    jonas = named(own, "Jonas")
    queue = own.insert("Group", Name="Callers", Type="Queue")
    lead = own.insert("Lead", LastName="Dahl", Company="Dahl", OwnerId=queue)
    assert not sees(own, jonas, lead)

    member = own.insert("GroupMember", GroupId=queue, UserOrGroupId=jonas)
    assert sees(own, jonas, lead)
    own.records.update("Lead", lead, {"OwnerId": jonas}, jonas)
    own.records.delete("GroupMember", member, own.user_id)
    assert sees(own, jonas, lead)


def test_a_share_ends_when_it_is_deleted_and_when_the_record_has_a_new_owner(own: LocalOrg) -> None:
    jonas = named(own, "Jonas")
    account = own.insert("Account", Name="Dahl")
    row = {"AccountId": account, "UserOrGroupId": jonas, "AccountAccessLevel": "Read"}
    own.records.delete("AccountShare", own.insert("AccountShare", **row), own.user_id)
    assert not sees(own, jonas, account)

    own.insert("AccountShare", **row)
    assert sees(own, jonas, account)
    own.records.update("Account", account, {"OwnerId": named(own, "Aiko")}, own.user_id)
    assert not sees(own, jonas, account)


def test_who_only_reads_a_record_can_neither_share_nor_delete_nor_undelete_it(own: LocalOrg) -> None:
    jonas, aiko = named(own, "Jonas"), named(own, "Aiko")
    account = own.insert("Account", Name="Dahl")
    own.insert("AccountShare", AccountId=account, UserOrGroupId=jonas, AccountAccessLevel="Edit")
    row = {"AccountId": account, "UserOrGroupId": aiko, "AccountAccessLevel": "Read"}

    assert refusal(lambda: own.records.create("AccountShare", row, jonas)) == (
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        f"insufficient access rights on cross-reference id: {account[:15]}",
    )
    no_access = ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    assert refusal(lambda: own.records.delete("Account", account, jonas)) == no_access
    own.records.delete("Account", account, own.user_id)
    assert refusal(lambda: own.records.undelete(account, jonas)) == no_access
    own.records.undelete(account, own.user_id)


def test_a_record_cannot_refer_to_one_that_its_maker_may_not_see(own: LocalOrg) -> None:
    account = own.insert("Account", Name="Dahl")
    contact = {"LastName": "Hale", "AccountId": account}

    code, _ = refusal(lambda: own.records.create("Contact", contact, named(own, "Jonas")))
    assert code == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"


def test_setup_is_seen_by_everybody_and_changed_by_administrators(own: LocalOrg) -> None:
    jonas = named(own, "Jonas")
    group = own.insert("Group", Name="Some", Type="Regular")
    assert sees(own, jonas, group)
    for attempt in (
        lambda: own.records.update("Group", group, {"Name": "Mine"}, jonas),
        lambda: own.records.create("GroupMember", {"GroupId": group, "UserOrGroupId": jonas}, jonas),
        lambda: own.records.update("User", own.user_id, {"Title": "Guest"}, jonas),
    ):
        assert refusal(attempt)[0] == "INSUFFICIENT_ACCESS_OR_READONLY"
    own.records.update("User", jonas, {"Title": "Himself"}, jonas)


def test_an_invitation_is_seen_by_who_is_invited_and_by_who_sees_the_event(own: LocalOrg) -> None:
    jonas, aiko = named(own, "Jonas"), named(own, "Aiko")
    event = own.insert("Event", Subject="Call", StartDateTime="2026-12-01T09:00:00Z", DurationInMinutes=30)
    relation = own.insert("EventRelation", EventId=event, RelationId=jonas)
    assert [sees(own, each, relation) for each in (jonas, aiko)] == [True, False]
    assert [sees(own, each, event) for each in (jonas, aiko)] == [False, False]
    copies = own.queries.query("SELECT Subject, IsChild FROM Event", jonas)["records"]
    assert [(each["Subject"], each["IsChild"]) for each in copies] == [("Call", True)]


def test_who_made_an_activity_for_somebody_else_reads_it_and_cannot_change_it(own: LocalOrg) -> None:
    jonas = named(own, "Jonas")
    task = own.records.create("Task", {"Subject": "Call", "OwnerId": named(own, "Aiko")}, jonas)
    assert sees(own, jonas, task)
    code, _ = refusal(lambda: own.records.update("Task", task, {"Subject": "Visit"}, jonas))
    assert code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_view_all_data_reads_everything_and_changes_nothing_more(own: LocalOrg) -> None:
    jonas = named(own, "Jonas")
    account = own.insert("Account", Name="Dahl")
    own.store.execute("UPDATE Profile SET PermissionsViewAllData = 1 WHERE Name = 'Standard User'")
    assert sees(own, jonas, account)
    code, _ = refusal(lambda: own.records.update("Account", account, {"Name": "Mine"}, jonas))
    assert code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_a_search_finds_what_the_user_may_see(own: LocalOrg) -> None:
    jonas = named(own, "Jonas")
    own.insert("Account", Name="Dahl Nord")
    mine = own.insert("Account", Name="Dahl Sud", OwnerId=jonas)
    found = own.searches.search("FIND {Dahl} RETURNING Account(Id)", jonas)["searchRecords"]
    assert [each["Id"] for each in found] == [mine]
    both = own.searches.parameterized({"q": "Dahl", "sobjects": [{"name": "Account"}]}, own.user_id)
    assert len(both["searchRecords"]) == 2


@pytest.mark.parametrize(
    ("select", "where", "error"),
    [
        ("HasReadAccess", "UserId = '{user}' AND RecordId = '{record}'", "RecordId field must be selected"),
        (
            "Id, RecordId",
            "UserId = '{user}' AND RecordId = '{record}'",
            "Can select only RecordId, a Has*Access field, and MaxAccessLevel",
        ),
        ("RecordId, HasEditAccess", "UserId = '{user}' AND RecordId = '{record}' AND HasEditAccess = true", "RecordId"),
        ("RecordId", "RecordId = '{record}'", "is filtered by UserId"),
        ("RecordId", "UserId = '{user}'", "is filtered by UserId"),
        ("RecordId", "UserId = '{user}' AND RecordId != '{record}'", "is filtered by UserId"),
        ("RecordId", "UserId = '{user}' AND RecordId IN ({many})", "200 records at most"),
        ("RecordId", "UserId = '{user}' AND RecordId = '{record}' ORDER BY HasReadAccess", "ORDER BY"),
    ],
)
def test_user_record_access_takes_few_queries(own: LocalOrg, select: str, where: str, error: str) -> None:
    record = own.insert("Account", Name="Dahl")
    many = ", ".join(f"'{mint('001', number)}'" for number in range(201))
    condition = where.format(user=own.user_id, record=record, many=many)
    soql = f"SELECT {select} FROM UserRecordAccess WHERE {condition}"
    assert error in refusal(lambda: own.queries.query(soql, own.user_id))[1]


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id, UserRecordAccess.HasEditAccess FROM Account",
        "SELECT Account.UserRecordAccess.MaxAccessLevel FROM Contact",
        "SELECT Id FROM Account ORDER BY userrecordaccess.RecordId",
    ],
)
def test_user_record_access_as_a_relationship_is_refused_by_name(own: LocalOrg, soql: str) -> None:
    code, message = refusal(lambda: own.queries.query(soql, own.user_id))
    assert code == "NOT_IMPLEMENTED"
    assert "query UserRecordAccess itself" in message


def test_user_record_access_filters_orders_and_limits(own: LocalOrg) -> None:
    jonas = named(own, "Jonas")
    ids = [own.insert("Account", Name="A"), own.insert("Account", Name="B", OwnerId=jonas)]
    asked = f"UserId = '{jonas}' AND RecordId IN ('{ids[0]}', '{ids[1]}', '{mint('001', 999)}')"

    def found(rest: str, fields: str = "RecordId") -> list[Any]:
        soql = f"SELECT {fields} FROM UserRecordAccess WHERE {asked}{rest}"
        return [each["RecordId"] for each in own.queries.query(soql, own.user_id)["records"]]

    assert found("") == [*ids, mint("001", 999)]
    assert found(" AND HasReadAccess = true") == [ids[1]]
    assert found(" AND HasEditAccess = false") == [ids[0], mint("001", 999)]
    assert found(" ORDER BY MaxAccessLevel DESC LIMIT 1", "RecordId, MaxAccessLevel") == [ids[1]]


def refusal(attempt: Any) -> tuple[str, str]:
    with pytest.raises(OrgError) as caught:
        attempt()
    return caught.value.error_code, caught.value.message
