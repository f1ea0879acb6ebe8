"""A policy file: what it says, and every mistake in it with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.policy.policy_file import PolicyFileError, read_policy
from mcp_salesforce.policy.rules import ACTIONS, ALL_ACTIONS, Action

WHOLE = """\
actions = ["read"]
max_rows = 500

[objects.Contact]
actions = ["read", "update"]
hide = [
    "Birthdate",  # not for machines
    "HomePhone",
]
owner_only = true

[objects.Account]
fields = ["Name", "Phone"]
max_rows = 50
"""


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyFileError) as refused:
        read_policy(text, "p.toml")
    return list(refused.value.problems)


def test_a_policy_says_what_holds_for_each_object() -> None:
    policy = read_policy(WHOLE, "p.toml")
    contact, account, lead = policy.rule("contact"), policy.rule("Account"), policy.rule("Lead")

    assert (contact.actions, contact.hide, contact.owner_only) == (
        frozenset({"read", "update"}),
        ("Birthdate", "HomePhone"),
        True,
    )
    assert (account.actions, account.fields, account.max_rows) == (frozenset({"read"}), ("Name", "Phone"), 50)
    assert (lead.actions, lead.hide, lead.fields, lead.max_rows) == (frozenset({"read"}), (), None, 500)
    assert contact.max_rows == 500


def test_each_part_has_its_line() -> None:
    rule = read_policy(WHOLE, "p.toml").rule("Contact")

    assert rule.place == "p.toml:4"
    assert rule.place_of("actions") == "p.toml:5"
    assert rule.place_of("homephone") == "p.toml:8"
    assert read_policy(WHOLE, "p.toml").rule("Account").place_of("Industry") == "p.toml:13"
    assert read_policy(WHOLE, "p.toml").forbids("create") == "p.toml:1"


def test_an_empty_policy_allows_everything() -> None:
    policy = read_policy("", "p.toml")

    assert policy.rule("Contact").actions == set(ACTIONS)
    assert not policy.rule("Contact").is_restricted
    assert not any(policy.forbids(action) for action in ACTIONS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_rows = 1\nactions ==", "p.toml:2: not TOML: Invalid value."),
        ("actions = [", "p.toml: not TOML: Invalid value (at end of document)."),
        ('[objects.Contact]\nhid = ["Email"]', "p.toml:2: 'hid' is not a key here. Did you mean hide?"),
        ("rows = 3", "p.toml:1: 'rows' is not a key here. Did you mean max_rows or approve_over_rows?"),
        ('\nactions = ["read",\n  "reed"]', "p.toml:3: 'reed' is no action. Did you mean read"),
        (
            'actions = ["fly"]',
            f"p.toml:1: 'fly' is no action. There are: {', '.join(ALL_ACTIONS)}.",
        ),
        ('[objects.Contact]\nactions = ["update"]', "p.toml:2: Contact: actions has no read"),
        ('actions = ["update"]', "p.toml:1: actions has no read"),
        ('[objects.Contact]\nhide = ["A"]\nfields = ["B"]', "p.toml:2: Contact: either hide or fields, not both."),
        ('[objects.Contact]\nactions = []\nhide = ["A"]', "p.toml:1: Contact cannot be read, so other rules"),
        ('[objects.Contact]\nhide = ["id"]', "p.toml:2: Contact.Id cannot be hidden."),
        ("[objects.Contact]\n[objects.contact]", "p.toml:2: contact has a section already, at p.toml:1."),
        ('[objects.Contact]\nhide = ["Account.Name"]', "p.toml:2: 'Account.Name' is not an API name."),
        ('[objects."Con tact"]', "p.toml:1: 'Con tact' is not an API name."),
        ("[objects.Contact]\nmax_rows = 0", "p.toml:2: objects.Contact.max_rows: "),
        ('[objects.Contact]\nowner_only = "yes"', "p.toml:2: objects.Contact.owner_only: "),
        ('objects.Contact.hide = "Email"', "p.toml:1: objects.Contact.hide: "),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, expected: str) -> None:
    (problem,) = problems(text)

    assert problem.startswith(expected)


def test_all_mistakes_are_told_at_once() -> None:
    found = problems('actions = ["reed"]\n[objects.A]\nhid = []\n[objects.B]\nmax_rows = -1')

    assert [problem.partition(" ")[0] for problem in found] == ["p.toml:1:", "p.toml:3:", "p.toml:5:"]


def test_two_policies_are_told_apart() -> None:
    assert read_policy("max_rows = 1", "p.toml").digest != read_policy("max_rows = 2", "p.toml").digest


names = st.from_regex(r"[A-Z][a-z]{2,8}(__c)?", fullmatch=True)


@given(
    st.dictionaries(names, st.lists(names, max_size=4, unique=True), max_size=4),
    st.lists(st.sampled_from(["", "# a comment", "#[objects.X]"]), max_size=3),
)
def test_every_name_is_found_on_its_own_line(hidden: dict[str, list[str]], filling: list[str]) -> None:
    lines = list(filling)
    expected = {}
    for sobject, fields in hidden.items():
        lines += [f"[objects.{sobject}]", *filling, "hide = ["]
        for field in fields:
            lines.append(f'  "{field}",')
            expected[sobject, field] = f"p.toml:{len(lines)}"
        lines.append("]")

    policy = read_policy("\n".join(lines), "p.toml")

    assert {(s, f): policy.rule(s).place_of(f) for s, fields in hidden.items() for f in fields} == expected


@pytest.mark.parametrize(
    ("sobject", "original"),
    [
        ("ContactHistory", "Contact"), ("ContactFeed", "Contact"), ("ContactShare", "Contact"),
        ("ContactChangeEvent", "Contact"), ("Visit__History", "Visit__c"), ("Visit__Feed", "Visit__c"),
        ("OpportunityFieldHistory", "Opportunity"), ("FeedTrackedChange", "Contact"), ("RecentlyViewed", "Contact"),
        ("UserRecordAccess", "Contact"), ("OpenActivity", "Event"), ("ActivityHistory", "Task"),
    ],
)  # fmt: skip
def test_what_repeats_a_restricted_object_is_refused_with_it(sobject: str, original: str) -> None:
    policy = read_policy(f'[objects.{original}]\nhide = ["X"]', "p.toml")

    assert not policy.rule(sobject).is_readable
    assert policy.rule(sobject).place == "p.toml:1"
    assert read_policy(f"[objects.{original}]\n[objects.{sobject}]", "p.toml").rule(sobject).is_readable


def test_what_repeats_an_object_of_which_no_field_is_shown_is_refused_too() -> None:
    policy = read_policy("[objects.Contact]\nfields = []", "p.toml")

    assert not policy.rule("ContactHistory").is_readable
    assert not policy.rule("RecentlyViewed").is_readable


def test_what_repeats_an_object_that_is_not_restricted_is_not_either() -> None:
    assert read_policy("[objects.Contact]\nmax_rows = 5", "p.toml").rule("ContactHistory").is_readable


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_forbidden_if_no_object_allows_it(action: Action) -> None:
    nothing = 'actions = ["read"]\n' if action != "read" else "actions = []\n"
    some = f'{nothing}[objects.Lead]\nactions = ["read", "{action}"]'

    assert read_policy(nothing, "p.toml").forbids(action) == "p.toml:1"
    assert read_policy(some, "p.toml").forbids(action) == ""
    assert read_policy(some, "p.toml").forbids(action, "Lead") == ""
    assert read_policy(some, "p.toml").forbids(action, "Contact") == "p.toml:1"


def test_a_summary_says_what_is_restricted_in_few_words() -> None:
    assert read_policy(WHOLE, "p.toml").summary() == (
        "Contact: read, update, without Birthdate, HomePhone, own records only; Account: read, some fields; "
        "other objects: read"
    )
    many = "\n".join(f"[objects.A{number}]" for number in range(12))
    assert read_policy(many, "p.toml").summary().endswith("; 4 more")
