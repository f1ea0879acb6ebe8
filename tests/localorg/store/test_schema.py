"""Look-ups in the schema."""

import dataclasses

import pytest

from mcp_salesforce.localorg.standard import STANDARD_OBJECTS
from mcp_salesforce.localorg.store.schema import Schema

SCHEMA = Schema(STANDARD_OBJECTS)


def test_names_are_found_in_any_case() -> None:
    contact = SCHEMA["CONTACT"]
    email = contact.field("eMAIL")

    assert contact.name == "Contact"
    assert email is not None
    assert email.name == "Email"
    assert SCHEMA.get("Unicorn") is None
    assert contact.field("Horn") is None


def test_relationships_are_followed_up_and_down() -> None:
    contact = SCHEMA["Contact"]
    up = SCHEMA.parent(contact, "account")
    down = SCHEMA.child(SCHEMA["Account"], "contacts")

    assert up is not None
    assert up.name == "AccountId"
    assert [each.name for each in SCHEMA.targets(up)] == ["Account"]
    assert down is not None
    assert (down.child.name, down.field.name) == ("Contact", "AccountId")
    assert SCHEMA.parent(contact, "accounts") is None
    assert SCHEMA.child(contact, "unicorns") is None


def test_a_polymorphic_reference_has_only_the_targets_that_the_org_has() -> None:
    what = SCHEMA["Event"].field("WhatId")

    assert what is not None
    assert what.polymorphic
    assert {each.name for each in SCHEMA.targets(what)} <= set(what.reference_to)


def test_a_record_id_tells_its_object() -> None:
    event = SCHEMA.of_record("00Ulo0000000001AAA")

    assert event is not None
    assert event.name == "Event"
    assert SCHEMA.of_record("zzz") is None


def test_two_objects_cannot_share_a_key_prefix() -> None:
    with pytest.raises(ValueError, match="belongs to Contact"):
        Schema([SCHEMA["Contact"], dataclasses.replace(SCHEMA["Lead"], key_prefix="003")])
